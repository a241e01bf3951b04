//! A file that is read again whenever it changes. A broken one keeps what was read of it before.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use crate::refresh::changed;

/// A file and how it is read.
pub(super) struct Reread<F> {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it holds, for people.
    pub(super) what: &'static str,
    /// Whether other users of the machine should not read it.
    pub(super) is_private: bool,
    /// Reads its text.
    pub(super) read: F,
}

impl<F> Reread<F> {
    /// Reads the file now: its text and what that says.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub(super) async fn first<T, E: Display>(&self) -> Result<(String, T), String>
    where
        F: Fn(&str) -> Result<T, E>,
    {
        let failed = |why: String| format!("the {} in {} cannot be read: {why}", self.what, self.path.display());
        let text = tokio::fs::read_to_string(&self.path).await.map_err(|error| failed(error.to_string()))?;
        let read = (self.read)(&text).map_err(|error| failed(error.to_string()))?;
        if self.is_private {
            warn_of_readers(&self.path, self.what).await;
        }
        Ok((text, read))
    }

    /// Reads the file whenever its text is another one than the last, as long as somebody wants to know.
    pub(super) async fn keep<T, E: Display>(self, mut last: Option<String>, sender: watch::Sender<T>)
    where
        F: Fn(&str) -> Result<T, E>,
    {
        let Self { path, what, is_private, read } = self;
        while !sender.is_closed() {
            changed(Some(&path), last.clone()).await;
            let text = match tokio::fs::read_to_string(&path).await {
                Ok(text) => text,
                Err(error) => {
                    tracing::error!(%error, "the {what} cannot be read again; those of before stay in force");
                    changed(Some(&path), None).await;
                    continue;
                }
            };
            if is_private {
                warn_of_readers(&path, what).await;
            }
            match read(&text) {
                Ok(read) => {
                    tracing::info!("the {what} were read again");
                    sender.send_replace(read);
                }
                Err(error) => tracing::error!(%error, "the {what} cannot be read again; those of before stay in force"),
            }
            last = Some(text);
        }
    }
}

/// Warns where every user of the machine may read a file. Hashes of long random secrets tell little, but the file of tokens also
/// says who sees what.
async fn warn_of_readers(path: &Path, what: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(found) = tokio::fs::metadata(path).await else { return };
    if found.permissions().mode() & 0o004 != 0 {
        let file = path.display();
        tracing::warn!(%file, "every user of this machine may read the file of {what}; chmod 640 closes it");
    }
}
