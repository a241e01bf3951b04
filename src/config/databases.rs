//! Several databases in one process: `DATABASE_URL_<NAME>`, each with a catalog of its own.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, Environment};
use crate::db::DatabaseConfig;
use crate::observe::Observer;
use crate::refresh::CatalogConfig;

const URL: &str = "DATABASE_URL_";
const FILE: &str = "_FILE";
const CATALOG: &str = "DATEBIN_CONFIG_";
/// Routes, which a database's name would hide.
const ROUTES: &[&str] = &[
    "annotation",
    "annotations",
    "api",
    "explorer",
    "federate",
    "livez",
    "metrics",
    "query",
    "readyz",
    "search",
    "variable",
];

/// A database that is served, and what is its own.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Its name in paths; none for that of `DATABASE_URL`.
    pub name: Option<Arc<str>>,
    /// Where it is.
    pub database: DatabaseConfig,
    /// What is known of it.
    pub catalog: CatalogConfig,
}

impl Environment<'_> {
    /// All databases: the one without a name first, where there is one. `variables` are the names of all variables.
    ///
    /// # Errors
    /// There is none, or a name, a URL or a bound cannot be used.
    pub fn databases<'a>(
        &self,
        variables: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<DatabaseSettings>, ConfigError> {
        let is_set = |name: &str| (self.0)(name).is_some_and(|value| !value.trim().is_empty());
        let names: BTreeSet<&str> = variables.filter(|name| is_set(name)).filter_map(database_name).collect();
        let mut served = Vec::new();
        if names.is_empty() || is_set("DATABASE_URL") || is_set("DATABASE_URL_FILE") {
            served.push(DatabaseSettings { name: None, database: self.database()?, catalog: self.catalog()? });
        }
        for name in names {
            served.push(self.named(name)?);
        }
        Ok(served)
    }

    fn named(&self, name: &str) -> Result<DatabaseSettings, ConfigError> {
        let path = name.to_lowercase();
        let wrong = |expected: &str| ConfigError::named(&format!("{URL}{name}"), expected);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
            return Err(wrong("a name of A to Z, 0 to 9 and _ behind DATABASE_URL_"));
        }
        if ROUTES.contains(&path.as_str()) {
            return Err(wrong("another name: this one is a path of datebin's own"));
        }
        let (url, file) = (format!("{URL}{name}"), format!("{URL}{name}{FILE}"));
        let database = self.database_of(&url, &file)?.ok_or_else(|| wrong("a PostgreSQL URL"))?;
        let mut database = self.bounded(database)?;
        database.observer = Observer::of_database(&path);
        let file = self.raw(&format!("{CATALOG}{name}")).map(PathBuf::from);
        Ok(DatabaseSettings { name: Some(path.into()), database, catalog: CatalogConfig { file, ..self.catalog()? } })
    }
}

/// The name of the database that a variable is about.
pub(crate) fn database_name(variable: &str) -> Option<&str> {
    let name = variable.strip_prefix(URL).filter(|name| *name != "FILE")?;
    Some(name.strip_suffix(FILE).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde::de::IgnoredAny;

    use super::ROUTES;

    #[derive(Deserialize)]
    struct OpenApiPaths {
        paths: BTreeMap<String, IgnoredAny>,
    }

    #[test]
    fn no_database_hides_a_route() {
        let described: OpenApiPaths = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
        let firsts = described.paths.keys().filter_map(|path| path.split('/').nth(1));
        let is_name = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let missing: Vec<&str> = firsts.filter(is_name).filter(|first| !ROUTES.contains(first)).collect();
        assert_eq!(missing, Vec::<&str>::new());
    }
}
