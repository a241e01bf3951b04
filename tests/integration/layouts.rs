//! Layouts of tables that datebin did not make, declared in `datebin.toml`, each with rows that set traps.

mod adjusted;
mod bounds;
pub mod dimensions;
mod families;
mod label_ids;
mod lasts;
mod members;
mod open;
mod pieces;
mod required;
mod topics;
mod united;
mod events;
mod values;
mod written;
