//! The file that a catalog is made from.

use super::CatalogConfig;
use crate::catalog::file::CatalogFile;
use crate::db::LoadError;

/// Reads the file; without one, an empty one.
///
/// # Errors
/// It cannot be opened or read.
pub async fn file(config: &CatalogConfig) -> Result<CatalogFile, LoadError> {
    parsed(&text(config).await?, config)
}

/// The file of a text; an error names the file that was read.
pub(super) fn parsed(text: &str, config: &CatalogConfig) -> Result<CatalogFile, LoadError> {
    CatalogFile::parse(text).map_err(|error| match &config.file {
        Some(path) => LoadError::Named(path.display().to_string(), error),
        None => LoadError::File(error),
    })
}

/// The text of the file; empty without one.
pub(super) async fn text(config: &CatalogConfig) -> Result<String, LoadError> {
    let Some(path) = &config.file else { return Ok(String::new()) };
    tokio::fs::read_to_string(path).await.map_err(|error| LoadError::Open(path.display().to_string(), error))
}
