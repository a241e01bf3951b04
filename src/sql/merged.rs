//! Rows of one series that come in several: of labels that mean the same, of two relations.

use super::fetch::{LevelPurpose, per_series};
use super::guard::merged_guard;
use super::value::remerge;
use super::{Param, Writer};
use crate::ast::OverTime;
use crate::plan::{Fetch, SeriesLabel};
use crate::series::METRIC_NAME;
use crate::time::TimeRange;

/// Whether some rows are on other servers.
pub(super) fn is_remote(fetch: &Fetch) -> bool {
    fetch.rows.is_remote || fetch.rest.as_ref().is_some_and(|rest| rest.fetch.rows.is_remote)
}

/// Writes the series of a fetch; those of a bucket that two relations share come out of each.
pub(super) fn whole_buckets(w: &mut Writer, fetch: &Fetch, purpose: LevelPurpose) {
    let Some(rest) = &fetch.rest else { return per_series(w, fetch, purpose) };
    per_series(w, &fetch.within(TimeRange { from: fetch.axis.from, to: rest.from }), purpose);
    w.syntax(" UNION ALL ");
    let mut own = rest.fetch.within(TimeRange { from: rest.from, to: fetch.axis.to });
    own.axis.buckets.clone_from(&fetch.axis.buckets);
    own.fold.guard = fetch.fold.guard;
    per_series(w, &own, purpose);
}

/// Documents that mean the same labels may differ, as in `{"a": ""}` and `{}`: the partials of such rows are merged
/// before the aggregation counts them as series. A member that a label of its own hides, or that poses as the metric's
/// name, means nothing either. So may NULL and the empty text in rows of other servers, and rows of two relations.
pub(super) fn merged_series(w: &mut Writer, fetch: &Fetch, function: OverTime) {
    let purpose = if is_remote(fetch) || fetch.rest.is_some() { LevelPurpose::Merged } else { LevelPurpose::Inner };
    let hidden = fetch.members().map(|_| w.bind(Param::Texts(own_names(fetch))));
    w.syntax("SELECT ");
    for (at, label) in fetch.rows.labels.iter().enumerate() {
        match label {
            SeriesLabel::One { .. } if purpose == LevelPurpose::Merged => {
                w.syntax("coalesce(").generated("s.l", at).syntax(", '')");
                // The columns of two relations may have two collations, of which PostgreSQL would choose none.
                w.syntax(if fetch.rest.is_some() { " COLLATE \"C\"" } else { "" });
            }
            SeriesLabel::One { .. } => {
                w.generated("s.l", at);
            }
            SeriesLabel::Members { .. } => {
                w.syntax("CASE WHEN jsonb_typeof(").generated("s.l", at);
                w.syntax(") = 'object' THEN (SELECT jsonb_object_agg(m.key, m.value) FROM jsonb_each_text(");
                w.generated("s.l", at).syntax(") AS m WHERE m.value <> ''");
                if let Some(hidden) = hidden {
                    w.syntax(" AND m.key <> ALL(").slot(hidden).syntax(")");
                }
                w.syntax(") END");
            }
        }
        w.generated(" AS l", at).syntax(", ");
    }
    w.syntax("s.b");
    remerge(w, function, fetch.rows.value.may_skip());
    merged_guard(w, fetch);
    w.syntax(" FROM (");
    whole_buckets(w, fetch, purpose);
    w.syntax(") AS s GROUP BY ").ordinals(fetch.rows.labels.len() + 1);
}

/// The names that no member of a document may take; one without a name is none.
fn own_names(fetch: &Fetch) -> Vec<String> {
    let own = |label: &SeriesLabel| match label {
        SeriesLabel::One { name, .. } => Some(name.clone()),
        SeriesLabel::Members { .. } => None,
    };
    fetch.rows.labels.iter().filter_map(own).chain([METRIC_NAME.to_owned(), String::new()]).collect()
}
