//! What is said of texts that are no expressions.

use super::*;

const INVALID: &[(&str, &str)] = &[
    ("", "the expression is empty"),
    (" # nothing", "the expression is empty"),
    ("sum by (,) (x)", "unexpected `,`: expected a label name"),
    ("sum by (a b) (x)", "unexpected `b`: expected `,` or `)`"),
    ("sum by (\"\") (x)", "an empty label name"),
    ("sum by (a)", "unexpected end of the text: expected `(`"),
    ("sum by (a) (x) by (b)", "`sum` is grouped twice"),
    ("sum(a, b)", "`sum` takes one expression, found 2 arguments"),
    ("sum()", "`sum` takes one expression, found 0 arguments"),
    ("topk(x)", "`topk` takes a parameter and an expression, found 1 arguments"),
    ("topk(1, x, y)", "`topk` takes a parameter and an expression, found 3 arguments"),
    ("f(a,)", "a comma after the last argument"),
    ("f(,)", "unexpected `,`: expected an expression"),
    ("f(a b)", "unexpected `b`: expected `,`, `)` or an operator"),
    ("f(a", "unexpected end of the text: expected `,`, `)` or an operator"),
    ("(a", "unexpected end of the text: expected `)` or an operator"),
    ("a +", "unexpected end of the text: expected an expression"),
    ("* a", "unexpected `*`: expected an expression"),
    ("a b", "unexpected `b`: expected an operator or the end of the text"),
    ("a = b", "unexpected `=`: expected an operator or the end of the text"),
    ("a =~ 'b'", "unexpected `=~`: expected an operator or the end of the text"),
    ("a && b", "unexpected character `&`"),
    ("a ! b", "unexpected character `!`"),
    ("größe", "unexpected character `ö`"),
    ("(a|b)", "unexpected character `|`"),
    ("{,}", "unexpected `,`: expected a label name"),
    ("x{a}", "unexpected `}`: expected `=`, `!=`, `=~` or `!~`"),
    ("x{a=b}", "unexpected `b`: expected a value in quotes"),
    ("x{a=1}", "unexpected `1`: expected a value in quotes"),
    ("x{a=\"b\" c=\"d\"}", "a comma is missing before `c`"),
    ("x{a=\"b\"", "unexpected end of the text: expected `,` or `}`"),
    ("x{a=\"b}", "unterminated string: expected a closing \""),
    ("x{a='b\n'}", "unterminated string: expected a closing '"),
    ("`abc", "unterminated string: expected a closing `"),
    (r#"x{a="b\.c"}"#, r"unknown escape `\.` in a string"),
    ("x[]", "unexpected `]`: expected a duration such as `5m`"),
    ("x[5m", "unexpected end of the text: expected `]` or `:`"),
    ("x[0s]", "a range of no length"),
    ("x[1mo]", "unknown unit `mo` in `1mo`"),
    ("x[5m1h]", "the unit `h` is out of order in `5m1h`"),
    ("x[1.5h]", "`1.5h` is neither a number nor a duration"),
    ("x[1e30]", "the duration is too long"),
    ("x[5m][5m]", "a second range on a selector"),
    ("x offset 5m [5m]", "a range behind `offset` or `@`: it stands before them"),
    ("f(x)[5m]", "a range may only follow a selector"),
    ("1 offset 5m", "`offset` may only follow a selector or a subquery"),
    ("(x) offset 5m", "`offset` may only follow a selector or a subquery"),
    ("x offset 5m offset 5m", "`offset` is given twice"),
    ("x offset y", "unexpected `y`: expected a duration such as `5m`"),
    ("sum(x) @ 5", "`@` may only follow a selector or a subquery"),
    ("x @ 5 @ 6", "`@` is given twice"),
    ("x @ start", "unexpected end of the text: expected `()`"),
    ("x @ now()", "unexpected `now`: expected a time in seconds, `start()` or `end()`"),
    ("x @ 1e30", "the time is out of range"),
    ("x @ NaN", "the time is out of range"),
    ("a * group_left b", "`group_left` needs `on(…)` or `ignoring(…)` before it"),
    ("a * on b", "unexpected `b`: expected `(` and labels"),
    ("bool", "unexpected `bool`: expected an expression"),
    ("on + 1", "unexpected `on`: expected an expression"),
    ("1_", "`1_` is neither a number nor a duration"),
    ("5xx_total", "unknown unit `xx_total` in `5xx_total`"),
    ("x + ${host", "unexpected character `$`"),
];

/// What Prometheus says later, otherwise or not at all.
const INVALID_JSON: &[(&str, &str)] = &[
    ("x{\"\"}", "an empty metric name"),
    ("x{''='a'}", "an empty label name"),
    ("x{\"y\"}", "the metric's name is given twice"),
    ("x{__name__='y'}", "the metric's name is given twice"),
    ("{'x', 'y'}", "the metric's name is given twice"),
    ("{}", "a selector without a metric needs at least one matcher"),
    ("x[5m + 1m]", "unexpected `+`: expected `]` or `:`"),
    ("x[5m:1m:1m]", "unexpected `:`: expected `]`"),
    ("x[-5m]", "unexpected `-`: expected a duration such as `5m`"),
    ("x[300y]", "the duration `300y` is too long"),
    ("x[$window]", "unexpected `$window`: expected a duration such as `5m`"),
    ("x[5m][5m:]", "a subquery on a range"),
    ("a + bool b", "`bool` belongs to comparisons, not to `+`"),
    ("a and bool b", "`bool` belongs to comparisons, not to `and`"),
    ("a and on(x) group_left b", "`group_left` cannot follow `and`: set operators match many to many"),
    ("a * on(x) group_right(x) b", "the label `x` stands in both `on` and `group_right`"),
    ("by(x)", "unexpected `by`: expected an expression"),
    ("a)", "unexpected `)`: expected an operator or the end of the text"),
    ("()", "empty parentheses: expected an expression"),
    ("sum by ) (x)", "unexpected `)`: expected `(` and labels"),
    ("$host", "unexpected `$host`: expected an expression"),
    ("x{a==\"b\"}", "unexpected `==`: expected `=`, `!=`, `=~` or `!~`"),
];

#[test]
fn each_mistake_has_its_sentence() {
    for (text, message) in INVALID {
        let error = parse(text, Dialect::PromQl).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
    }
    for (text, message) in INVALID_JSON {
        let error = parse(text, Dialect::Json).expect_err(text);
        assert_eq!(error.to_string(), *message, "{text}");
    }
}

#[test]
fn hints_say_what_to_do() {
    for (text, hint) in [
        ("sun by (a) (x)", "did you mean `sum`?"),
        ("avgg by (a) (x)", "did you mean `avg`?"),
        ("sum(x) bye (a)", "did you mean `by`?"),
        ("a * on(x) grup_left b", "did you mean `group_left`?"),
        ("a * on(x) grup_left(y) b", "did you mean `group_left`?"),
        ("(a * ignring(x) b)", "did you mean `ignoring`?"),
        ("f(a ofset 5m)", "did you mean `offset`?"),
        ("a unles b", "did you mean `unless`?"),
        ("a = b", "two expressions are compared with `==`"),
        ("x{a==\"b\"}", "equality in a matcher is a single `=`"),
        ("x{a=b}", "write a=\"b\""),
        ("a)", "it closes no parenthesis"),
        ("$host", "a dashboard replaces its variables before it asks Prometheus"),
        ("x[${window}]", "a dashboard replaces its variables before it asks Prometheus"),
        ("f(x)[5m]", "a subquery has a colon, for example `[5m:]`"),
        ("count_values(x)", "for example `count_values(\"version\", x)`"),
        ("topk(x)", "for example `topk(5, x)`"),
        ("a && b", "the intersection of two expressions is `and`"),
        ("{a=“b”}", "strings stand in straight quotes"),
    ] {
        let error = parse(text, Dialect::PromQl).expect_err(text);
        assert_eq!(error.hint.as_deref(), Some(hint), "{text}: {error}");
    }
    for text in ["$host", "x[${host}]"] {
        let hint = "the variable `host` was not replaced: does the dashboard define it? Alert rules have no variables";
        assert_eq!(parse(text, Dialect::Json).unwrap_err().hint.as_deref(), Some(hint), "{text}");
    }
    for text in ["foo bar", "a b", "x y"] {
        assert_eq!(parse(text, Dialect::PromQl).unwrap_err().hint, None, "{text}");
    }
}

#[test]
fn errors_point_at_the_mistake() {
    for (text, start, end) in [
        ("sum by (a b) (x)", 10, 11),
        ("a +", 3, 3),
        ("x{a=\"b\" cd=\"d\"}", 8, 10),
        ("x[5q]", 2, 4),
        ("x{a='\\q'}", 4, 8),
        ("x{y='\\xff'}", 4, 10),
    ] {
        let error = parse(text, Dialect::PromQl).expect_err(text);
        assert_eq!((error.span.start, error.span.end), (start, end), "{text}");
    }
    let error = parse("sum by (ä)", Dialect::PromQl).unwrap_err();
    assert_eq!(error.caret("sum by (ä)"), "sum by (ä)\n        ^");
    let error = parse("rate(x[5m)", Dialect::PromQl).unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.expected.as_deref()),
        ("unexpected `)`: expected `]` or `:`", Some("`]` or `:`"))
    );
}
