//! What the JSON dialect reads differently.

use super::*;

#[test]
fn names_may_be_escaped_and_dotted() {
    check(
        json,
        &[
            (r#"cpu\.load{host="a"}"#, r#"cpu.load{host in ["a"]}"#),
            ("cpu.load", "cpu.load"),
            (r"a\/b\[c\]", "a/b[c]"),
            (r"\(x\)", "(x)"),
            (r"rate(cpu\.load[5m])", "rate(cpu.load[300000])"),
            ("größe + 1", "<größe + 1>"),
            (r#"x{host\.name="a", host.zone!="b"}"#, r#"x{host.name in ["a"], host.zone not in ["b"]}"#),
            (r#"x{"host\.name"="a"}"#, r#"x{host.name in ["a"]}"#),
            (r"sum by (host\.name, dc.x) (x)", r#"sum by ["host.name", "dc.x"] (x)"#),
            ("sum.total", "sum.total"),
            (r#"{"cpu\.load"}"#, "cpu.load"),
            (r#"{"(cpu\.load|mem)", a="b"}"#, r#"["cpu.load", "mem"]{a in ["b"]}"#),
            (r#"{__name__=~"(cpu\.load|mem)"}"#, r#"["cpu.load", "mem"]"#),
            (r#"{__name__="cpu\.load"}"#, "cpu.load"),
            (r#"{__name__=".*", a="b"}"#, r#"{__name__ Everything, a in ["b"]}"#),
        ],
    );
}

#[test]
fn a_list_stands_for_any_of_its_names() {
    check(
        json,
        &[
            ("(cpu|mem)", r#"["cpu", "mem"]"#),
            (r#"(cpu|mem){host="a"}"#, r#"["cpu", "mem"]{host in ["a"]}"#),
            ("avg((cpu|mem))", r#"avg(["cpu", "mem"])"#),
            ("avg(cpu|mem)", r#"avg(["cpu", "mem"])"#),
            ("rate(cpu|mem)", r#"rate(["cpu", "mem"])"#),
            (r"rate((cpu\.load|web-1 x)[5m])", r#"rate(["cpu.load", "web-1 x"][300000])"#),
            ("( cpu | mem )", r#"["cpu", "mem"]"#),
            ("((cpu|mem)) + 1", r#"<(["cpu", "mem"]) + 1>"#),
            (r"(a\|b|c)", r#"["a|b", "c"]"#),
            ("avg by ((host|dc)) (x)", r#"avg by ["host", "dc"] (x)"#),
            ("avg by (host|dc) (x)", r#"avg by ["host", "dc"] (x)"#),
            (r"avg by (a, (host\.name|dc), b) (x)", r#"avg by ["a", "host.name", "dc", "b"] (x)"#),
            ("avg((cpu|mem)) by ((host|dc))", r#"avg by ["host", "dc"] (["cpu", "mem"])"#),
            ("avg by (()) (x)", "avg(x)"),
            ("avg by (\"(host|dc)\") (x)", r#"avg by ["host", "dc"] (x)"#),
            ("avg by ({host,dc}) (x)", r#"avg by ["host", "dc"] (x)"#),
            (r"avg without (a, {host\.name,d-c}) (x)", r#"avg without ["a", "host.name", "d-c"] (x)"#),
            ("avg({cpu,mem})", r#"avg(["cpu", "mem"])"#),
            ("rate({cpu,mem}[5m])", r#"rate(["cpu", "mem"][300000])"#),
            (r#"{cpu,mem}{host="a"}"#, r#"["cpu", "mem"]{host in ["a"]}"#),
            ("a * on ({host,dc}) group_left ({x,y}) b", r#"<a * on ["host", "dc"] group_left ["x", "y"] b>"#),
            ("a * on ((host|dc)) group_left ((x|y)) b", r#"<a * on ["host", "dc"] group_left ["x", "y"] b>"#),
        ],
    );
}

#[test]
fn values_may_hold_quotes() {
    check(
        json,
        &[
            (r#"x{a="say "hi" now", b="c"}"#, r#"x{a in ["say \"hi\" now"], b in ["c"]}"#),
            (r#"x{a="5" disk"}"#, r#"x{a in ["5\" disk"]}"#),
            (r#"x{a='it's'}"#, r#"x{a in ["it's"]}"#),
            (r#"x{a=~"(a "b"|c)"}"#, r#"x{a in ["a \"b\"", "c"]}"#),
            (r#"x{a="\"b\""}"#, r#"x{a in ["\"b\""]}"#),
            (r#"x{a="C:\\"}"#, r#"x{a in ["C:\\"]}"#),
            (r#"x{a="b"} + y{c="d"}"#, r#"<x{a in ["b"]} + y{c in ["d"]}>"#),
            (r#"x{a="b"   }"#, r#"x{a in ["b"]}"#),
            ("x{a=\"line\nbreak\"}", r#"x{a in ["line\nbreak"]}"#),
        ],
    );
}

#[test]
fn other_strings_undo_only_quotes_and_backslashes() {
    check(
        json,
        &[
            (r#"f(x, "a\.b", "a\\.b", "say \"hi\"")"#, r#"f(x, "a\\.b", "a\\.b", "say \"hi\"")"#),
            (
                r#"label_replace(x, "dst", "$1", "src", "(.*):(.*)")"#,
                r#"label_replace(x, "dst", "$1", "src", "(.*):(.*)")"#,
            ),
            ("f(`a\\\\b`)", r#"f("a\\\\b")"#),
        ],
    );
}

#[test]
fn what_promql_reads_both_read() {
    for text in
        ["sum by (a) (rate(x{b=\"c\"}[5m] offset 1h)) / on(a) group_left(d) y > bool 1", "-a ^ -b", "(a + b) * c"]
    {
        assert_eq!(json(text), promql(text));
    }
}

#[test]
fn lengths_that_the_server_knows() {
    check(
        json,
        &[
            ("x[$__interval]", "x[Interval]"),
            ("x[${__rate_interval}]", "x[RateInterval]"),
            ("x[[[__range]]]", "x[Range]"),
            ("x[${__range_s}s]", "x[Range]"),
            ("x[$__range_s]", "x[Range]"),
            ("x[${__interval_ms}ms]", "x[Interval]"),
            ("x offset $__interval", "x offset Interval"),
            ("x offset -${__range}", "x offset -Range"),
            ("x[5m] offset $__rate_interval @ 1", "x[300000] offset RateInterval @1000"),
            ("x offset ${__range_ms}ms", "x offset Range"),
            ("x offset 0s", "x"),
            ("x @ 1735732800", "x @1735732800000"),
            ("x @ 1735732800000", "x @1735732800000"),
        ],
    );
}

#[test]
fn a_variable_that_nobody_replaced_is_named() {
    for text in [
        r#"x{host=~"$v"}"#,
        r#"x{host="web-${v:regex}"}"#,
        r#"x{host!~"[[v]]"}"#,
        r#"x{host=~"{a,$v}"}"#,
        r#"x{host=~"(a|[[v:csv]])"}"#,
        r#"x{$v="a"}"#,
        r#"x{"$v"="a"}"#,
        r#"{"$v"}"#,
        "$v",
        "[[v]]",
        "rate($v[5m])",
        "cpu_$v",
        "cpu_[[v]]",
        "x[$v]",
        "x[[[v]]]",
        "x[5m:$v]",
        "x offset $v",
        "sum by ($v) (x)",
        "sum by (\"$v\") (x)",
        "sum by ({a,$v}) (x)",
        "a / on ([[v]]) b",
        "topk($v, x)",
    ] {
        let error = parse(text, Dialect::Json).unwrap_err();
        let said = format!("{} {}", error.message, error.hint.unwrap_or_default());
        assert!(said.contains("the variable `v`") && said.contains("not replaced"), "{text}: {said}");
    }
}

#[test]
fn errors_of_the_dialect() {
    check(
        json,
        &[
            (r"a\-b", r"error: unexpected character `\`"),
            ("()", "error: empty parentheses: expected an expression"),
            ("avg(())", "error: empty parentheses: expected an expression"),
            ("(|)", "error: a list of metrics with an empty name"),
            ("avg by ((a|)) (x)", "error: an empty label name"),
            (r#"sum(x{a="b")"#, "error: a quote inside a label's value: expected `,` or `}` after it"),
            (r#"x{a="b\"}"#, "error: unterminated string: expected a closing \""),
            (r#"x{a="b" c="d"}"#, "error: a comma is missing before `c`"),
            ("a || b", "error: unexpected character `|`"),
            (r#"{"()"}"#, "error: an empty metric name"),
        ],
    );
    let error = parse("()", Dialect::Json).unwrap_err();
    assert_eq!(error.hint.unwrap(), "a variable with nothing selected arrives as `()`");
}
