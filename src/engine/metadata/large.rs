//! Labels and values of relations that are too large to be read.

use super::label_sets::{NEWEST, RelationSeries};
use super::look::{ListProgress, in_time};
use super::{LabelListing, MOST};
use crate::engine::labels::LabelValuesRequest;
use crate::engine::{LabelValues, RequestScope};
use crate::error::{Error, Kind};
use crate::plan::SourceRows;
use crate::render;
use crate::series::METRIC_NAME;
use crate::sql;

/// Rows that are looked at for the labels of a metric in a large relation.
const SOME_ROWS: u32 = 20_000;

impl RequestScope {
    /// What one large relation has.
    pub(super) async fn texts_of(
        &self,
        listed: LabelListing<'_>,
        rows: &SourceRows<'_>,
        look: &ListProgress,
    ) -> Result<LabelValues, Error> {
        in_time(look.until)?;
        match listed {
            LabelListing::Names if rows.is_chosen() && rows.source.document().is_some() => {
                let RelationSeries { sets, is_partial } = self.newest_sets(rows, look, SOME_ROWS).await?;
                let names = self.texts_in(listed, sets).await?;
                Ok(LabelValues { values: names.into_iter().collect(), partial: is_partial, cut: false })
            }
            LabelListing::Names => {
                let names = render::names(rows.source).into_iter().chain([METRIC_NAME.to_owned()]);
                self.where_rows_are(rows, look, names.collect()).await
            }
            LabelListing::Values(METRIC_NAME) => match rows.source.name_value().filter(|_| look.narrows(rows)) {
                Some(name) => self.stored_metrics(rows, &name, look.range).await,
                None => {
                    let names = rows.metrics.iter().map(|metric| metric.name.clone());
                    self.where_rows_are(rows, look, names.collect()).await
                }
            },
            LabelListing::Values(label) => self.values_in_large(label, rows, look).await,
        }
    }

    /// The values of a label in a large relation.
    async fn values_in_large(
        &self,
        label: &str,
        rows: &SourceRows<'_>,
        look: &ListProgress,
    ) -> Result<LabelValues, Error> {
        let is_of_newest = look.range.is_none() && sql::are_of_newest_rows(rows.source, label);
        if is_of_newest {
            match self.newest_sets(rows, look, NEWEST).await {
                Err(error) if error.kind == Kind::Timeout => {}
                done => {
                    let RelationSeries { sets, is_partial } = done?;
                    let values = self.texts_in(LabelListing::Values(label), sets).await?;
                    return Ok(LabelValues { values: values.into_iter().collect(), partial: is_partial, cut: false });
                }
            }
        }
        let request = LabelValuesRequest { label, range: look.range, prefix: "", most: MOST };
        let mut found = self.values_of(rows, request).await?;
        found.partial |= is_of_newest;
        Ok(found)
    }

    /// These texts where some row passes.
    async fn where_rows_are(
        &self,
        rows: &SourceRows<'_>,
        look: &ListProgress,
        values: Vec<String>,
    ) -> Result<LabelValues, Error> {
        let has_rows = !look.narrows(rows) || self.is_any(rows, look).await?;
        Ok(if has_rows { LabelValues { values, ..LabelValues::default() } } else { LabelValues::default() })
    }
}
