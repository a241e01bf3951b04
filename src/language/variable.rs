//! Dashboard variables that Grafana did not replace: `$host`, `${host:regex}`, `[[host]]`.
//!
//! A backslash in front makes them plain text, and a name begins with a letter or an underscore, so that `$1` in a
//! replacement and `a$` in a pattern are none.

use crate::ast::Span;

/// The variable that stands for everything, however it is written.
const ALL: &str = "__all";

/// The longest reference in bytes.
const LONGEST: usize = 256;

/// What to do about a variable that arrives as it stands.
pub const HINT: &str = "does the dashboard define it? Alert rules have no variables";

/// A variable's name where a value was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name, without decoration and format.
    pub name: String,
    /// Where it stands in the text.
    pub span: Span,
}

/// The first variable in a text that nobody replaced.
#[must_use]
pub fn unreplaced(text: &str) -> Option<Reference> {
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\\' => at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '$' | '[' => match reference(&text[at..]) {
                Some((name, width)) => {
                    return Some(Reference { name: name.to_owned(), span: Span { start: at, end: at + width } });
                }
                None => at += 1,
            },
            c => at += c.len_utf8(),
        }
    }
    None
}

/// The text with everything in the place of each variable that nobody replaced.
#[must_use]
pub fn opened(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(found) = unreplaced(rest) {
        out.push_str(&rest[..found.span.start]);
        out.push_str(".*");
        rest = &rest[found.span.end..];
    }
    out + rest
}

/// Whether a value is `$__all`: what Grafana writes where "All" is picked and was not expanded.
#[must_use]
pub fn is_all(value: &str) -> bool {
    reference(value).is_some_and(|(name, width)| name == ALL && width == value.len())
}

/// The variable that a text begins with: its name, and the length of the whole reference.
pub(super) fn reference(text: &str) -> Option<(&str, usize)> {
    // No name is longer, and a text may be full of openings that nothing closes.
    let text = &text[..text.floor_char_boundary(LONGEST)];
    if let Some(rest) = text.strip_prefix("${") {
        let inner = &rest[..rest.find(['}', '\n']).filter(|end| rest[*end..].starts_with('}'))?];
        let name = &inner[..inner.find([':', '.']).unwrap_or(inner.len())];
        return is_name(name).then_some((name, inner.len() + 3));
    }
    if let Some(rest) = text.strip_prefix("[[") {
        let inner = &rest[..rest.find("]]")?];
        let (name, format) = inner.split_once(':').unwrap_or((inner, "raw"));
        return (is_name(name) && is_name(format)).then_some((name, inner.len() + 4));
    }
    let rest = text.strip_prefix('$')?;
    let name = &rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())];
    is_name(name).then_some((name, name.len() + 1))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(is_word)
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_found() {
        for (text, name, shown) in [
            ("$host", "host", "$host"),
            ("web-$host.example", "host", "$host"),
            ("${host}", "host", "${host}"),
            ("${host:regex}", "host", "${host:regex}"),
            ("${host.id:csv}", "host", "${host.id:csv}"),
            ("a[[host]]b", "host", "[[host]]"),
            ("[[host:pipe]]", "host", "[[host:pipe]]"),
            ("ä${_x}", "_x", "${_x}"),
            (r"\\$x", "x", "$x"),
            ("$1 and $two", "two", "$two"),
            ("{a,$b}", "b", "$b"),
        ] {
            let found = unreplaced(text).unwrap();
            assert_eq!((found.name.as_str(), &text[found.span.start..found.span.end]), (name, shown), "{text}");
        }
    }

    #[test]
    fn other_dollars_and_brackets_are_text() {
        for text in [
            "",
            "a$",
            "(a$|b$)",
            "$1",
            "${1}",
            r"\$host",
            r"\${host}",
            r"\[\[host\]\]",
            "[[:alpha:]]",
            "[[a-z]x]]",
            "$",
            "${",
            "[[",
            "[[host]",
            "${host",
            "$$",
            "5 $",
            "\\",
        ] {
            assert_eq!(unreplaced(text), None, "{text}");
        }
    }

    #[test]
    fn all_is_a_whole_value() {
        for (text, all) in [
            ("$__all", true),
            ("${__all}", true),
            ("${__all:regex}", true),
            ("[[__all]]", true),
            ("$__all ", false),
            ("a$__all", false),
            ("$__allx", false),
            ("__all", false),
        ] {
            assert_eq!(is_all(text), all, "{text}");
        }
    }
}
