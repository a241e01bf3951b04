//! Settings as flags, and `datebin config`.

use std::collections::BTreeMap;

use clap::builder::Styles;
use clap::{Arg, ArgMatches, Command, FromArgMatches};
use regex::Regex;

use super::refused::{HIDDEN, is_connection};
use super::{CommandError, print, variable_names};
use crate::config::{DatabaseSettings, Environment, Setting, settings};

/// Settings that the command line gives; they count before the environment.
#[derive(Clone, Debug, Default)]
pub(super) struct Flags(BTreeMap<&'static str, String>);

impl Flags {
    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A sentence about settings, with the flag in place of each variable whose value the command line gave.
    pub(super) fn named(&self, sentence: &str) -> String {
        let mut named = sentence.to_owned();
        for setting in settings().into_iter().filter(|setting| self.0.contains_key(setting.name)) {
            if let Ok(word) = Regex::new(&format!(r"\b{}\b", setting.name)) {
                named = word.replace_all(&named, format!("--{}", setting.flag())).into_owned();
            }
        }
        named
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let heading = |setting: &Setting| {
            let mut section = setting.section.to_owned();
            section[..1].make_ascii_uppercase();
            section
        };
        let add = |command: Command, setting: Setting| {
            let default = match setting.default {
                None => String::new(),
                Some("") => ", empty by default".to_owned(),
                Some(default) => format!(", default {default}"),
            };
            let help = format!("{} [{}{default}]", setting.help, setting.name);
            let flag = setting.flag();
            command
                .arg(Arg::new(setting.name).long(flag).value_name("VALUE").help(help).help_heading(heading(&setting)))
        };
        settings().into_iter().fold(command.styles(Styles::plain()), add)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |setting: Setting| Some((setting.name, matches.get_one::<String>(setting.name)?.clone()));
        Ok(Self(settings().into_iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Prints all settings as they are in force, as a file that says the same but for what is secret. A value that cannot be
/// used is an error.
pub(super) fn show(environment: &Environment<'_>) -> Result<(), CommandError> {
    let mut text = String::new();
    let mut section = "";
    for setting in settings() {
        if setting.section != section {
            section = setting.section;
            text.push_str(&format!("# --- {section} ---\n"));
        }
        let set = (environment.0)(setting.name).filter(|value| !value.trim().is_empty());
        let line = match (&set, setting.default) {
            (Some(_), _) if setting.is_secret() => format!("{}={}", setting.name, place(environment)),
            (Some(value), _) if is_connection(value) => format!("{}={HIDDEN}", setting.name),
            (Some(value), _) => format!("{}={}", setting.name, value.trim()),
            (None, Some(default)) => format!("# {}={default}", setting.name),
            (None, None) => format!("# {} is not set", setting.name),
        };
        text.push_str(&line);
        text.push('\n');
    }
    let names = variable_names();
    text.push_str(&named(environment, &names));
    print(&text)?;
    environment.checked(names.iter().map(String::as_str))?;
    Ok(())
}

/// The databases that have a name, and their files.
fn named(environment: &Environment<'_>, names: &[String]) -> String {
    let Ok(databases) = environment.databases(names.iter().map(String::as_str)) else { return String::new() };
    let mut text = String::new();
    for DatabaseSettings { name, database, catalog } in &databases {
        let Some(name) = name.as_ref().map(|name| name.to_uppercase()) else { continue };
        if text.is_empty() {
            text.push_str("# --- databases with a path of their own ---\n");
        }
        let place = format!("postgres://{}@{}", database.role(), database.place());
        text.push_str(&format!("DATABASE_URL_{name}={place} (the rest is hidden)\n"));
        if let Some(file) = &catalog.file {
            text.push_str(&format!("DATEBIN_CONFIG_{name}={}\n", file.display()));
        }
    }
    text
}

/// Where the database is, and nothing else of its URL.
fn place(environment: &Environment<'_>) -> String {
    let place = environment.database().map(|config| format!("postgres://{}@{}", config.role(), config.place()));
    format!("{} (the rest is hidden)", place.unwrap_or_default())
}
