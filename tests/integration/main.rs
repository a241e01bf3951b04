//! datebin against a real PostgreSQL, over real HTTP: one database per test.
//!
//! `DATABASE_URL` names a server on which databases may be created; `make test` brings one of its own.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests stop at the first thing that is wrong"
)]

mod aggregates;
mod anno;
mod annotations;
mod annotations_bad;
mod annotations_open;
mod bombs;
mod budgets;
mod builder;
mod cached;
mod calendar;
mod carets;
mod chart;
mod checklist;
mod clients;
mod counters;
mod deadlines;
mod demo;
mod discovery;
mod discovery_all;
mod discovery_kinds;
mod explain;
mod explain_labels;
mod explain_types;
mod explain_values;
#[expect(clippy::print_stderr, reason = "who runs the tests is told of a skip")]
mod explorer;
mod flat;
mod found;
mod golden;
mod hostile;
mod http;
mod injection;
mod interpolation;
mod joined_values;
mod language_page;
mod layouts;
mod merging;
mod multi_values;
mod options;
mod observed;
mod oracle;
mod pages;
#[path = "../support/patience.rs"]
mod patience;
#[path = "../support/promtool.rs"]
mod promtool;
mod previous;
mod products;
mod prometheus;
mod promql;
mod query;
#[expect(
    dead_code,
    clippy::print_stderr,
    reason = "other tests start it in other ways, and who runs them is told of a skip"
)]
#[path = "../support/prometheus.rs"]
mod real_prometheus;
mod retyped;
mod rollups;
mod rollups_begun;
mod rollups_found;
mod rollups_held;
mod rollups_nan;
mod row_counts;
mod said;
mod search;
mod shards;
mod sizes;
mod slices;
mod qualified;
mod spans;
mod sqlstates;
mod support;
mod tags;
mod targets;
mod timescale;
mod variables;
mod walk;
mod windows;
#[path = "../support/xor.rs"]
mod xor;
