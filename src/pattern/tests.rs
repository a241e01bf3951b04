use super::*;

fn matches(pattern: &str, value: &str) -> bool {
    Patterns::default().whole(pattern).unwrap().is_match(value)
}

#[test]
fn patterns_mean_what_re2_means() {
    for (pattern, matching, other) in [
        ("a.c", "a\nc", "xa.c"),
        (r"\<a.*", "<abc", "abc"),
        (r"\>", ">", ""),
        (r"[a&&b]+", "a&b", "c"),
        (r"[+--b]+", "+,-b", "a"),
        (r"[a~~b]+", "~b", "c"),
        (r"[[a]+", "[a[", "]"),
        (r"[]a]+", "]a", "b"),
        (r"[^]a]", "b", "]"),
        (r"[a\]-_]+", "]^_a", "\\"),
        (r"\d+", "12", "١٢"),
        (r"\w+", "ab_1", "é"),
        (r"\W", "é", "e"),
        (r"\s", "\t", "\u{a0}"),
        (r"[\d-z]+", "1-z", "a"),
        (r"[^\D]", "1", "a"),
        (r"é\b.*|x\b", "x", "é"),
        (r"\pN\p{Greek}\PL\p{^L}", "1α23", "aα23"),
        (r"\p{Lu}", "Ä", "ä"),
        (r"\Qa.b*\E+", "a.b**", "aab"),
        (r"\Qa(b", "a(b", "ab"),
        (r"\101\x42\x{43}\0", "ABC\0", "ABC0"),
        (r"\Aa\z", "a", "b"),
        ("a{,2}", "a{,2}", "aa"),
        ("{a}{", "{a}{", "a"),
        ("a{2}", "aa", "a"),
        ("a{01}", "a{01}", "a"),
        (r"x\b{start}", "x{start}", "x"),
        ("(?P<n>a)(?<m>b)(?P<1>c)", "abc", "ab"),
        ("(?P<n>a)(?P<n>b)(?<n>c)", "abc", "ab"),
        ("(?)(?i)A(?-i:b)(?s-i)c", "abc", "abC"),
        ("(?ii:A)", "a", "b"),
        ("[[:alpha:][:^word:]]+", "a-", "1"),
        ("a*?b+?c??", "ab", "c"),
        (r"\_\-\/\ \#", "_-/ #", ""),
        ("(?U)a+", "aa", "b"),
        ("", "", "a"),
        ("a|", "", "b"),
    ] {
        assert!(matches(pattern, matching), "{pattern} on {matching:?}");
        assert!(!matches(pattern, other), "{pattern} not on {other:?}");
    }
}

#[test]
fn what_re2_refuses_is_refused_with_its_place() {
    for (pattern, at) in [
        ("(?x)a b", 1),
        ("(?R)a", 1),
        ("(?u:a)", 1),
        ("a(?=b)", 2),
        ("(?<=a)", 1),
        ("(?P=n)", 1),
        ("(?i", 1),
        ("(?i-)", 1),
        (r"a\u{41}", 2),
        (r"\u0041", 1),
        (r"\C", 1),
        (r"\Z", 1),
        (r"\E", 1),
        (r"a\1", 2),
        (r"ä\8", 2),
        (r"\p{Alphabetic", 1),
        (r"\p{greek}", 1),
        (r"\p{sc=Greek}", 1),
        (r"\p", 1),
        (r"\x{110000}", 1),
        (r"\xg", 1),
        (r"a\", 2),
        ("a**", 3),
        ("a+*", 3),
        ("a*+", 3),
        ("a{2}{3}", 5),
        ("*a", 1),
        ("a|*", 3),
        ("(+)", 2),
        ("{2}", 1),
        ("a{1001}", 2),
        ("a{2,1}", 2),
        ("(?:a{1,99}){1,60}N", 12),
        ("a{99999999999}", 2),
        ("(a", 1),
        ("a)|(b", 2),
        ("[a", 1),
        ("[]", 1),
        ("[b-a]", 2),
        (r"[a-\d]", 2),
        ("[[:nothing:]]", 2),
        ("(?P<>a)", 1),
        ("(?P<a.b>a)", 1),
    ] {
        match Patterns::default().whole(pattern) {
            Err(PatternError::Invalid(_, Some(found))) => assert_eq!(found, at, "{pattern}"),
            other => panic!("{pattern}: {other:?}"),
        }
    }
    assert!(matches!(Patterns::default().whole(r"\p{Alphabetic}"), Err(PatternError::Invalid(..))));
    assert!(Patterns::default().whole(&"(".repeat(300)).is_err());
}

#[test]
fn a_part_is_enough_where_a_list_is_searched() {
    let found = Patterns::default().part("^cpu_(a|b)").unwrap();
    assert!(found.is_match("cpu_b_total") && !found.is_match("x_cpu_a"));
}

#[test]
fn groups_are_put_into_a_replacement() {
    let pattern = Patterns::default().whole(r"(?P<first>[^-]+)-(\d+)").unwrap();
    assert_eq!(pattern.replaced("web-01", "$2 ${first}").as_deref(), Some("01 web"));
    assert_eq!(pattern.replaced("web", "$1"), None);
    // Of several groups with one name the first has it.
    let twice = Patterns::default().whole("(?P<a>h)(?P<a>a)").unwrap();
    assert_eq!(twice.replaced("ha", "$a-$1-$2").as_deref(), Some("h-h-a"));
}

#[test]
fn patterns_share_one_budget_and_are_compiled_once() {
    assert_eq!(Patterns::default().whole(r"\pL{1,1000}"), Err(PatternError::TooLarge));
    assert_eq!(Patterns::default().whole(&"a".repeat(65_537)), Err(PatternError::TooLong));
    let patterns = Patterns::default();
    let left = || patterns.0.lock().unwrap().left;
    assert!(patterns.whole("a+b").is_ok());
    let after = left();
    assert!(patterns.whole("a+b").is_ok());
    assert_eq!((left(), after < BUDGET), (after, true), "compiled once");
    let refused = (0..10_000).find_map(|n| patterns.whole(&format!("[a-z]{{1,100}}{n}")).err());
    assert_eq!(refused, Some(PatternError::OverBudget));
}
