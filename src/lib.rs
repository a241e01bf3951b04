//! datebin answers Grafana's questions about metrics that already live in PostgreSQL.
//!
//! ```text
//! body ──wire──▶ intake ──▶ question          text ──language──▶ ast ──evaluate::lower──▶ fetch requests + tree
//!                                                                                   │
//!                       catalog (facts + datebin.toml, one immutable snapshot) ──▶ plan ──▶ fetches
//!                                                                                   │
//!                                                                                  sql ──▶ statements
//!                                                                                   │
//!                                                                                  db ──▶ rows
//!                                                                                   │
//!   body ◀──render◀── frames ◀──frame (evaluate::series over what was fetched)◀─────┘
//! ```
//!
//! The modules in the order of the flow; what stands higher never imports what stands lower. ARCHITECTURE.md has
//! the invariants.

pub mod ast;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod db;
pub mod engine;
pub mod error;
pub mod evaluate;
pub mod frame;
pub mod http;
pub mod ident;
pub mod intake;
pub mod language;
pub mod nearest;
pub mod plan;
pub mod refresh;
pub mod render;
pub mod series;
pub mod server;
pub mod sql;
pub mod time;
pub mod wire;
