//! Rollups as the file spells them.

use super::{line, quoted, time};
use crate::catalog::{Rollup, RollupColumns, RollupMetrics, Source, SourceLabel};

/// Whether the file has words for a rollup. A continuous aggregate with fewer labels, or with other names for them, is
/// found again without.
pub(super) fn can_be_said(source: &Source, rollup: &Rollup) -> bool {
    let columns = |source: &Source| {
        let own = source.labels.iter().map(SourceLabel::column).chain(&source.name_column);
        let keys = source.joins.iter().flat_map(|join| join.on.iter().map(|(theirs, _)| theirs));
        own.chain(keys).map(|column| column.name.clone()).collect::<Vec<_>>()
    };
    rollup.lacks.is_empty() && columns(source) == columns(&rollup.rows)
}

/// `[[source.rollup]]`.
pub(super) fn rollup(out: &mut String, rollup: &Rollup) {
    line(out, &["[[source.rollup]]"]);
    line(out, &["relation = ", &quoted(&rollup.rows.relation.to_string())]);
    line(out, &["step = ", &quoted(&rollup.step_text())]);
    line(out, &["time = ", &time(&rollup.rows.time, &[])]);
    if rollup.is_safe {
        line(out, &["safe = true"]);
    }
    let columns = match &rollup.columns {
        RollupMetrics::Stored(columns) => functions(columns),
        RollupMetrics::Named(metrics) => {
            let metric = |(name, columns): (&String, _)| format!("{} = {}", quoted(name), functions(columns));
            format!("{{ {} }}", metrics.iter().map(metric).collect::<Vec<_>>().join(", "))
        }
    };
    line(out, &["columns = ", &columns]);
}

fn functions(columns: &RollupColumns) -> String {
    let all = columns.all().into_iter();
    let known = all.filter_map(|(word, column)| Some(format!("{word} = {}", quoted(column?.name.as_str()))));
    format!("{{ {} }}", known.collect::<Vec<_>>().join(", "))
}
