//! `datebin completions` and `datebin man`: what shells and `man` know of the commands.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::{CommandError, print, say};

const NAME: &str = "datebin";

/// Which shell.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell; put the script where it looks for completions, such as
    /// /usr/share/bash-completion/completions/datebin.
    shell: clap_complete::Shell,
}

/// Where the pages go.
#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// Write a page for each command into this directory, such as /usr/share/man/man1.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Option<PathBuf>,
}

impl Completions {
    pub(super) fn print(&self) -> Result<(), CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Arguments::command(), NAME, &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(())
    }
}

impl Man {
    pub(super) fn write(&self) -> Result<(), CommandError> {
        let mut command = super::Arguments::command().name(NAME);
        command.build();
        let Some(directory) = &self.dir else {
            print(&page(&command)?)?;
            return Ok(());
        };
        std::fs::create_dir_all(directory)?;
        save(directory, NAME, &command)?;
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let name = format!("{NAME}-{}", sub.get_name());
            save(directory, &name, &sub.clone().name(name.clone()))?;
        }
        say(&format!("the pages are in {}", directory.display()));
        Ok(())
    }
}

fn save(directory: &Path, name: &str, command: &clap::Command) -> Result<(), CommandError> {
    std::fs::write(directory.join(format!("{name}.1")), page(command)?)?;
    Ok(())
}

fn page(command: &clap::Command) -> Result<String, CommandError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    Ok(String::from_utf8(page)?)
}
