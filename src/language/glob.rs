//! Braces inside a pattern: `web-{a,b}.*` with a variable of several values in it.

use std::borrow::Cow;

use super::reading::without_escapes;

/// The pattern with every list in braces as alternatives. Values in it are plain text, as Grafana's `glob` format
/// escapes nothing. A quantifier, such as `x{1,2}`, and braces without a comma stay.
pub(super) fn expanded(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains('{') {
        return Cow::Borrowed(pattern);
    }
    let (mut out, mut at, mut in_class, mut repeatable) = (String::with_capacity(pattern.len()), 0, false, false);
    while let Some(c) = pattern[at..].chars().next() {
        let mut width = c.len_utf8();
        let mut follows_atom = true;
        match c {
            '\\' => width += pattern[at + 1..].chars().next().map_or(0, char::len_utf8),
            '[' if !in_class => {
                in_class = true;
                // A bracket right behind the opening one is a member.
                width +=
                    ["^]", "]", "^"].iter().find(|own| pattern[at + 1..].starts_with(**own)).map_or(0, |own| own.len());
            }
            ']' => in_class = false,
            '(' | '|' if !in_class => follows_atom = false,
            '{' if !in_class => {
                if let Some(list) = list(&pattern[at..], repeatable) {
                    alternatives(&mut out, &list.members);
                    at += list.width;
                    repeatable = true;
                    continue;
                }
            }
            _ => {}
        }
        out.push_str(&pattern[at..at + width]);
        (at, repeatable) = (at + width, follows_atom);
    }
    Cow::Owned(out)
}

/// A list in braces.
struct List<'a> {
    members: Vec<&'a str>,
    width: usize,
}

/// The list that a text begins with; none where the braces are a quantifier, hold no comma, or hold braces. The look
/// ahead ends at the next brace, so that all of them together are linear.
fn list(text: &str, repeatable: bool) -> Option<List<'_>> {
    let (mut start, mut members) = (1, Vec::new());
    let mut rest = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'\\' => drop(rest.next()),
            b'{' => return None,
            b',' => {
                members.push(&text[start..at]);
                start = at + 1;
            }
            b'}' => {
                members.push(&text[start..at]);
                let is_list = members.len() > 1 && !(repeatable && is_quantifier(&text[1..at]));
                return is_list.then_some(List { members, width: at + 1 });
            }
            _ => {}
        }
    }
    None
}

/// `1,2`, `1,` or `,2`: what may stand in the braces behind what is repeated. RE2 takes the last for plain text.
fn is_quantifier(inside: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_end = |text: &str| text.is_empty() || is_number(text);
    inside.split_once(',').is_some_and(|(least, most)| inside != "," && is_end(least) && is_end(most))
}

fn alternatives(out: &mut String, members: &[&str]) {
    for (at, member) in members.iter().enumerate() {
        out.push_str(if at > 0 { "|" } else { "(?:" });
        for c in without_escapes(member, |_| true).chars() {
            if matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_become_alternatives() {
        for (pattern, expected) in [
            ("web-{a,b}", "web-(?:a|b)"),
            ("{a,b}.*", "(?:a|b).*"),
            ("{a.1,b*}-{c,d}", r"(?:a\.1|b\*)-(?:c|d)"),
            (r"x{a\,b,c\}}", r"x(?:a,b|c\})"),
            ("({1,2}|x)", "((?:1|2)|x)"),
            ("a|{1,2}", "a|(?:1|2)"),
            ("x{1,2,3}", "x(?:1|2|3)"),
            ("{a,b}{1,2}", "(?:a|b){1,2}"),
            ("ä{ö,ü}", "ä(?:ö|ü)"),
        ] {
            assert_eq!(expanded(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn other_braces_stay() {
        for pattern in [
            "x{1,2}",
            "x{1,}",
            "x{,1}",
            "x{3}",
            "[ab]{1,2}",
            "(ab){1,2}",
            r"\d{1,2}",
            r"\p{Greek}",
            r"x\{a,b\}",
            "[{a,b}]",
            "x{a",
            "[]{a,b}]",
            "[^]{a,b}]",
            "{a}",
            "x{}",
            r"\{1,2}",
        ] {
            assert_eq!(expanded(pattern), pattern);
        }
    }
}
