//! datebin answers Grafana's questions about metrics that already live in PostgreSQL.
//!
//! ```text
//! body ──wire──▶ intake ──▶ question          text ──language──▶ ast ──lower──▶ fetch requests + tree
//!                                                                                   │
//!                       catalog (facts + datebin.toml, one immutable snapshot) ──▶ plan ──▶ fetches
//!                                                                                   │
//!                                                                                  sql ──▶ statements
//!                                                                                   │
//!                                                                                  db ──▶ rows
//!                                                                                   │
//!   body ◀──render◀── frames ◀──frame (evaluated)◀─────┘
//! ```
//!
//! [`range`] computes the functions of windows of samples and merges partials, and [`xor`] writes samples as Prometheus
//! keeps them; they know no stage.
//!
//! The modules in the order of the flow: none imports one that stands below it. ARCHITECTURE.md has the invariants,
//! `tests/architecture.rs` holds them.

pub mod decimal;
pub mod series;
pub mod range;
pub mod xor;
pub mod ident;
pub mod identity;
pub mod nearest;
pub mod pattern;
pub mod time;
pub mod ast;
pub mod error;
pub mod budget;
pub mod observe;
pub mod wire;
pub mod language;
pub mod evaluate;
pub mod lower;
pub mod catalog;
pub mod plan;
pub mod sql;
pub mod intake;
pub mod tls;
pub mod db;
pub mod frame;
pub mod render;
pub mod cache;
pub mod refresh;
pub mod access;
pub mod engine;
pub mod config;
pub mod check;
pub mod http;
pub mod server;
pub mod cli;
