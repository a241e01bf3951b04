//! Samples gathered by buckets, for panels: partials that merge, the samples beside each other that counters are made
//! of, and the windows that span several buckets.

mod few;
mod open;
mod pair;
mod partial;
#[cfg(test)]
mod tests;
mod window;

pub use few::{Few, Keep, KeptSamples};
pub use open::OpenWindows;
pub use pair::{FineSample, Pairing};
pub use partial::{BucketCell, CellKind, PARTIALS, Partials};
pub use window::{BucketSpan, merged};
