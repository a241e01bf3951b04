//! How interpolated strings read, and every decision around it.

use super::super::{equal_test, names, regex_test};
use super::*;

const EQUAL: [(&str, &str, &str); 33] = [
    (r"web\.01", r#"in ["web.01"]"#, r#"not in ["web.01"]"#),
    ("web.01", r#"in ["web.01"]"#, r#"not in ["web.01"]"#),
    (r"(web\.01|web\.02)", r#"in ["web.01", "web.02"]"#, r#"not in ["web.01", "web.02"]"#),
    ("(a|b)", r#"in ["a", "b"]"#, r#"not in ["a", "b"]"#),
    ("{a,b}", r#"in ["a", "b"]"#, r#"not in ["a", "b"]"#),
    ("{a}", r#"in ["{a}"]"#, r#"not in ["{a}"]"#),
    ("(a)", r#"in ["(a)"]"#, r#"not in ["(a)"]"#),
    (r"{a\,b,c\}}", r#"in ["a,b", "c}"]"#, r#"not in ["a,b", "c}"]"#),
    (r"(a\|b|c\)d)", r#"in ["a|b", "c)d"]"#, r#"not in ["a|b", "c)d"]"#),
    (r"\(a\|b\)", r#"in ["(a|b)"]"#, r#"not in ["(a|b)"]"#),
    (r"\{a,b\}", r#"in ["{a,b}"]"#, r#"not in ["{a,b}"]"#),
    ("(a|b) and (c|d)", r#"in ["(a|b) and (c|d)"]"#, r#"not in ["(a|b) and (c|d)"]"#),
    ("(a|(b|c))", r#"in ["a", "(b|c)"]"#, r#"not in ["a", "(b|c)"]"#),
    (r"(a|b\)", r#"in ["(a|b)"]"#, r#"not in ["(a|b)"]"#),
    ("a|b", r#"in ["a|b"]"#, r#"not in ["a|b"]"#),
    ("(a|)", r#"in ["a", ""]"#, r#"not in ["a", ""]"#),
    (r"C:\data", r#"in ["C:\\data"]"#, r#"not in ["C:\\data"]"#),
    (r"C:\\data", r#"in ["C:\\data"]"#, r#"not in ["C:\\data"]"#),
    (r"(C:\\|D:\\)", r#"in ["C:\\", "D:\\"]"#, r#"not in ["C:\\", "D:\\"]"#),
    (r"a\/b", r#"in ["a/b"]"#, r#"not in ["a/b"]"#),
    (r"web\-01", r#"in ["web\\-01"]"#, r#"not in ["web\\-01"]"#),
    (r#"say \"hi\""#, r#"in ["say \"hi\""]"#, r#"not in ["say \"hi\""]"#),
    (r"it\'s", r#"in ["it's"]"#, r#"not in ["it's"]"#),
    (".*", "Everything", "Nothing"),
    (".+", r#"not in [""]"#, r#"in [""]"#),
    (r"\.\*", r#"in [".*"]"#, r#"not in [".*"]"#),
    ("", r#"in [""]"#, r#"not in [""]"#),
    ("()", r#"in [""]"#, r#"not in [""]"#),
    ("{}", r#"in [""]"#, r#"not in [""]"#),
    ("$__all", "Everything", "Nothing"),
    (r"(a|\$__all)", "Everything", "Nothing"),
    ("{a,$__all}", "Everything", "Nothing"),
    (r"\$host", r#"in ["$host"]"#, r#"not in ["$host"]"#),
];

const REGEX: [(&str, &str, &str); 42] = [
    (r"web\.01", r#"in ["web.01"]"#, r#"not in ["web.01"]"#),
    (r"(web\.01|web\.02)", r#"in ["web.01", "web.02"]"#, r#"not in ["web.01", "web.02"]"#),
    ("a|b", r#"in ["a", "b"]"#, r#"not in ["a", "b"]"#),
    ("(?:a|b)", r#"in ["a", "b"]"#, r#"not in ["a", "b"]"#),
    ("(a|(b|c))", r#"in ["a", "b", "c"]"#, r#"not in ["a", "b", "c"]"#),
    (r"web\\.01", r#"in ["web.01"]"#, r#"not in ["web.01"]"#),
    (r"web\\.01.*", r"like web\.01.*", r"not like web\.01.*"),
    (r"web\\.01|web\\.02", r#"in ["web.01", "web.02"]"#, r#"not in ["web.01", "web.02"]"#),
    (r"(web\\.01|web\\.02)", r#"in ["web.01", "web.02"]"#, r#"not in ["web.01", "web.02"]"#),
    (r"web\\d+", r"like web\d+", r"not like web\d+"),
    (r"C:\\\\.*", r"like C:\\.*", r"not like C:\\.*"),
    (r"(C:\\|D:\\)", r#"in ["C:\\", "D:\\"]"#, r#"not in ["C:\\", "D:\\"]"#),
    (r"a\\b", r#"in ["a\\b"]"#, r#"not in ["a\\b"]"#),
    (r"a\\", r#"in ["a\\"]"#, r#"not in ["a\\"]"#),
    (r"a\/b", r#"in ["a/b"]"#, r#"not in ["a/b"]"#),
    (r"web\.\\d+", r"like web\.\\d+", r"not like web\.\\d+"),
    ("web.*", "like web.*", "not like web.*"),
    (r"\d+", r"like \d+", r"not like \d+"),
    (r#"\"a\""#, r#"in ["\"a\""]"#, r#"not in ["\"a\""]"#),
    (r#"a\\.b\".*"#, r#"like a\.b".*"#, r#"not like a\.b".*"#),
    ("web-[ab]", "like web-[ab]", "not like web-[ab]"),
    ("(a|b)c", "like (a|b)c", "not like (a|b)c"),
    (r"(a\.b).*", r"like (a\.b).*", r"not like (a\.b).*"),
    ("(", "like (", "not like ("),
    ("^a$", "like ^a$", "not like ^a$"),
    (".*", "Everything", "Nothing"),
    (".+", r#"not in [""]"#, r#"in [""]"#),
    ("", r#"in [""]"#, r#"not in [""]"#),
    ("()", r#"in [""]"#, r#"not in [""]"#),
    ("(|a)", r#"in ["", "a"]"#, r#"not in ["", "a"]"#),
    ("{a,b}", r#"in ["a", "b"]"#, r#"not in ["a", "b"]"#),
    ("{web.01,c*d}", r#"in ["web.01", "c*d"]"#, r#"not in ["web.01", "c*d"]"#),
    (r"{web\.01,a\,b}", r#"in ["web.01", "a,b"]"#, r#"not in ["web.01", "a,b"]"#),
    ("{1,2}", r#"in ["1", "2"]"#, r#"not in ["1", "2"]"#),
    ("{}", r#"in [""]"#, r#"not in [""]"#),
    ("web-{a,b}.*", "like web-(?:a|b).*", "not like web-(?:a|b).*"),
    ("x{1,2}", "like x{1,2}", "not like x{1,2}"),
    ("(a|{b,c})", r#"in ["a", "b", "c"]"#, r#"not in ["a", "b", "c"]"#),
    ("$__all", "Everything", "Nothing"),
    (r"\$__all", "Everything", "Nothing"),
    (r"(a|\$__all|b)", "Everything", "Nothing"),
    ("{a,${__all}}", "Everything", "Nothing"),
];

#[test]
fn equality() {
    for (raw, test, negated) in EQUAL {
        assert_eq!(show_test(&equal_test(raw, false)), test, "{raw}");
        assert_eq!(show_test(&equal_test(raw, true)), negated, "not {raw}");
    }
}

#[test]
fn regular_expressions() {
    for (raw, test, negated) in REGEX {
        assert_eq!(show_test(&regex_test(raw, false)), test, "{raw}");
        assert_eq!(show_test(&regex_test(raw, true)), negated, "not {raw}");
    }
}

#[test]
fn the_same_tests_come_out_of_the_parser() {
    for (raw, test, negated) in EQUAL {
        // A backslash at the end is not an escaped one, so that the quote behind it is part of the value.
        if raw.ends_with('\\') && !raw.ends_with(r"\\") {
            continue;
        }
        assert_eq!(json(&format!("x{{a=\"{raw}\", b!=\"{raw}\"}}")), format!("x{{a {test}, b {negated}}}"), "{raw}");
    }
    for (raw, test, negated) in REGEX {
        assert_eq!(json(&format!("x{{a=~\"{raw}\", b!~\"{raw}\"}}")), format!("x{{a {test}, b {negated}}}"), "{raw}");
        assert_eq!(json(&format!("x{{a=~`{raw}`, b!~`{raw}`}}")), format!("x{{a {test}, b {negated}}}"), "{raw}");
    }
}

#[test]
fn whatever_grafana_escapes_comes_back() {
    let value = r#"C:\x ^$*+?.()|[]{}/-"'ä"#;
    let escaped: String =
        value.chars().flat_map(|c| if r"\^$*+?.()|[]{}/".contains(c) { vec!['\\', c] } else { vec![c] }).collect();
    let one = vec![value.to_owned()];
    let two = vec![value.to_owned(), "b".to_owned()];
    let list = format!("({escaped}|b)");
    assert_eq!(
        (equal_test(&escaped, false), regex_test(&escaped, false)),
        (Test::In(one.clone().into()), Test::In(one.clone().into()))
    );
    assert_eq!(
        (equal_test(&list, false), regex_test(&list, true)),
        (Test::In(two.clone().into()), Test::NotIn(two.clone().into()))
    );
    assert_eq!((names(&escaped).pop(), names(&list).pop()), (Some(one), Some(two)));
}

#[test]
fn whole_targets_as_names() {
    for (text, expected) in [
        ("cpu.load", r#"[["cpu.load"]]"#),
        (r"cpu\.load", r#"[["cpu\\.load"], ["cpu.load"]]"#),
        (" cpu\n", r#"[[" cpu\n"], ["cpu"]]"#),
        (r" cpu\.load ", r#"[[" cpu\\.load "], ["cpu\\.load"], [" cpu.load "], ["cpu.load"]]"#),
        ("(cpu|mem)", r#"[["(cpu|mem)"], ["cpu", "mem"]]"#),
        (r"(cpu\.load|mem\|x)", r#"[["(cpu\\.load|mem\\|x)"], ["cpu.load", "mem|x"]]"#),
        ("{cpu,mem}", r#"[["{cpu,mem}"], ["cpu", "mem"]]"#),
        ("{cpu}", r#"[["{cpu}"]]"#),
        ("(cpu)", r#"[["(cpu)"]]"#),
        ("(cpu|)", r#"[["(cpu|)"]]"#),
        ("()", r#"[["()"]]"#),
        ("", "[]"),
        (" ", r#"[[" "]]"#),
        ("a\0b", "[]"),
    ] {
        assert_eq!(format!("{:?}", names(text)), expected, "{text:?}");
    }
}
