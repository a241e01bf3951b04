//! Expressions in Prometheus' two forms, as its server gives them: canonical text and tree.

use serde_json::{Value, json};

use super::super::{Dialect, canonical, parse, promql, tree};
use crate::pattern::Patterns;

fn canonical_of(text: &str) -> String {
    promql(text, &Patterns::default()).map_or_else(|error| format!("error: {error}"), |expr| canonical(&expr))
}

#[test]
fn long_expressions_take_several_lines() {
    for (text, lines) in [
        (
            r#"avg_over_time(rate(some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"}[5m])[30m:1m] offset 1h)"#,
            &[
                "avg_over_time(",
                r#"  rate(some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}[5m])[30m:1m] offset 1h"#,
                ")",
            ][..],
        ),
        (
            r#"sum by (a) (rate(some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"}[5m])) / on (a) group_left (b) sum by (a) (rate(some_metric_name_that_is_long[5m]))"#,
            &[
                r#"  sum by (a) (rate(some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}[5m]))"#,
                "/ on (a) group_left (b)",
                "  sum by (a) (rate(some_metric_name_that_is_long[5m]))",
            ][..],
        ),
        (
            r#"histogram_quantile(0.99, -(sum by (le) (rate(some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"}[5m]))))"#,
            &[
                "histogram_quantile(",
                "  0.99,",
                "  -(",
                r#"    sum by (le) (rate(some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}[5m]))"#,
                "  )",
                ")",
            ][..],
        ),
        (
            r#"label_replace(some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"}, "a", "b", "c", "d")"#,
            &[
                "label_replace(",
                r#"  some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"},"#,
                r#"  "a","#,
                r#"  "b","#,
                r#"  "c","#,
                r#"  "d""#,
                ")",
            ][..],
        ),
        (
            r#"max_over_time((some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"} + some_metric_name_that_is_long2)[5m:1m])"#,
            &[
                "max_over_time(",
                "  (",
                r#"      some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}"#,
                "    +",
                "      some_metric_name_that_is_long2",
                "  )[5m:1m]",
                ")",
            ][..],
        ),
        (
            r#"topk(5, some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"} == bool some_metric_name_that_is_long2) without (job, instance)"#,
            &[
                "topk without (job, instance) (",
                "  5,",
                r#"    some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}"#,
                "  == bool",
                "    some_metric_name_that_is_long2",
                ")",
            ][..],
        ),
        (
            r#"max_over_time(rate(some_metric_name_that_is_long{job="api-server-frontend",instance=~"prod-.*"}[5m])[1h:]) + 1"#,
            &[
                "  max_over_time(",
                r#"rate(some_metric_name_that_is_long{instance=~"prod-.*",job="api-server-frontend"}[5m])[1h:]"#,
                "  )",
                "+",
                "  1",
            ][..],
        ),
    ] {
        let written = canonical_of(text);
        assert_eq!(written.lines().collect::<Vec<_>>(), lines, "{text}");
        assert_eq!(canonical_of(&written), written);
    }
}

#[test]
fn labels_in_quotes_stay_in_quotes() {
    // Prometheus 3.5 drops them in `on`, and cannot read its own text then.
    for text in [
        r#"a * on ("b.c") group_left ("d e") f"#,
        r#"a * ignoring ("b.c", d) f"#,
        r#"sum by ("b.c", d:e) (x)"#,
        r#"{"b.c"="d"}"#,
    ] {
        assert_eq!(canonical_of(text), text);
    }
}

#[test]
fn the_json_dialect_is_written_as_it_was_read() {
    for (text, expected) in [
        (r#"cpu{host=~"(web\.01|a)", dc="x"}"#, r#"cpu{dc="x",host=~"web\\.01|a"}"#),
        (r"(cpu\.load|mem) + 5m", r#"{__name__=~"cpu\\.load|mem"} + 300"#),
        (r#"{__name__="cpu.load", a!="$__all"}[$__interval]"#, r#"{__name__="cpu.load",a!~".*"}[$__interval]"#),
        (r#"x{a!="(b|c)"} offset -$__range"#, r#"x{a!~"b|c"} offset -$__range"#),
    ] {
        let expr = parse(text, Dialect::Json).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(canonical(&expr), expected, "{text}");
    }
}

fn tree_of(text: &str) -> Value {
    promql(text, &Patterns::default()).map_or_else(|error| json!(error.to_string()), |expr| tree(&expr))
}

#[test]
fn trees_are_those_of_prometheus() {
    for (text, expected) in [
        (
            r#"a{b="c"} + on(x) group_left(y) sum without() (rate({"d.e",f!~"g"}[5m] @ 5 offset -1m))"#,
            r#"{"bool":false,"lhs":{"matchers":[{"name":"b","type":"=","value":"c"},{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"many-to-one","include":["y"],"labels":["x"],"on":true},"op":"+","rhs":{"expr":{"args":[{"matchers":[{"name":"__name__","type":"=","value":"d.e"},{"name":"f","type":"!~","value":"g"}],"name":"","offset":-60000,"range":300000,"startOrEnd":null,"timestamp":5000,"type":"matrixSelector"}],"func":{"argTypes":["matrix"],"name":"rate","returnType":"vector","variadic":0},"type":"call"},"grouping":[],"op":"sum","param":null,"type":"aggregation","without":true},"type":"binaryExpr"}"#,
        ),
        (
            "a and max by (c) (b @ end())",
            r#"{"bool":false,"lhs":{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"matching":{"card":"many-to-many","include":[],"labels":[],"on":false},"op":"and","rhs":{"expr":{"matchers":[{"name":"__name__","type":"=","value":"b"}],"name":"b","offset":0,"startOrEnd":"end","timestamp":null,"type":"vectorSelector"},"grouping":["c"],"op":"max","param":null,"type":"aggregation","without":false},"type":"binaryExpr"}"#,
        ),
        (
            r#"topk(-5m, +label_join(a, "b", "c")) > bool (1.5)"#,
            r#"{"bool":true,"lhs":{"expr":{"expr":{"args":[{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},{"type":"stringLiteral","val":"b"},{"type":"stringLiteral","val":"c"}],"func":{"argTypes":["vector","string","string","string"],"name":"label_join","returnType":"vector","variadic":-1},"type":"call"},"op":"+","type":"unaryExpr"},"grouping":[],"op":"topk","param":{"type":"numberLiteral","val":"-300"},"type":"aggregation","without":false},"matching":null,"op":">","rhs":{"expr":{"type":"numberLiteral","val":"1.5"},"type":"parenExpr"},"type":"binaryExpr"}"#,
        ),
        (
            "max_over_time(a[5m:30s] @ start() offset 1h)",
            r#"{"args":[{"expr":{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"offset":3600000,"range":300000,"startOrEnd":"start","step":30000,"timestamp":null,"type":"subquery"}],"func":{"argTypes":["matrix"],"name":"max_over_time","returnType":"vector","variadic":0},"type":"call"}"#,
        ),
        (
            "-a * ignoring(b) group_right(c, d) round(e)",
            r#"{"bool":false,"lhs":{"expr":{"matchers":[{"name":"__name__","type":"=","value":"a"}],"name":"a","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"},"op":"-","type":"unaryExpr"},"matching":{"card":"one-to-many","include":["c","d"],"labels":["b"],"on":false},"op":"*","rhs":{"args":[{"matchers":[{"name":"__name__","type":"=","value":"e"}],"name":"e","offset":0,"startOrEnd":null,"timestamp":null,"type":"vectorSelector"}],"func":{"argTypes":["vector","scalar"],"name":"round","returnType":"vector","variadic":1},"type":"call"},"type":"binaryExpr"}"#,
        ),
    ] {
        let expected: Value = serde_json::from_str(expected).unwrap_or_default();
        assert_eq!(tree_of(text), expected, "{text}");
    }
}
