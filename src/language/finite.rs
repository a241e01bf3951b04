//! Regular expressions that are no more than a list of words.

/// What a list of words was written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finite {
    /// The words, unescaped, in order.
    pub(super) words: Vec<String>,
    /// Whether Grafana could have interpolated it: nothing but plain characters and escaped
    /// punctuation, in `(…|…)` when there are several.
    pub(super) grafana_shaped: bool,
}

/// Where the scan stands within one alternative.
#[derive(PartialEq)]
enum ScanPosition {
    Start,
    Word,
    AfterGroup,
}

/// The words that the pattern matches, when these are written out one by one.
///
/// Groups may nest as long as they hold whole alternatives: `(a|(?:b|c))`, but not `a(b|c)`.
pub(super) fn finite(pattern: &str) -> Option<Finite> {
    let (mut words, mut word, mut place) = (Vec::new(), String::new(), ScanPosition::Start);
    let (mut depth, mut grafana_shaped) = (0_usize, true);
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '(' if place == ScanPosition::Start => {
                depth += 1;
                if let Some(after) = rest.as_str().strip_prefix("?:") {
                    (rest, grafana_shaped) = (after.chars(), false);
                }
            }
            '|' | ')' => {
                if place != ScanPosition::AfterGroup {
                    words.push(std::mem::take(&mut word));
                }
                if c == ')' {
                    (depth, place) = (depth.checked_sub(1)?, ScanPosition::AfterGroup);
                } else {
                    (grafana_shaped, place) = (grafana_shaped && depth > 0, ScanPosition::Start);
                }
            }
            _ if place == ScanPosition::AfterGroup || is_meta(c) => return None,
            _ => {
                // A backslash before a letter or a digit names a class, an assertion or a control character.
                word.push(if c == '\\' { rest.next().filter(char::is_ascii_punctuation)? } else { c });
                place = ScanPosition::Word;
            }
        }
    }
    if place != ScanPosition::AfterGroup {
        words.push(word);
    }
    (depth == 0).then_some(Finite { words, grafana_shaped })
}

fn is_meta(c: char) -> bool {
    matches!(c, '.' | '*' | '+' | '?' | '^' | '$' | '(' | '[' | ']' | '{' | '}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_words_are_found() {
        for (pattern, words, grafana_shaped) in [
            ("", &[""][..], true),
            ("()", &[""], true),
            ("web", &["web"], true),
            (r"web\.01", &["web.01"], true),
            (r"(web\.01|web\.02)", &["web.01", "web.02"], true),
            ("a|b", &["a", "b"], false),
            ("(?:a|b)", &["a", "b"], false),
            ("(a|(b|c)|d)", &["a", "b", "c", "d"], true),
            ("((a))", &["a"], true),
            ("(|a)", &["", "a"], true),
            (r"(C:\\|D:\\)", &["C:\\", "D:\\"], true),
            (r"a\\b", &["a\\b"], true),
            (r"\(a\|b\)", &["(a|b)"], true),
            ("ä/ö-1 x", &["ä/ö-1 x"], true),
        ] {
            let words = words.iter().map(ToString::to_string).collect();
            assert_eq!(finite(pattern), Some(Finite { words, grafana_shaped }), "{pattern}");
        }
    }

    #[test]
    fn anything_else_is_a_pattern() {
        for pattern in [
            "web.*", "a(b|c)", "(a|b)c", "(a)(b)", "(a", "a)", "(a|b", r"\d", r"a\", "a+", "[ab]", "a{2}", "^a$",
            "(?i)a", "(?:a", "((a)b)",
        ] {
            assert_eq!(finite(pattern), None, "{pattern}");
        }
    }
}
