//! Texts that are meant to break a parser.

use std::time::{Duration, Instant};

use super::super::{MAX_BYTES, MAX_DEPTH, canonical, equal_test, names, regex_test, tree};
use super::*;

const TOO_DEEP: &str = "error: the expression is nested deeper than 200 levels";

fn full(piece: &str) -> String {
    piece.repeat(MAX_BYTES / piece.len())
}

/// A thread of the server has 2 MiB, which the parser must leave to others.
fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 * 1024).spawn(work).unwrap().join().unwrap();
}

#[test]
fn depth_is_bounded_in_every_direction() {
    on_a_small_stack(|| {
        for n in [MAX_DEPTH, MAX_DEPTH + 1, 10_000] {
            for (text, deepest) in [
                (format!("{}a{}", "(".repeat(n), ")".repeat(n)), MAX_DEPTH),
                (format!("{}a{}", "f(".repeat(n), ")".repeat(n)), MAX_DEPTH),
                (format!("{}a{}", "sum by(x)(".repeat(n), ")".repeat(n)), MAX_DEPTH),
                (format!("a{}", "+a".repeat(n)), MAX_DEPTH),
                (format!("a{}", "^a".repeat(n)), MAX_DEPTH),
                (format!("{}a", "-".repeat(n)), MAX_DEPTH),
                (format!("a{}", "[1s:]".repeat(n)), MAX_DEPTH),
                (format!("{}a", "1^-".repeat(n / 2)), MAX_DEPTH + 1),
            ] {
                if text.len() > MAX_BYTES {
                    continue;
                }
                for dialect in [Dialect::PromQl, Dialect::Json] {
                    let error = parse(&text, dialect).err().map(|error| format!("error: {error}"));
                    assert_eq!(error.as_deref(), (n > deepest).then_some(TOO_DEEP), "{n} × {text:.20}");
                }
            }
        }
    });
}

#[test]
fn fifty_thousand_parentheses() {
    on_a_small_stack(|| {
        let text = "(".repeat(50_000);
        check(json, &[(&text, TOO_DEEP)]);
        check(promql, &[(&text, TOO_DEEP), (&full("1+"), TOO_DEEP)]);
    });
}

#[test]
fn anything_of_the_greatest_length_is_answered_quickly() {
    let pieces = [
        "1+",
        "+",
        "1,",
        "a ",
        "(",
        "((a|b)",
        "(a",
        "-",
        "^",
        "\"",
        "\\",
        "\\\\",
        "'",
        "`",
        "a\"",
        "\" ",
        "{",
        "{a=\"",
        "{a=\"b\" ",
        "{a=\"b\",",
        "a,",
        "(a|",
        "|",
        "[",
        "a[1s:]",
        "$",
        "${",
        "${a}",
        "#",
        "#\n",
        "1e",
        "1_",
        "0x",
        "1s",
        "1h1m",
        "sum ",
        "by ",
        "offset ",
        "@ ",
        "f(",
        "f(a,",
        "sum by (a,",
        "a\\.",
        ".",
        "ä",
        "“",
        " ",
        "\n",
        "\"\\",
        "'\\n",
        "a on ",
        "! ",
        "!=",
        "=~\"",
        "{\"a\",",
        "(\\(",
        "a:",
        "inf ",
        "1 ",
        "a|",
        "\\\\|",
        "(|",
        "{,",
    ];
    let opened = ["", "{a=\"", "sum by (", "f(", "x["];
    for piece in pieces {
        for open in opened {
            let text = format!("{open}{}", full(piece));
            let text = &text[..text.floor_char_boundary(MAX_BYTES)];
            for dialect in [Dialect::PromQl, Dialect::Json] {
                quickly(text, |text| drop(parse(text, dialect)));
            }
        }
        let text = full(piece);
        let list = format!("({}|b)", &text[text.ceil_char_boundary(4)..]);
        for text in [text, list] {
            quickly(&text, |text| drop(names(text)));
            quickly(&text, |text| drop(equal_test(text, true)));
            quickly(&text, |text| drop(regex_test(text, false)));
        }
    }
}

#[test]
fn the_longest_texts_are_written_quickly() {
    let leaf = format!("x{{a=~\"{}\"}}", "web|".repeat(14_000));
    for text in [
        format!("{}{leaf}{}", "(".repeat(199), ")".repeat(199)),
        format!("{}{leaf}", "-".repeat(199)),
        format!("{}{leaf}", "a + ".repeat(199)),
        format!("{}{leaf}{}", "sum by (a) (".repeat(199), ")".repeat(199)),
        format!("f({}1)", "1,".repeat(4_000)),
    ] {
        let expr = parse(&text, Dialect::PromQl).unwrap();
        quickly(&text, |_| drop((canonical(&expr), tree(&expr))));
    }
}

/// On a quiet machine each takes less than 20 ms in a debug build; anything quadratic ten seconds and more.
fn quickly(text: &str, work: impl Fn(&str)) {
    let start = Instant::now();
    work(text);
    if start.elapsed() > Duration::from_millis(100) {
        // The machine may have been busy: once more.
        let start = Instant::now();
        work(text);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?} for {text:.30}", start.elapsed());
    }
}

#[test]
fn wide_texts_read() {
    let list = format!("x{{a=~\"({})\"}}", "web\\.01|".repeat(7_000));
    assert!(json(&list).starts_with("x{a in [\"web.01\","));
    let args = format!("f({}1)", "1,".repeat(4_000));
    assert!(promql(&args).starts_with("f(1, 1"));
}

#[test]
fn limits_are_named() {
    let long = "a".repeat(MAX_BYTES + 1);
    check(promql, &[(&long[1..], &long[1..]), (&long, "error: the text is longer than 65536 bytes")]);
    assert_eq!(names(&long), Vec::<Vec<String>>::new());
    let many = format!("f({}1)", "1,".repeat(5_000));
    check(promql, &[(&many, "error: the text has more than 8192 words and signs")]);
    let error = parse("a + \"b\0\"", Dialect::Json).unwrap_err();
    assert_eq!((error.message.as_str(), error.span.start), ("the text contains a NUL character", 6));
    let long = "ä".repeat(MAX_BYTES);
    assert_eq!(parse(&long, Dialect::Json).unwrap_err().span.start, MAX_BYTES);
}

#[test]
fn every_prefix_and_every_damage_is_an_answer() {
    let text = r#"sum by (a\.b, "c") (rate((x|y){h=~"w\.1|"b"", "q"!='ä'}[5m:$__interval] offset -1h @ end())) / on(z) group_left(k) -2^1e-3 >= bool 0x1F # ende"#;
    let noise =
        ["\"", "\\", "(", ")", "{", "}", "[", "]", "|", "$", "ä", "\0", "'", "`", ",", "#", "=", "!", "0x", "1e", "5q"];
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        for dialect in [Dialect::PromQl, Dialect::Json] {
            for noise in std::iter::once("").chain(noise) {
                for damaged in [format!("{}{noise}", &text[..at]), format!("{}{noise}{}", &text[..at], &text[at..])] {
                    if let Err(error) = parse(&damaged, dialect) {
                        assert!(damaged.get(error.span.start..error.span.end).is_some(), "{damaged}");
                        assert!(!error.message.is_empty() && error.caret(&damaged).contains('^'));
                    }
                }
            }
        }
    }
}
