//! The panel's meaning of expressions.

use super::super::call::{LATER, OTHERS};
use super::{ExpressionRefusal, RefusalKind, expr, lower, lowered};
use crate::ast::{AggregateOp, Grouping, OverTime, WindowLength};
use crate::evaluate::{MATH, Node, RangeFunction};
use crate::pattern::Patterns;

#[test]
fn equal_requests_are_one_fetch_wherever_they_stand() {
    for (text, fetches) in [
        ("a + a", 1),
        ("a{x=\"1\"} / (a{x=\"1\"} + a{x=\"2\"})", 2),
        ("a + avg_over_time(a[5m]) + avg_over_time(a[6m])", 3),
        ("a or a offset 5m or a   offset 5m", 2),
        ("a @ 5 - a @ 5", 1),
        ("sum by (x, y) (a) / sum by (y, x) (a) / sum by (x) (a)", 2),
        ("{__name__=~\"a.*\"} - {__name__=~\"a.*\"}", 1),
        ("1 + time()", 0),
    ] {
        assert_eq!(lowered(text).fetches.len(), fetches, "{text}");
    }
}

#[test]
fn simple_aggregations_of_simple_leaves_are_pushed() {
    for (text, function) in [
        ("sum by (x) (a)", None),
        ("sum(((a))) by (x)", None),
        ("sum by (x) (max_over_time(a[5m]))", Some(RangeFunction::OverTime(OverTime::Max))),
    ] {
        let lowered = lowered(text);
        let [fetch] = lowered.fetches.as_slice() else { panic!("{text}: {:?}", lowered.fetches) };
        let pushed = fetch.pushed.clone().unwrap();
        assert_eq!((pushed.op, pushed.grouping), (AggregateOp::Sum, Grouping::By(vec!["x".into()])), "{text}");
        assert_eq!((fetch.function, &lowered.node), (function, &Node::Fetch(0)), "{text}");
    }
    for text in ["stddev(a)", "topk(3, a)", "sum(-a)", "stddev(rate(a[5m]))"] {
        let lowered = lowered(text);
        assert!(lowered.fetches.iter().all(|fetch| fetch.pushed.is_none()), "{text}");
        assert_ne!(lowered.node, Node::Fetch(0), "{text}");
    }
    let nested = lowered("max(sum by (x) (a))");
    assert!(nested.fetches[0].pushed.is_some() && matches!(nested.node, Node::Aggregate { .. }));
}

#[test]
fn range_functions_are_fetched() {
    let quantile = &lowered("quantile_over_time(1 - 0.1, a{x=\"1\"}[5m] offset 1h)").fetches[0];
    assert_eq!(quantile.function, Some(RangeFunction::Quantile(0.9)));
    let offset = quantile.selector.modifiers.offset.unwrap();
    assert_eq!((offset.length, offset.ahead), (WindowLength::Millis(3_600_000), false));
    for word in RangeFunction::words().filter(|word| !word.starts_with("quantile")) {
        let text = format!("{word}(a[5m])");
        let lowered = lowered(&text);
        assert_eq!(lowered.fetches[0].function.map(RangeFunction::word), Some(word));
        assert_eq!(&text[..lowered.fetches[0].function_span.end], word);
        assert_eq!(lowered.fetches[0].span.start, word.len() + 1);
    }
}

fn refused(text: &str) -> (RefusalKind, String, String) {
    let ExpressionRefusal { kind, message, span, hint } = lower(&expr(text), &Patterns::default()).expect_err(text);
    let hint = hint.map_or(String::new(), |hint| format!(" ({hint})"));
    (kind, format!("{message}{hint}"), text[span.start..span.end].to_owned())
}

#[test]
fn what_means_nothing_is_refused_at_its_place() {
    for (text, message, at) in [
        (
            "a[5m]",
            "a window needs a function over it (for example `avg_over_time(…)`, or leave the brackets away)",
            "a[5m]",
        ),
        (
            "abs(a[5m])",
            "a window needs a function over it (for example `avg_over_time(…)`, or leave the brackets away)",
            "a[5m]",
        ),
        ("rate(a)", "`rate` takes a selector with a window (for example `[$__interval]` behind the selector)", "a"),
        (
            "rate(sum(a))",
            "`rate` takes a selector with a window (for example `[$__interval]` behind the selector)",
            "sum(a)",
        ),
        ("\"text\"", "a text cannot stand here", "\"text\""),
        ("1 + \"text\"", "a text cannot stand here", "\"text\""),
        ("sum(1)", "`sum` takes series, and this is a number (`vector(…)` makes a series of a number)", "1"),
        ("abs(2 * 3)", "`abs` takes series, and this is a number (`vector(…)` makes a series of a number)", "2 * 3"),
        (
            "vector(a)",
            "`vector` takes a number here, and these are series (`scalar(…)` makes a number of a single series)",
            "a",
        ),
        (
            "topk(a, b)",
            "`topk` takes a number here, and these are series (`scalar(…)` makes a number of a single series)",
            "a",
        ),
        ("topk(NaN, b)", "`topk` takes how many series, not NaN", "NaN"),
        ("count_values(1, a)", "`count_values` takes a text here", "1"),
        ("clamp(a, 1)", "`clamp` takes 3 arguments, not 2", "clamp(a, 1)"),
        ("round()", "`round` takes 1 to 2 arguments, not 0", "round()"),
        ("time(a)", "`time` takes no argument, not 1", "time(a)"),
        ("hour(a, b)", "`hour` takes at most one argument, not 2", "hour(a, b)"),
        ("label_join(a)", "`label_join` takes at least 3 arguments, not 1", "label_join(a)"),
        ("1 and a", "`and` combines series, and one side is a number (`vector(…)` makes a series of a number)", "and"),
        ("1 == 2", "`==` between two numbers has nothing to filter (`== bool` gives 0 or 1)", "=="),
        ("a + on (x) 2", "`on` and `ignoring` pair series, and one side is a number", "+"),
        ("2 + raet(a[5m])", "there is no function `raet` (did you mean rate, irate, rad?)", "raet"),
        ("qqqq(a)", "there is no function `qqqq`", "qqqq"),
    ] {
        let (kind, shown, place) = refused(text);
        assert_eq!((kind, shown.as_str(), place.as_str()), (RefusalKind::Wrong, message, at), "{text}");
    }
    let (kind, shown, place) = refused("label_replace(a, \"x\", \"y\", \"z\", \"a)(b\")");
    assert_eq!((kind, place.as_str()), (RefusalKind::Unusable, "\"a)(b\""), "{shown}");
    let (kind, shown, place) = refused("count_values(\"\", a)");
    assert_eq!((kind, shown.as_str(), place.as_str()), (RefusalKind::Unusable, "a label needs a name", "\"\""));
    assert!(refused("label_replace(a, \"x\", \"y\", \"z\", \"(a{999}){999}\")").1.contains("to more than 1000"));
}

#[test]
fn what_is_not_done_is_refused_by_name() {
    for (text, what, at) in [
        ("max_over_time(a[1h:5m])", "a subquery", "a[1h:5m]"),
        ("a[1h:5m]", "a subquery", "a[1h:5m]"),
        ("limitk(3, a)", "`limitk`", "limitk"),
        ("1 + limit_ratio(0.5, a)", "`limit_ratio`", "limit_ratio"),
        ("topk(scalar(a), b)", "`topk` with a parameter that depends on the data", "scalar(a)"),
        (
            "quantile_over_time(time(), a[5m])",
            "`quantile_over_time` with a parameter that depends on the data",
            "time()",
        ),
        ("predict_linear(a[5m], 60)", "`predict_linear`", "predict_linear"),
    ] {
        let expected = (RefusalKind::Unsupported, format!("{what} is not supported yet"), at.to_owned());
        assert_eq!(refused(text), expected, "{text}");
    }
}

#[test]
fn every_listed_function_is_known_and_listed_once() {
    let done: Vec<&str> = MATH.iter().map(|function| function.word).chain(OTHERS.iter().copied()).collect();
    let words = done.iter().copied().chain(RangeFunction::words()).chain(LATER.iter().copied());
    let mut words: Vec<&str> = words.collect();
    for word in &words {
        // Nothing takes nine arguments, but what is unknown does not count them.
        let text = format!("{word}(a,a,a,a,a,a,a,a,a)");
        let refusal = lower(&expr(&text), &Patterns::default()).expect_err(&text);
        assert!(!refusal.message.starts_with("there is no function"), "{word}");
    }
    let count = words.len();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), count);
}
