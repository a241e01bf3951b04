//! Names of SQL objects, and the one place that quotes them.

use std::fmt;

/// An identifier exactly as the database stores it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ident(String);

/// A name that no PostgreSQL object can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an SQL name is neither empty nor contains a NUL")]
pub struct InvalidIdent;

impl Ident {
    /// Takes a stored name.
    ///
    /// # Errors
    /// The name is empty or contains a NUL, which no stored name does.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidIdent> {
        let name = name.into();
        if name.is_empty() || name.contains('\0') { Err(InvalidIdent) } else { Ok(Self(name)) }
    }

    /// The name as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as SQL: always quoted, so that case, blanks and reserved words survive.
    /// <https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS>
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0.replace('"', "\"\""))
    }
}

impl fmt::Display for Ident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_nul_is_refused() {
        assert_eq!(Ident::new("a\"; drop table b; --").map(|i| i.quoted()), Ok("\"a\"\"; drop table b; --\"".into()));
        assert_eq!(Ident::new("a\0b"), Err(InvalidIdent));
        assert_eq!(Ident::new(""), Err(InvalidIdent));
    }
}
