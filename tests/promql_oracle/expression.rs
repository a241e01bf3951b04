//! Random expressions of every type.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::data::START_MS;
use crate::matching;
use crate::node::{Kind, Node, Part};

/// The metrics, each with some of its labels, and one that is not there.
pub const METRICS: [(&str, &[&str]); 9] = [
    ("requests_total", &["host", "method", "code", "path"]),
    ("fans", &["host", "state"]),
    ("latency_seconds_bucket", &["host", "le"]),
    ("latency_seconds_count", &["host"]),
    ("latency_seconds_sum", &["host"]),
    ("cpu", &["host", "dc"]),
    ("mem", &["host", "dc"]),
    ("temperature", &["host", "rack"]),
    ("no_such_metric", &["host"]),
];

const MATH: [&str; 27] = [
    "abs",
    "ceil",
    "floor",
    "exp",
    "ln",
    "log2",
    "log10",
    "sqrt",
    "sgn",
    "deg",
    "rad",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "sort",
    "sort_desc",
    "timestamp",
    "round",
];

const CALENDAR: [&str; 8] =
    ["minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"];

const RANGE: [&str; 19] = [
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "last_over_time",
    "present_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "changes",
    "resets",
    "deriv",
    "absent_over_time",
    "rate",
];

/// One of some.
pub fn any<'a>(dice: &mut StdRng, of: &[&'a str]) -> &'a str {
    of.choose(dice).unwrap()
}

pub fn vector(dice: &mut StdRng, depth: u32) -> Node {
    if depth == 0 {
        return selector(dice);
    }
    match dice.random_range(0..32) {
        0..4 => selector(dice),
        4..12 => of_range(dice, depth),
        12..15 => math(dice, depth),
        15..20 => matching::aggregation(dice, depth),
        20..27 => matching::binary(dice, depth),
        27 => labels(dice, depth),
        28 => histogram(dice, depth),
        29 => other(dice, depth),
        30 => Node::new(Kind::Vector, ["(".into(), vector(dice, depth - 1).into(), ")".into()]),
        _ => Node::new(Kind::Vector, ["-".into(), vector(dice, depth - 1).into()]),
    }
}

pub fn scalar(dice: &mut StdRng, depth: u32) -> Node {
    if depth == 0 || dice.random_bool(0.5) {
        let texts = ["0", "1", "2", "0.5", "-1", "100", "1e3", "0x1F", "NaN", "Inf", "-Inf", "5m", "time()", "pi()"];
        return Node::scalar(any(dice, &texts));
    }
    match dice.random_range(0..4) {
        0 | 1 => Node::new(Kind::Scalar, ["scalar(".into(), vector(dice, depth - 1).into(), ")".into()]),
        2 => Node::new(Kind::Scalar, ["-".into(), scalar(dice, depth - 1).into()]),
        _ => {
            let ops = ["+", "-", "*", "/", "%", "^", "atan2", "== bool", "< bool", ">= bool"];
            let (left, right) = (scalar(dice, depth - 1), scalar(dice, depth - 1));
            let op = format!(" {} ", any(dice, &ops));
            Node::new(Kind::Scalar, ["(".into(), left.into(), op.into(), right.into(), ")".into()])
        }
    }
}

/// Seldom the one that is not there.
fn some_metric(dice: &mut StdRng) -> &'static (&'static str, &'static [&'static str]) {
    let known = if dice.random_bool(0.02) { METRICS.len() } else { METRICS.len() - 1 };
    METRICS[..known].choose(dice).unwrap()
}

/// A metric with matchers, at another time now and then.
pub fn selector(dice: &mut StdRng) -> Node {
    let metric = some_metric(dice);
    let text = format!("{}{}", selected(dice, metric), shifted(dice));
    Node::new(Kind::Vector, [text.into()])
}

/// A selector of one metric, at its own time.
pub fn of_metric(dice: &mut StdRng, name: &str) -> Node {
    let metric = METRICS.iter().find(|(own, _)| *own == name).unwrap();
    Node::new(Kind::Vector, [selected(dice, metric).into()])
}

fn selected(dice: &mut StdRng, (name, labels): &(&str, &[&str])) -> String {
    match dice.random_range(0..20) {
        0..13 => (*name).to_owned(),
        13..17 => {
            // Each label once: which of several matchers names a label of `absent` depends on Prometheus' storage.
            let count = dice.random_range(1..3);
            let mut labels: Vec<&str> = labels.sample(dice, count).copied().collect();
            if dice.random_bool(0.05) {
                labels[0] = "nope";
            }
            let mut matchers: Vec<String> = labels.into_iter().map(|label| matcher(dice, label)).collect();
            if dice.random_bool(0.1) {
                matchers.push(String::new());
            }
            format!("{name}{{{}}}", matchers.join(","))
        }
        17 => format!("{{\"{name}\"}}"),
        18 => {
            format!("{{__name__=~\"{}\"}}", any(dice, &["cpu|mem", "latency.*", "(cpu|temperature|fans)", ".*_total"]))
        }
        _ => format!(
            "{{{}}}",
            any(
                dice,
                &[
                    "host=\"a\"",
                    "host=~\"a|b\",dc=\"\"",
                    "rack=~\".+\"",
                    "host=~\"a|b\",host!=\"a\"",
                    "code!=\"\",method=\"GET\""
                ]
            )
        ),
    }
}

/// Mostly of values that the label has.
fn matcher(dice: &mut StdRng, label: &str) -> String {
    let own: &[&str] = match label {
        "host" => &["a", "b", "web-1", "x\\\"y\\\\z", "größe"],
        "method" => &["GET", "POST"],
        "code" => &["200", "500"],
        "path" => &["/", "/x y", ""],
        "state" => &["on"],
        "le" => &["0.1", "1", "+Inf"],
        "dc" => &["eu", "us", ""],
        "rack" => &["1", "2", "東", ""],
        _ => &["", "a"],
    };
    if dice.random_bool(0.6) {
        let op = any(dice, &["=", "=", "!=", "!="]);
        return format!("{label}{op}\"{}\"", any(dice, own));
    }
    let patterns: &[&str] = match dice.random_range(0..3) {
        0 => &[".*", ".+", "", "a|b", "a?"],
        1 => &["a|b|eu|200|GET|1", "a|GET|/|on|.+Inf|1|.*00", "(?i)get|A|B|EU|5..", ".|..|....?"],
        _ => &["a|b", "web-.*", "5..", "[^a]", "[a-b]|\\\\d+", "\\\\p{Han}|\\\\w+", "x.y.z", "/x.y|/", "web-1|"],
    };
    let op = any(dice, &["=~", "=~", "!~"]);
    format!("{label}{op}\"{}\"", any(dice, patterns))
}

/// `offset` and `@`, seldom.
fn shifted(dice: &mut StdRng) -> String {
    let mut text = String::new();
    if dice.random_bool(0.1) {
        text.push_str(" offset ");
        text.push_str(any(dice, &["5m", "-3m", "1h", "1m30s", "7s", "-1h", "500ms"]));
    }
    if dice.random_bool(0.08) {
        let at = (START_MS + dice.random_range(-600_000..8_000_000)) as f64 / 1000.0;
        let fixed = format!("{at}");
        text.push_str(" @ ");
        text.push_str(any(dice, &["start()", "end()", &fixed, &fixed]));
    }
    text
}

/// A range of samples: of a selector, or of a subquery.
pub fn range(dice: &mut StdRng, depth: u32) -> Node {
    let window = *["2m", "2m30s", "5m", "5m", "10m", "1h", "17s", "90"].choose(dice).unwrap();
    if depth == 0 || dice.random_bool(0.8) {
        let metric = some_metric(dice);
        let text = format!("{}[{window}]{}", selected(dice, metric), shifted(dice));
        return Node::new(Kind::Range, [text.into()]);
    }
    let step = any(dice, &["", "1m", "30s", "2m", "45s", "7s"]);
    let inner = vector(dice, depth - 1);
    let tail = format!(")[{window}:{step}]{}", shifted(dice));
    Node::new(Kind::Range, ["(".into(), inner.into(), tail.into()])
}

fn of_range(dice: &mut StdRng, depth: u32) -> Node {
    let sub = range(dice, depth - 1);
    match dice.random_range(0..12) {
        0 => {
            let phi = quantile(dice, depth);
            Node::new(Kind::Vector, ["quantile_over_time(".into(), phi.into(), ", ".into(), sub.into(), ")".into()])
        }
        1 => {
            let ahead = scalar(dice, depth - 1);
            Node::new(Kind::Vector, ["predict_linear(".into(), sub.into(), ", ".into(), ahead.into(), ")".into()])
        }
        2 if dice.random_bool(0.4) => {
            let factors = any(dice, &["0.5, 0.5", "0.1, 0.9", "0.3, 0.01", "0, 0.5", "0.5, 1"]);
            let tail = format!(", {factors})");
            Node::new(Kind::Vector, ["double_exponential_smoothing(".into(), sub.into(), tail.into()])
        }
        _ => {
            let head = format!("{}(", any(dice, &RANGE));
            Node::new(Kind::Vector, [head.into(), sub.into(), ")".into()])
        }
    }
}

/// A φ: seldom out of range.
pub fn quantile(dice: &mut StdRng, depth: u32) -> Node {
    if dice.random_bool(0.1) {
        return scalar(dice, depth - 1);
    }
    Node::scalar(any(dice, &["0", "0.1", "0.25", "0.5", "0.9", "0.99", "1", "1.5", "-0.1", "NaN"]))
}

fn math(dice: &mut StdRng, depth: u32) -> Node {
    let sub = vector(dice, depth - 1);
    let one = |head: String, sub: Node| Node::new(Kind::Vector, [head.into(), sub.into(), ")".into()]);
    let two = |head: &str, sub: Node, second: Node| {
        Node::new(Kind::Vector, [head.into(), sub.into(), ", ".into(), second.into(), ")".into()])
    };
    match dice.random_range(0..10) {
        0 => two("round(", sub, scalar(dice, depth - 1)),
        1 => two("clamp_min(", sub, scalar(dice, depth - 1)),
        2 => two("clamp_max(", sub, scalar(dice, depth - 1)),
        3 => {
            let (low, high) = (scalar(dice, depth - 1), scalar(dice, depth - 1));
            let parts = ["clamp(".into(), sub.into(), ", ".into(), low.into(), ", ".into(), high.into(), ")".into()];
            Node::new(Kind::Vector, parts)
        }
        4 => one(format!("{}(", any(dice, &CALENDAR)), sub),
        _ => one(format!("{}(", any(dice, &MATH)), sub),
    }
}

fn labels(dice: &mut StdRng, depth: u32) -> Node {
    let sub = vector(dice, depth - 1);
    let tail = if dice.random_bool(0.5) {
        any(
            dice,
            &[
                r#", "new", "$1-x", "host", "(.)(.*)")"#,
                r#", "host", "$2", "host", "(.)(.*)")"#,
                r#", "host", "", "host", ".*")"#,
                r#", "new", "${1}y", "code", "(\\d)00")"#,
                r#", "__name__", "renamed", "host", ".+")"#,
                r#", "new", "$first", "nope", "(?P<first>.*)")"#,
                r#", "new", "$1", "host", "([")"#,
                r#", "größe", "$1", "host", "(.*)")"#,
            ],
        )
    } else {
        any(
            dice,
            &[r#", "joined", "-", "host", "method", "nope")"#, r#", "host", "", "dc", "rack")"#, r#", "joined", ",")"#],
        )
    };
    let head =
        if tail.matches('"').count() == 8 && !tail.contains("joined") { "label_replace(" } else { "label_join(" };
    Node::new(Kind::Vector, [head.into(), sub.into(), tail.into()])
}

fn histogram(dice: &mut StdRng, depth: u32) -> Node {
    let phi = quantile(dice, depth);
    let buckets = of_metric(dice, "latency_seconds_bucket");
    let inner = match dice.random_range(0..4) {
        0 => buckets,
        1 => {
            let range = Node::new(Kind::Range, [format!("{buckets}[5m]").into()]);
            Node::new(Kind::Vector, ["rate(".into(), range.into(), ")".into()])
        }
        2 => {
            let range = Node::new(Kind::Range, [format!("{buckets}[10m]").into()]);
            let rate = Node::new(Kind::Vector, ["rate(".into(), range.into(), ")".into()]);
            let head = any(dice, &["sum by (le) (", "sum by (le, host) (", "sum without (host) ("]);
            Node::new(Kind::Vector, [head.into(), rate.into(), ")".into()])
        }
        _ => vector(dice, depth - 1),
    };
    Node::new(Kind::Vector, ["histogram_quantile(".into(), phi.into(), ", ".into(), inner.into(), ")".into()])
}

fn other(dice: &mut StdRng, depth: u32) -> Node {
    match dice.random_range(0..4) {
        0 => Node::new(Kind::Vector, ["absent(".into(), vector(dice, depth - 1).into(), ")".into()]),
        1 => Node::new(Kind::Vector, [format!("{}()", any(dice, &CALENDAR)).into()]),
        _ => Node::new(Kind::Vector, ["vector(".into(), scalar(dice, depth - 1).into(), ")".into()]),
    }
}

/// A whole question. Ranges stand alone only where one instant is asked about.
pub fn question(dice: &mut StdRng, is_instant: bool) -> Node {
    match dice.random_range(0..20) {
        0 => scalar(dice, 3),
        1 if is_instant => range(dice, 2),
        2 => typed_wrong(dice),
        _ => {
            let depth = dice.random_range(1..5);
            vector(dice, depth)
        }
    }
}

/// What no type allows.
fn typed_wrong(dice: &mut StdRng) -> Node {
    let text = any(
        dice,
        &[
            "rate(cpu)",
            "cpu[5m] + 1",
            "sum(5)",
            "abs(cpu[5m])",
            "scalar(1)",
            "cpu and 1",
            "1 == 2",
            "-cpu[5m]",
            "cpu{}[5m] offset 5m @",
            "{}",
            "{host=~\".*\"}",
            "cpu[0s]",
            "sum by (host (cpu)",
            "label_replace(cpu, \"a\")",
            "quantile(cpu)",
            "topk(cpu)",
            "holt_winters(cpu[5m], 0.5, 0.5)",
            "nope(cpu)",
            "cpu + on(host) group_left 1",
            "cpu{host=~\"(\"}",
            "cpu{host=~\"(?=a)\"}",
            "vector(cpu)",
            "\"a\" + 1",
            "cpu and bool mem",
            "cpu + bool mem",
            "avg_over_time(cpu[5m:])[1m]",
            "cpu offset",
            "cpu @ mem",
            "rate(cpu[5m])[5m]",
            "cpu[5m][5m]",
            "1 and 2",
            "cpu unless on(host) group_left mem",
            "time(1)",
            "sum(cpu) by host",
            "cpu{host=a}",
            "cpu{__name__=\"mem\"}",
            "count_values(cpu, cpu)",
            "histogram_quantile(cpu)",
            "cpu{host=\"a\"",
            "cpu)",
            "'",
            "",
            "1 +",
            "5m5m",
            "01h",
        ],
    );
    Node::new(Kind::Vector, [Part::from(text)])
}
