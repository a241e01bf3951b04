//! Few of many samples: of each pixel column the first, the lowest, the highest and the last (M4: Jugel et al., VLDB
//! 2014), or only the extremes.

use super::FineSample;

/// How many samples of a series are kept, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Few {
    /// Which of a column.
    pub keep: Keep,
    /// The most that a series may have.
    pub max_points: u32,
}

/// Which samples of a column are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The first, the lowest, the highest and the last.
    M4,
    /// The lowest and the highest.
    Extremes,
}

impl Few {
    /// How many columns the points suffice for.
    #[must_use]
    pub fn columns(self) -> u32 {
        if self.keeps_ends() { self.max_points / 4 } else { self.max_points / 2 }.max(1)
    }

    /// Below four points there is only room for the extremes.
    fn keeps_ends(self) -> bool {
        self.keep == Keep::M4 && self.max_points >= 4
    }
}

/// What is kept of one series.
#[derive(Debug, Default)]
pub struct KeptSamples {
    seen: u32,
    /// All samples, as long as they are few enough.
    all: Vec<FineSample>,
    columns: Vec<PixelColumn>,
}

/// A pixel column.
#[derive(Debug)]
struct PixelColumn {
    number: u32,
    first: NumberedSample,
    last: NumberedSample,
    /// None while all samples are NaN.
    extremes: Option<Extremes>,
}

#[derive(Clone, Copy, Debug)]
struct Extremes {
    lowest: NumberedSample,
    highest: NumberedSample,
}

/// A sample and its number in the series.
#[derive(Clone, Copy, Debug)]
struct NumberedSample {
    number: u32,
    sample: FineSample,
}

impl KeptSamples {
    /// The bytes of memory that it takes besides its own.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<FineSample>() + self.columns.capacity() * size_of::<PixelColumn>()
    }

    /// Takes the next sample, which lies in a column; columns ascend.
    pub fn push(&mut self, few: Few, column: u32, sample: FineSample) {
        if self.seen < few.max_points {
            self.all.push(sample);
        } else {
            self.all = Vec::new();
        }
        let now = NumberedSample { number: self.seen, sample };
        self.seen += 1;
        match self.columns.last_mut().filter(|last| last.number == column) {
            Some(last) => last.push(now),
            None => {
                let extremes = (!sample.value.is_nan()).then_some(Extremes { lowest: now, highest: now });
                self.columns.push(PixelColumn { number: column, first: now, last: now, extremes });
            }
        }
    }

    /// What is kept, in order of time.
    #[must_use]
    pub fn finish(self, few: Few) -> Vec<FineSample> {
        if self.seen <= few.max_points {
            return self.all;
        }
        if few.max_points < 2 {
            return self.columns.last().map(|column| column.last.sample).into_iter().collect();
        }
        let mut kept: Vec<NumberedSample> = Vec::new();
        for column in self.columns {
            kept.extend(column.extremes.into_iter().flat_map(|found| [found.lowest, found.highest]));
            if few.keeps_ends() {
                kept.extend([column.first, column.last]);
            }
        }
        kept.sort_unstable_by_key(|one| one.number);
        kept.dedup_by_key(|one| one.number);
        kept.into_iter().map(|one| one.sample).collect()
    }
}

impl PixelColumn {
    fn push(&mut self, now: NumberedSample) {
        self.last = now;
        let value = now.sample.value;
        if value.is_nan() {
            return;
        }
        let extremes = self.extremes.get_or_insert(Extremes { lowest: now, highest: now });
        if value < extremes.lowest.sample.value {
            extremes.lowest = now;
        }
        if value > extremes.highest.sample.value {
            extremes.highest = now;
        }
    }
}
