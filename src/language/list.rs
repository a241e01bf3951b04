//! Several names in the place of one: `(a|b)`, `{a,b}`.

use super::reading::{is_escaped, without_escapes};

/// A list of names in a text.
pub(super) struct NameList {
    /// The names, decoded.
    pub(super) names: Vec<String>,
    /// One past the closing bracket.
    pub(super) end: usize,
}

/// How a list is written.
struct ListSyntax {
    close: u8,
    separator: u8,
    /// Signs that no list holds outside of escapes.
    signs: &'static [u8],
    escaped: fn(char) -> bool,
}

const PARENTHESES: ListSyntax =
    ListSyntax { close: b')', separator: b'|', signs: b"()[]{}\"'`,+*^=<>!@$#", escaped: is_escaped };
const BRACES: ListSyntax =
    ListSyntax { close: b'}', separator: b',', signs: b"()[]{}\"'`|+*^=<>!~@$#", escaped: |_| true };

/// The list in the parentheses that open at `open`, when they hold nothing but names, at least two.
pub(super) fn in_parentheses(text: &str, open: usize) -> Option<NameList> {
    read(text, open + 1, &PARENTHESES)
}

/// The list in the braces that open at `open`, when they hold nothing but names, at least two.
pub(super) fn in_braces(text: &str, open: usize) -> Option<NameList> {
    read(text, open + 1, &BRACES)
}

/// The look ahead ends at the next sign, so that all of them together are linear.
fn read(text: &str, start: usize, form: &ListSyntax) -> Option<NameList> {
    let (mut at, mut last, mut names) = (start, start, Vec::new());
    let name = |from: usize, to: usize| without_escapes(text[from..to].trim(), form.escaped);
    while let Some(&byte) = text.as_bytes().get(at) {
        match byte {
            byte if byte == form.separator => {
                names.push(name(last, at));
                last = at + 1;
            }
            byte if byte == form.close && !names.is_empty() => {
                names.push(name(last, at));
                return Some(NameList { names, end: at + 1 });
            }
            b'\\' => at += 1,
            byte if form.signs.contains(&byte) => return None,
            _ => {}
        }
        at += 1;
    }
    None
}
