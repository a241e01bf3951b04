//! The page of `GET /metrics`: what was counted, and what is known when it is asked for.

use std::fmt::Write as _;

use prometheus_client::encoding::{prometheus_text, text};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::{TokenRequests, process};

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text, which everybody reads.
    Text,
    /// OpenMetrics' text, for those who ask for it.
    OpenMetrics,
}

/// What is known when the page is asked for.
#[derive(Debug)]
pub struct Page {
    own: Registry,
    /// The names that every exporter has for its process.
    process: Registry,
}

impl Default for Page {
    /// The build and the process.
    fn default() -> Self {
        let mut page = Self { own: Registry::with_prefix("datebin"), process: Registry::with_prefix("process") };
        let build = Family::<Vec<(&str, &str)>, Gauge>::default();
        build.get_or_create(&vec![("version", env!("CARGO_PKG_VERSION"))]).set(1);
        page.own.register("build_info", "The version of datebin that runs", build);
        process::add(&mut page.process);
        page
    }
}

impl Page {
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

    pub(super) fn written(&self, counted: &Registry, format: Format) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        for registry in [&self.own, counted, &self.process] {
            let _ = match format {
                Format::Text => prometheus_text::encode(&mut out, registry),
                Format::OpenMetrics => text::encode_registry(&mut out, registry),
            };
        }
        if format == Format::OpenMetrics {
            let _ = out.write_str("# EOF\n");
        }
        out
    }
}
