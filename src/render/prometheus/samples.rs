//! A remote read's answer as one message, compressed as it is written: samples are never held twice.

use std::io::{self, Write};

use prost::Message;

use super::snappy::{Snappy, varint};
use crate::evaluate::SampledSeries;
use crate::range;
use crate::series::Labels;
use crate::wire::remote::{Label, Sample};

/// The field of `ReadResponse` that has the results, and that of `QueryResult` that has the series.
const RESULTS: u8 = 1;
const SERIES: u8 = 1;
/// The fields of `TimeSeries`.
const LABELS: u8 = 1;
const SAMPLES: u8 = 2;

/// The series of each query.
#[derive(Debug)]
pub struct AllSamples(pub Vec<Vec<SampledSeries>>);

impl AllSamples {
    /// Writes a `ReadResponse` in Snappy's block format.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let series: Vec<Vec<usize>> = self.0.iter().map(|result| result.iter().map(series_len).collect()).collect();
        let result_len = |series: &Vec<usize>| series.iter().map(|len| framed(*len)).sum();
        let results: Vec<usize> = series.iter().map(result_len).collect();
        let mut out = Snappy::new(out, results.iter().map(|len| framed(*len)).sum())?;
        for ((result, len), series) in self.0.iter().zip(results).zip(series) {
            head(&mut out, RESULTS, len)?;
            for (one, len) in result.iter().zip(series) {
                head(&mut out, SERIES, len)?;
                write_series(&mut out, one)?;
            }
        }
        out.finish()
    }
}

/// The labels as messages.
pub(super) fn labels(labels: &Labels) -> Vec<Label> {
    labels.iter().map(|(name, value)| Label { name: name.to_string(), value: value.to_string() }).collect()
}

const fn sample(sample: &range::Sample) -> Sample {
    Sample { value: Some(sample.value), timestamp: sample.ms }
}

fn series_len(series: &SampledSeries) -> usize {
    let labels: usize = labels(&series.labels).iter().map(|label| framed(label.encoded_len())).sum();
    labels + series.samples.iter().map(|one| framed(sample(one).encoded_len())).sum::<usize>()
}

fn write_series(out: &mut impl Write, series: &SampledSeries) -> io::Result<()> {
    let mut bytes = Vec::new();
    for label in labels(&series.labels) {
        message(out, LABELS, &label, &mut bytes)?;
    }
    for one in &series.samples {
        message(out, SAMPLES, &sample(one), &mut bytes)?;
    }
    Ok(())
}

/// Writes a message as a field of another one.
fn message(out: &mut impl Write, field: u8, message: &impl Message, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    message.encode(bytes).map_err(io::Error::other)?;
    head(out, field, bytes.len())?;
    out.write_all(bytes)
}

/// Begins a field that is a message of so many bytes.
fn head(out: &mut impl Write, field: u8, len: usize) -> io::Result<()> {
    out.write_all(&[field << 3 | 2])?;
    out.write_all(&varint(len as u64))
}

/// The bytes of a field that is a message of so many bytes.
fn framed(len: usize) -> usize {
    1 + prost::length_delimiter_len(len) + len
}
