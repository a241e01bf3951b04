//! Reads XOR chunks, as Prometheus' description of the format says.

/// Reads bits, as the format's description says.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn bits(&mut self, count: usize) -> u64 {
        (0..count).fold(0, |number, _| {
            let bit = self.bytes[self.at / 8] >> (7 - self.at % 8) & 1;
            self.at += 1;
            number << 1 | u64::from(bit)
        })
    }

    fn varint(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.bits(8);
            number |= (byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return number;
            }
        }
    }

    fn difference(&mut self) -> i64 {
        let ones = (0..4).take_while(|_| self.bits(1) == 1).count();
        let count = [0, 14, 17, 20, 64][ones];
        let number = self.bits(count);
        if count > 0 && count < 64 && number > 1 << (count - 1) {
            return number as i64 - (1 << count);
        }
        number as i64
    }

    fn value(&mut self, before: u64, placed: &mut (usize, usize)) -> u64 {
        if self.bits(1) == 0 {
            return before;
        }
        if self.bits(1) == 1 {
            let leading = self.bits(5) as usize;
            let count = match self.bits(6) as usize {
                0 => 64,
                count => count,
            };
            *placed = (leading, 64 - leading - count);
        }
        before ^ self.bits(64 - placed.0 - placed.1) << placed.1
    }
}

/// The times of a chunk's samples, and the bits of their values.
pub(crate) fn read(bytes: &[u8]) -> Vec<(i64, u64)> {
    let mut reader = Reader { bytes, at: 0 };
    let len = reader.bits(16) as usize;
    let (mut samples, mut step, mut placed) = (Vec::new(), 0, (0, 0));
    for at in 0..len {
        let sample = if at == 0 {
            let time = reader.varint();
            ((time >> 1) as i64 ^ -((time & 1) as i64), reader.bits(64))
        } else {
            let (ms, value): (i64, u64) = samples[at - 1];
            step = if at == 1 { reader.varint() as i64 } else { step + reader.difference() };
            (ms + step, reader.value(value, &mut placed))
        };
        samples.push(sample);
    }
    samples
}
