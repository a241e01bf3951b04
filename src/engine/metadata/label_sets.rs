//! The label sets of rows, and whether there are rows.

use std::borrow::Cow;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::MOST;
use super::look::{ListProgress, in_time};
use crate::cache::{ShortRead, ShortValue};
use crate::catalog::{Filter, Source};
use crate::db::{Deadline, KeptRows, RowSink, SeriesRow};
use crate::engine::labels::logged;
use crate::engine::short::SOME_TIMES;
use crate::engine::{RequestScope, together};
use crate::error::{Error, Kind};
use crate::frame::LabelSets;
use crate::plan::{SetsAsk, SetsFetch, SourceRows};
use crate::sql::{self, Statement};
use crate::time::TimeRange;

/// How long one statement may take.
const EACH: Duration = Duration::from_secs(3);
/// A relation up to this size is read whole where no range is named.
const READ: u64 = 256 << 20;
/// Of a larger one, and where time was up, so many of the newest rows are.
pub(super) const NEWEST: u32 = 200_000;
/// All times.
const EVER: TimeRange = TimeRange { from: TimeRange::EARLIEST, to: TimeRange::LATEST };

/// How one relation is read.
#[derive(Clone, Copy)]
struct RelationRead {
    /// The times of the rows; none means all.
    range: Option<TimeRange>,
    /// When reading ends.
    until: Deadline,
    /// The most label sets that are wanted of it.
    cap: u32,
}

/// A statement of label sets.
struct SetsStatement<'a> {
    sets: &'a SetsFetch,
    /// Of so many of the newest rows.
    newest: Option<u32>,
    part: RelationRead,
}

impl SetsStatement<'_> {
    fn written(&self) -> Statement {
        sql::label_sets(self.sets, self.newest, self.part.cap)
    }

    /// The same of other times.
    fn at_some_times(&self) -> Statement {
        let mut sets = self.sets.clone();
        (sets.fetch.axis.from, sets.fetch.axis.to) = (SOME_TIMES.from, SOME_TIMES.to);
        sql::label_sets(&sets, self.newest, self.part.cap)
    }
}

/// Rows of label sets.
struct SetRows(KeptRows);

impl ShortValue for SetRows {
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// Rows that are taken before other work of the thread has its turn.
const AT_ONCE_ROWS: usize = 256;

async fn given(rows: &KeptRows, sink: &mut RowSink<'_>) -> Result<(), Error> {
    for (at, row) in rows.rows().enumerate() {
        sink(row)?;
        if (at + 1).is_multiple_of(AT_ONCE_ROWS) {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// What one relation gave.
pub(super) struct RelationSeries {
    pub(super) sets: LabelSets,
    /// Whether only some of its rows were read.
    pub(super) is_partial: bool,
}

impl RequestScope {
    /// The label sets of rows, until there are more than enough.
    pub(super) async fn label_sets(
        &self,
        rows: &[SourceRows<'_>],
        look: &mut ListProgress,
        most: usize,
    ) -> Result<LabelSets, Error> {
        let cap = u32::try_from(most).unwrap_or(u32::MAX).min(MOST);
        let (range, until) = (look.range, look.until);
        let part = RelationRead { range, until, cap };
        let one = async |rows: &SourceRows<'_>| self.unbroken(|| self.label_sets_of(rows, part)).await;
        let running: Vec<_> = rows.iter().map(one).collect();
        let mut done = pin!(together::in_order(running));
        let mut all = LabelSets::new(&self.budget);
        while let Some(found) = done.next().await {
            let Some(found) = look.took(found)? else { continue };
            look.is_partial |= found.is_partial;
            all.absorb(found.sets)?;
            if all.len() > most {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(all)
    }

    async fn label_sets_of(&self, rows: &SourceRows<'_>, part: RelationRead) -> Result<RelationSeries, Error> {
        let mut found = RelationSeries { sets: LabelSets::new(&self.budget), is_partial: false };
        let mut answered = false;
        for sets in self.sets_of(rows, part).await? {
            match self.read_or_newest(rows, &sets, part, &mut found).await {
                // What other statements gave is kept.
                Err(error) if error.kind == Kind::Timeout && answered => {
                    found.is_partial = true;
                    break;
                }
                done => done?,
            }
            answered = true;
        }
        Ok(found)
    }

    /// The label sets of one statement; where reading all rows takes too long, those of the newest.
    async fn read_or_newest(
        &self,
        rows: &SourceRows<'_>,
        sets: &SetsFetch,
        part: RelationRead,
        found: &mut RelationSeries,
    ) -> Result<(), Error> {
        let is_huge = part.range.is_none() && rows.source.bytes > READ;
        if !is_huge {
            match self.read_sets(sets, None, part, &mut found.sets).await {
                Err(error) if error.kind == Kind::Timeout => {}
                done => {
                    found.is_partial |= done?;
                    return Ok(());
                }
            }
        }
        found.is_partial |= self.read_sets(sets, Some(NEWEST), part, &mut found.sets).await?;
        Ok(())
    }

    /// The label sets of some of the newest rows.
    pub(super) async fn newest_sets(
        &self,
        rows: &SourceRows<'_>,
        look: &ListProgress,
        newest: u32,
    ) -> Result<RelationSeries, Error> {
        let mut found = RelationSeries { sets: LabelSets::new(&self.budget), is_partial: false };
        let part = RelationRead { range: look.range, until: look.until, cap: MOST };
        for sets in self.sets_of(rows, part).await? {
            found.is_partial |= self.read_sets(&sets, Some(newest), part, &mut found.sets).await?;
        }
        Ok(found)
    }

    /// The statements for the label sets of rows, ready to be asked.
    async fn sets_of(&self, rows: &SourceRows<'_>, part: RelationRead) -> Result<Vec<SetsFetch>, Error> {
        in_time(part.until)?;
        let mut resolved = rows.clone();
        let source = self.prepared(rows, &mut resolved.filters, part.range).await?;
        let mut all = self.sets_ask(part.range).fetches(&resolved);
        all.iter_mut().for_each(|sets| sets.fetch.rows.joins.clone_from(&source.joins));
        Ok(all)
    }

    fn sets_ask(&self, range: Option<TimeRange>) -> SetsAsk<'_> {
        let range = range.unwrap_or(EVER);
        SetsAsk { range, zone: self.snapshot.zone(), now: self.moment().now, limits: self.limits() }
    }

    /// Turns patterns into the values that pass them.
    async fn prepared<'a>(
        &self,
        rows: &SourceRows<'a>,
        filters: &mut [Filter],
        range: Option<TimeRange>,
    ) -> Result<Cow<'a, Source>, Error> {
        let source = self.resolved_source(rows.source).await.map_err(|error| logged(&error, rows))?;
        let range = range.map(|range| source.time.around(range));
        self.resolve_patterns(&source, filters, &[], range).await.map_err(|error| logged(&error, rows))?;
        Ok(source)
    }

    /// Reads label sets, and tells whether there may be others.
    async fn read_sets(
        &self,
        sets: &SetsFetch,
        newest: Option<u32>,
        part: RelationRead,
        into: &mut LabelSets,
    ) -> Result<bool, Error> {
        in_time(part.until)?;
        into.next_source(sets);
        let (mut found, mut looked_at) = (0_u32, 0.0);
        let mut sink = |row: SeriesRow<'_>| {
            looked_at = LabelSets::looked_at(sets, &row)?;
            found += u32::from(into.row(sets, &row)?);
            Ok(())
        };
        self.rows_of_sets(SetsStatement { sets, newest, part }, &mut sink)
            .await
            .map_err(|error| error.of_relation(&sets.fetch.rows.relation))?;
        Ok(found > part.cap || newest.is_some_and(|newest| looked_at >= f64::from(newest)))
    }

    /// Hands over the rows of a statement of label sets, which others may ask for, too.
    async fn rows_of_sets(&self, asked: SetsStatement<'_>, sink: &mut RowSink<'_>) -> Result<(), Error> {
        let (statement, until) = (asked.written(), asked.part.until);
        if self.cache.is_on() {
            let own = statement.clone();
            let work = |scope: Self| async move {
                let read = scope.database.kept_rows(&own, scope.deadline.within(EACH)).await;
                let (rows, held) = read.map_err(|error| error.public())?;
                Ok(ShortRead { value: SetRows(rows), held, is_whole: true })
            };
            let question = self.rows_question(&asked.sets.fetch, format!("sets {:?}", asked.at_some_times()));
            let found = self.clone().within(Some(until.left())).short(question, work).await;
            match found {
                // They are taken one by one.
                Err(error) if error.kind == Kind::TooManyBytes => {}
                found => return given(&found?.value.0, sink).await,
            }
        }
        self.database.series(&statement, until.within(EACH), sink).await.map_err(|error| error.public())
    }

    /// Whether some row passes.
    pub(super) async fn is_any(&self, rows: &SourceRows<'_>, look: &ListProgress) -> Result<bool, Error> {
        let Some(mut fetch) = self.sets_ask(look.range).any(rows) else { return Ok(false) };
        let source = self.prepared(rows, &mut fetch.rows.filters, look.range).await?;
        fetch.rows.joins.clone_from(&source.joins);
        let found = self.clone().within(Some(look.until.left())).has_any(&fetch, EACH).await;
        found.map_err(|error| logged(&error, rows))
    }
}
