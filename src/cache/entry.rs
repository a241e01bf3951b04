//! The blocks of one fetch, and which buckets of a question they answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::frame::Block;
use crate::time::{Millis, TimeRange};

/// The most statements for what is missing of one fetch; with more, what is known between them is asked again.
const ASKS: usize = 3;
/// The most blocks of one fetch.
const BLOCKS: usize = 16;
/// Blocks whose ages differ by less than this part of the time that they last are joined whatever their sizes.
const CLOSE: u32 = 8;

/// A block and when its rows were read.
#[derive(Clone, Debug)]
pub(super) struct CachedBlock {
    pub(super) block: Arc<Block>,
    pub(super) read: Instant,
}

/// What is known of one fetch.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// In no order; a bucket is in one of them.
    kept: Vec<CachedBlock>,
}

/// Some neighbouring buckets of a block.
#[derive(Clone, Debug)]
pub struct KnownBuckets {
    /// The block that has them.
    pub block: Arc<Block>,
    /// From the start of the first to the end of the last.
    pub range: TimeRange,
    /// When the oldest of the block's rows were read.
    pub read: Instant,
}

/// Some neighbouring buckets of a question.
#[derive(Clone, Debug)]
pub enum BucketRun {
    /// They are known.
    Known(KnownBuckets),
    /// They are to be asked.
    Missing(TimeRange),
}

impl BucketRun {
    const fn range(&self) -> TimeRange {
        match self {
            Self::Known(KnownBuckets { range, .. }) | Self::Missing(range) => *range,
        }
    }

    const fn is_missing(&self) -> bool {
        self.missing().is_some()
    }

    /// The range that the database must be asked for; none if the piece is known.
    #[must_use]
    pub const fn missing(&self) -> Option<TimeRange> {
        match self {
            Self::Missing(range) => Some(*range),
            Self::Known(_) => None,
        }
    }

    /// The buckets that are known; none if they are to be asked.
    #[must_use]
    pub const fn known(&self) -> Option<&KnownBuckets> {
        match self {
            Self::Known(known) => Some(known),
            Self::Missing(_) => None,
        }
    }

    /// How many cells are known.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.known().map_or(0, |known| known.block.cells_in(known.range))
    }
}

impl Entry {
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.kept.iter().map(|kept| kept.block.bytes()).sum::<usize>()
    }

    /// The pieces of the buckets between neighbouring edges, in order.
    pub(super) fn pieces(&self, edges: &[Millis], max_age: Duration) -> Vec<BucketRun> {
        let young: Vec<&CachedBlock> = self.kept.iter().filter(|kept| kept.read.elapsed() < max_age).collect();
        let mut pieces: Vec<BucketRun> = Vec::new();
        for pair in edges.windows(2) {
            let bucket = TimeRange { from: pair[0], to: pair[1] };
            let has = |block: &Arc<Block>| block.has(bucket.from, bucket.to);
            match pieces.last_mut() {
                Some(BucketRun::Known(known)) if has(&known.block) => {
                    known.range.to = bucket.to;
                    continue;
                }
                _ => {}
            }
            match (young.iter().find(|kept| has(&kept.block)), pieces.last_mut()) {
                (Some(kept), _) => {
                    let block = Arc::clone(&kept.block);
                    pieces.push(BucketRun::Known(KnownBuckets { block, range: bucket, read: kept.read }));
                }
                (None, Some(BucketRun::Missing(range))) => range.to = bucket.to,
                (None, _) => pieces.push(BucketRun::Missing(bucket)),
            }
        }
        fewer(pieces)
    }

    /// The same with another block, and without those that are older than `max_age`. Of buckets that were read later as
    /// well, and of those behind them, the block is of no use: it may lack rows that somebody saw.
    pub(super) fn with(&self, new: CachedBlock, max_age: Duration) -> Self {
        let later = self.kept.iter().filter(|kept| kept.read > new.read && kept.overlaps(new.block.range()));
        let Some(new) = (match later.map(|kept| kept.block.range().from).min() {
            None => Some(new),
            Some(at) => new.block.until(at).map(|block| CachedBlock { block: Arc::new(block), read: new.read }),
        }) else {
            return Self { kept: self.kept.clone() };
        };
        let young = self.kept.iter().filter(|kept| kept.read.elapsed() < max_age);
        let mut kept: Vec<CachedBlock> = young.filter_map(|kept| kept.outside(new.block.range())).collect();
        let mut new = new;
        while let Some(at) = kept.iter().position(|other| other.touches(&new) && other.may_join(&new, max_age)) {
            new = kept.swap_remove(at).joined(&new);
        }
        kept.push(new);
        if kept.len() > BLOCKS {
            kept.sort_by_key(|kept| kept.read);
            kept.drain(..kept.len() - BLOCKS);
        }
        Self { kept }
    }
}

impl CachedBlock {
    fn overlaps(&self, range: TimeRange) -> bool {
        let own = self.block.range();
        range.from < own.to && own.from < range.to
    }

    /// What is left of it where a newer block has an interval.
    fn outside(&self, newer: TimeRange) -> Option<Self> {
        if !self.overlaps(newer) {
            return Some(self.clone());
        }
        let block = self.block.until(newer.from)?;
        Some(Self { block: Arc::new(block), read: self.read })
    }

    fn touches(&self, other: &Self) -> bool {
        let (own, others) = (self.block.range(), other.block.range());
        own.to == others.from || others.to == own.from
    }

    /// Whether both may have the age of the older one: it is the larger one anyway, or hardly older.
    fn may_join(&self, other: &Self, max_age: Duration) -> bool {
        let (older, newer) = if self.read < other.read { (self, other) } else { (other, self) };
        newer.read - older.read < max_age / CLOSE || older.block.bytes() > newer.block.bytes()
    }

    fn joined(&self, other: &Self) -> Self {
        let is_first = self.block.range().from < other.block.range().from;
        let (early, late) = if is_first { (self, other) } else { (other, self) };
        Self { block: Arc::new(early.block.joined(&late.block)), read: self.read.min(other.read) }
    }
}

/// Asks again what is known between two missing pieces, the shortest first, until there are few statements.
fn fewer(mut pieces: Vec<BucketRun>) -> Vec<BucketRun> {
    while pieces.iter().filter(|piece| piece.is_missing()).count() > ASKS {
        let missing: Vec<usize> = (0..pieces.len()).filter(|at| pieces[*at].is_missing()).collect();
        let gap = |pair: &&[usize]| pieces[pair[1]].range().from - pieces[pair[0]].range().to;
        let Some(pair) = missing.windows(2).min_by_key(gap) else { break };
        let (first, last) = (pair[0], pair[1]);
        let whole = TimeRange { from: pieces[first].range().from, to: pieces[last].range().to };
        pieces.splice(first..=last, [BucketRun::Missing(whole)]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(300);

    fn kept(edges: &[Millis], ago: u64) -> CachedBlock {
        let read = Instant::now().checked_sub(Duration::from_secs(ago)).expect("the machine runs for longer");
        CachedBlock { block: Arc::new(Block::of_nothing(edges.to_vec())), read }
    }

    fn shown(pieces: &[BucketRun]) -> String {
        let one = |piece: &BucketRun| {
            let TimeRange { from, to } = piece.range();
            format!("{}{from}-{to}", if piece.is_missing() { "?" } else { "" })
        };
        pieces.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_question_takes_what_is_there_and_asks_for_head_holes_and_tail() {
        let entry = Entry::default().with(kept(&[10, 20, 30], 0), AGE).with(kept(&[40, 50], 100), AGE);
        let edges: Vec<Millis> = (0..=6).map(|n| n * 10).collect();
        assert_eq!(shown(&entry.pieces(&edges, AGE)), "?0-10 10-30 ?30-40 40-50 ?50-60");
        assert_eq!(shown(&entry.pieces(&edges, Duration::from_secs(50))), "?0-10 10-30 ?30-60");
        assert_eq!(shown(&entry.pieces(&[10, 30, 50], AGE)), "?10-50", "buckets of another length are others");
        assert_eq!(shown(&entry.pieces(&[20, 30], AGE)), "20-30");
    }

    #[test]
    fn too_many_holes_are_asked_in_one() {
        let mut entry = Entry::default();
        for start in [10, 40, 60, 120] {
            entry = entry.with(kept(&[start, start + 10], 0), AGE);
        }
        let edges: Vec<Millis> = (0..=14).map(|n| n * 10).collect();
        assert_eq!(shown(&entry.pieces(&edges, AGE)), "?0-60 60-70 ?70-120 120-130 ?130-140");
    }

    #[test]
    fn neighbours_become_one_with_the_age_of_the_older() {
        let entry = Entry::default().with(kept(&[0, 10, 20, 30], 200), AGE).with(kept(&[30, 40], 0), AGE);
        assert_eq!(entry.kept.len(), 1);
        assert_eq!(shown(&entry.pieces(&[0, 10, 20, 30, 40], Duration::from_secs(100))), "?0-40");
        // A small old one does not make a large new one old.
        let entry = Entry::default().with(kept(&[30, 40], 200), AGE).with(kept(&[0, 10, 20, 30], 0), AGE);
        assert_eq!(shown(&entry.pieces(&[0, 10, 20, 30, 40], Duration::from_secs(100))), "0-30 ?30-40");
    }

    #[test]
    fn a_newer_reading_replaces_an_older_one() {
        let entry = Entry::default().with(kept(&[0, 10, 20, 30], 250), AGE).with(kept(&[10, 20], 0), AGE);
        let edges = [0, 10, 20, 30];
        assert_eq!(shown(&entry.pieces(&edges, Duration::from_secs(100))), "?0-10 10-20 ?20-30");
        assert_eq!(shown(&entry.pieces(&edges, AGE)), "0-10 10-20 ?20-30");
    }

    #[test]
    fn a_statement_that_began_earlier_and_ended_later_replaces_no_bucket() {
        let entry = Entry::default().with(kept(&[10, 20], 0), AGE).with(kept(&[0, 10, 20, 30], 5), AGE);
        // What it has before them is kept, and joined with them, as it is hardly older.
        assert_eq!(shown(&entry.pieces(&[0, 10, 20, 30], AGE)), "0-20 ?20-30");
    }
}
