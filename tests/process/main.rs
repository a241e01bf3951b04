//! The built program against a real PostgreSQL that is stopped, silenced, locked and changed under it.
//!
//! Each test makes a cluster of its own and needs the server's programs: `scripts/with-postgres` finds them.

#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "tests stop at the first thing that is wrong, and show the log then"
)]

mod alerts;
mod annotate;
mod bouncer;
mod cardinality;
#[path = "../support/certificates.rs"]
mod certificates;
mod check;
mod clients;
mod cluster;
mod connections;
mod crowd;
mod database;
mod declared;
mod distance;
mod ended;
mod first;
mod hidden;
mod https;
mod ids;
mod light;
mod limits;
mod line;
mod parted;
#[path = "../support/patience.rs"]
mod patience;
mod people;
mod planted;
mod pooler;
mod program;
#[path = "../support/promtool.rs"]
mod promtool;
mod proxy;
mod query;
mod reload;
mod rights;
mod searched;
mod secrets;
mod secured;
mod settings;
mod several;
mod sizes;
mod standbys;
mod stopping;
mod storm;
mod terminal;
mod trouble;
mod unread;
mod views;
mod vitals;
