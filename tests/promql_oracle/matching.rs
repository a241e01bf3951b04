//! Aggregations and operators between vectors.

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::expression::{METRICS, any, of_metric, quantile, scalar, vector};
use crate::node::{Kind, Node};

const LABELS: [&str; 10] = ["host", "host", "method", "code", "le", "dc", "rack", "path", "nope", "__name__"];
const ARITHMETIC: [&str; 7] = ["+", "-", "*", "/", "%", "^", "atan2"];
const COMPARISONS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const SETS: [&str; 3] = ["and", "or", "unless"];

fn list(dice: &mut StdRng) -> String {
    let labels: Vec<&str> = (0..dice.random_range(0..3)).map(|_| any(dice, &LABELS)).collect();
    labels.join(", ")
}

fn grouping(dice: &mut StdRng) -> String {
    match dice.random_range(0..5) {
        0 | 1 => String::new(),
        2 | 3 => format!(" by ({}) ", list(dice)),
        _ => format!(" without ({}) ", list(dice)),
    }
}

pub fn aggregation(dice: &mut StdRng, depth: u32) -> Node {
    let group = grouping(dice);
    match dice.random_range(0..14) {
        0 => {
            let (phi, sub) = (quantile(dice, depth), vector(dice, depth - 1));
            let head = format!("quantile{group}(");
            Node::new(Kind::Vector, [head.into(), phi.into(), ", ".into(), sub.into(), ")".into()])
        }
        1 => {
            // The last digit of a computed value would be a label's.
            let name = any(dice, &["fans", "requests_total", "mem", "latency_seconds_bucket"]);
            let head = format!("count_values{group}(\"{}\", ", any(dice, &["v", "host", "größe"]));
            Node::new(Kind::Vector, [head.into(), of_metric(dice, name).into(), ")".into()])
        }
        // Which one of equal values is taken is not defined: these have none.
        2 | 3 => {
            let name = any(dice, &["cpu", "temperature", "latency_seconds_sum"]);
            let head = format!("{}{group}(", any(dice, &["topk", "bottomk"]));
            let count =
                Node::scalar(any(dice, &["1", "2", "3", "3", "0", "-1", "1.9", "100", "NaN", "scalar(count(cpu))"]));
            let sub = Node::new(Kind::Vector, [name.into()]);
            Node::new(Kind::Vector, [head.into(), count.into(), ", ".into(), sub.into(), ")".into()])
        }
        _ => {
            let op = any(dice, &["sum", "sum", "avg", "avg", "min", "max", "count", "group", "stddev", "stdvar"]);
            let sub = vector(dice, depth - 1);
            let (before, behind) = if dice.random_bool(0.2) { (String::new(), group) } else { (group, String::new()) };
            let (head, tail) = (format!("{op}{before}("), format!("){behind}"));
            Node::new(Kind::Vector, [head.into(), sub.into(), tail.into()])
        }
    }
}

pub fn binary(dice: &mut StdRng, depth: u32) -> Node {
    match dice.random_range(0..10) {
        0 | 1 => with_scalar(dice, depth),
        2 | 3 => related(dice),
        4 | 5 => grouped(dice, depth),
        6 => sets(dice, depth),
        7 => many(dice, depth),
        _ => between(vector(dice, depth - 1), &operator(dice), vector(dice, depth - 1)),
    }
}

fn between(left: Node, op: &str, right: Node) -> Node {
    Node::new(Kind::Vector, ["(".into(), left.into(), format!(" {op} ").into(), right.into(), ")".into()])
}

fn operator(dice: &mut StdRng) -> String {
    match dice.random_range(0..3) {
        0 => format!("{}{}", any(dice, &COMPARISONS), any(dice, &["", " bool"])),
        _ => any(dice, &ARITHMETIC).to_owned(),
    }
}

fn matched(dice: &mut StdRng) -> String {
    match dice.random_range(0..4) {
        0 => String::new(),
        1 | 2 => format!(" on({})", list(dice)),
        _ => format!(" ignoring({})", list(dice)),
    }
}

fn with_scalar(dice: &mut StdRng, depth: u32) -> Node {
    let op = operator(dice);
    let (one, other) = (vector(dice, depth - 1), scalar(dice, depth - 1));
    if dice.random_bool(0.5) { between(one, &op, other) } else { between(other, &op, one) }
}

/// Two metrics of one table, or one metric twice: all series match.
fn related(dice: &mut StdRng) -> Node {
    let names: [(&str, &str); 4] = [
        ("cpu", "mem"),
        ("latency_seconds_sum", "latency_seconds_count"),
        ("temperature", "temperature"),
        ("requests_total", "requests_total"),
    ];
    let (one, other) = names.choose(dice).unwrap();
    let op = operator(dice);
    between(of_metric(dice, one), &op, of_metric(dice, other))
}

/// Both sides aggregated by the same labels.
fn grouped(dice: &mut StdRng, depth: u32) -> Node {
    let labels = list(dice);
    let head = format!("{} by ({labels}) (", any(dice, &["sum", "avg", "max", "count"]));
    let side =
        |dice: &mut StdRng| Node::new(Kind::Vector, [head.as_str().into(), vector(dice, depth - 1).into(), ")".into()]);
    let (left, op, right) = (side(dice), operator(dice), side(dice));
    between(left, &op, right)
}

fn sets(dice: &mut StdRng, depth: u32) -> Node {
    let op = format!("{}{}", any(dice, &SETS), matched(dice));
    between(vector(dice, depth - 1), &op, vector(dice, depth - 1))
}

/// `group_left` and `group_right`: mostly over a side with one series for each match.
fn many(dice: &mut StdRng, depth: u32) -> Node {
    let (name, _) = METRICS.choose(dice).unwrap();
    let many = of_metric(dice, name);
    let (labels, copied) = (list(dice), list(dice));
    let joined = if labels.is_empty() || copied.is_empty() { String::new() } else { format!(", {copied}") };
    let head = format!("max by ({labels}{joined}) (");
    let one = Node::new(Kind::Vector, [head.into(), vector(dice, depth - 1).into(), ")".into()]);
    let keyword = any(dice, &["on", "on", "on", "ignoring"]);
    let included = if dice.random_bool(0.6) { format!("({copied})") } else { String::new() };
    let op = operator(dice);
    if dice.random_bool(0.6) {
        between(many, &format!("{op} {keyword}({labels}) group_left{included}"), one)
    } else {
        between(one, &format!("{op} {keyword}({labels}) group_right{included}"), many)
    }
}
