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

/// The most bytes of chunks in one message. Prometheus reads messages of up to 50 MB, and takes each for a series of its
/// own: a series stands in one message while it fits.
const MESSAGE_BYTES: usize = 32 << 20;

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
                let mut rest = one.samples.chunks(CHUNK_SAMPLES).map(written).peekable();
                // Labels without samples are a message, too.
                loop {
                    let chunks = of_one_message(&mut rest);
                    let series = ChunkedSeries { labels: labels.clone(), chunks };
                    framed(out, &ChunkedReadResponse { chunked_series: vec![series], query_index })?;
                    if rest.peek().is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// As many chunks as one message holds.
fn of_one_message(rest: &mut impl Iterator<Item = Chunk>) -> Vec<Chunk> {
    let (mut chunks, mut bytes) = (Vec::new(), 0);
    while bytes < MESSAGE_BYTES
        && let Some(chunk) = rest.next()
    {
        bytes += chunk.data.len();
        chunks.push(chunk);
    }
    chunks
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
    fn a_series_is_one_message() {
        let sample = |ms: i64| Sample { ms: ms * 997 % 1_000 + ms * 15_000, value: (ms as f64).sin() };
        let labels = Labels::new([(Arc::from("__name__"), Arc::from("up"))]);
        let samples: Vec<Sample> = (0..100_001).map(sample).collect();
        let mut out = Vec::new();
        Chunks(vec![vec![SampledSeries { labels, samples }]]).write(&mut out).unwrap();
        let mut rest = out.as_slice();
        let len = prost::decode_length_delimiter(&mut rest).unwrap();
        assert_eq!(rest.len(), 4 + len, "there is one message");
        let message = ChunkedReadResponse::decode(&rest[4..]).unwrap();
        assert_eq!(message.chunked_series[0].chunks.len(), 100_001_usize.div_ceil(CHUNK_SAMPLES));
    }

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
