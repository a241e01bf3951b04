//! Where statements over rows look names up.

use std::fmt;
use std::sync::Arc;

use crate::ident::Ident;
use crate::sql::Writer;

/// `pg_catalog`, and behind it the schemas that the operator trusts: functions of views and policies find there what
/// their bodies name without a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath(Arc<[Ident]>);

impl Default for SearchPath {
    /// `pg_catalog` alone.
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl SearchPath {
    /// Schemas with commas between them. Names with a quote or a backslash are refused, because they cannot be put into a
    /// literal; `$user` is refused, because PostgreSQL reads it as the schema of the role, in which that role may create
    /// functions, however it is quoted.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let names = text.split(',').map(str::trim).filter(|name| *name != "pg_catalog");
        let idents = names.map(|name| {
            let is_plain = !name.contains(['\'', '"', '\\']) && !name.chars().any(char::is_control);
            Ident::new(name).ok().filter(|_| is_plain && name != "$user")
        });
        Some(Self(idents.collect::<Option<Vec<_>>>()?.into()))
    }

    /// Appends the schemas in order, each quoted.
    pub(super) fn write(&self, w: &mut Writer) {
        w.syntax("pg_catalog");
        for schema in &*self.0 {
            w.syntax(", ").ident(schema);
        }
    }

    /// Appends the call that makes it the path of a session.
    pub(super) fn write_call(&self, w: &mut Writer) {
        w.syntax("pg_catalog.set_config('search_path', '");
        self.write(w);
        w.syntax("', false)");
    }
}

impl fmt::Display for SearchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
        assert_eq!(SearchPath::default().to_string(), "pg_catalog");
        assert_eq!(path("pg_catalog").as_deref(), Some("pg_catalog"));
        assert_eq!(path("public, App Data").as_deref(), Some("pg_catalog, \"public\", \"App Data\""));
        for wrong in ["a', true); DROP TABLE x; --", "a\"b", "a\\b", "a,,b", "a\nb", "$user", "public, $user"] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
    }
}
