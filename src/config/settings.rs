//! All settings with their defaults and what they do, as `.env.example` says it: one place for people, for `--help` and
//! for `datebin config`.

use super::{ConfigError, Environment, VARIABLES, database_name};

const EXAMPLE: &str = include_str!("../../.env.example");

/// A setting of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its variable.
    pub name: &'static str,
    /// Its default; none where it must be set.
    pub default: Option<&'static str>,
    /// What it does.
    pub help: String,
    /// The section that it stands in.
    pub section: &'static str,
}

/// All settings, in the order of [`VARIABLES`].
#[must_use]
pub fn settings() -> Vec<Setting> {
    let (mut settings, mut section, mut help) = (Vec::new(), "", Vec::new());
    for line in EXAMPLE.lines().map(str::trim) {
        let text = line.trim_start_matches('#').trim();
        let assigned = text.split_once('=').filter(|(name, _)| VARIABLES.contains(name));
        if let Some(heading) = text.strip_prefix("--- ") {
            section = heading.trim_end_matches(" ---");
            help.clear();
        } else if let Some((name, value)) = assigned {
            let default = line.starts_with('#').then_some(value);
            settings.push(Setting { name, default, help: help.join(" "), section });
        } else if text.is_empty() {
            help.clear();
        } else {
            help.push(text);
        }
    }
    settings
}

impl Setting {
    /// The flag that stands for it: `--pool-size`.
    #[must_use]
    pub fn flag(&self) -> String {
        self.name.strip_prefix("DATEBIN_").unwrap_or(self.name).to_lowercase().replace('_', "-")
    }

    /// Whether its value may hold a secret.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        !self.name.ends_with("_FILE")
            && ["URL", "PASSWORD", "SECRET"].iter().any(|word| self.name.split('_').any(|part| part == *word))
    }
}

impl Environment<'_> {
    /// Whether every setting can be used, those of named databases among the variables too.
    ///
    /// # Errors
    /// The first that cannot.
    pub fn checked<'a>(&self, variables: impl Iterator<Item = &'a str>) -> Result<(), ConfigError> {
        self.databases(variables)?;
        self.http()?;
        self.catalog()?;
        self.limits()?;
        self.resources()?;
        self.cache()?;
        self.strict()?;
        self.show_sql()?;
        self.log().map(drop)
    }
}

/// Variables of scripts, tests and other programs. One that ends in `_` stands for all that begin so.
const OTHERS: &[&str] = &[
    "DATEBIN_TEST_",
    "DATEBIN_FUZZ_",
    "DATEBIN_ORACLE_",
    "DATEBIN_PROMQL_",
    "DATEBIN_PROMETHEUS_",
    "DATEBIN_TIMESCALE_",
    "DATEBIN_CHROMIUM_",
    "DATEBIN_PGBOUNCER_",
    "DATEBIN_POSTGRES_",
    "DATEBIN_SCREENSHOTS",
    // What Compose and Kubernetes set.
    "DATEBIN_PORT",
    "DATEBIN_PORT_",
    "DATEBIN_SERVICE_",
    "DATEBIN_REQUIRE_",
    "DATEBIN_DEB_",
    "DATEBIN_NO_INSTALL",
    "DATEBIN_UPDATE_",
    "DATEBIN_LANES",
];

/// A sentence for each variable that looks like a setting and is none.
pub fn unknown_variables<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let is_other = |name: &str| {
        OTHERS.iter().any(|other| if other.ends_with('_') { name.starts_with(other) } else { name == *other })
    };
    let names: Vec<&str> = names.collect();
    let is_of_database = |name: &str| {
        let own = name.strip_prefix("DATEBIN_CONFIG_");
        own.is_some_and(|own| names.iter().any(|name| database_name(name) == Some(own)))
    };
    let is_known = |name: &str| VARIABLES.contains(&name) || is_other(name) || is_of_database(name);
    let mut unknown: Vec<&str> =
        names.iter().copied().filter(|name| name.starts_with("DATEBIN_") && !is_known(name)).collect();
    unknown.sort_unstable();
    let told = |name: &str| match crate::nearest::nearest(name, VARIABLES.iter().copied()).first() {
        Some(near) => format!("{name} is not a setting and is ignored; did you mean {near}?"),
        None => format!("{name} is not a setting and is ignored; `datebin config` lists all settings"),
    };
    unknown.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_has_its_default_and_its_words() {
        let settings = settings();
        let names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
        assert_eq!(names, VARIABLES);
        for setting in &settings {
            assert!(!setting.section.is_empty(), "{setting:?}");
            assert!(setting.default.is_some() || setting.name == "DATABASE_URL", "{setting:?}");
        }
        let pool = settings.iter().find(|setting| setting.name == "DATEBIN_POOL_SIZE").unwrap();
        assert_eq!((pool.default, pool.flag().as_str(), pool.section), (Some("10"), "pool-size", "the database"));
        assert!(pool.help.starts_with("The most connections to the database"), "{}", pool.help);
    }

    #[test]
    fn a_variable_that_is_no_setting_is_said() {
        let said =
            unknown_variables(["DATEBIN_POOLSIZE", "DATEBIN_TEST_PGBIN", "HOME", "DATEBIN_POOL_SIZE"].into_iter());
        assert_eq!(said, ["DATEBIN_POOLSIZE is not a setting and is ignored; did you mean DATEBIN_POOL_SIZE?"]);
        let said = unknown_variables(["DATEBIN_CONFIG_A", "DATEBIN_CONFIG_B", "DATABASE_URL_A_FILE"].into_iter());
        assert_eq!(said, ["DATEBIN_CONFIG_B is not a setting and is ignored; did you mean DATEBIN_CONFIG?"]);
        // A server without its file of tokens is open.
        for wrong in ["DATEBIN_TOKEN", "DATEBIN_TOKENS_FILE"] {
            let said = unknown_variables([wrong, "DATEBIN_PORT_8080_TCP"].into_iter());
            assert_eq!(said, [format!("{wrong} is not a setting and is ignored; did you mean DATEBIN_TOKENS?")]);
        }
    }
}
