//! The file that a database's URL stands in: it is read again for each session, so that a password may change.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::secured::LibpqVariables;
use super::servers::Servers;

/// The file, and what was read of it last.
pub(super) struct UrlFile {
    path: PathBuf,
    last: Mutex<LastUrl>,
}

/// The last URL that could be read.
struct LastUrl {
    servers: Servers,
    /// Why the file cannot be used now.
    problem: Option<String>,
}

impl UrlFile {
    /// A file of which these servers were read.
    pub(super) const fn new(path: PathBuf, servers: Servers) -> Self {
        Self { path, last: Mutex::new(LastUrl { servers, problem: None }) }
    }

    /// The servers that it names; while it cannot be used those that it named last. The log says when that begins and ends.
    pub(super) fn servers(&self, variables: &LibpqVariables) -> Servers {
        let read = self.read(variables);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.path.display();
        match read {
            Ok(servers) => {
                last.servers = servers.remembering(&last.servers);
                if last.problem.take().is_some() {
                    tracing::info!(%file, "the file with the database's URL can be read again");
                }
            }
            Err(problem) if last.problem.as_ref() == Some(&problem) => {}
            Err(problem) => {
                tracing::warn!(%file, "the file with the database's URL {problem}; the last URL that could be read stays in use");
                last.problem = Some(problem);
            }
        }
        last.servers.clone()
    }

    /// Reads the file. What is wrong is said without its text, which is secret.
    fn read(&self, variables: &LibpqVariables) -> Result<Servers, String> {
        let text = std::fs::read_to_string(&self.path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "is missing".to_owned(),
            _ => format!("cannot be read ({error})"),
        })?;
        let text = text.trim();
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        Servers::parse(text, variables).map_err(|invalid| format!("is wrong: expected {}", invalid.0))
    }
}
