//! How the log is written.

use super::{ConfigError, Environment};
use crate::db::QUIET_LOG;
use crate::observe::Audit;

/// How the log is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A `tracing` filter.
    pub filter: String,
    /// JSON lines instead of text.
    pub json: bool,
}

const LEVELS: &[&str] = &["error", "warn", "info", "debug", "trace", "off"];

impl Environment<'_> {
    /// The log.
    ///
    /// # Errors
    /// The format is unknown.
    pub fn log(&self) -> Result<LogConfig, ConfigError> {
        let json = self.read("DATEBIN_LOG_FORMAT", false, "pretty or json", |text| match text {
            "pretty" => Some(false),
            "json" => Some(true),
            _ => None,
        })?;
        let expected = "levels (error, warn, info, debug, trace, off), also per module, such as info,sqlx=warn";
        let usual = format!("info,{QUIET_LOG}");
        let filter = self.read("DATEBIN_LOG", usual, expected, |text| is_filter(text).then(|| text.to_owned()))?;
        Ok(LogConfig { filter, json })
    }

    /// What the audit says.
    pub(super) fn audit(&self) -> Result<Audit, ConfigError> {
        self.read("DATEBIN_AUDIT", Audit::Off, "off, metrics or full", |text| match text {
            "off" => Some(Audit::Off),
            "metrics" => Some(Audit::Metrics),
            "full" => Some(Audit::Full),
            _ => None,
        })
    }
}

/// Whether every part of a filter is a level, or says one of a module: `info`, `sqlx=warn`. A word that stands alone is a
/// module to the log's library, of which everything would be logged and of the rest nothing: a misspelt level. So a
/// module has to say its level, and one with `::` or a span in brackets is known for what it is.
fn is_filter(filter: &str) -> bool {
    let is_level = |text: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(text));
    filter.split(',').map(str::trim).filter(|part| !part.is_empty()).all(|part| match part.rsplit_once('=') {
        _ if part.contains(['[', ']']) => true,
        Some((module, level)) => !module.is_empty() && is_level(level),
        None => is_level(part) || part.contains("::"),
    })
}

#[cfg(test)]
mod tests {
    use super::is_filter;

    #[test]
    fn a_misspelt_level_is_found() {
        for good in ["info", "WARN", "info,sqlx=warn", "datebin::db", "warn, hyper=off", "[request]=debug", "info,"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["inof", "info,sqlx", "sqlx=wran", "=info", "a=b=c"] {
            assert!(!is_filter(bad), "{bad}");
        }
    }
}
