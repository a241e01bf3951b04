//! What the person at the panel should know: labels that a metric lacks, filters that do not apply.

use super::Context;
use crate::ast::{Grouping, Matcher, Test};
use crate::catalog::{Metric, Source};
use crate::evaluate::FetchRequest;
use crate::series::METRIC_NAME;

/// The ad hoc matchers that apply to a source: those whose label it has.
pub(super) fn ad_hoc<'a>(
    context: &Context<'a>,
    source: &Source,
    metric: &Metric,
    notices: &mut Vec<String>,
) -> Vec<&'a Matcher> {
    let (apply, ignored): (Vec<_>, Vec<_>) =
        context.ad_hoc.iter().partition(|matcher| source.has_label(&matcher.label));
    for matcher in ignored {
        notices.push(format!("the filter on {:?} is ignored: {} has no such label", matcher.label, metric.name));
    }
    apply
}

/// Says which labels of a request the source lacks, and where an empty selection leaves only series without a label.
pub(super) fn unknown_labels(source: &Source, metric: &Metric, request: &FetchRequest, notices: &mut Vec<String>) {
    let mut unknown = |label: &str| {
        if label != METRIC_NAME && source.label(label).is_none() {
            notices.push(format!("{} has no label {label:?}; it reads as empty", metric.name));
        }
    };
    if let Some(pushed) = &request.pushed {
        let (Grouping::By(labels) | Grouping::Without(labels)) = &pushed.grouping;
        labels.iter().for_each(|label| unknown(label));
    }
    for matcher in &request.selector.matchers {
        unknown(&matcher.label);
    }
    for matcher in &request.selector.matchers {
        if matches!(&matcher.test, Test::In(values) if values.iter().all(String::is_empty)) {
            notices.push(format!("{:?} is empty: only series without that label are selected", matcher.label));
        }
    }
}
