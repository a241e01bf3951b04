//! What is said of fetches: to the person at the panel, and in errors.

use crate::ast::Options;
use crate::catalog::MetricValue;
use crate::db::DbError;
use crate::error::{Error, Kind};
use crate::evaluate::Node;
use crate::frame::{self, Frame};
use crate::plan::{Fetch, Limits};
use crate::series::METRIC_NAME;

/// Says how many values were no numbers, or how many rows end before they begin.
pub(super) fn skipped_values(fetch: &Fetch, skipped: f64) -> Option<String> {
    if matches!(fetch.rows.value, MetricValue::Overlap(_) | MetricValue::Lasts(_)) {
        let rows = if skipped > 1.0 {
            format!("{skipped:.0} rows end before they begin and were")
        } else {
            "1 row ends before it begins and was".to_owned()
        };
        let hint = "an end that means still going on is declared as `open` of `time_end`";
        return (skipped > 0.0).then(|| format!("{}: {rows} skipped; {hint}", fetch.rows.metric));
    }
    let (are, many) = if skipped > 1.0 {
        ("values are not numbers and were", skipped)
    } else {
        ("value is not a number and was", 1.0)
    };
    (skipped > 0.0).then(|| format!("{}: {many:.0} {are} skipped", fetch.rows.metric))
}

/// Says that rows of a metric are not all in the answer of an API that has one sample of a series at a time.
pub(super) fn shared_times(metric: &str) -> String {
    format!(
        "{metric}: several rows of one series have the same time; the Prometheus API takes the latest, at equal times the \
         one with the largest value, and the other endpoints all of them"
    )
}

/// Says which labels of a legend's template no series of an answer has.
pub(super) fn unknown_legend(options: &Options, frames: &[Frame]) -> Option<String> {
    let template = options.legend.as_deref().filter(|_| !frames.is_empty())?;
    let has = |label: &&str| {
        let of = |frame: &Frame| !frame.labels.get(label).is_empty() || *label == METRIC_NAME && frame.metric.is_some();
        frames.iter().any(of)
    };
    let missing: Vec<String> =
        frame::template_labels(template).filter(|label| !has(label)).map(|label| format!("{label:?}")).collect();
    (!missing.is_empty()).then(|| format!("`legend` names {}: no series here has such a label", missing.join(", ")))
}

/// Says that a ranking keeps nothing.
pub(super) fn empty_ranking(node: &Node) -> Option<String> {
    match node {
        Node::Rank { top, k: 0, .. } => {
            let word = if *top { "topk" } else { "bottomk" };
            Some(format!("`{word}` keeps no series, as its number is below 1"))
        }
        _ => node.children().into_iter().find_map(empty_ranking),
    }
}

/// Each metric keeps to the limit, all of them together do not.
pub(super) fn too_many_series(cap: u32) -> Error {
    let message = format!("the metrics of this selector have more than {cap} series here, the limit of one target");
    Error::new(Kind::TooManySeries, message).hint("name fewer metrics, narrow them with matchers, or aggregate them")
}

/// Answers of the Prometheus API have as many series as fit; a token may have a limit of its own.
pub(super) fn within_token(limits: Limits, series: usize) -> Result<(), Error> {
    match limits.token_series {
        Some(most) if series > most as usize => {
            let message = format!("the answer has more than {most} series, the limit of the token");
            let hint = "narrow it with matchers, or aggregate it, e.g. `avg by (label) (…)`; `limits.series` of the token sets the limit";
            Err(Error::new(Kind::TooManySeries, message).hint(hint))
        }
        _ => Ok(()),
    }
}

/// The error as the client may see it; what the server said goes to the log.
pub(super) fn logged(error: &DbError, fetch: &Fetch) -> Error {
    let relation = &fetch.rows.relation;
    // A bucket that a rollup begins is read from its source, too: which of them failed is not known.
    let source = fetch.rest.as_ref().map(|rest| &rest.fetch.rows.relation);
    if !error.is_no_news() {
        let source = source.map(tracing::field::display);
        tracing::warn!(metric = fetch.rows.metric, %relation, source, %error, "a fetch failed");
    }
    match source {
        Some(source) => error.public().of_relation(&(relation, source)),
        None => error.public().of_relation(relation),
    }
}
