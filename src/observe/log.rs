//! Observations as lines of the log. No line has a text or a value of a question: these belong to whoever asked.

use std::time::Duration;

use tracing::Level;

use super::{Observation, Request};

/// Routes that are asked every few seconds; whatever makes them fail has a line of its own.
const PROBES: &[&str] = &["/livez", "/readyz", "/-/healthy", "/-/ready"];

pub(super) fn write(what: &Observation<'_>) {
    match *what {
        Observation::Request(request) => match level(request) {
            Level::ERROR => line!(ERROR, request),
            Level::INFO => line!(INFO, request),
            _ => line!(DEBUG, request),
        },
        Observation::Cancelled(pid, is_done) => {
            tracing::debug!(pid, done = is_done, "cancelled an abandoned statement");
        }
        Observation::Up(place) => tracing::info!(database = place, "the database is there"),
        Observation::Down { place, cause, .. } => {
            tracing::error!(database = place, cause, "the database is away; still trying");
        }
        Observation::Stage(..)
        | Observation::Target(_)
        | Observation::Statement(..)
        | Observation::Rows(_)
        | Observation::Retry(_)
        | Observation::Opened
        | Observation::Unopened => {}
    }
}

/// What an operator must know, may want to know, and only looks for.
fn level(request: &Request) -> Level {
    match request.status {
        500 => Level::ERROR,
        400.. if !PROBES.contains(&request.route.as_str()) => Level::INFO,
        _ => Level::DEBUG,
    }
}

/// The level of a line is part of the place in the program that writes it.
macro_rules! line {
    ($level:ident, $request:expr) => {{
        let Request { method, database, route, status, code, taken, bytes, id, record } = $request;
        let caller = record.identity();
        tracing::event!(
            Level::$level,
            method,
            database = database.as_deref(),
            route,
            status,
            code,
            duration_ms = millis(*taken),
            bytes,
            token = caller.token.as_deref(),
            person = caller.person.as_deref(),
            id,
            "request"
        );
    }};
}
use line;

/// A length of time as a number that people compare.
pub(super) fn millis(taken: Duration) -> f64 {
    (taken.as_secs_f64() * 10_000.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Record;

    #[test]
    fn failures_are_said_and_probes_are_not() {
        let request = |route: &str, status| Request {
            method: "GET",
            database: None,
            route: route.to_owned(),
            status,
            code: "ok",
            taken: Duration::ZERO,
            bytes: 0,
            id: String::new(),
            record: Record::default(),
        };
        for (route, status, expected) in [
            ("/query", 200, Level::DEBUG),
            ("/query", 422, Level::INFO),
            ("/query", 499, Level::INFO),
            ("/query", 503, Level::INFO),
            ("/query", 500, Level::ERROR),
            ("/readyz", 503, Level::DEBUG),
            ("/readyz", 500, Level::ERROR),
            ("", 404, Level::INFO),
        ] {
            assert_eq!(level(&request(route, status)), expected, "{route} {status}");
        }
    }
}
