//! datebin against a real PostgreSQL, over real HTTP: one database per test.
//!
//! `DATABASE_URL` names a server on which databases may be created; `make test` brings one of its own.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "tests stop at the first thing that is wrong"
)]

mod discovery;
mod oracle;
mod query;
mod support;
