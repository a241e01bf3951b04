//! The samples of a fetch → whatever takes them. A short read is one statement. A long one is cut into slices of time,
//! each a statement whose rows are one series' samples; two of them are under way while the slice before is taken, away
//! from the threads that wait. Where that gains nothing the samples come row by row.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream::FuturesOrdered;

use super::Scope;
use super::fetching::logged;
use crate::catalog::{LabelValue, Row, Wanted};
use crate::db::{DbError, Pieces, SeriesRow};
use crate::error::Error;
use crate::frame::SampleSink;
use crate::plan::Fetch;
use crate::sql::{self, Slice};
use crate::time::TimeRange;

/// The rows of a read that is not cut.
const SHORT: u32 = 16_384;
/// The rows that a slice should have.
const TARGET: u64 = 49_152;
/// The most rows that a slice may have; one more says that it has more.
const MOST: u32 = 131_072;
/// The slices that are read at once.
const LANES: usize = 2;
/// A series should have so many samples in a slice on average, or its row saves little.
const SAMPLES: usize = 4;
/// Between two tries for a session where too many wait for one.
const PAUSE: Duration = Duration::from_millis(50);
/// A slice is at most so many times as long as the one before it.
const GROWTH: i64 = 8;

impl Scope {
    /// Gives the samples of a fetch to a sink.
    pub(super) async fn samples<S: SampleSink>(&self, fetch: &Fetch, sink: S) -> Result<S, Error> {
        let mut rest = Rest(sql::times(fetch).into());
        if rest.0.is_empty() {
            return self.row_by_row(fetch, sink).await;
        }
        let is_cut = self.is_found_by_time(fetch);
        let whole = Slice {
            stretches: rest.0.iter().copied().collect(),
            rows: SHORT + 1,
            in_order: is_cut && rest.0.len() == 1,
        };
        let first = self.pieces(fetch, &whole).await?;
        if !is_over(&first, &whole) {
            return self.given(sink, first, None).await;
        }
        let seen = span(&first, fetch)?.filter(|_| is_cut && pays(&first));
        let Some((earliest, latest)) = seen else {
            // Its bytes are free for the rows.
            drop(first);
            return self.row_by_row(fetch, sink).await;
        };
        let per_slice = TARGET.max(8 * SAMPLES as u64 * first.rows().len() as u64).min(u64::from(MOST / 2));
        let seen_ms = if whole.in_order { latest - earliest } else { rest.until(latest) };
        let pace = Pace { per_slice, length_ms: scaled(seen_ms, per_slice, u64::from(SHORT)).max(1) };
        let sink = if whole.in_order && latest > earliest {
            rest.drop_before(latest);
            self.given(sink, first, Some(latest.saturating_mul(1000))).await?
        } else {
            sink
        };
        self.in_slices(fetch, sink, (rest, pace)).await
    }

    /// Gives the samples of what is left of a fetch to a sink, slice by slice.
    async fn in_slices<S: SampleSink>(
        &self,
        fetch: &Fetch,
        sink: S,
        (mut rest, mut pace): (Rest, Pace),
    ) -> Result<S, Error> {
        let mut running = FuturesOrdered::new();
        let mut sink = sink;
        let mut before: Option<Pieces> = None;
        loop {
            while running.len() < LANES
                && let Some(slice) = rest.slice(pace.length_ms)
            {
                running.push_back(async move { (self.next_pieces(fetch, &slice).await, slice) });
            }
            let give = async {
                match before.take() {
                    Some(pieces) => self.given(sink, pieces, None).await,
                    None => Ok(sink),
                }
            };
            let (next, given) = join(running.next(), give).await;
            sink = given?;
            let Some((pieces, slice)) = next else { return Ok(sink) };
            let pieces = pieces?;
            if is_over(&pieces, &slice) {
                // Their sessions are free when they have ended.
                let mut back = vec![slice];
                while let Some((_, slice)) = running.next().await {
                    back.push(slice);
                }
                pace.shorten(back.first().map_or(0, Slice::length_ms), span(&pieces, fetch)?);
                back.into_iter().rev().for_each(|slice| rest.put_back(slice));
                if pace.length_ms == 0 {
                    return self.row_by_row(&rest.of(fetch), sink).await;
                }
                continue;
            }
            pace.follow(slice.length_ms(), pieces.samples());
            before = Some(pieces);
        }
    }

    /// Gives the samples of a slice to a sink, those before an instant.
    async fn given<S: SampleSink>(&self, mut sink: S, pieces: Pieces, before: Option<i64>) -> Result<S, Error> {
        // A sample is several steps.
        let steps = pieces.samples().saturating_mul(4);
        self.compute(steps, move |budget| sink.slice(&pieces, before, budget).map(|()| sink)).await
    }

    async fn pieces(&self, fetch: &Fetch, slice: &Slice) -> Result<Pieces, Error> {
        let read = self.database.pieces(&sql::pieces(fetch, slice), self.deadline, fetch.rows.labels.len()).await;
        read.map_err(|error| logged(&error, fetch))
    }

    /// As [`Self::pieces`], of a read that has begun: it waits for its next session as long as the request may take.
    async fn next_pieces(&self, fetch: &Fetch, slice: &Slice) -> Result<Pieces, Error> {
        let (statement, column) = (sql::pieces(fetch, slice), fetch.rows.labels.len());
        loop {
            match self.database.pieces(&statement, self.deadline, column).await {
                Err(DbError::Busy) if self.deadline.left() > PAUSE => tokio::time::sleep(PAUSE).await,
                read => return read.map_err(|error| logged(&error, fetch)),
            }
        }
    }

    async fn row_by_row<S: SampleSink>(&self, fetch: &Fetch, mut sink: S) -> Result<S, Error> {
        self.read(fetch, &sql::samples(fetch), &mut |row: SeriesRow<'_>| sink.row(&row)).await?;
        Ok(sink)
    }

    /// Whether an index finds the rows of a slice: it begins with the time, or with labels that are given.
    fn is_found_by_time(&self, fetch: &Fetch) -> bool {
        let (rows, given) = (&fetch.rows, fetch.named());
        let Some(source) = self.snapshot.sources().get(rows.source).filter(|_| rows.time.row == Row::Own) else {
            return false;
        };
        let is_given = |column: &crate::ident::Ident| {
            rows.filters.iter().chain(&given).any(|filter| {
                matches!(&filter.wanted, Wanted::OneOf(_))
                    && matches!(&filter.value, LabelValue::Column(own) if own.row == Row::Own && own.name == *column)
            })
        };
        source.indexes.iter().any(|columns| {
            columns.iter().find(|column| !is_given(column)).is_some_and(|column| *column == rows.time.column)
        })
    }
}

/// Whether there are more rows than a slice may have.
fn is_over(pieces: &Pieces, slice: &Slice) -> bool {
    pieces.samples() >= slice.rows as usize
}

/// Whether a row has enough samples to save something.
fn pays(pieces: &Pieces) -> bool {
    pieces.rows().len() * SAMPLES <= pieces.samples()
}

/// The milliseconds of the earliest and of the latest sample.
fn span(pieces: &Pieces, fetch: &Fetch) -> Result<Option<(i64, i64)>, Error> {
    let mut read = Vec::new();
    let mut span: Option<(i64, i64)> = None;
    for row in pieces.rows() {
        read.clear();
        row.samples(fetch.rows.labels.len(), &mut read).map_err(|error| error.public())?;
        for sample in &read {
            let ms = sample.micros.div_euclid(1000);
            let (earliest, latest) = span.unwrap_or((ms, ms));
            span = Some((earliest.min(ms), latest.max(ms)));
        }
    }
    Ok(span)
}

/// How long slices are.
struct Pace {
    per_slice: u64,
    length_ms: i64,
}

impl Pace {
    /// There were too many rows in a slice of that length: mostly they came in the order of an index.
    fn shorten(&mut self, length_ms: i64, span: Option<(i64, i64)>) {
        let seen = span.map_or(0, |(earliest, latest)| scaled(latest - earliest, self.per_slice, u64::from(MOST)));
        self.length_ms = seen.min(length_ms / GROWTH);
    }

    /// The next slice should have as many rows as one should have, if there are as many in its time as in the last one's.
    fn follow(&mut self, length_ms: i64, rows: usize) {
        let next = scaled(length_ms, self.per_slice, rows as u64);
        self.length_ms = next.clamp((length_ms / GROWTH).max(1), length_ms.saturating_mul(GROWTH));
    }
}

/// The length of which so many rows are wanted, where one has some.
fn scaled(length_ms: i64, wanted: u64, rows: u64) -> i64 {
    let scaled = i128::from(length_ms) * i128::from(wanted) / i128::from(rows.max(1));
    i64::try_from(scaled).unwrap_or(i64::MAX)
}

/// The times that are not read yet, in order.
struct Rest(VecDeque<TimeRange>);

impl Rest {
    /// The next slice, of about so many milliseconds.
    fn slice(&mut self, length_ms: i64) -> Option<Slice> {
        let (mut stretches, mut left) = (Vec::new(), length_ms.max(1));
        while left > 0
            && let Some(next) = self.0.pop_front()
        {
            let to = next.from.saturating_add(left).min(next.to);
            if to < next.to {
                self.0.push_front(TimeRange { from: to, to: next.to });
            }
            left = left.saturating_sub(to - next.from);
            stretches.push(TimeRange { from: next.from, to });
        }
        (!stretches.is_empty()).then_some(Slice { stretches, rows: MOST + 1, in_order: false })
    }

    fn put_back(&mut self, slice: Slice) {
        slice.stretches.into_iter().rev().for_each(|stretch| self.0.push_front(stretch));
    }

    fn drop_before(&mut self, at: i64) {
        self.0.iter_mut().for_each(|stretch| stretch.from = stretch.from.max(at));
        self.0.retain(|stretch| stretch.from < stretch.to);
    }

    /// How much of it lies before an instant.
    fn until(&self, at: i64) -> i64 {
        self.0.iter().map(|stretch| stretch.to.min(at).saturating_sub(stretch.from).max(0)).sum()
    }

    /// The fetch of what is left.
    fn of(&self, fetch: &Fetch) -> Fetch {
        let mut of = fetch.clone();
        let (from, to) = (self.0.front().map(|one| one.from), self.0.back().map(|one| one.to));
        of.axis.reach_ms = 0;
        (of.axis.from, of.axis.to) = (from.unwrap_or(of.axis.to), to.unwrap_or(of.axis.to));
        if !of.axis.stretches.is_empty() {
            of.axis.stretches = self.0.iter().copied().collect();
        }
        of
    }
}

impl Slice {
    fn length_ms(&self) -> i64 {
        self.stretches.iter().map(|stretch| stretch.to - stretch.from).sum()
    }
}
