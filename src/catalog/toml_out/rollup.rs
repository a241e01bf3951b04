//! Rollups as the file spells them.

use super::{line, quoted, time};
use crate::catalog::{Rollup, RollupColumns, RollupMetrics};

/// `[[source.rollup]]`.
pub(super) fn rollup(out: &mut String, rollup: &Rollup) {
    line(out, &["[[source.rollup]]"]);
    line(out, &["relation = ", &quoted(&rollup.rows.relation.to_string())]);
    line(out, &["step = ", &quoted(&format!("{}ms", rollup.step_ms))]);
    line(out, &["time = ", &time(&rollup.rows.time)]);
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
