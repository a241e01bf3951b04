//! `datebin discover`.

use super::{Failure, print};
use crate::catalog::toml_out;
use crate::config::Environment;
use crate::refresh::once;

/// Prints the catalog as a `datebin.toml`, with the reasons.
pub(super) async fn run(environment: &Environment<'_>) -> Result<(), Failure> {
    let (snapshot, decisions) = once(&environment.database()?, &environment.catalog()?).await?;
    print(&toml_out::write(&snapshot, &decisions))?;
    Ok(())
}
