//! What a metric is where several declared sources carry it: what the first of them says that says it.

use std::collections::BTreeMap;

use super::draft::DraftSource;
use crate::catalog::Metric;
use crate::catalog::file::MetricDecl;

/// Makes all sources of a metric agree on its kind, unit, help and what a bare name means.
pub(super) fn agree(drafts: &mut [DraftSource]) {
    let mut carriers: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.declared) {
        for (within, metric) in draft.source.metrics.iter().enumerate() {
            carriers.entry(metric.name.clone()).or_default().push((at, within));
        }
    }
    for places in carriers.into_values().filter(|places| places.len() > 1) {
        let all: Vec<(&Metric, Option<&MetricDecl>)> = places.iter().map(|place| said(drafts, *place)).collect();
        let Some(agreed) = agreed(&all) else { continue };
        for (at, within) in places {
            let own = &mut drafts[at].source.metrics[within];
            (own.kind, own.over_time) = (agreed.kind, agreed.over_time);
            (own.unit, own.help) = (agreed.unit.clone(), agreed.help.clone());
        }
    }
}

/// A metric, and what the file says of its stored name.
fn said(drafts: &[DraftSource], (at, within): (usize, usize)) -> (&Metric, Option<&MetricDecl>) {
    let metric = &drafts[at].source.metrics[within];
    let narrow = drafts[at].narrow.as_ref();
    let declared = narrow.zip(metric.stored_name.as_ref()).and_then(|(narrow, name)| narrow.declared.get(name));
    (metric, declared)
}

fn agreed(all: &[(&Metric, Option<&MetricDecl>)]) -> Option<Metric> {
    // A metric that the file itself names says everything; a stored one what the file says of it.
    let first = |says: &dyn Fn(&MetricDecl) -> bool| {
        let saying = all.iter().find(|(metric, declared)| !metric.unites || declared.is_some_and(says));
        saying.or(all.first()).map(|(metric, _)| *metric)
    };
    let helping = first(&|declared| declared.help.is_some())?.help.clone();
    Some(Metric {
        kind: first(&|declared| declared.kind.is_some())?.kind,
        over_time: first(&|declared| declared.over_time.is_some())?.over_time,
        unit: all.iter().find_map(|(metric, _)| metric.unit.clone()),
        help: helping.or_else(|| all.iter().find_map(|(metric, _)| metric.help.clone())),
        ..all.first()?.0.clone()
    })
}
