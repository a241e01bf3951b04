//! Aggregations over the values of several series at one bucket.

use std::collections::BTreeMap;

use crate::ast::{AggregateOp, Grouping};
use crate::series::{Labels, METRIC_NAME, Point, Series};

/// What a group holds at one bucket.
#[derive(Clone, Copy)]
struct Cell {
    count: f64,
    sum: f64,
    /// Smallest and largest; NaN as long as every value is.
    min: f64,
    max: f64,
}

const EMPTY: Cell = Cell { count: 0.0, sum: 0.0, min: f64::NAN, max: f64::NAN };

/// Aggregates series, sorted by the labels that survive; a bucket in which no series of a group has a value has none.
///
/// `min` and `max` pass over NaN unless every value is NaN; the others carry it.
#[must_use]
pub fn aggregate(op: AggregateOp, grouping: &Grouping, series: &[Series]) -> Vec<Series> {
    let mut groups: BTreeMap<Labels, BTreeMap<u32, Cell>> = BTreeMap::new();
    for one in series {
        let group = groups.entry(surviving(&one.labels, grouping)).or_default();
        for point in &one.points {
            let cell = group.entry(point.bucket).or_insert(EMPTY);
            cell.count += 1.0;
            cell.sum += point.value;
            // Both pass over a NaN operand.
            cell.min = cell.min.min(point.value);
            cell.max = cell.max.max(point.value);
        }
    }
    let points = |cells: BTreeMap<u32, Cell>| {
        cells.into_iter().map(|(bucket, cell)| Point { bucket, value: value(op, cell) }).collect()
    };
    groups.into_iter().map(|(labels, cells)| Series { labels, points: points(cells) }).collect()
}

fn value(op: AggregateOp, cell: Cell) -> f64 {
    match op {
        AggregateOp::Avg => cell.sum / cell.count,
        AggregateOp::Min => cell.min,
        AggregateOp::Max => cell.max,
        AggregateOp::Count => cell.count,
        AggregateOp::Group => 1.0,
        // Lowering lets no other operator through.
        _ => cell.sum,
    }
}

fn surviving(labels: &Labels, grouping: &Grouping) -> Labels {
    let mut labels = labels.clone();
    match grouping {
        Grouping::By(kept) => labels.retain(|name| kept.iter().any(|own| own == name)),
        Grouping::Without(dropped) => {
            labels.retain(|name| name != METRIC_NAME && dropped.iter().all(|own| own != name));
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn one(host: &str, dc: &str, points: &[(u32, f64)]) -> Series {
        let pairs = [("__name__", "cpu"), ("host", host), ("dc", dc)];
        let labels = Labels::new(pairs.map(|(name, value)| (Arc::from(name), Arc::from(value))));
        Series {
            labels,
            points: points.iter().map(|(bucket, value)| Point { bucket: *bucket, value: *value }).collect(),
        }
    }

    #[test]
    fn values_are_aggregated_per_bucket_and_group() {
        let series = [
            one("a", "x", &[(0, 1.0), (1, f64::NAN)]),
            one("b", "x", &[(0, 3.0), (1, 5.0), (2, f64::NAN)]),
            one("c", "", &[(2, 7.0)]),
        ];
        let by = Grouping::By(vec!["dc".into()]);
        let shown = |op| {
            let groups = aggregate(op, &by, &series);
            let group = |s: &Series| {
                (s.labels.get("dc").to_owned(), format!("{:?}", s.points.iter().map(|p| p.value).collect::<Vec<_>>()))
            };
            groups.iter().map(group).collect::<Vec<_>>()
        };
        for (op, absent, x) in [
            (AggregateOp::Sum, "[7.0]", "[4.0, NaN, NaN]"),
            (AggregateOp::Avg, "[7.0]", "[2.0, NaN, NaN]"),
            (AggregateOp::Min, "[7.0]", "[1.0, 5.0, NaN]"),
            (AggregateOp::Max, "[7.0]", "[3.0, 5.0, NaN]"),
            (AggregateOp::Count, "[1.0]", "[2.0, 2.0, 1.0]"),
            (AggregateOp::Group, "[1.0]", "[1.0, 1.0, 1.0]"),
        ] {
            assert_eq!(shown(op), [(String::new(), absent.to_owned()), ("x".into(), x.to_owned())], "{op}");
        }
        let without = aggregate(AggregateOp::Count, &Grouping::Without(vec!["host".into()]), &series);
        assert!(without.iter().all(|s| s.labels.get("host").is_empty() && s.labels.get("__name__").is_empty()));
    }
}
