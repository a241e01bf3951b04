//! Where statements over rows look names up.

use std::fmt;
use std::sync::Arc;

use crate::ident::Ident;
use crate::sql::Writer;

/// `pg_catalog`, and behind it the search path for functions of views and policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SearchPath {
    /// The path of the role, as in `psql`.
    #[default]
    Role,
    /// Schemas that the operator lists; perhaps none.
    Named(Arc<[Ident]>),
}

impl SearchPath {
    /// Schemas with commas between them, or `role`. Names with a quote or a backslash are refused, because they cannot be put
    /// into a literal, and `$user`, because it would not be the schema of that name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.trim() == ROLE {
            return Some(Self::Role);
        }
        let names = text.split(',').map(str::trim).filter(|name| *name != "pg_catalog");
        let idents = names.map(|name| {
            let is_plain = !name.contains(['\'', '"', '\\']) && !name.chars().any(char::is_control);
            Ident::new(name).ok().filter(|_| is_plain && name != "$user")
        });
        Some(Self::Named(idents.collect::<Option<Vec<_>>>()?.into()))
    }

    fn write(&self, w: &mut Writer) {
        w.syntax("pg_catalog");
        if let Self::Named(schemas) = self {
            for schema in &**schemas {
                w.syntax(", ").ident(schema);
            }
        }
    }

    /// Appends the call that sets the path of a session or a transaction. NULL resets it to the path of the role, because
    /// another client of a pooler may have changed it.
    pub(super) fn write_call(&self, w: &mut Writer, lasting: SettingScope) {
        let end = lasting.end();
        w.syntax("pg_catalog.set_config('search_path', ");
        if *self == Self::Role {
            // The role may have an empty path.
            w.syntax("pg_catalog.concat_ws(', ', 'pg_catalog', nullif(pg_catalog.btrim(");
            w.syntax("pg_catalog.set_config('search_path', NULL::pg_catalog.text").syntax(end).syntax("), ''))");
        } else {
            w.syntax("'");
            self.write(w);
            w.syntax("'");
        }
        w.syntax(end);
    }
}

/// How long a setting lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SettingScope {
    Session,
    Transaction,
}

impl SettingScope {
    /// The end of the call that sets it.
    pub(super) const fn end(self) -> &'static str {
        match self {
            Self::Session => ", false)",
            Self::Transaction => ", true)",
        }
    }
}

/// The value of the setting that means the role's path.
const ROLE: &str = "role";

impl fmt::Display for SearchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Named(_) = self else { return f.write_str(ROLE) };
        let mut w = Writer::default();
        self.write(&mut w);
        f.write_str(&w.finish().text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_stand_behind_pg_catalog_and_no_text_ends_a_literal() {
        let path = |text: &str| SearchPath::parse(text).map(|path| path.to_string());
        assert_eq!(SearchPath::default().to_string(), "role");
        assert_eq!(path("role").as_deref(), Some("role"));
        assert_eq!(path("pg_catalog").as_deref(), Some("pg_catalog"));
        assert_eq!(path("public, App Data").as_deref(), Some("pg_catalog, \"public\", \"App Data\""));
        for wrong in ["a', true); DROP TABLE x; --", "a\"b", "a\\b", "a,,b", "a\nb", "$user", "public, $user"] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }
}
