//! The label sets of many series, compactly: each is one short run of bytes, found by its hash.
//!
//! A key has the names (as numbers) and values of the labels that are not empty, in order of the names, so that label
//! sets that mean the same are the same bytes, whichever source they come from.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use super::chunks::ChunkedVec;
use crate::series::Labels;

/// The bytes of one piece of text.
const PIECE: usize = 1 << 16;

/// Maps in which the keys are spread: a map that grows moves all its entries at once.
const SHARDS: usize = 64;

/// What one key costs besides its own bytes: its place and its entry in a map.
pub(super) const KEY_BYTES: usize = 48;

/// Label sets, numbered as they come.
pub(super) struct LabelSetNumbers {
    state: RandomState,
    shards: Vec<HashMap<u64, u32, BuildHasherDefault<Hashed>>>,
    places: ChunkedVec<Place>,
    text: Vec<Vec<u8>>,
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// The key that was asked for last: rows of one series often follow each other.
    last: usize,
}

/// Where a key stands.
#[derive(Clone, Copy)]
struct Place {
    piece: u32,
    start: u32,
    len: u32,
}

/// A key under way.
#[derive(Default)]
pub(super) struct LabelSetKey(Vec<u8>);

impl LabelSetKey {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the next label; an empty value is none.
    pub(super) fn add(&mut self, name: u32, value: &str) {
        if !value.is_empty() {
            number(&mut self.0, name);
            number(&mut self.0, u32::try_from(value.len()).unwrap_or(u32::MAX));
            self.0.extend_from_slice(value.as_bytes());
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }
}

impl LabelSetNumbers {
    pub(super) fn new() -> Self {
        Self {
            state: RandomState::new(),
            shards: Vec::new(),
            places: ChunkedVec::default(),
            text: Vec::new(),
            names: Vec::new(),
            numbers: HashMap::new(),
            last: 0,
        }
    }

    /// The number of a name.
    pub(super) fn name(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = Arc::from(name);
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// The number of a key, if it is known.
    pub(super) fn find(&self, key: &LabelSetKey) -> Option<usize> {
        if self.shards.is_empty() {
            return None;
        }
        self.probe(key).ok()
    }

    /// The number of a key, and whether it is new.
    pub(super) fn number(&mut self, key: &LabelSetKey) -> (usize, bool) {
        if self.last < self.places.len() && self.bytes(self.last) == key.0 {
            return (self.last, false);
        }
        let (at, is_new) = self.looked_up(key);
        self.last = at;
        (at, is_new)
    }

    fn looked_up(&mut self, key: &LabelSetKey) -> (usize, bool) {
        if self.shards.is_empty() {
            self.shards = (0..SHARDS).map(|_| HashMap::default()).collect();
        }
        match self.probe(key) {
            Ok(at) => (at, false),
            Err(hash) => {
                let at = self.places.len();
                let place = self.store(&key.0);
                self.places.push(place);
                self.shards[shard(hash)].insert(hash, u32::try_from(at).unwrap_or(u32::MAX));
                (at, true)
            }
        }
    }

    /// Where a key is, or the hash under which it belongs: two keys of one hash stand under neighbouring ones.
    fn probe(&self, key: &LabelSetKey) -> Result<usize, u64> {
        let mut hash = self.state.hash_one(&key.0);
        while let Some(at) = self.shards[shard(hash)].get(&hash) {
            if self.bytes(*at as usize) == key.0 {
                return Ok(*at as usize);
            }
            hash = hash.wrapping_add(1);
        }
        Err(hash)
    }

    fn store(&mut self, bytes: &[u8]) -> Place {
        let fits = self.text.last().is_some_and(|piece| piece.capacity() - piece.len() >= bytes.len());
        if !fits {
            // Small answers need little.
            let room = if self.text.is_empty() { 1024 } else { PIECE };
            self.text.push(Vec::with_capacity(room.max(bytes.len())));
        }
        let piece = self.text.len() - 1;
        let start = self.text[piece].len();
        self.text[piece].extend_from_slice(bytes);
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { piece: number(piece), start: number(start), len: number(bytes.len()) }
    }

    fn bytes(&self, at: usize) -> &[u8] {
        let Some(place) = self.places.get(at) else { return &[] };
        let piece = self.text.get(place.piece as usize).map_or([].as_slice(), Vec::as_slice);
        piece.get(place.start as usize..(place.start + place.len) as usize).unwrap_or_default()
    }

    /// The labels of a key whose names pass.
    pub(super) fn labels(&self, at: usize, mut keep: impl FnMut(&str) -> bool) -> Labels {
        let pairs = pairs(self.bytes(at)).filter_map(|(name, value)| {
            let name = self.names.get(name as usize).filter(|name| keep(name))?;
            Some((Arc::clone(name), Arc::from(value)))
        });
        Labels::new(pairs)
    }

    /// The value of one label of a key; the empty string where it is absent.
    pub(super) fn value(&self, at: usize, name: &str) -> &str {
        let named = |number: u32| self.names.get(number as usize).is_some_and(|own| **own == *name);
        pairs(self.bytes(at)).find(|(number, _)| named(*number)).map_or("", |(_, value)| value)
    }

    /// About the bytes of a key's labels.
    pub(super) fn size(&self, at: usize) -> usize {
        self.places.get(at).map_or(0, |place| place.len as usize)
    }
}

const fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

/// The names and values of a key.
fn pairs(mut key: &[u8]) -> impl Iterator<Item = (u32, &str)> {
    std::iter::from_fn(move || {
        let name = read(&mut key)?;
        let len = read(&mut key)? as usize;
        let (value, rest) = key.split_at_checked(len)?;
        key = rest;
        Some((name, std::str::from_utf8(value).unwrap_or_default()))
    })
}

/// Writes a number, seven bits a byte.
fn number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 128 {
        bytes.push((number as u8) | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 127).checked_shl(shift)?;
        if *byte < 128 {
            break;
        }
    }
    Some(number)
}

/// Keys are hashed once; the maps take the hash as it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(keys: &mut LabelSetNumbers, pairs: &[(&str, &str)]) -> LabelSetKey {
        let mut key = LabelSetKey::default();
        for (name, value) in pairs {
            let name = keys.name(name);
            key.add(name, value);
        }
        key
    }

    #[test]
    fn a_label_set_is_one_series_and_reads_as_it_was_written() {
        let mut keys = LabelSetNumbers::new();
        let long = "x".repeat(100_000);
        for (at, value) in ["a", "b", &long].into_iter().enumerate() {
            let key = key(&mut keys, &[("host", value), ("region", "eu"), ("none", "")]);
            assert_eq!((keys.find(&key), keys.number(&key), keys.find(&key)), (None, (at, true), Some(at)));
            assert_eq!(keys.number(&key), (at, false));
            assert_eq!((keys.value(at, "host"), keys.value(at, "none")), (value, ""));
        }
        let labels = keys.labels(1, |name| name != "region");
        assert_eq!(labels, Labels::new([(Arc::from("host"), Arc::from("b"))]));
    }

    #[test]
    fn a_hundred_thousand_are_told_apart() {
        let mut keys = LabelSetNumbers::new();
        for number in 0..100_000 {
            let key = key(&mut keys, &[("host", &format!("host-{number}"))]);
            assert_eq!(keys.number(&key), (number, true));
        }
        assert_eq!(keys.value(77_777, "host"), "host-77777");
    }
}
