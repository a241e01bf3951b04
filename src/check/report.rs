//! The report of `datebin check`, as text or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::plan::Plan;

/// Metrics of a rollup that are named in the text.
const SHOWN: usize = 20;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// A question about it fails.
    Broken,
    /// It works, and takes long.
    Slow,
    /// Worth knowing.
    Note,
}

/// Something that was found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) level: Severity,
    pub(super) message: String,
    /// The statement that helps.
    pub(super) fix: Option<String>,
    /// What that costs.
    pub(super) cost: Option<String>,
}

/// One relation of metrics or annotations.
#[derive(Debug, Default, Serialize)]
pub(super) struct CheckedRelation {
    pub(super) relation: String,
    pub(super) kind: &'static str,
    pub(super) metrics: usize,
    pub(super) rows: Option<f64>,
    /// Its chunks, partitions or children in words.
    pub(super) parts: Option<String>,
    pub(super) bytes: u64,
    pub(super) time: String,
    pub(super) labels: Vec<LabelReport>,
    pub(super) rollups: Vec<RollupReport>,
    pub(super) plan: Option<Plan>,
    pub(super) findings: Vec<Finding>,
}

/// How the values of a label are found.
#[derive(Debug, Serialize)]
pub(super) struct LabelReport {
    pub(super) name: String,
    pub(super) strategy: String,
}

/// A coarser relation of a source's metrics.
#[derive(Debug, Serialize)]
pub(super) struct RollupReport {
    pub(super) relation: String,
    /// How long the stretch of a row is.
    pub(super) step: String,
    /// The starts and ends of what it holds, in milliseconds since 1970; none where it is not used.
    pub(super) holds: Vec<[i64; 2]>,
    /// The same in words, or why it is not used.
    pub(super) held: String,
    /// Whether it serves requests of which policies hide rows as well.
    pub(super) safe: bool,
    /// The labels that it lacks.
    pub(super) lacks: Vec<String>,
    /// What it answers, by metric.
    pub(super) serves: BTreeMap<String, Vec<&'static str>>,
}

/// Everything.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Of the file as a whole.
    pub(super) findings: Vec<Finding>,
    pub(super) sources: Vec<CheckedRelation>,
    pub(super) annotations: Vec<CheckedRelation>,
    pub(super) metrics: usize,
    /// Sources whose plan was not looked at, since there are so many.
    pub(super) unexplained: usize,
    /// How many findings are broken.
    pub broken: usize,
    /// How many findings are slow.
    pub slow: usize,
}

impl Finding {
    pub(super) fn new(level: Severity, message: impl Into<String>) -> Self {
        Self { level, message: message.into(), fix: None, cost: None }
    }
}

impl Report {
    /// Counts what was found.
    pub(super) fn close(&mut self) {
        let checked = self.sources.iter().chain(&self.annotations);
        let all = || self.findings.iter().chain(checked.clone().flat_map(|checked| &checked.findings));
        let count = |level| all().filter(|finding| finding.level == level).count();
        (self.broken, self.slow) = (count(Severity::Broken), count(Severity::Slow));
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        for finding in &self.findings {
            write_finding(&mut out, finding);
        }
        for checked in self.sources.iter().chain(&self.annotations) {
            relation(&mut out, checked);
        }
        if self.unexplained > 0 {
            line(&mut out, &format!("\nThe plans of {} smaller sources were not looked at.", self.unexplained));
        }
        let (sources, metrics) = (self.sources.len(), self.metrics);
        line(&mut out, &format!("\n{sources} sources, {metrics} metrics: {} broken, {} slow", self.broken, self.slow));
        out
    }
}

fn relation(out: &mut String, checked: &CheckedRelation) {
    let rows = checked.rows.map(|rows| format!(", about {rows:.0} rows")).unwrap_or_default();
    let (name, kind, size) = (&checked.relation, checked.kind, checked.bytes >> 20);
    let parts = checked.parts.as_ref().map(|parts| format!(", {parts}")).unwrap_or_default();
    line(out, &format!("\n{name} ({kind}{rows}, {size} MB{parts}): {} metrics", checked.metrics));
    line(out, &format!("    time {}", checked.time));
    for label in &checked.labels {
        line(out, &format!("    label {}: {}", label.name, label.strategy));
    }
    for rollup in &checked.rollups {
        let mut metrics: Vec<String> = rollup
            .serves
            .iter()
            .take(SHOWN)
            .map(|(metric, words)| format!("{metric} ({})", words.join(", ")))
            .collect();
        if rollup.serves.len() > SHOWN {
            metrics.push(format!("{} more", rollup.serves.len() - SHOWN));
        }
        let (relation, step, held) = (&rollup.relation, &rollup.step, &rollup.held);
        let lacks = match rollup.lacks.as_slice() {
            [] => String::new(),
            lacks => format!(", without {} (serves what is aggregated over them)", lacks.join(", ")),
        };
        let safe = if rollup.safe { ", safe" } else { "" };
        line(out, &format!("    rollup {relation} by {step}{safe}{lacks}, {held}: {}", metrics.join(", ")));
    }
    if let Some(plan) = &checked.plan {
        line(out, &format!("    the last hour: {}", plan.summary));
    }
    for finding in &checked.findings {
        write_finding(out, finding);
    }
}

fn write_finding(out: &mut String, finding: &Finding) {
    let mark = match finding.level {
        Severity::Broken => "broken",
        Severity::Slow => "slow",
        Severity::Note => "note",
    };
    line(out, &format!("  ! {mark}: {}", finding.message));
    if let Some(fix) = &finding.fix {
        line(out, &format!("      {fix}"));
    }
    if let Some(cost) = &finding.cost {
        line(out, &format!("      {cost}"));
    }
}

/// Names and messages come from outside: a control character would move the cursor.
fn line(out: &mut String, text: &str) {
    let plain: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    // Writing into a String cannot fail.
    let _ = writeln!(out, "{plain}");
}
