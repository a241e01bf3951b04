//! Kind, help and unit of metrics, from the catalog.

use std::collections::BTreeSet;

use crate::catalog::{Metric, MetricKind, MetricValue, Snapshot, Source};
use crate::engine::RequestScope;
use crate::intake::prometheus::MetadataQuery;
use crate::wire::prometheus::{AllMetadata, Metadata};

impl RequestScope {
    /// What the metrics are that a question names, by their names.
    #[must_use]
    pub fn describe(&self, described: &MetadataQuery) -> AllMetadata {
        let snapshot = &*self.snapshot;
        let one = |name: &str| {
            let all: BTreeSet<Metadata> = snapshot
                .carriers(name)
                .map(|carrier| Metadata {
                    r#type: kind(snapshot, carrier.source, carrier.metric),
                    help: carrier.metric.help.clone().unwrap_or_default(),
                    unit: carrier.metric.unit.clone().unwrap_or_default(),
                })
                .collect();
            let most = described.limit_per_metric.unwrap_or(usize::MAX);
            (name.to_owned(), all.into_iter().take(most).collect())
        };
        match &described.metric {
            Some(name) if snapshot.metric(name).is_none() => AllMetadata::new(),
            Some(name) => [one(name)].into(),
            None => snapshot.names().take(described.limit.unwrap_or(usize::MAX)).map(one).collect(),
        }
    }
}

impl RequestScope {
    /// The kind of a metric.
    #[must_use]
    pub fn kind_of(&self, name: &str) -> Option<&'static str> {
        self.snapshot.metric(name).map(|(source, metric)| kind(&self.snapshot, source, metric))
    }
}

fn kind(snapshot: &Snapshot, source: &Source, metric: &Metric) -> &'static str {
    if is_of_histogram(snapshot, source, &metric.name) {
        return "histogram";
    }
    match (&metric.value, metric.kind) {
        (_, MetricKind::Counter) => "counter",
        (MetricValue::Rows, MetricKind::Gauge) => "unknown",
        (_, MetricKind::Gauge) => "gauge",
    }
}

/// Whether it is a part of a histogram with the label `le`.
fn is_of_histogram(snapshot: &Snapshot, source: &Source, name: &str) -> bool {
    if name.ends_with("_bucket") {
        return source.has_label("le");
    }
    let base = name.strip_suffix("_sum").or_else(|| name.strip_suffix("_count"));
    let buckets = base.map(|base| format!("{base}_bucket"));
    let buckets = buckets.and_then(|name| snapshot.metric(&name));
    buckets.is_some_and(|(source, _)| source.has_label("le"))
}
