//! The labels and values for pickers and variables.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::partial::ValuesStatement;
use super::short::{SOME_TIMES, TextList, told};
use super::{LabelValues, RequestScope, together};
use crate::ast::Matcher;
use crate::cache::{ShortQuestion, ShortRead};
use crate::catalog::{LabelValue, Source, SourceRow};
use crate::db::DbError;
use crate::error::Error;
use crate::intake::{LabelScope, PICKER};
use crate::plan::{self, Filter, SourceRows};
use crate::render;
use crate::series::METRIC_NAME;
use crate::sql::{self, WantedValues};
use crate::time::TimeRange;

/// The most stored names that are looked at.
const STORED_NAMES: u32 = 100_000;

/// A source and the conditions on its rows, ready to be asked.
pub(super) struct PreparedSource<'a> {
    pub(super) source: Cow<'a, Source>,
    pub(super) filters: Vec<Filter>,
}

/// Which values of a label are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct LabelValuesRequest<'a> {
    /// The label.
    pub(super) label: &'a str,
    /// The range of the rows; none means the newest.
    pub(super) range: Option<TimeRange>,
    /// What the values begin with.
    pub(super) prefix: &'a str,
    /// The most that are wanted of one source.
    pub(super) most: u32,
}

impl RequestScope {
    /// The values of a label that the ad hoc pickers offer, sorted, at most 5,000. A source that does not answer is
    /// left out: the pickers hang on an error.
    pub async fn label_values(&self, scope: &LabelScope) -> LabelValues {
        let rows = self.lenient(&scope.filters);
        let request = LabelValuesRequest { label: &scope.label, range: scope.range, prefix: "", most: PICKER };
        let found = self.values(&rows, request).await;
        let partial = found.iter().any(|found| found.as_ref().map_or(true, |found| found.partial));
        let all: BTreeSet<String> = found.into_iter().flatten().flat_map(|found| found.values).collect();
        let cut = all.len() > PICKER as usize;
        LabelValues { values: all.into_iter().take(PICKER as usize).collect(), partial, cut }
    }

    /// The labels that the ad hoc pickers offer beside some filters, sorted. A source that does not answer counts as
    /// one that passes.
    pub async fn label_keys(&self, scope: &LabelScope) -> BTreeSet<String> {
        let rows = self.lenient(&scope.filters);
        let found = self.names(&rows, scope.range).await;
        found
            .into_iter()
            .zip(&rows)
            .flat_map(|(names, rows)| names.unwrap_or_else(|_| render::names(rows.source)))
            .collect()
    }

    /// All rows that pass the filters; those that make no sense are ignored.
    fn lenient(&self, filters: &[Matcher]) -> Vec<SourceRows<'_>> {
        let sensible = filters.iter().filter(|matcher| plan::is_sensible(self.naming(), matcher));
        let sensible: Vec<Matcher> = sensible.cloned().collect();
        plan::rows(self.naming(), None, &sensible).unwrap_or_default()
    }

    /// The values of a label on the rows of each source.
    pub(super) async fn values(
        &self,
        rows: &[SourceRows<'_>],
        request: LabelValuesRequest<'_>,
    ) -> Vec<Result<LabelValues, Error>> {
        self.recorded(rows, request.range);
        let one = async |rows: &SourceRows<'_>| self.unbroken(|| self.values_of(rows, request)).await;
        let running: Vec<_> = rows.iter().map(one).collect();
        together::all(running).await
    }

    /// Writes down whose rows are read.
    pub(super) fn recorded(&self, rows: &[SourceRows<'_>], range: Option<TimeRange>) {
        rows.iter().flat_map(|rows| &rows.metrics).for_each(|metric| self.record.metric(&metric.name));
        if let Some(TimeRange { from, to }) = range {
            self.record.range(from, to);
        }
    }

    /// The names of the labels on the rows of each source.
    pub(super) async fn names(
        &self,
        rows: &[SourceRows<'_>],
        range: Option<TimeRange>,
    ) -> Vec<Result<BTreeSet<String>, Error>> {
        self.recorded(rows, range);
        let one = async |rows: &SourceRows<'_>| {
            let has_rows = self.has_rows(rows, range).await?;
            Ok(if has_rows { render::names(rows.source) } else { BTreeSet::new() })
        };
        let running: Vec<_> = rows.iter().map(one).collect();
        together::all(running).await
    }

    pub(super) async fn values_of(
        &self,
        rows: &SourceRows<'_>,
        request: LabelValuesRequest<'_>,
    ) -> Result<LabelValues, Error> {
        if request.label == METRIC_NAME {
            return self.metrics_of(rows, request).await;
        }
        let known = rows.source.has_label(request.label).then(|| rows.source.label_value(request.label)).flatten();
        let Some(value) = known else { return Ok(LabelValues::default()) };
        let resolved = self.resolved_rows(rows, request.range).await?;
        let wanted = WantedValues { range: request.range, prefix: request.prefix };
        let found = self.texts(&resolved, &value, wanted, request.most).await;
        let mut values = found.map_err(|error| logged(&error, rows))?;
        // Where the database was not asked for the prefix.
        values.values.retain(|value| value.starts_with(request.prefix));
        Ok(values)
    }

    /// The names of the metrics that have rows.
    async fn metrics_of(&self, rows: &SourceRows<'_>, request: LabelValuesRequest<'_>) -> Result<LabelValues, Error> {
        let named = rows.metrics.iter().filter(|metric| metric.name.starts_with(request.prefix));
        let all = || LabelValues {
            values: named.clone().map(|metric| metric.name.clone()).collect(),
            ..LabelValues::default()
        };
        // The catalog's list has the names of everybody's rows.
        let is_of_all = !self.hides_rows_of(rows.source) || rows.source.name_value().is_none();
        if rows.filters.is_empty() && is_of_all {
            return Ok(all());
        }
        let Some(value) = rows.source.name_value() else {
            let has_rows = self.has_rows(rows, request.range).await?;
            return Ok(if has_rows { all() } else { LabelValues::default() });
        };
        let mut found = self.stored_metrics(rows, &value, request.range).await?;
        found.values.retain(|name| name.starts_with(request.prefix));
        Ok(found)
    }

    /// The metrics whose stored names some row carries.
    pub(super) async fn stored_metrics(
        &self,
        rows: &SourceRows<'_>,
        name: &LabelValue,
        range: Option<TimeRange>,
    ) -> Result<LabelValues, Error> {
        let resolved = self.resolved_rows(rows, range).await?;
        let stored = self
            .texts(&resolved, name, WantedValues { range, prefix: "" }, STORED_NAMES)
            .await
            .map_err(|error| logged(&error, rows))?;
        let has_rows = |stored_name: &Option<String>| {
            stored_name.as_ref().is_none_or(|name| stored.values.binary_search(name).is_ok())
        };
        let with_rows = rows.metrics.iter().filter(|metric| has_rows(&metric.stored_name));
        Ok(LabelValues {
            values: with_rows.map(|metric| metric.name.clone()).collect(),
            partial: stored.partial,
            cut: false,
        })
    }

    /// Whether some row passes the filters, as far as a value of a filter's own label can tell.
    async fn has_rows(&self, rows: &SourceRows<'_>, range: Option<TimeRange>) -> Result<bool, Error> {
        let telling = rows.conditions().into_iter().find(Filter::wants_a_value);
        let Some(telling) = telling else { return Ok(true) };
        let resolved = self.resolved_rows(rows, range).await?;
        let found = self.texts(&resolved, &telling.value, WantedValues { range, prefix: "" }, 1).await;
        let found = found.map_err(|error| logged(&error, rows))?;
        Ok(!found.values.is_empty() || found.partial)
    }

    /// The source and the conditions on its rows, with every pattern turned into the values that pass it.
    pub(super) async fn resolved_rows<'a>(
        &self,
        rows: &SourceRows<'a>,
        range: Option<TimeRange>,
    ) -> Result<PreparedSource<'a>, Error> {
        let mut filters = rows.conditions();
        let resolved = async {
            let source = self.resolved_source(rows.source).await?;
            self.resolve_patterns(&source, &mut filters, &[], range).await?;
            Ok(source)
        };
        let source = resolved.await.map_err(|error| logged(&error, rows))?;
        Ok(PreparedSource { source, filters })
    }

    pub(super) async fn texts(
        &self,
        PreparedSource { source, filters }: &PreparedSource<'_>,
        value: &LabelValue,
        wanted: WantedValues<'_>,
        cap: u32,
    ) -> Result<LabelValues, DbError> {
        let wanted = WantedValues { range: wanted.range.map(|range| source.time.around(range)), ..wanted };
        let hides_rows = self.hides_rows_of(source);
        let written = |wanted: WantedValues<'_>| match value {
            // The table of labels has those of everybody.
            LabelValue::Resolved { .. } if hides_rows => sql::values_of_rows(source, value, filters, wanted, cap),
            _ => sql::narrowed_values(source, value, filters, wanted, cap),
        };
        // The values that ANALYZE kept; of a joined row those of its relation, whichever rows refer to them.
        let instead = match value {
            // Statistics and other relations know the rows of everybody.
            _ if hides_rows => None,
            LabelValue::Column(column) if column.row == SourceRow::Own => {
                Some(sql::common_values(&source.relation, column))
            }
            value if matches!(value.column().row, SourceRow::Joined(_)) => {
                Some(sql::label_values(source, value, filters, wanted.range, cap))
            }
            _ => None,
        };
        let alike = written(WantedValues { range: wanted.range.map(|_| SOME_TIMES), ..wanted });
        let what = format!("values {hides_rows} {alike:?}");
        let (relation, column) = (source.relation.to_string(), value.column().name.to_string());
        let asked = ValuesStatement { statement: written(wanted), instead, cap: cap + 1, relation, column };
        let TextList { texts, is_partial } = if self.cache.is_on() {
            self.values_for_all(self.list_question(source, what, wanted.range), asked).await?
        } else {
            self.in_budget(&asked).await?
        };
        Ok(LabelValues { values: texts.into_iter().collect(), partial: is_partial, cut: false })
    }

    /// The values of a label for all who ask for them at the same time. Who has less time has none.
    async fn values_for_all(&self, question: ShortQuestion, asked: ValuesStatement) -> Result<TextList, DbError> {
        let work = |scope: Self| async move {
            let value = scope.in_budget(&asked).await.map_err(|error| told(&error, &asked.relation))?;
            let is_whole = !value.is_partial;
            Ok(ShortRead { value, held: None, is_whole })
        };
        match self.short(question, work).await {
            Ok(found) => {
                let list: Arc<TextList> = found.value;
                let copied = self.compute(list.texts.len(), move |_| Ok(Arc::unwrap_or_clone(list))).await;
                copied.map_err(DbError::from)
            }
            Err(_) if self.deadline.left().is_zero() => Ok(TextList { texts: BTreeSet::new(), is_partial: true }),
            Err(error) => Err(error.into()),
        }
    }
}

/// The error as the client may see it; what the server said goes to the log.
pub(super) fn logged(error: &DbError, rows: &SourceRows<'_>) -> Error {
    if !error.is_no_news() {
        tracing::warn!(relation = %rows.source.relation, %error, "no label values");
    }
    error.public().of_relation(&rows.source.relation)
}
