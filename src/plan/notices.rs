//! Notices for the panel: labels that a metric lacks, filters that do not apply.

use super::Context;
use crate::ast::{Grouping, Matcher, Test};
use crate::catalog::Carrier;
use crate::lower::FetchRequest;
use crate::series::METRIC_NAME;

/// The ad hoc matchers that apply to a metric: those whose label one of its sources has.
pub(super) fn ad_hoc<'a>(
    context: &Context<'a>,
    carriers: &[Carrier<'_>],
    notices: &mut Vec<String>,
) -> Vec<&'a Matcher> {
    let has = |label: &str| carriers.iter().any(|carrier| carrier.source.has_label(label));
    let (apply, ignored): (Vec<_>, Vec<_>) = context.ad_hoc.iter().partition(|matcher| has(&matcher.label));
    for matcher in ignored {
        say(notices, || format!("the filter on {:?} is ignored: {} has no such label", matcher.label, name(carriers)));
    }
    apply
}

/// Says which labels of a request all sources of a metric lack, and where an empty selection leaves only series without a label.
pub(super) fn unknown_labels(carriers: &[Carrier<'_>], request: &FetchRequest, notices: &mut Vec<String>) {
    let mut unknown = |label: &str| {
        if label != METRIC_NAME && carriers.iter().all(|carrier| carrier.source.label(label).is_none()) {
            say(notices, || format!("{} has no label {label:?}; it reads as empty", name(carriers)));
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
            say(notices, || format!("{:?} is empty: only series without that label are selected", matcher.label));
        }
    }
}

/// Says which matchers let no series of a metric pass, whatever its rows are.
pub(super) fn excluded<'m>(
    carriers: &[Carrier<'_>],
    matchers: impl Iterator<Item = &'m Matcher>,
    notices: &mut Vec<String>,
) {
    let mut labels: Vec<String> = matchers
        .filter(|matcher| matcher.test == Test::Nothing)
        .map(|matcher| format!("{:?}", matcher.label))
        .collect();
    labels.dedup();
    if !labels.is_empty() {
        labels.truncate(LABELS);
        say(notices, || format!("the matchers on {} exclude every series of {}", labels.join(", "), name(carriers)));
    }
}

/// The most labels that one notice names.
const LABELS: usize = 4;

/// The most notices of one target.
const MOST: usize = 100;

/// Adds a notice, unless there are so many that nobody reads them: then the last one says that there are more.
fn say(notices: &mut Vec<String>, notice: impl FnOnce() -> String) {
    match notices.len() {
        ..MOST => notices.push(notice()),
        MOST => notices.push("there are more notices of this kind".to_owned()),
        _ => {}
    }
}

fn name<'a>(carriers: &[Carrier<'a>]) -> &'a str {
    carriers.first().map_or("", |carrier| carrier.metric.name.as_str())
}
