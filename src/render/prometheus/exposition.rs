//! Series in the exposition format, as a Prometheus scrapes them.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;
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
        for (metric, series) in of_metric {
            let kind = self.types.get(metric).copied().filter(|kind| matches!(*kind, "counter" | "gauge"));
            let shown = if self.is_utf8 && !is_classic(metric) { quoted(metric) } else { classic(metric) };
            writeln!(out, "# TYPE {shown} {}", kind.unwrap_or("untyped"))?;
            for (labels, point) in series {
                self.line(out, metric, labels, *point)?;
            }
        }
        Ok(())
    }

    fn line(&self, out: &mut dyn Write, metric: &str, labels: &Labels, point: PromPoint) -> io::Result<()> {
        let is_inside = self.is_utf8 && !is_classic(metric);
        let mut inside: Vec<String> = is_inside.then(|| quoted(metric)).into_iter().collect();
        for (name, value) in labels.iter().filter(|(name, _)| &***name != METRIC_NAME) {
            let is_quoted = self.is_utf8 && (name.contains(':') || !is_classic(name));
            let name = if is_quoted { quoted(name) } else { classic(name).replace(':', "_") };
            inside.push(format!("{name}={}", quoted(value)));
        }
        if !is_inside {
            write!(out, "{}", classic(metric))?;
        }
        if !inside.is_empty() {
            write!(out, "{{{}}}", inside.join(","))?;
        }
        writeln!(out, " {} {}", Number(point.value), point.ms)
    }
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
