//! Rows that no relation holds: those of functions and of VALUES.

use super::derived::RowFacts;
use super::graph::ViewGraph;
use super::scope;
use super::tree::Node;
use super::values::Value;

/// `generate_series`, `generate_subscripts` and the keys of documents: no value comes twice.
const OF_DISTINCT: [i64; 17] =
    [938, 939, 1066, 1067, 1068, 1069, 1191, 1192, 3208, 3259, 3260, 3931, 3932, 3957, 3958, 3959, 6274];
const UNNEST: i64 = 2331;

/// The rows of functions side by side in FROM.
pub(super) fn functions(node: &Node, graph: &ViewGraph) -> RowFacts {
    let mut rows = RowFacts::default();
    let mut column = 1_i16;
    for function in node.get("functions").items() {
        let call = function.get("funcexpr");
        if tells_rows(call, graph) {
            rows.keys.push(vec![column]);
        }
        if scope::is_time(scope::type_of(call)) {
            rows.times.insert(column);
        }
        column += i16::try_from(function.get("funccolcount").number()).unwrap_or(1);
    }
    if node.get("funcordinality").is_true() {
        rows.keys.push(vec![column]);
    }
    // A function that returns one row is called once.
    let calls = || node.get("functions").items().iter().map(|function| function.get("funcexpr"));
    if calls().all(|call| !call.get("funcretset").is_true() && call.kind() == "FUNC") {
        rows.keys.push(Vec::new());
    }
    rows
}

/// Whether the first column of a function's rows tells them apart: no value comes twice, or they are words, of which
/// equal ones mean the same.
pub(super) fn tells_rows(call: &Node, graph: &ViewGraph) -> bool {
    let id = call.get("funcid").number();
    let is_distinct = OF_DISTINCT.contains(&id);
    let elements = call.get("args").items().first().map_or(&[][..], |array| array.get("elements").items());
    is_distinct || scope::is_text(scope::type_of(call)) || id == UNNEST && are_distinct(elements.iter(), graph)
}

/// Whether expressions are constants, each another one.
fn are_distinct<'a>(nodes: impl Iterator<Item = &'a Node>, graph: &ViewGraph) -> bool {
    let values = nodes.map(|node| Value::constant(node, graph)).collect::<Option<Vec<Value>>>().unwrap_or_default();
    let is_another = |at: usize| values[..at].iter().all(|one| one.differs(&values[at]));
    !values.is_empty() && (0..values.len()).all(is_another)
}

/// The value of a constant, behind casts of it.
pub(super) fn constant(node: &Node) -> Option<&Node> {
    match node.kind() {
        "CONST" if !node.get("constisnull").is_true() => Some(node.get("constvalue")),
        "RELABELTYPE" | "COERCEVIAIO" | "COLLATE" => constant(node.get("arg")),
        "FUNC" if matches!(node.get("funcformat").number(), 1 | 2) => constant(node.get("args").items().first()?),
        _ => None,
    }
}

/// The rows of XMLTABLE or JSON_TABLE.
pub(super) fn table_function(node: &Node) -> RowFacts {
    let ordinality = node.get("tablefunc").get("ordinalitycol");
    let column = i16::try_from(ordinality.number() + 1).ok().filter(|column| ordinality.is_some() && *column > 0);
    RowFacts { keys: column.into_iter().map(|column| vec![column]).collect(), ..RowFacts::default() }
}

/// The rows of VALUES: a column of other constants in each tells them apart.
pub(super) fn values(node: &Node, graph: &ViewGraph) -> RowFacts {
    let rows = node.get("values_lists").items();
    let width = rows.first().map_or(0, |row| row.items().len());
    let is_key = |at: &usize| are_distinct(rows.iter().filter_map(|row| row.items().get(*at)), graph);
    let keys = (0..width).filter(is_key).filter_map(|at| i16::try_from(at + 1).ok()).map(|column| vec![column]);
    let mut keys: Vec<Vec<i16>> = keys.collect();
    if rows.len() == 1 {
        keys.push(Vec::new());
    }
    RowFacts { keys, ..RowFacts::default() }
}
