//! Snappy's block format, written as the bytes come.
//!
//! <https://github.com/google/snappy/blob/main/format_description.txt>

use std::io::{self, Write};

/// Bytes that are compressed together; nothing refers to what lies before them.
const BLOCK: usize = 64 * 1024;

/// Compresses what is written to it. How much that will be is said before.
pub(super) struct Snappy<'a> {
    out: &'a mut dyn Write,
    encoder: snap::raw::Encoder,
    block: Vec<u8>,
}

impl<'a> Snappy<'a> {
    /// Begins with the number of bytes that will be written.
    pub(super) fn new(out: &'a mut dyn Write, bytes: usize) -> io::Result<Self> {
        out.write_all(&varint(bytes as u64))?;
        Ok(Self { out, encoder: snap::raw::Encoder::new(), block: Vec::with_capacity(BLOCK.min(bytes)) })
    }

    /// Compresses what is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.compress()
    }

    fn compress(&mut self) -> io::Result<()> {
        let compressed = self.encoder.compress_vec(&self.block)?;
        // The number of bytes of the block alone is left out.
        self.out.write_all(compressed.get(varint(self.block.len() as u64).len()..).unwrap_or_default())?;
        self.block.clear();
        Ok(())
    }
}

impl Write for Snappy<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        if self.block.len() == BLOCK {
            self.compress()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Seven bits a byte, the lowest ones first.
pub(super) fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5);
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_one_message() {
        for len in [0, 1, 100, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5] {
            let bytes: Vec<u8> = (0..len).map(|at| ((at * at) >> 7) as u8).collect();
            let mut out = Vec::new();
            let mut snappy = Snappy::new(&mut out, len).unwrap();
            bytes.chunks(1000).for_each(|piece| snappy.write_all(piece).unwrap());
            snappy.finish().unwrap();
            assert_eq!(snap::raw::Decoder::new().decompress_vec(&out).unwrap(), bytes, "{len}");
        }
    }
}
