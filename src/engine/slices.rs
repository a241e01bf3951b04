//! The samples of a fetch → whatever takes them. A short read is one statement. A long one is cut into slices of time,
//! each a statement whose rows are one series' samples; two of them are under way while the slice before is taken, away
//! from the threads that wait. Where that gains nothing the samples come row by row.

mod rest;

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream::FuturesOrdered;

use self::rest::{SliceLength, UnreadTimes, scaled};
use super::RequestScope;
use super::said::logged;
use crate::catalog::{LabelValue, SourceRow, ValueCondition};
use crate::db::{DbError, Pieces, SeriesRow};
use crate::error::{Error, Kind};
use crate::frame::SampleSink;
use crate::plan::Fetch;
use crate::sql::{self, Slice};

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

impl RequestScope {
    /// Gives the samples of a fetch to a sink.
    pub(super) async fn samples<S: SampleSink>(&self, fetch: &Fetch, sink: S) -> Result<S, Error> {
        let mut rest = UnreadTimes::of(sql::times(fetch));
        if rest.stretches().is_empty() {
            return self.row_by_row(fetch, sink).await;
        }
        let is_cut = self.is_found_by_time(fetch);
        let whole = Slice {
            stretches: rest.stretches().iter().copied().collect(),
            rows: SHORT + 1,
            series: series_of(SHORT),
            in_order: is_cut && rest.stretches().len() == 1 && self.has_order_of_time(fetch),
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
        rest.pace = SliceLength::new(per_slice, scaled(seen_ms, per_slice, u64::from(SHORT)).max(1));
        let sink = if whole.in_order && latest > earliest {
            rest.drop_before(latest);
            self.given(sink, first, Some(latest.saturating_mul(1000))).await?
        } else {
            drop(first);
            sink
        };
        self.in_slices(fetch, sink, rest).await
    }

    /// Gives the samples of what is left of a fetch to a sink, slice by slice.
    async fn in_slices<S: SampleSink>(&self, fetch: &Fetch, sink: S, mut rest: UnreadTimes) -> Result<S, Error> {
        let mut running = FuturesOrdered::new();
        let mut sink = sink;
        let mut before: Option<Pieces> = None;
        loop {
            while running.len() < LANES
                && let Some(slice) = rest.slice()
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
                    rest.pace.follow(slice.length_ms(), pieces.samples());
                    before = Some(pieces);
                    continue;
                }
                Some(pieces) => rest.pace.shorten(slice.length_ms(), span(&pieces, fetch)?),
                None => rest.pace.length_ms = 0,
            }
            let mut back = vec![slice];
            // Their sessions are free when they have ended.
            while let Some((_, slice)) = running.next().await {
                back.push(slice);
            }
            back.into_iter().rev().for_each(|slice| rest.put_back(slice));
            if rest.pace.length_ms == 0 {
                return self.row_by_row(&rest.fetch(fetch), sink).await;
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
        self.has_index(fetch, |wanted| matches!(wanted, ValueCondition::OneOf(_)))
    }

    /// Whether an index gives the rows in order of time: what stands before the time in it has one value.
    fn has_order_of_time(&self, fetch: &Fetch) -> bool {
        let is_one = |wanted: &ValueCondition| matches!(wanted, ValueCondition::OneOf(values) if values.len() == 1);
        sql::is_ordered_as_stored(&fetch.rows.time) && self.has_index(fetch, is_one)
    }

    /// Whether an index leads to the time behind labels that are given like this.
    fn has_index(&self, fetch: &Fetch, is_enough: impl Fn(&ValueCondition) -> bool) -> bool {
        let (rows, given) = (&fetch.rows, fetch.named());
        let Some(source) = self.snapshot.sources().get(rows.source).filter(|_| rows.time.row == SourceRow::Own) else {
            return false;
        };
        let is_given = |column: &crate::ident::Ident| {
            rows.filters.iter().chain(&given).any(|filter| {
                is_enough(&filter.wanted)
                    && matches!(&filter.value, LabelValue::Column(own) if own.row == SourceRow::Own && own.name == *column)
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
