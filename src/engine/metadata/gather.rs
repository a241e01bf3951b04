//! The label sets of rows, and whether there are rows.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::look::{Look, in_time};
use super::{MOST, SOME_ROWS};
use crate::catalog::{Filter, LabelValue, Source};
use crate::db::{Deadline, SeriesRow};
use crate::engine::labels::logged;
use crate::engine::{AT_ONCE, LabelValues, Scope};
use crate::error::{Error, Kind};
use crate::frame::LabelSets;
use crate::plan::{Rows, SetsAsk, SetsFetch};
use crate::sql;
use crate::time::TimeRange;

/// How long one statement may take.
const EACH: Duration = Duration::from_secs(3);
/// A relation up to this size is read whole where no range is named.
const READ: u64 = 256 << 20;
/// Of a larger one, and where time was up, so many of the newest rows are.
const NEWEST: u32 = 200_000;
/// All times.
const EVER: TimeRange = TimeRange { from: TimeRange::EARLIEST, to: TimeRange::LATEST };

/// How one relation is read.
#[derive(Clone, Copy)]
struct Part {
    /// The times of the rows; none means all.
    range: Option<TimeRange>,
    /// When reading ends.
    until: Deadline,
    /// The most label sets that are wanted of it.
    cap: u32,
}

/// What one relation gave.
struct Gathered {
    sets: LabelSets,
    /// Whether only some of its rows were read.
    is_partial: bool,
}

impl Scope {
    /// The label sets of rows, until there are more than enough.
    pub(super) async fn gather(&self, rows: &[Rows<'_>], look: &mut Look, most: usize) -> Result<LabelSets, Error> {
        let cap = u32::try_from(most).unwrap_or(u32::MAX).min(MOST);
        let (range, until) = (look.range, look.until);
        let running: Vec<_> = rows.iter().map(|rows| self.gather_of(rows, Part { range, until, cap })).collect();
        let mut done = stream::iter(running).buffered(AT_ONCE);
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

    async fn gather_of(&self, rows: &Rows<'_>, part: Part) -> Result<Gathered, Error> {
        let mut found = Gathered { sets: LabelSets::new(&self.budget), is_partial: false };
        for sets in self.sets_of(rows, part).await? {
            let is_huge = part.range.is_none() && rows.source.bytes > READ;
            let whole = if is_huge { None } else { Some(self.read_sets(&sets, None, part, &mut found.sets).await) };
            match whole {
                Some(Err(error)) if error.kind != Kind::Timeout => return Err(error),
                Some(Ok(())) => {}
                Some(Err(_)) | None => {
                    found.is_partial = true;
                    self.read_sets(&sets, Some(NEWEST), part, &mut found.sets).await?;
                }
            }
        }
        Ok(found)
    }

    /// The names of the labels that some of the newest rows have.
    pub(super) async fn names_in_some(&self, rows: &Rows<'_>, look: &Look) -> Result<BTreeSet<String>, Error> {
        let mut found = LabelSets::new(&self.budget);
        let part = Part { range: look.range, until: look.until, cap: MOST };
        for sets in self.sets_of(rows, part).await? {
            self.read_sets(&sets, Some(SOME_ROWS), part, &mut found).await?;
        }
        Ok(found.names())
    }

    /// The statements for the label sets of rows, ready to be asked.
    async fn sets_of(&self, rows: &Rows<'_>, part: Part) -> Result<Vec<SetsFetch>, Error> {
        let mut all = self.sets_ask(part.range).fetches(rows);
        for sets in &mut all {
            in_time(part.until)?;
            let source = self.prepared(rows, &mut sets.fetch.rows.filters, part.range).await?;
            sets.fetch.rows.joins.clone_from(&source.joins);
        }
        Ok(all)
    }

    fn sets_ask(&self, range: Option<TimeRange>) -> SetsAsk<'_> {
        let range = range.unwrap_or(EVER);
        SetsAsk { range, zone: self.snapshot.zone(), now: self.moment().now, limits: self.limits() }
    }

    /// Turns patterns into the values that pass them.
    async fn prepared<'a>(
        &self,
        rows: &Rows<'a>,
        filters: &mut [Filter],
        range: Option<TimeRange>,
    ) -> Result<Cow<'a, Source>, Error> {
        let source = self.settled_source(rows.source).await.map_err(|error| logged(&error, rows))?;
        let range = range.map(|range| source.time.around(range));
        self.settle(&source, filters, (&[], range)).await.map_err(|error| logged(&error, rows))?;
        Ok(source)
    }

    async fn read_sets(
        &self,
        sets: &SetsFetch,
        newest: Option<u32>,
        part: Part,
        into: &mut LabelSets,
    ) -> Result<(), Error> {
        in_time(part.until)?;
        into.next_source(sets);
        let statement = sql::label_sets(sets, newest, part.cap);
        let mut sink = |row: SeriesRow<'_>| into.row(sets, &row);
        let done = self.database.series(&statement, part.until.within(EACH), &mut sink).await;
        done.map_err(|error| error.public().of_relation(&sets.fetch.rows.relation))
    }

    /// Whether some row passes.
    pub(super) async fn is_any(&self, rows: &Rows<'_>, look: &Look) -> Result<bool, Error> {
        let Some(mut fetch) = self.sets_ask(look.range).any(rows) else { return Ok(false) };
        let source = self.prepared(rows, &mut fetch.rows.filters, look.range).await?;
        fetch.rows.joins.clone_from(&source.joins);
        let found = self.database.texts(&sql::any(&fetch), look.until.within(EACH), 1).await;
        Ok(!found.map_err(|error| logged(&error, rows))?.is_empty())
    }

    /// The metrics whose stored names some row carries.
    pub(super) async fn stored_metrics(
        &self,
        rows: &Rows<'_>,
        name: &LabelValue,
        range: Option<TimeRange>,
    ) -> Result<LabelValues, Error> {
        let settled = self.settled_rows(rows, range).await?;
        let stored = self.texts(&settled, name, (range, ""), MOST).await.map_err(|error| logged(&error, rows))?;
        let has_rows = |stored_name: &Option<String>| {
            stored_name.as_ref().is_none_or(|name| stored.values.binary_search(name).is_ok())
        };
        let with_rows = rows.metrics.iter().filter(|metric| has_rows(&metric.stored_name));
        Ok(LabelValues { values: with_rows.map(|metric| metric.name.clone()).collect(), partial: stored.partial })
    }
}
