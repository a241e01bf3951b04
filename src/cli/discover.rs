//! `datebin discover`.

use std::io::IsTerminal as _;

use super::{CommandError, print, say};
use crate::catalog::file::{CatalogFile, Discovery, known_preset};
use crate::catalog::toml_out;
use crate::check::undeclared_text;
use crate::config::Environment;
use crate::db::{load, undeclared};
use crate::refresh::file;

/// What to print instead of all that there is.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print only what this preset declares (telegraf, zabbix, home-assistant or pgwatch); may be repeated.
    #[arg(long = "preset", value_name = "PRESET")]
    presets: Vec<String>,
}

/// Prints the catalog as a `datebin.toml`, with the reasons.
pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> Result<(), CommandError> {
    let config = environment.catalog()?;
    let mut wanted = file(&config).await?;
    if !arguments.presets.is_empty() {
        arguments.presets.iter().try_for_each(|preset| known_preset(preset))?;
        let discovery = Discovery { enabled: false, ..wanted.discovery };
        let presets = arguments.presets.clone();
        wanted = CatalogFile {
            time_zone: wanted.time_zone,
            week_starts: wanted.week_starts,
            discovery,
            presets,
            ..CatalogFile::default()
        };
    }
    let (snapshot, decisions) = load(&environment.database()?, &wanted, config.zone).await?;
    let mut text = toml_out::write(&snapshot, &decisions);
    if arguments.presets.is_empty() {
        for relation in undeclared(&environment.database()?, &wanted, config.zone).await? {
            text.push_str(&format!("# {}\n", undeclared_text(&relation)));
        }
    }
    print(&text)?;
    // A file that is written has the notes as well, where nobody looks yet.
    if snapshot.names().next().is_none() && !std::io::stdout().is_terminal() {
        snapshot.notes().iter().for_each(|note| say(&format!("datebin: {note}")));
    }
    Ok(())
}
