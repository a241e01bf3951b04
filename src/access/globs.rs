//! Patterns of names in which `*` stands for anything.

/// Patterns of names; no list at all means every name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Globs(Option<Vec<String>>);

impl Globs {
    pub(super) const fn new(patterns: Option<Vec<String>>) -> Self {
        Self(patterns)
    }

    /// Whether every name matches.
    pub(super) const fn is_all(&self) -> bool {
        self.0.is_none()
    }

    pub(super) fn accept(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| matches(pattern, name)))
    }
}

/// Whether the whole name matches. Parts are looked for from left to right, the last one at the end.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, name, expected) in [
            ("cpu", "cpu", true),
            ("cpu", "cpu_idle", false),
            ("host_*", "host_cpu", true),
            ("host_*", "host_", true),
            ("host_*", "other_host_cpu", false),
            ("*", "", true),
            ("*_total", "http_total", true),
            ("*_total", "total", false),
            ("a*b*c", "a_b_c", true),
            ("a*b*c", "abcabc", true),
            ("a*b*c", "ac", false),
            ("ab*ba", "aba", false),
            ("a.c", "abc", false),
            ("**", "x", true),
            ("größe*", "größe_cm", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
        assert!(Globs::new(None).accept("x") && !Globs::new(Some(Vec::new())).accept("x"));
    }
}
