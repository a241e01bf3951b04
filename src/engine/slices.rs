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
use crate::error::{Error, Kind};
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
const SAMPLES: u32 = 4;
/// Between two tries for a session where too many wait for one.
const PAUSE: Duration = Duration::from_millis(50);
/// A slice is at most so many times as long as the one before it.
const GROWTH: i64 = 8;
/// After a slice that was too long so many with rows enough show that there are fewer now.
const FILLED: u32 = 2;

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
            series: series_of(SHORT),
            in_order: is_cut && rest.0.len() == 1 && self.has_order_of_time(fetch),
        };
        let Some(first) = self.pieces(fetch, &whole).await? else { return self.row_by_row(fetch, sink).await };
        if !is_over(&first, &whole) {
            return self.given(sink, first, None).await;
        }
        let seen = span(&first, fetch)?.filter(|_| is_cut);
        let Some((earliest, latest)) = seen else {
            // Its bytes are free for the rows.
            drop(first);
            return self.row_by_row(fetch, sink).await;
        };
        let per_slice = TARGET.max(8 * u64::from(SAMPLES) * first.rows().len() as u64).min(u64::from(MOST / 2));
        let seen_ms = if whole.in_order { latest - earliest } else { rest.until(latest) };
        let pace = Pace {
            per_slice,
            length_ms: scaled(seen_ms, per_slice, u64::from(SHORT)).max(1),
            too_long: None,
            filled: 0,
        };
        let sink = if whole.in_order && latest > earliest {
            rest.drop_before(latest);
            self.given(sink, first, Some(latest.saturating_mul(1000))).await?
        } else {
            drop(first);
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
            match pieces? {
                Some(pieces) if !is_over(&pieces, &slice) => {
                    pace.follow(slice.length_ms(), pieces.samples());
                    before = Some(pieces);
                    continue;
                }
                Some(pieces) => pace.shorten(slice.length_ms(), span(&pieces, fetch)?),
                None => pace.length_ms = 0,
            }
            let mut back = vec![slice];
            // Their sessions are free when they have ended.
            while let Some((_, slice)) = running.next().await {
                back.push(slice);
            }
            back.into_iter().rev().for_each(|slice| rest.put_back(slice));
            if pace.length_ms == 0 {
                return self.row_by_row(&rest.of(fetch), sink).await;
            }
        }
    }

    /// Gives the samples of a slice to a sink, those before an instant.
    async fn given<S: SampleSink>(&self, mut sink: S, pieces: Pieces, before: Option<i64>) -> Result<S, Error> {
        // A sample is several steps.
        let steps = pieces.samples().saturating_mul(4);
        self.compute(steps, move |budget| sink.slice(&pieces, before, budget).map(|()| sink)).await
    }

    /// The samples of a slice; none where there are so many series that rows take less, or no bytes for all at once.
    async fn pieces(&self, fetch: &Fetch, slice: &Slice) -> Result<Option<Pieces>, Error> {
        let read = self.database.pieces(&sql::pieces(fetch, slice), self.deadline, fetch.rows.labels.len()).await;
        gathered(read, slice).map_err(|error| logged(&error, fetch))
    }

    /// As [`Self::pieces`], of a read that has begun: it waits for its next session as long as the request may take.
    async fn next_pieces(&self, fetch: &Fetch, slice: &Slice) -> Result<Option<Pieces>, Error> {
        let (statement, column) = (sql::pieces(fetch, slice), fetch.rows.labels.len());
        loop {
            match self.database.pieces(&statement, self.deadline, column).await {
                Err(DbError::Busy) if self.deadline.left() > PAUSE => tokio::time::sleep(PAUSE).await,
                read => return gathered(read, slice).map_err(|error| logged(&error, fetch)),
            }
        }
    }

    async fn row_by_row<S: SampleSink>(&self, fetch: &Fetch, mut sink: S) -> Result<S, Error> {
        self.read(fetch, &sql::samples(fetch), &mut |row: SeriesRow<'_>| sink.row(&row)).await?;
        Ok(sink)
    }

    /// Whether an index finds the rows of a slice: it begins with the time, or with labels that are given.
    fn is_found_by_time(&self, fetch: &Fetch) -> bool {
        self.has_index(fetch, |wanted| matches!(wanted, Wanted::OneOf(_)))
    }

    /// Whether an index gives the rows in order of time: what stands before the time in it has one value.
    fn has_order_of_time(&self, fetch: &Fetch) -> bool {
        let is_one = |wanted: &Wanted| matches!(wanted, Wanted::OneOf(values) if values.len() == 1);
        sql::is_ordered_as_stored(&fetch.rows.time) && self.has_index(fetch, is_one)
    }

    /// Whether an index leads to the time behind labels that are given like this.
    fn has_index(&self, fetch: &Fetch, is_enough: impl Fn(&Wanted) -> bool) -> bool {
        let (rows, given) = (&fetch.rows, fetch.named());
        let Some(source) = self.snapshot.sources().get(rows.source).filter(|_| rows.time.row == Row::Own) else {
            return false;
        };
        let is_given = |column: &crate::ident::Ident| {
            rows.filters.iter().chain(&given).any(|filter| {
                is_enough(&filter.wanted)
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

/// What was read of a slice, where that is all of it.
fn gathered(read: Result<Pieces, DbError>, slice: &Slice) -> Result<Option<Pieces>, DbError> {
    match read {
        Err(DbError::Refused(error)) if matches!(error.kind, Kind::TooManyBytes | Kind::Busy) => Ok(None),
        read => read.map(|pieces| Some(pieces).filter(|pieces| pieces.rows().len() <= slice.series as usize)),
    }
}

/// The most series among so many rows for which a row per series saves something.
const fn series_of(rows: u32) -> u32 {
    rows / SAMPLES
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
    /// The shortest length that was too long, until slices have had enough rows for a while: rows may come in bursts.
    too_long: Option<i64>,
    /// How many slices since then had rows enough.
    filled: u32,
}

impl Pace {
    /// There were too many rows in a slice of that length: mostly they came in the order of an index.
    fn shorten(&mut self, length_ms: i64, span: Option<(i64, i64)>) {
        let seen = span.map_or(0, |(earliest, latest)| scaled(latest - earliest, self.per_slice, u64::from(MOST)));
        self.length_ms = seen.min(length_ms / GROWTH);
        self.too_long = Some(self.too_long.map_or(length_ms, |known| known.min(length_ms)));
        self.filled = 0;
    }

    /// The next slice should have as many rows as one should have, if there are as many in its time as in the last one's.
    fn follow(&mut self, length_ms: i64, rows: usize) {
        if rows as u64 >= self.per_slice / 2 {
            self.filled += 1;
        }
        if self.filled >= FILLED {
            self.too_long = None;
        }
        let next = scaled(length_ms, self.per_slice, rows as u64);
        let next = next.clamp((length_ms / GROWTH).max(1), length_ms.saturating_mul(GROWTH));
        self.length_ms = self.too_long.map_or(next, |length| next.min((length / 2).max(1)));
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
        (!stretches.is_empty()).then_some(Slice { stretches, rows: MOST + 1, series: series_of(MOST), in_order: false })
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
