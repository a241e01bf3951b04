//! Frames and the catalog → what the explorer's script reads.

use std::collections::HashMap;

use super::chart::{MOST_SERIES, Picture, Statistics, Theme, UnitFormat, drawn, hex, numbers};
use crate::catalog::classify::{Decision, Verdict};
use crate::catalog::{
    LabelDocument, LabelValue, Metric, MetricKind, Relation, Snapshot, Source, SourceLabel, SourceRow, TimeKind,
};
use crate::frame::Frame;
use crate::time::Step;
use crate::wire::explorer::{
    CatalogView, LabelView, LeftOutView, LegendLine, MetricView, PlotArea, SourceView, UndrawnSeries,
};

/// The series of a picture, with their numbers as people read them.
#[must_use]
pub fn lines(frames: &[Frame], theme: Theme) -> Vec<LegendLine> {
    drawn(frames).enumerate().map(|(place, frame)| line(frame, hex(theme.series(place)))).collect()
}

/// The most series that are listed without being drawn.
const UNDRAWN: usize = 200;

/// The first of the series that are not drawn, and why.
#[must_use]
pub fn undrawn(frames: &[Frame]) -> Vec<UndrawnSeries> {
    let (with, without): (Vec<&Frame>, Vec<&Frame>) = frames.iter().partition(|frame| numbers(frame).next().is_some());
    let beyond = with.into_iter().skip(MOST_SERIES).map(|frame| (frame, "a chart draws 20 series"));
    let empty = without.into_iter().map(|frame| (frame, "it has no number in this range"));
    let all = beyond.chain(empty).map(|(frame, reason)| UndrawnSeries { legend: frame.legend.clone(), reason });
    all.take(UNDRAWN).collect()
}

fn line(frame: &Frame, colour: String) -> LegendLine {
    let unit = UnitFormat::of(frame.unit.as_deref());
    let Statistics { last, min, max, avg } = Statistics::of(frame);
    let point = |(at, value): &(i64, f64)| (*at, Some(*value).filter(|value| value.is_finite()), unit.value(*value));
    LegendLine {
        legend: frame.legend.clone(),
        colour,
        last: unit.value(last),
        min: unit.value(min),
        max: unit.value(max),
        avg: unit.value(avg),
        points: frame.points.iter().map(point).collect(),
    }
}

/// Where the series of a picture are.
#[must_use]
pub const fn plot(picture: &Picture) -> PlotArea {
    let plot = picture.plot;
    PlotArea { left: plot.left, top: plot.top, width: plot.width, height: plot.height }
}

/// The catalog in words, for somebody from whom rows of some sources are hidden: how much there is of those is not said.
#[must_use]
pub fn catalog(snapshot: &Snapshot, is_whole: bool, hides_rows_of: impl Fn(&Source) -> bool) -> CatalogView {
    let has_own = snapshot.searched().has_own_annotations;
    let annotations = snapshot.annotations().iter().filter(|source| has_own || !source.is_own());
    let decisions: HashMap<&Relation, &Decision> =
        snapshot.decisions().iter().map(|one| (&one.relation, one)).collect();
    let left_out = snapshot.decisions().iter().filter(|one| one.verdict == Verdict::LeftOut);
    CatalogView {
        zone: snapshot.zone().name(),
        notes: snapshot.notes().iter().chain(snapshot.missing().unread.iter().map(|one| &one.text)).cloned().collect(),
        sources: snapshot
            .sources()
            .iter()
            .map(|one| source(one, origin(decisions.get(&one.relation).copied()), !hides_rows_of(one)))
            .collect(),
        left_out: left_out
            .map(|one| LeftOutView { relation: one.relation.to_string(), reason: one.reason.clone() })
            .collect(),
        is_whole,
        annotations: annotations
            .map(|source| format!("{}: {}, time {}", source.name, source.relation, source.time.column))
            .collect(),
    }
}

/// Whether a source was declared or found, and why.
fn origin(decision: Option<&Decision>) -> String {
    match decision {
        Some(one) if one.verdict == Verdict::Declared => "declared in datebin.toml".to_owned(),
        Some(one) if one.reason.is_empty() => "found by discovery".to_owned(),
        Some(one) => format!("found by discovery: {}", one.reason),
        None => String::new(),
    }
}

fn source(source: &Source, origin: String, is_whole: bool) -> SourceView {
    let mut facts = facts(source);
    if is_whole {
        facts.extend((source.children > 0).then(|| format!("{} partitions", source.children)));
        facts.push(format!("{} MB", source.bytes >> 20));
    }
    SourceView {
        relation: source.relation.to_string(),
        origin,
        facts,
        metrics: source.metrics.iter().map(|metric| self::metric(source, metric)).collect(),
        labels: source.labels.iter().map(|label| self::label(source, label)).collect(),
    }
}

fn facts(source: &Source) -> Vec<String> {
    let kind = match &source.time.kind {
        TimeKind::Instant => String::new(),
        TimeKind::Local(zone) => format!(" (read as {})", zone.name()),
        TimeKind::Date(zone) => format!(" (midnight in {})", zone.name()),
        TimeKind::Day(_) => " (a calendar day)".to_owned(),
        TimeKind::Epoch { unit, .. } => format!(" ({} since 1970)", unit.word()),
    };
    let mut facts = vec![format!("time {}{kind}", source.time.column)];
    facts.extend(source.end.as_ref().map(|end| format!("until {}", end.time.column)));
    facts.extend(source.interval_ms.map(|ms| format!("a sample each {}", Step::of_length(ms))));
    facts.extend(source.name_column.as_ref().map(|column| format!("names in {}", column.name)));
    facts.extend(source.joins.iter().map(|join| format!("joined with {}", join.relation)));
    for rollup in &source.rollups {
        facts.push(format!("rolled up in {} by {}", rollup.rows.relation, Step::of_length(rollup.step_ms)));
    }
    facts
}

fn metric(source: &Source, metric: &Metric) -> MetricView {
    let kind = match metric.kind {
        MetricKind::Gauge => "gauge",
        MetricKind::Counter => "counter",
    };
    let place = match &metric.stored_name {
        Some(name) => format!("{}, rows named {name:?}", source.relation),
        None => metric.value.place(&source.relation),
    };
    MetricView { name: metric.name.clone(), kind, unit: metric.unit.clone(), help: metric.help.clone(), from: place }
}

fn label(source: &Source, label: &SourceLabel) -> LabelView {
    let own = |row: SourceRow| match row {
        SourceRow::Own => source.relation.to_string(),
        SourceRow::Element => "the element".to_owned(),
        SourceRow::Joined(_) => source.path_to(row).last().map(|join| join.relation.to_string()).unwrap_or_default(),
    };
    let (name, column, more) = match label {
        SourceLabel::One { name, value } => {
            let more = match value {
                LabelValue::Column(_) => String::new(),
                LabelValue::Member { path, .. } => format!(", member {}", path.join(".")),
                LabelValue::Part { separator, part, .. } => format!(", part {part} between {separator:?}"),
                LabelValue::Resolved { ids, key } => format!(", the value of {key:?} in {}", ids.relation),
            };
            (name.clone(), value.column(), more)
        }
        SourceLabel::Members { document } => {
            let more = match document {
                LabelDocument::Json { .. } => ", every member is a label".to_owned(),
                LabelDocument::Ids(ids) => format!(", ids of {}", ids.relation),
            };
            ("*".to_owned(), document.column(), more)
        }
    };
    LabelView { label: name, from: format!("{}, column {}{more}", own(column.row), column.name) }
}
