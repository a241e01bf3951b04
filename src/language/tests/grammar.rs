//! PromQL's grammar, form by form.

use super::*;

#[test]
fn literals() {
    check(
        promql,
        &[
            ("1", "1"),
            ("+1", "1"),
            (".5e1", "5"),
            ("0x1F", "31"),
            ("0755", "493"),
            ("1_000", "1000"),
            ("Inf", "inf"),
            ("-inf", "-inf"),
            ("- +-1", "1"),
            ("-(1)", "<-(1)>"),
            ("+foo", "<+foo>"),
            ("NaN", "NaN"),
            ("5m", "300000ms"),
            ("-1h30m", "-5400000ms"),
            ("500ms", "500ms"),
            (r#""a\tb""#, r#""a\tb""#),
            (r#"'it\'s'"#, r#""it's""#),
            (r"`a\d`", r#""a\\d""#),
        ],
    );
}

#[test]
fn selectors() {
    check(
        promql,
        &[
            ("foo", "foo"),
            ("job:rate:5m", "job:rate:5m"),
            (":x", ":x"),
            ("foo{}", "foo"),
            (
                r#"foo{a="b", c!='d', e=~"f.*", g!~`h+`,}"#,
                r#"foo{a in ["b"], c not in ["d"], e like f.*, g not like h+}"#,
            ),
            (r#"{a="b"}"#, r#"{a in ["b"]}"#),
            (r#"{"my.metric"}"#, "my.metric"),
            (r#"{"my.metric", "label.x"="y"}"#, r#"my.metric{label.x in ["y"]}"#),
            (r#"{a="b", 'my metric'}"#, r#"my metric{a in ["b"]}"#),
            (r#"{__name__="foo"}"#, "foo"),
            (r#"{__name__=~"foo|bar", a="b"}"#, r#"["foo", "bar"]{a in ["b"]}"#),
            (r#"{__name__=~"foo.*"}"#, "{__name__ like foo.*}"),
            (r#"{__name__!="foo"}"#, r#"{__name__ not in ["foo"]}"#),
            (r#"{__name__=""}"#, r#"{__name__ in [""]}"#),
            (r#"{__name__=~"a.*", __name__!="ab"}"#, r#"{__name__ like a.*, __name__ not in ["ab"]}"#),
            (
                r#"foo{by="1", on="2", offset="3", inf="4", sum="5"}"#,
                r#"foo{by in ["1"], on in ["2"], offset in ["3"], inf in ["4"], sum in ["5"]}"#,
            ),
            ("foo # comment\n{a='b'} # end", r#"foo{a in ["b"]}"#),
            ("# only then\nfoo", "foo"),
        ],
    );
}

#[test]
fn strings_of_matchers_are_plain_promql() {
    check(
        promql,
        &[
            (r#"x{a="web\\.01"}"#, r#"x{a in ["web\\.01"]}"#),
            (r#"x{a=~"web\\.01"}"#, r#"x{a in ["web.01"]}"#),
            (r#"x{a=~"web\\.0."}"#, r"x{a like web\.0.}"),
            (r#"x{a="(a|b)", b="{a,b}"}"#, r#"x{a in ["(a|b)"], b in ["{a,b}"]}"#),
            (r#"x{a=~"(a|b)", b!~"(?:a|b)"}"#, r#"x{a in ["a", "b"], b not in ["a", "b"]}"#),
            (r#"x{a=".*"}"#, r#"x{a in [".*"]}"#),
            (r#"x{a=~".*", b=~".+", c!~".*", d!~".+"}"#, r#"x{a Everything, b not in [""], c Nothing, d in [""]}"#),
            (r#"x{a="", b=~"", c!=""}"#, r#"x{a in [""], b in [""], c not in [""]}"#),
        ],
    );
}

#[test]
fn ranges_and_modifiers() {
    check(
        promql,
        &[
            ("foo[5m]", "foo[300000]"),
            ("foo[ 1h30m ]", "foo[5400000]"),
            ("foo[300]", "foo[300000]"),
            ("foo offset 5m", "foo offset 300000"),
            ("foo offset -5m", "foo offset -300000"),
            ("foo offset +1d", "foo offset 86400000"),
            ("foo OFFSET 60", "foo offset 60000"),
            ("foo[5m] offset 1h", "foo[300000] offset 3600000"),
            ("foo @ 1609746000", "foo @1609746000000"),
            ("foo @ -1.5", "foo @-1500"),
            ("foo @ start()", "foo @Start"),
            ("foo[5m] @ end() offset 1m", "foo[300000] offset 60000 @End"),
            ("foo offset 1m @ 1", "foo offset 60000 @1000"),
            ("foo[1h:5m]", "foo[3600000:300000]"),
            ("foo[1h:]", "foo[3600000:]"),
            ("rate(foo[5m])[1h:5m] offset 1d @ 0", "rate(foo[300000])[3600000:300000] offset 86400000 @0"),
            ("(a + b)[5m:]", "(<a + b>)[300000:]"),
            ("1[5m:]", "1[300000:]"),
            ("foo[5m:][5m:]", "foo[300000:][300000:]"),
            ("-foo offset 5m", "<-foo offset 300000>"),
            ("a + b offset 5m", "<a + b offset 300000>"),
            ("a ^ b[5m:] @ 3", "<a ^ b[300000:] @3000>"),
        ],
    );
}

#[test]
fn aggregations() {
    check(
        promql,
        &[
            ("sum(foo)", "sum(foo)"),
            ("SUM BY (a) (foo)", r#"sum by ["a"] (foo)"#),
            ("sum by (a, b,) (foo)", r#"sum by ["a", "b"] (foo)"#),
            ("sum(foo) by (a)", r#"sum by ["a"] (foo)"#),
            ("sum without (a) (foo)", r#"sum without ["a"] (foo)"#),
            ("sum without () (foo)", "sum without [] (foo)"),
            ("sum by () (foo)", "sum(foo)"),
            (
                "sum by (\"a.b\", by, on, bool, sum, a:b) (foo)",
                r#"sum by ["a.b", "by", "on", "bool", "sum", "a:b"] (foo)"#,
            ),
            ("topk(5, foo)", "topk(5, foo)"),
            ("bottomk by (a) (5, foo)", r#"bottomk by ["a"] (5, foo)"#),
            ("quantile(0.9, foo) without (a)", r#"quantile without ["a"] (0.9, foo)"#),
            ("count_values('v', foo)", "count_values(\"v\", foo)"),
            ("limitk(1, foo) + limit_ratio(-0.5, foo)", "<limitk(1, foo) + limit_ratio(-0.5, foo)>"),
            ("sum", "sum"),
            ("sum + max{a='b'}[5m]", r#"<sum + max{a in ["b"]}[300000]>"#),
            ("sum(sum)", "sum(sum)"),
        ],
    );
    for op in AggregateOp::ALL {
        assert!(
            !promql(&format!("{op}(1, x)")).starts_with("error") || !promql(&format!("{op}(x)")).starts_with("error")
        );
    }
}

#[test]
fn calls() {
    check(
        promql,
        &[
            ("time()", "time()"),
            ("rate(foo[5m])", "rate(foo[300000])"),
            ("whatever(1, 'a', foo)", "whatever(1, \"a\", foo)"),
            ("clamp_max(abs(-foo), 1)", "clamp_max(abs(<-foo>), 1)"),
        ],
    );
}

#[test]
fn precedence_and_associativity() {
    check(
        promql,
        &[
            ("a + b * c", "<a + <b * c>>"),
            ("a * b + c", "<<a * b> + c>"),
            ("a - b - c", "<<a - b> - c>"),
            ("a ^ b ^ c", "<a ^ <b ^ c>>"),
            ("-a ^ b", "<-<a ^ b>>"),
            ("-a * b", "<<-a> * b>"),
            ("-a + b", "<<-a> + b>"),
            ("2 ^ -1 * 3", "<<2 ^ -1> * 3>"),
            ("2 ^ -1 ^ 3", "<2 ^ <-<1 ^ 3>>>"),
            ("--a", "<-<-a>>"),
            ("-+-a", "<-<+<-a>>>"),
            ("a - -b", "<a - <-b>>"),
            ("a*-b%c", "<<a * <-b>> % c>"),
            ("a atan2 b * c / d % e", "<<<<a atan2 b> * c> / d> % e>"),
            ("a + b == c + d", "<<a + b> == <c + d>>"),
            ("a > b > c", "<<a > b> > c>"),
            ("a == b and c != d or e unless f", "<<<a == b> and <c != d>> or <e unless f>>"),
            ("a or b and c", "<a or <b and c>>"),
            ("a unless b and c", "<<a unless b> and c>"),
            ("a AND b Or c", "<<a and b> or c>"),
            ("(a + b) * c", "<(<a + b>) * c>"),
            ("a <= bool b >= c < d", "<<<a <= bool b> >= c> < d>"),
        ],
    );
}

#[test]
fn matching_clauses() {
    check(
        promql,
        &[
            ("a == bool 1", "<a == bool 1>"),
            ("a > BOOL on(x) b", r#"<a > bool on ["x"] b>"#),
            ("a * on(x, y) b", r#"<a * on ["x", "y"] b>"#),
            ("a * on() b", "<a * on [] b>"),
            ("a * ignoring(x) group_left b", r#"<a * ignoring ["x"] group_left [] b>"#),
            ("a * on(x) group_left() b", r#"<a * on ["x"] group_left [] b>"#),
            ("a * on(x) group_left(y, z) b", r#"<a * on ["x"] group_left ["y", "z"] b>"#),
            ("a / on(x) group_right(y) (b)", r#"<a / on ["x"] group_right ["y"] (b)>"#),
            ("a / ignoring(x) group_left(x) b", r#"<a / ignoring ["x"] group_left ["x"] b>"#),
            ("a and on(x) b", r#"<a and on ["x"] b>"#),
            ("a unless ignoring(x) b", r#"<a unless ignoring ["x"] b>"#),
            ("a + on(x) -b ^ c", r#"<a + on ["x"] <-<b ^ c>>>"#),
        ],
    );
}

#[test]
fn keywords_as_metrics() {
    check(
        promql,
        &[
            ("by + without", "<by + without>"),
            ("offset offset 5m", "offset offset 300000"),
            ("and and or", "<and and or>"),
            ("start + end", "<start + end>"),
            ("unless", "unless"),
            ("count{a='b'}", r#"count{a in ["b"]}"#),
        ],
    );
}

#[test]
fn spans_point_into_the_text() {
    let text = " a + sum by (x) ( -foo{a='b'}[5m] offset 1m )";
    let part = |span: Span| &text[span.start..span.end];
    let ExprKind::Binary(binary) = parse(text, Dialect::PromQl).unwrap().kind else { panic!("no binary") };
    assert_eq!((part(binary.lhs.span), part(binary.op_span)), ("a", "+"));
    assert_eq!(part(binary.rhs.span), "sum by (x) ( -foo{a='b'}[5m] offset 1m )");
    let ExprKind::Aggregate(aggregate) = binary.rhs.kind else { panic!("no aggregate") };
    assert_eq!((part(aggregate.op_span), part(aggregate.expr.span)), ("sum", "-foo{a='b'}[5m] offset 1m"));
    let ExprKind::Negate(inner) = aggregate.expr.kind else { panic!("no sign") };
    assert_eq!(part(inner.span), "foo{a='b'}[5m] offset 1m");
    let ExprKind::Selector(selector) = inner.kind else { panic!("no selector") };
    assert_eq!(part(selector.matchers[0].span), "a='b'");
    assert_eq!(selector.modifiers.span.map(part), Some("offset 1m"));
}
