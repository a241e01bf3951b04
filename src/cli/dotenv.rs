//! `.env`, read from the working directory or one above it.

use std::path::PathBuf;

/// The two names that say where the database is; one of them is enough.
const PLACES: [&str; 2] = ["DATABASE_URL", "DATABASE_URL_FILE"];

/// The other one of the two.
pub(super) fn other_place(name: &str) -> Option<&'static str> {
    PLACES.contains(&name).then(|| if name == PLACES[0] { PLACES[1] } else { PLACES[0] })
}

/// Reads the file into the environment; what that has already stays. Gives the name that is not to be taken from the file,
/// as the environment says where the database is by the other one.
///
/// # Errors
/// The file is there and cannot be read. Its text is not repeated: it may hold a password.
pub(super) fn read() -> Result<Option<&'static str>, String> {
    let is_set = |name: &&str| std::env::var_os(name).is_some();
    let set: Vec<&str> = PLACES.into_iter().filter(is_set).collect();
    let hidden = if let [only] = set.as_slice() { other_place(only) } else { None };
    match dotenvy::dotenv() {
        Ok(_) => Ok(hidden),
        Err(error) if error.not_found() => Ok(hidden),
        Err(dotenvy::Error::LineParse(part, _)) => {
            let path = path();
            let shown = path.as_ref().map_or_else(|| ".env".to_owned(), |path| path.display().to_string());
            let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
            Err(match line_of(&text, &part) {
                Some(line) => format!("{shown}: line {line} is no assignment such as NAME=value or NAME='a value'"),
                None => format!("{shown}: a line is no assignment such as NAME=value or NAME='a value'"),
            })
        }
        Err(dotenvy::Error::Io(error)) => Err(format!(".env cannot be read: {}", error.kind())),
        Err(_) => Err(".env cannot be read".to_owned()),
    }
}

/// The file that was read.
fn path() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|folder| folder.join(".env")).find(|path| path.is_file())
}

/// The number of the line at which a part of a text begins.
fn line_of(text: &str, part: &str) -> Option<usize> {
    let part = part.trim();
    let at = text.find(part).filter(|_| !part.is_empty())?;
    Some(text[..at].matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_by_its_first_line() {
        assert_eq!(line_of("A=1\nB 2\nC=3", "B 2"), Some(2));
        assert_eq!(line_of("A=1\n'B\n2\n", "'B\n2\n"), Some(2));
        assert_eq!(line_of("A=1", ""), None);
        assert_eq!(line_of("A=1", "B"), None);
    }
}
