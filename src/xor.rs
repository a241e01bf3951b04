//! Samples as Prometheus' XOR chunks: times as differences of differences, values as the bits that change.
//!
//! <https://github.com/prometheus/prometheus/blob/v3.5.0/tsdb/docs/format/chunks.md> describes the format.

use crate::range::Sample;

/// The most samples that Prometheus puts into a chunk.
pub const CHUNK_SAMPLES: usize = 120;

/// The most leading zeros that five bits can say.
const LEADING: u32 = 31;

/// Writes samples in order of time as the bytes of one chunk, at most 65,535 of them.
#[must_use]
pub fn chunk(samples: &[Sample]) -> Vec<u8> {
    let samples = samples.get(..usize::from(u16::MAX)).unwrap_or(samples);
    let mut bits = Bits { bytes: Vec::with_capacity(2 + 10 * samples.len()), free: 0 };
    bits.bytes.extend_from_slice(&(samples.len() as u16).to_be_bytes());
    let Some((first, rest)) = samples.split_first() else { return bits.bytes };
    bits.varint(((first.ms << 1) ^ (first.ms >> 63)) as u64);
    bits.push(first.value.to_bits(), 64);
    let (mut before, mut step, mut changed) = (*first, 0_i64, None);
    for (at, sample) in rest.iter().enumerate() {
        let next = sample.ms.wrapping_sub(before.ms);
        if at == 0 {
            bits.varint(next as u64);
        } else {
            bits.difference(next.wrapping_sub(step));
        }
        bits.value(sample.value.to_bits() ^ before.value.to_bits(), &mut changed);
        (before, step) = (*sample, next);
    }
    bits.bytes
}

/// Bits that are written from the left; `free` are left in the last byte.
struct Bits {
    bytes: Vec<u8>,
    free: u32,
}

/// The bits of a value that may change without being placed anew.
#[derive(Clone, Copy)]
struct Changed {
    leading: u32,
    trailing: u32,
}

impl Bits {
    /// Writes the lowest `count` bits of a number.
    fn push(&mut self, number: u64, count: u32) {
        let mut left = count;
        while left > 0 {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let taken = left.min(self.free);
            let part = (number >> (left - taken)) & ((1 << taken) - 1);
            if let Some(last) = self.bytes.last_mut() {
                *last |= (part << (self.free - taken)) as u8;
            }
            self.free -= taken;
            left -= taken;
        }
    }

    /// Writes seven bits a byte, the lowest ones first.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.push((number & 0x7f) | 0x80, 8);
            number >>= 7;
        }
        self.push(number, 8);
    }

    /// Writes by how much a step in time differs from the one before.
    fn difference(&mut self, difference: i64) {
        let fits = |count: u32| (-((1 << (count - 1)) - 1)..=1 << (count - 1)).contains(&difference);
        let (prefix, prefix_bits, count) = match difference {
            0 => (0, 1, 0),
            _ if fits(14) => (0b10, 2, 14),
            _ if fits(17) => (0b110, 3, 17),
            _ if fits(20) => (0b1110, 4, 20),
            _ => (0b1111, 4, 64),
        };
        self.push(prefix, prefix_bits);
        self.push(difference as u64, count);
    }

    /// Writes the bits of a value that differ from the one before.
    fn value(&mut self, difference: u64, changed: &mut Option<Changed>) {
        if difference == 0 {
            return self.push(0, 1);
        }
        let (leading, trailing) = (difference.leading_zeros().min(LEADING), difference.trailing_zeros());
        if let Some(old) = changed.filter(|old| leading >= old.leading && trailing >= old.trailing) {
            self.push(0b10, 2);
            return self.push(difference >> old.trailing, 64 - old.leading - old.trailing);
        }
        *changed = Some(Changed { leading, trailing });
        let count = 64 - leading - trailing;
        self.push(0b11, 2);
        self.push(u64::from(leading), 5);
        // All 64 bits are written as 0: there is always one that differs.
        self.push(u64::from(count), 6);
        self.push(difference >> trailing, count);
    }
}

#[cfg(test)]
#[path = "../tests/support/xor.rs"]
mod reader;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::reader::read;
    use super::*;
    use crate::range::STALE;

    fn bits(samples: &[Sample]) -> Vec<(i64, u64)> {
        samples.iter().map(|sample| (sample.ms, sample.value.to_bits())).collect()
    }

    #[test]
    fn even_steps_and_equal_values_take_two_bits() {
        let samples: Vec<Sample> = (0..120).map(|at| Sample { ms: 1000 + 15_000 * at, value: 1.5 }).collect();
        let bytes = chunk(&samples);
        // 2 for the number, 2 + 8 for the first sample, 2 for the first step; 1 bit, then 118 times 2.
        assert_eq!(bytes.len(), 2 + 10 + 2 + (1 + 118 * 2_usize).div_ceil(8));
        assert_eq!(bytes[..14], [0, 120, 0xd0, 0x0f, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0x98, 0x75]);
        assert_eq!(read(&bytes), bits(&samples));
        assert_eq!(chunk(&[]), [0, 0]);
    }

    #[test]
    fn every_size_of_a_difference_reads_back() {
        let edges = [0, 1, 8192, 8193, 65_536, 65_537, 524_288, 524_289, 1 << 40];
        let mut samples = vec![Sample { ms: -1, value: -0.0 }, Sample { ms: 1 << 41, value: 0.0 }];
        let (mut ms, mut step) = (1_i64 << 41, (1_i64 << 41) + 1);
        for (at, edge) in edges.iter().flat_map(|edge| [*edge, -edge, 1 - edge]).enumerate() {
            step += edge;
            ms += step;
            let value = [f64::NAN, STALE, f64::INFINITY, f64::MIN_POSITIVE, 5e-324, -1.0][at % 6];
            samples.push(Sample { ms, value });
        }
        assert_eq!(read(&chunk(&samples)), bits(&samples));
    }

    proptest! {
        #[test]
        fn samples_read_back_bit_by_bit(
            first in -4_000_000_000_000_i64..4_000_000_000_000,
            steps in prop::collection::vec((prop_oneof![Just(15_000_i64), 1..20_i64, 1..2_000_000_000_i64], any::<u64>(), 0..64_u32), 0..200),
        ) {
            let mut ms = first;
            let samples: Vec<Sample> = steps.into_iter().map(|(step, value, shift)| {
                ms += step;
                Sample { ms, value: f64::from_bits(value >> shift << (shift / 2)) }
            }).collect();
            prop_assert_eq!(read(&chunk(&samples)), bits(&samples));
        }
    }
}
