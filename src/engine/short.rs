//! Answers that are shared and kept as a whole: lists of labels, and samples that are an answer themselves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::RequestScope;
use crate::cache::{CacheKey, ShortAnswer, ShortKey, ShortQuestion, ShortRead, ShortValue};
use crate::catalog::{Filter, LabelValue, Source};
use crate::db::DbError;
use crate::error::Error;
use crate::plan::{Fetch, TimeAxis};
use crate::sql;
use crate::time::TimeRange;

/// A list is believed for so long at most: a series that begins is missing meanwhile.
const LONGEST: Duration = Duration::from_secs(60);
/// The most values of a label that a pattern is tried on.
const LABEL_VALUES: u32 = 100_000;
/// What a text takes besides its bytes.
const TEXT_BYTES: usize = 48;
/// The times that a statement is written with to tell it apart from others.
pub(super) const SOME_TIMES: TimeRange = TimeRange { from: 0, to: 1 };

/// Texts that the database has.
#[derive(Clone, Debug, Default)]
pub(super) struct TextList {
    pub(super) texts: BTreeSet<String>,
    /// Whether there may be others.
    pub(super) is_partial: bool,
}

impl ShortValue for TextList {
    fn bytes(&self) -> usize {
        self.texts.iter().map(|text| TEXT_BYTES + text.len()).sum()
    }
}

impl RequestScope {
    /// The answer to a question that others may ask, too: what is known, what is being read, or what it reads itself.
    pub(super) async fn short<T: ShortValue, F>(
        &self,
        asked: ShortQuestion,
        work: impl FnOnce(Self) -> F,
    ) -> Result<ShortAnswer<T>, Error>
    where
        F: Future<Output = Result<ShortRead<T>, Error>> + Send + 'static,
    {
        if !self.cache.is_on() {
            return work(self.with_cells_of_its_own()).await.map(ShortAnswer::alone);
        }
        let read = |place| work(self.in_flight(place, self.limits.cells));
        let answer = self.cache.short(asked, self.database.place(), read);
        timeout(self.deadline.left(), answer).await.unwrap_or_else(|_| Err(DbError::Deadline.public()))
    }

    /// A question for a list over the rows of a source. `what` tells it apart, but for its times.
    pub(super) fn list_question(&self, source: &Source, what: String, range: Option<TimeRange>) -> ShortQuestion {
        let what = format!("{} {what}", source.version).into();
        let key = ShortKey::List { identity: self.identity().clone(), reloads: self.catalog.reloads(), what };
        let max_age = list_age(source);
        ShortQuestion { key, range, now: self.now, max_age, since: self.since.kept(!max_age.is_zero()) }
    }

    /// A question for a list over the rows of a fetch.
    pub(super) fn rows_question(&self, fetch: &Fetch, what: String) -> ShortQuestion {
        let rows = self.key_of_rows(std::slice::from_ref(fetch));
        let max_age = self.snapshot.sources().get(fetch.rows.source).map_or(Duration::ZERO, list_age);
        let range = Some(TimeRange { from: fetch.axis.from, to: fetch.axis.to });
        let key = ShortKey::Rows { rows, what: what.into() };
        ShortQuestion { key, range, now: self.now, max_age, since: self.since.kept(!max_age.is_zero()) }
    }

    /// A question for what comes of the samples of some fetches at exactly their times. It is kept where no row of these
    /// times is expected any more.
    pub(super) fn samples_question(&self, fetches: &[Fetch], what: &str) -> ShortQuestion {
        let keeping = self.keeping_of(fetches);
        let settled = keeping.settles_ms.map(|settles_ms| self.earlier_now().saturating_sub(settles_ms));
        let is_settled = |fetch: &Fetch| self.is_cached(fetch) && settled.is_some_and(|to| fetch.axis.to <= to);
        let max_age = if fetches.iter().all(is_settled) { keeping.max_age } else { Duration::ZERO };
        let each = fetches.iter().map(|one| {
            // When a question came matters only to rows that last.
            let now = if self.is_cached(one) { 0 } else { one.axis.now };
            (TimeAxis { now, ..one.axis.clone() }, &one.fold, one.caps, &one.rest)
        });
        let each: Vec<_> = each.collect();
        let what = format!("{what} {} {each:?}", self.limits.cells);
        let key = ShortKey::Rows { rows: self.key_of_rows(fetches), what: what.into() };
        let since = self.since.kept(keeping.settles_ms.is_some());
        ShortQuestion { key, range: None, now: self.now, max_age, since }
    }

    fn key_of_rows(&self, fetches: &[Fetch]) -> CacheKey {
        CacheKey::of_reads(fetches, &[], self.identity(), self.catalog.reloads())
    }

    /// The values of a label that rows of a source have, which pass filters, in a range: a pattern is tried on them.
    pub(super) async fn tried_values(
        &self,
        source: &Source,
        value: &LabelValue,
        others: &[Filter],
        range: Option<TimeRange>,
    ) -> Result<Arc<TextList>, DbError> {
        let written = |range| sql::label_values(source, value, others, range, LABEL_VALUES);
        let statement = written(range);
        if !self.cache.is_on() {
            let texts = self.database.texts(&statement, self.deadline, LABEL_VALUES).await?;
            return Ok(Arc::new(TextList { texts, is_partial: false }));
        }
        let what = format!("tried {:?}", written(range.map(|_| SOME_TIMES)));
        let relation = source.relation.to_string();
        let work = |scope: Self| async move {
            let texts = scope.database.texts(&statement, scope.deadline, LABEL_VALUES).await;
            let texts = texts.map_err(|error| told(&error, &relation))?;
            Ok(ShortRead { value: TextList { texts, is_partial: false }, held: None, is_whole: true })
        };
        let found = self.short(self.list_question(source, what, range), work).await?;
        Ok(found.value)
    }

    /// Whether the database finds a row of a fetch, within some time.
    pub(super) async fn has_any(&self, fetch: &Fetch, within: Duration) -> Result<bool, DbError> {
        let statement = sql::any(fetch);
        if !self.cache.is_on() {
            return Ok(!self.database.texts(&statement, self.deadline.within(within), 1).await?.is_empty());
        }
        let relation = fetch.rows.relation.to_string();
        let work = |scope: Self| async move {
            let texts = scope.database.texts(&statement, scope.deadline.within(within), 1).await;
            let texts = texts.map_err(|error| told(&error, &relation))?;
            Ok(ShortRead { value: TextList { texts, is_partial: false }, held: None, is_whole: true })
        };
        let asked = self.rows_question(fetch, format!("any {within:?}"));
        let found: ShortAnswer<TextList> = self.clone().within(Some(within)).short(asked, work).await?;
        Ok(!found.value.texts.is_empty())
    }
}

fn list_age(source: &Source) -> Duration {
    let keeping = source.keeping();
    if keeping.settles_ms.is_some() { keeping.max_age.min(LONGEST) } else { Duration::ZERO }
}

/// The error as all may see it who wait; what the server said goes to the log once.
pub(super) fn told(error: &DbError, relation: &str) -> Error {
    if !error.is_no_news() {
        tracing::warn!(relation, %error, "a list cannot be read");
    }
    error.public()
}
