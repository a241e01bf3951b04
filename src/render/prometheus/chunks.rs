//! A remote read's answer as a stream of messages, each with a part of one series.

use std::io::{self, Write};

use crc::{CRC_32_ISCSI, Crc};
use prost::Message as _;

use super::samples::labels;
use super::snappy::varint;
use crate::evaluate::SampledSeries;
use crate::range::Sample;
use crate::wire::remote::{Chunk, ChunkedReadResponse, ChunkedSeries, Encoding};
use crate::xor::{CHUNK_SAMPLES, chunk};

/// Castagnoli's polynomial.
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Samples of one message: those of this many chunks, below a megabyte whatever their values.
const MESSAGE_SAMPLES: usize = 400 * CHUNK_SAMPLES;

/// The series of each query.
#[derive(Debug)]
pub struct Chunks(pub Vec<Vec<SampledSeries>>);

impl Chunks {
    /// Writes the messages, each behind its length and its checksum.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for (series, query_index) in self.0.iter().zip(0..) {
            for one in series {
                let labels = labels(&one.labels);
                // Labels without samples are a message, too.
                let parts = if one.samples.is_empty() { 1 } else { one.samples.len().div_ceil(MESSAGE_SAMPLES) };
                for part in 0..parts {
                    let from = part * MESSAGE_SAMPLES;
                    let to = one.samples.len().min(from + MESSAGE_SAMPLES);
                    let chunks = one.samples.get(from..to).unwrap_or_default().chunks(CHUNK_SAMPLES);
                    let series = ChunkedSeries { labels: labels.clone(), chunks: chunks.map(written).collect() };
                    framed(out, &ChunkedReadResponse { chunked_series: vec![series], query_index })?;
                }
            }
        }
        Ok(())
    }
}

fn written(samples: &[Sample]) -> Chunk {
    let ms = |sample: Option<&Sample>| sample.map_or(0, |sample| sample.ms);
    let (min_time_ms, max_time_ms) = (ms(samples.first()), ms(samples.last()));
    Chunk { min_time_ms, max_time_ms, r#type: Encoding::Xor as i32, data: chunk(samples) }
}

fn framed(out: &mut dyn Write, message: &ChunkedReadResponse) -> io::Result<()> {
    let bytes = message.encode_to_vec();
    out.write_all(&varint(bytes.len() as u64))?;
    out.write_all(&CRC.checksum(&bytes).to_be_bytes())?;
    out.write_all(&bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::series::Labels;

    #[test]
    fn a_stream_has_lengths_and_checksums() {
        let labels = Labels::new([(Arc::from("__name__"), Arc::from("up"))]);
        let sample = |ms| Sample { ms, value: 1.0 };
        let of = |len| SampledSeries { labels: labels.clone(), samples: (0..len).map(sample).collect() };
        let mut out = Vec::new();
        Chunks(vec![vec![], vec![of(121), of(0)]]).write(&mut out).unwrap();
        let mut rest = out.as_slice();
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let len = prost::decode_length_delimiter(&mut rest).unwrap();
            let (head, behind) = rest.split_at(4);
            let (message, behind) = behind.split_at(len);
            assert_eq!(head, CRC.checksum(message).to_be_bytes());
            messages.push(ChunkedReadResponse::decode(message).unwrap());
            rest = behind;
        }
        let shown = |message: &ChunkedReadResponse| {
            let chunks = message.chunked_series[0].chunks.iter();
            let chunks: Vec<_> = chunks.map(|one| (one.min_time_ms, one.max_time_ms, one.data[1])).collect();
            (message.query_index, message.chunked_series[0].labels[0].value.clone(), chunks)
        };
        let up = || "up".to_owned();
        assert_eq!(
            messages.iter().map(shown).collect::<Vec<_>>(),
            [(1, up(), vec![(0, 119, 120), (120, 120, 1)]), (1, up(), vec![])]
        );
        assert_eq!(CRC.checksum(b"123456789"), 0xe306_9283);
    }
}
