//! A metric that several declared sources carry: kind, unit and help are those of the first source that has them.

use std::collections::BTreeMap;

use super::draft::DraftSource;
use crate::catalog::Metric;
use crate::catalog::file::MetricDecl;

/// Where the names of a source's metrics come from.
#[derive(Clone, Copy)]
pub(super) enum NameOrigin {
    /// From discovery alone.
    Discovery,
    /// From the file, but those that are stored.
    File,
    /// From what a family is.
    Family,
}

/// Where the names of a source come from.
pub(super) const fn names(draft: &DraftSource) -> NameOrigin {
    match (draft.declared, draft.family) {
        (false, _) => NameOrigin::Discovery,
        (true, false) => NameOrigin::File,
        (true, true) => NameOrigin::Family,
    }
}

impl NameOrigin {
    /// Whether the name of a metric is data that several sources may share.
    pub(super) const fn are_data(self, metric: &Metric) -> bool {
        match self {
            Self::Discovery => false,
            Self::File => metric.stored_name.is_some(),
            Self::Family => true,
        }
    }
}

/// Makes all sources of a metric agree on its kind, unit, help and what a bare name means.
pub(super) fn agree(drafts: &mut [DraftSource]) {
    let mut carriers: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
    for (at, draft) in drafts.iter().enumerate().filter(|(_, draft)| draft.declared) {
        for (within, metric) in draft.source.metrics.iter().enumerate() {
            carriers.entry(metric.name.clone()).or_default().push((at, within));
        }
    }
    for places in carriers.into_values().filter(|places| places.len() > 1) {
        let all: Vec<StatedMetric<'_>> = places.iter().map(|&(at, within)| stated(&drafts[at], within)).collect();
        let Some(agreed) = agreed(&all) else { continue };
        for (at, within) in places {
            let own = &mut drafts[at].source.metrics[within];
            (own.kind, own.over_time) = (agreed.kind, agreed.over_time);
            (own.unit, own.help) = (agreed.unit.clone(), agreed.help.clone());
        }
    }
}

/// A metric, and what the file says of its name.
struct StatedMetric<'a> {
    metric: &'a Metric,
    declared: Option<&'a MetricDecl>,
    /// Whether the name is the file's own.
    given: bool,
}

fn stated(draft: &DraftSource, within: usize) -> StatedMetric<'_> {
    let metric = &draft.source.metrics[within];
    let narrow = draft.narrow.as_ref();
    let declared = narrow.zip(metric.stored_name.as_ref()).and_then(|(narrow, name)| narrow.declared.get(name));
    StatedMetric { metric, declared, given: !names(draft).are_data(metric) }
}

fn agreed(all: &[StatedMetric<'_>]) -> Option<Metric> {
    // A metric that the file itself names says everything; a stored one what the file says of it.
    let first = |says: &dyn Fn(&MetricDecl) -> bool| {
        let saying = all.iter().find(|said| said.given || said.declared.is_some_and(says));
        saying.or(all.first()).map(|said| said.metric)
    };
    let helping = first(&|declared| declared.help.is_some())?.help.clone();
    Some(Metric {
        kind: first(&|declared| declared.kind.is_some())?.kind,
        over_time: first(&|declared| declared.over_time.is_some())?.over_time,
        unit: all.iter().find_map(|said| said.metric.unit.clone()),
        help: helping.or_else(|| all.iter().find_map(|said| said.metric.help.clone())),
        ..all.first()?.metric.clone()
    })
}
