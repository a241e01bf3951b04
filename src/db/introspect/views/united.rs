//! What tells the rows of a UNION apart: what each part of it carries, and a constant that says which part a row is of.

use std::collections::BTreeSet;

use super::calls;
use super::derived::{KeyPart, RowFacts};
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
    leaves(query.get("setOperations"), &mut places);
    let entries = query.get("rtable").items();
    let arms = places.iter().filter_map(|at| entries.get(*at)).map(|entry| entry.get("subquery"));
    let arms: Vec<Arm<'a>> = arms.map(|query| Arm { query, rows: reading.within(query) }).collect();
    let mut rows = RowFacts::default();
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

/// The places of the parts, as far as their rows are all there: of EXCEPT and INTERSECT those of the first.
fn leaves(node: &Node, found: &mut Vec<usize>) {
    if node.kind() == "RANGETBLREF" {
        found.extend(usize::try_from(node.get("rtindex").number() - 1));
        return;
    }
    leaves(node.get("larg"), found);
    if node.get("op").number() == 1 {
        leaves(node.get("rarg"), found);
    }
}

impl<'a> Arm<'a> {
    /// What stands in a column.
    fn value(&self, number: i64) -> &'a Node {
        let mut columns = self.query.get("targetList").items().iter();
        columns.find(|target| target.get("resno").number() == number).unwrap_or(self.query).get("expr")
    }

    /// The column of a relation that it is.
    fn origin(&self, node: &'a Node) -> Option<Origin<'a>> {
        let at = usize::try_from(node.get("varno").number() - 1).ok().filter(|_| node.kind() == "VAR")?;
        let entry = self.query.get("rtable").items().get(at).filter(|entry| entry.get("rtekind").number() == 0)?;
        let column = usize::try_from(node.get("varattno").number() - 1).ok()?;
        let name = entry.get("eref").get("colnames").items().get(column)?.unquoted();
        Some(Origin { relation: entry.get("relid").number(), name })
    }

    fn reads(&self, relation: i64) -> bool {
        let entries = self.query.get("rtable").items().iter();
        entries.filter(|entry| entry.get("rtekind").number() == 0).any(|entry| entry.get("relid").number() == relation)
    }
}

/// What a column of values lacks where it holds one column in one part and another in the next.
fn mixed(arms: &[Arm<'_>], target: &Node) -> Option<String> {
    let (number, name) = (target.get("resno").number(), target.get("resname").word());
    let is_value = |node: &&Node| node.kind() != "CONST" && scope::is_number(scope::type_of(node));
    let own = |arm: &Arm<'_>| is_value(&arm.value(number));
    let valued: Vec<&Arm<'_>> = arms.iter().filter(|arm| own(arm)).collect();
    let (first, others) = valued.split_first()?;
    let origin = first.origin(first.value(number));
    others.iter().find_map(|other| match (&origin, &other.origin(other.value(number))) {
        (Some(one), Some(two)) => {
            (one.name != two.name).then(|| format!("whether `{name}` is `{}` or `{}`", one.name, two.name))
        }
        (Some(one), None) | (None, Some(one)) if first.reads(one.relation) && other.reads(one.relation) => {
            Some(format!("whether `{name}` is `{}` or what is computed", one.name))
        }
        _ => None,
    })
}
