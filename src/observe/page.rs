//! The page of `GET /metrics`: what was counted, and what is known when it is asked for.

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::{Observer, TokenRequests, process};

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFormat {
    /// Prometheus' text, which everybody reads.
    Text,
    /// OpenMetrics' text, for those who ask for it.
    OpenMetrics,
}

/// What is known when the page is asked for, of a database or of the process.
#[derive(Debug)]
pub struct MetricsPage {
    own: Registry,
    /// What was counted besides.
    counted: Option<Observer>,
    /// The names that every exporter has for its process.
    process: Option<Registry>,
}

/// A registry of datebin's own numbers, which have the name of a database where there are several.
pub(super) fn registry(database: Option<&str>) -> Registry {
    let labels = database.map(|name| ("database".into(), name.to_owned().into()));
    Registry::with_prefix_and_labels("datebin", labels.into_iter())
}

impl MetricsPage {
    /// The build and the process.
    #[must_use]
    pub fn of_process() -> Self {
        let mut process = Registry::with_prefix("process");
        process::add(&mut process);
        let mut page = Self { own: registry(None), counted: None, process: Some(process) };
        let build = Family::<Vec<(&str, &str)>, Gauge>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).set(1);
        page.own.register("build_info", "The version of datebin that runs", build);
        page
    }

    /// A database, and what was counted of it.
    #[must_use]
    pub fn of_database(name: Option<&str>, counted: &Observer) -> Self {
        Self { own: registry(name), counted: Some(counted.clone()), process: None }
    }

    /// Adds a number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: usize) {
        self.own.register(name, help, ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)));
    }

    /// Adds a number of seconds.
    pub fn seconds(&mut self, name: &str, help: &str, value: f64) {
        self.own.register(name, help, ConstGauge::new(value));
    }

    /// Adds a number that only grows; `_total` follows its name.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.own.register(name, help, ConstCounter::new(value));
    }

    /// Adds the requests of tokens.
    pub fn token_requests(&mut self, all: &[TokenRequests]) {
        if all.is_empty() {
            return;
        }
        let family = Family::<Vec<(&str, String)>, Counter>::default();
        for TokenRequests { token, code, count } in all {
            let labels = vec![("token", token.to_string()), ("code", (*code).to_owned())];
            family.get_or_create(&labels).inc_by(*count);
        }
        self.own.register("token_requests", "Requests by token and error code", family);
    }

    fn written(&self, format: PageFormat) -> String {
        let mut out = String::new();
        let counted = self.counted.as_ref().map(Observer::registry);
        // Writing into a String cannot fail.
        for registry in [Some(&self.own), counted, self.process.as_ref()].into_iter().flatten() {
            let _ = match format {
                PageFormat::Text => prometheus_text::encode(&mut out, registry),
                PageFormat::OpenMetrics => text::encode_registry(&mut out, registry),
            };
        }
        out
    }
}

/// The numbers of one name.
#[derive(Default)]
struct MetricFamily {
    name: String,
    text: String,
}

/// Pages as one: the numbers of each name stand together, below one head.
#[must_use]
pub fn exposition(pages: &[MetricsPage], format: PageFormat) -> String {
    let texts: Vec<String> = pages.iter().map(|page| page.written(format)).collect();
    let mut all: Vec<MetricFamily> = Vec::new();
    for text in &texts {
        let (mut at, mut is_first) = (0, true);
        for line in text.split_inclusive('\n') {
            if let Some(head) = line.strip_prefix("# HELP ") {
                let name = head.split(' ').next().unwrap_or_default();
                let known = all.iter().position(|numbered| numbered.name == name);
                is_first = known.is_none();
                at = known.unwrap_or(all.len());
                if is_first {
                    all.push(MetricFamily { name: name.to_owned(), text: String::new() });
                }
            }
            if let Some(numbered) = all.get_mut(at).filter(|_| is_first || !line.starts_with('#')) {
                numbered.text.push_str(line);
            }
        }
    }
    let end = if format == PageFormat::OpenMetrics { "# EOF\n" } else { "" };
    all.iter().map(|numbered| numbered.text.as_str()).chain([end]).collect()
}
