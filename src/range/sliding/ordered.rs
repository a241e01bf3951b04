//! The values of a window in order of size.

use std::collections::VecDeque;

use super::super::Sample;
use super::super::quantile::{by_value, interpolated, outside, place};

/// A chunk that grows to this size is halved.
const CHUNK: usize = 512;

/// The samples of a window, and their values in ascending chunks, none of them empty.
#[derive(Debug, Default)]
pub(super) struct Ordered {
    samples: VecDeque<Sample>,
    chunks: Vec<Vec<f64>>,
}

impl Ordered {
    pub(super) fn push(&mut self, sample: Sample) {
        self.samples.push_back(sample);
        let at = self.chunk_of(sample.value).min(self.chunks.len().saturating_sub(1));
        let Some(chunk) = self.chunks.get_mut(at) else {
            self.chunks.push(vec![sample.value]);
            return;
        };
        let place = chunk.partition_point(|value| by_value(value, &sample.value).is_lt());
        chunk.insert(place, sample.value);
        if chunk.len() >= CHUNK {
            let upper = chunk.split_off(CHUNK / 2);
            self.chunks.insert(at + 1, upper);
        }
    }

    pub(super) fn drop_until(&mut self, start_ms: i64) {
        while let Some(sample) = self.samples.pop_front_if(|sample| sample.ms <= start_ms) {
            self.remove(sample.value);
        }
    }

    fn remove(&mut self, value: f64) {
        let at = self.chunk_of(value);
        let Some(chunk) = self.chunks.get_mut(at) else { return };
        let place = chunk.partition_point(|own| by_value(own, &value).is_lt());
        chunk.remove(place);
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
    }

    /// The first chunk that has a value as large.
    fn chunk_of(&self, value: f64) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(|last| by_value(last, &value).is_lt()))
    }

    pub(super) fn quantile(&self, phi: f64) -> Option<f64> {
        let count = self.samples.len();
        if count == 0 {
            return None;
        }
        let Some((rank, weight)) = place(phi, count) else { return Some(outside(phi)) };
        Some(interpolated(self.nth(rank)?, self.nth((rank + 1).min(count - 1))?, weight))
    }

    fn nth(&self, mut rank: usize) -> Option<f64> {
        for chunk in &self.chunks {
            match chunk.get(rank) {
                Some(value) => return Some(*value),
                None => rank -= chunk.len(),
            }
        }
        None
    }

    pub(super) fn bytes(&self) -> usize {
        let values: usize = self.chunks.iter().map(Vec::capacity).sum();
        let heads = self.chunks.capacity() * size_of::<Vec<f64>>();
        self.samples.capacity() * size_of::<Sample>() + heads + values * size_of::<f64>()
    }
}
