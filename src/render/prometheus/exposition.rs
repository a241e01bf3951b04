//! Series in the exposition format, as a Prometheus scrapes them.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use crate::frame::PromPoint;
use crate::series::{Labels, METRIC_NAME};
use crate::wire::prometheus::Number;

/// Series with one value each.
#[derive(Debug)]
pub struct Exposition {
    /// By labels, in their order.
    pub series: BTreeMap<Labels, PromPoint>,
    /// What the metrics are: `counter`, `gauge`; others are untyped.
    pub types: BTreeMap<String, &'static str>,
    /// Whether the client reads names of any characters; otherwise what is no classic name is written with underscores.
    pub is_utf8: bool,
}

impl Exposition {
    /// Writes it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut of_metric: BTreeMap<&str, Vec<(&Labels, &PromPoint)>> = BTreeMap::new();
        for (labels, point) in &self.series {
            of_metric.entry(labels.get(METRIC_NAME)).or_default().push((labels, point));
        }
        // A metric whose own name is written comes before those whose names become the same with underscores.
        let mut metrics: Vec<(&str, Vec<(&Labels, &PromPoint)>)> = of_metric.into_iter().collect();
        if !self.is_utf8 {
            metrics.sort_by_cached_key(|(metric, _)| (classic(metric), !is_classic(metric)));
        }
        let mut before = None;
        for (metric, series) in metrics {
            let shown = self.shown(metric);
            if before.as_ref() == Some(&shown) {
                left_out(out, series.len(), &format!("of {}, as another metric is {shown} too", quoted(metric)))?;
                continue;
            }
            self.family(out, &shown, &series)?;
            before = Some(shown);
        }
        Ok(())
    }

    /// Writes the series of one metric. Labels and series that are the same with underscores would make a scraper drop the
    /// whole answer.
    fn family(&self, out: &mut dyn Write, shown: &str, series: &[(&Labels, &PromPoint)]) -> io::Result<()> {
        let metric = series.first().map_or("", |(labels, _)| labels.get(METRIC_NAME));
        let kind = self.types.get(metric).copied().filter(|kind| matches!(*kind, "counter" | "gauge"));
        writeln!(out, "# TYPE {shown} {}", kind.unwrap_or("untyped"))?;
        let may_clash = !self.is_utf8 && series.iter().any(|(labels, _)| own(labels).any(|(name, _)| !is_plain(name)));
        let mut series = series.to_vec();
        // Those that really are called so come first, as their metrics do.
        if may_clash {
            series.sort_by_key(|(labels, _)| !own(labels).all(|(name, _)| is_plain(name)));
        }
        let (mut written, mut clashing) = (BTreeSet::new(), 0);
        for (labels, point) in series {
            let inside = self.labels(labels);
            if may_clash && (has_twice(labels) || !written.insert(sorted(&inside))) {
                clashing += 1;
                continue;
            }
            let (front, name) = if shown.starts_with('"') { ("", Some(shown)) } else { (shown, None) };
            let inside: Vec<&str> = name.into_iter().chain(inside.iter().map(String::as_str)).collect();
            let braced = if inside.is_empty() { String::new() } else { format!("{{{}}}", inside.join(",")) };
            writeln!(out, "{front}{braced} {} {}", Number(point.value), point.ms)?;
        }
        if clashing == 0 {
            return Ok(());
        }
        left_out(out, clashing, &format!("of {shown}, as their labels are the same with underscores"))
    }

    /// The name of a metric as it is written.
    fn shown(&self, metric: &str) -> String {
        if self.is_utf8 && !is_classic(metric) { quoted(metric) } else { classic(metric) }
    }

    /// The labels of a series as they are written.
    fn labels(&self, labels: &Labels) -> Vec<String> {
        let written = |(name, value): (&str, &str)| {
            let name = if self.is_utf8 && !is_plain(name) { quoted(name) } else { underscored(name) };
            format!("{name}={}", quoted(value))
        };
        own(labels).map(written).collect()
    }
}

/// The labels of a series besides its metric's name.
fn own(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().map(|(name, value)| (&**name, &**value)).filter(|(name, _)| *name != METRIC_NAME)
}

/// Whether two labels have one name with underscores.
fn has_twice(labels: &Labels) -> bool {
    let mut names = BTreeSet::new();
    own(labels).any(|(name, _)| !names.insert(underscored(name)))
}

fn sorted(inside: &[String]) -> Vec<String> {
    let mut sorted = inside.to_vec();
    sorted.sort();
    sorted
}

/// Says in a comment which series are missing.
fn left_out(out: &mut dyn Write, series: usize, why: &str) -> io::Result<()> {
    writeln!(out, "# {series} series left out {why}: ask with escaping=allow-utf-8")
}

/// Whether a label's name is a classic one; those have no colon.
fn is_plain(name: &str) -> bool {
    is_classic(name) && !name.contains(':')
}

/// The name of a label with an underscore for each character that no classic name has.
fn underscored(name: &str) -> String {
    classic(name).replace(':', "_")
}

fn is_classic(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}

/// The name of a metric with an underscore for each character that no classic name has.
fn classic(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    let kept = |(at, c): (usize, char)| if is_letter(c) || at > 0 && c.is_ascii_digit() { c } else { '_' };
    name.char_indices().map(kept).collect()
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
