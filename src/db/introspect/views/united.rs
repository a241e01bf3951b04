//! What tells the rows of a UNION apart: what each part of it carries, and a constant that says which part a row is of.

use std::collections::BTreeSet;

use super::calls;
use super::derived::{KeyPart, RowFacts, RowKey};
use super::scope;
use super::select::Reading;
use super::tree::Node;

/// One part.
struct Arm<'a> {
    query: &'a Node,
    rows: RowFacts,
}

/// A column of a relation that a part reads.
struct Origin<'a> {
    relation: i64,
    name: &'a str,
}

/// The rows of a query that is made of several.
pub(super) fn rows<'a>(reading: &Reading<'a>, query: &'a Node) -> RowFacts {
    let mut places = Vec::new();
    let is_whole = leaves(query.get("setOperations"), &mut places);
    let entries = query.get("rtable").items();
    let arms = places.iter().filter_map(|at| entries.get(*at)).map(|entry| entry.get("subquery"));
    let arms: Vec<Arm<'a>> = arms.map(|query| Arm { query, rows: reading.within(query) }).collect();
    let mut rows = if is_whole { RowFacts::default() } else { RowFacts::lacks("what its definition says") };
    let targets: Vec<&Node> =
        query.get("targetList").items().iter().filter(|one| !one.get("resjunk").is_true()).collect();
    let told = targets
        .iter()
        .position(|target| calls::are_distinct(arms.iter().map(|arm| arm.value(target.get("resno").number()))));
    let told = told.map(|at| targets[at]).filter(|_| arms.len() > 1);
    let own = told.map(|target| KeyPart {
        column: number(target),
        is_time: false,
        name: target.get("resname").word().to_owned(),
        of: String::new(),
    });
    for arm in &arms {
        rows.dropped.extend(arm.rows.dropped.iter().cloned());
        let one_of_many = if told.is_none() && arms.len() > 1 { &mut rows.dropped } else { &mut rows.narrowed };
        one_of_many.extend(arm.rows.narrowed.iter().cloned());
        rows.times.extend(&arm.rows.times);
        for teller in &arm.rows.tellers {
            let mut teller = teller.clone();
            teller.is_whole &= arms.len() == 1;
            teller.parts.extend(own.clone());
            rows.tellers.push(teller);
        }
    }
    if let Some((first, others)) = arms.split_first() {
        let is_in_all = |key: &&Vec<i16>| others.iter().all(|arm| arm.rows.keys.contains(key));
        let keys = first.rows.keys.iter().filter(is_in_all).filter(|_| own.is_some() || others.is_empty());
        rows.keys = keys.map(|key| key.iter().copied().chain(own.as_ref().map(|own| own.column)).collect()).collect();
        let filled =
            first.rows.not_null.iter().filter(|column| others.iter().all(|arm| arm.rows.not_null.contains(column)));
        rows.not_null = filled.copied().collect();
    }
    keyless(&mut rows, &arms, own.as_ref().map(|own| own.column));
    // Without a key the constant alone is what says which part a row is of.
    if let Some(own) = own.filter(|_| rows.tellers.is_empty() && !rows.keyless.is_empty()) {
        rows.tellers.push(RowKey { parts: vec![own], is_whole: false, divides: true });
    }
    if told.is_none() {
        let keyed: BTreeSet<i16> = rows.tellers.iter().flat_map(|key| &key.parts).map(|part| part.column).collect();
        let values = targets.iter().filter(|target| !keyed.contains(&number(target)));
        rows.dropped.extend(values.filter_map(|target| mixed(&arms, target)));
    }
    rows.dropped.sort();
    rows.dropped.dedup();
    rows
}

fn number(target: &Node) -> i16 {
    i16::try_from(target.get("resno").number()).unwrap_or(0)
}

/// The places of the parts, as far as their rows are all there: of EXCEPT and INTERSECT those of the first. False where
/// something stands there that is no part.
fn leaves(node: &Node, found: &mut Vec<usize>) -> bool {
    match node.kind() {
        "RANGETBLREF" => {
            found.extend(usize::try_from(node.get("rtindex").number() - 1));
            true
        }
        "SETOPERATIONSTMT" => {
            leaves(node.get("larg"), found) && (node.get("op").number() != 1 || leaves(node.get("rarg"), found))
        }
        _ => false,
    }
}

/// What is known of the tables without a key: what the constant of a part fixes, that constant says; what conditions fix in
/// several parts is perhaps different in each.
fn keyless(rows: &mut RowFacts, arms: &[Arm<'_>], own: Option<i16>) {
    for arm in arms {
        let mut tables = arm.rows.keyless.clone();
        for (table, of) in &mut tables {
            let is_alone = arms.iter().filter(|other| other.rows.keyless.contains_key(table)).count() == 1;
            of.known.values_mut().chain(&mut of.found).for_each(|by| by.extend(own.filter(|_| !is_alone)));
            of.known.retain(|_, by| is_alone || !by.is_empty());
            of.found = of.found.take().filter(|by| is_alone || !by.is_empty());
        }
        rows.take_keyless(tables);
    }
}

/// Whether a query or one within it reads a table.
fn reads(node: &Node, relation: i64) -> bool {
    node.get("relid").number() == relation || node.children().any(|child| reads(child, relation))
}

/// The tables that a query reads, and those within it.
fn tables(node: &Node, found: &mut BTreeSet<i64>) {
    found.extend(Some(node.get("relid").number()).filter(|id| *id > 0));
    node.children().for_each(|child| tables(child, found));
}

/// What stands in a column of a query.
fn value(query: &Node, number: i64) -> &Node {
    let mut columns = query.get("targetList").items().iter();
    columns.find(|target| target.get("resno").number() == number).map_or(query, |target| target.get("expr"))
}

/// The column of a relation that an expression is, behind casts, joins and queries within.
fn origin<'a>(query: &'a Node, node: &'a Node) -> Option<Origin<'a>> {
    let args = node.get("args").items();
    match node.kind() {
        "RELABELTYPE" | "COERCEVIAIO" | "COLLATE" | "COERCETODOMAIN" => origin(query, node.get("arg")),
        "FUNC" if matches!(node.get("funcformat").number(), 1 | 2) => origin(query, args.first()?),
        "VAR" if node.get("varlevelsup").number() == 0 => {
            let at = usize::try_from(node.get("varno").number() - 1).ok()?;
            let entry = query.get("rtable").items().get(at)?;
            let column = usize::try_from(node.get("varattno").number() - 1).ok()?;
            match entry.get("rtekind").number() {
                0 => {
                    let name = entry.get("eref").get("colnames").items().get(column)?.unquoted();
                    Some(Origin { relation: entry.get("relid").number(), name })
                }
                1 => {
                    let within = entry.get("subquery");
                    origin(within, value(within, node.get("varattno").number()))
                }
                2 => origin(query, entry.get("joinaliasvars").items().get(column)?),
                _ => None,
            }
        }
        _ => None,
    }
}

/// How a value is computed, whatever the tables are called.
fn computed(query: &Node, node: &Node, out: &mut String) {
    if let Some(origin) = origin(query, node) {
        out.push_str(origin.name);
    } else {
        out.push_str(node.kind());
        out.push_str(node.word());
        node.children().for_each(|child| computed(query, child, out));
    }
    out.push(' ');
}

impl<'a> Arm<'a> {
    /// What stands in a column.
    fn value(&self, number: i64) -> &'a Node {
        value(self.query, number)
    }
}

/// What a column of values lacks where it holds one column in one part and another in the next.
fn mixed(arms: &[Arm<'_>], target: &Node) -> Option<String> {
    let (number, name) = (target.get("resno").number(), target.get("resname").word());
    let is_value = |node: &&Node| node.kind() != "CONST" && scope::is_number(scope::type_of(node));
    let own = |arm: &Arm<'_>| is_value(&arm.value(number));
    let valued: Vec<&Arm<'_>> = arms.iter().filter(|arm| own(arm)).collect();
    let (first, others) = valued.split_first()?;
    let of =
        |arm: &Arm<'_>| origin(arm.query, arm.value(number)).map(|origin| (origin.relation, origin.name.to_owned()));
    let (mut beneath, mut way) = (BTreeSet::new(), String::new());
    tables(first.query, &mut beneath);
    computed(first.query, first.value(number), &mut way);
    let own = of(first);
    others.iter().find_map(|other| match (&own, &of(other)) {
        (Some((_, one)), Some((_, two))) => (one != two).then(|| format!("whether `{name}` is `{one}` or `{two}`")),
        (Some((relation, one)), None) | (None, Some((relation, one)))
            if reads(first.query, *relation) && reads(other.query, *relation) =>
        {
            Some(format!("whether `{name}` is `{one}` or what is computed"))
        }
        (None, None) if beneath.iter().any(|relation| reads(other.query, *relation)) => {
            let mut theirs = String::new();
            computed(other.query, other.value(number), &mut theirs);
            (theirs != way).then(|| format!("in which of several ways `{name}` is computed"))
        }
        _ => None,
    })
}
