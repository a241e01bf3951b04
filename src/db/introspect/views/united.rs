//! What tells the rows of a UNION apart: what each part of it carries, and a constant that says which part a row is of.

use std::collections::BTreeSet;

use super::derived::{KeyPart, RowFacts, RowKey};
use super::parts;
use super::scope;
use super::select::Reading;
use super::tree::Node;

/// One part.
pub(super) struct Arm<'a> {
    query: &'a Node,
    pub(super) rows: RowFacts,
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
    let arm_of = parts::told(&arms, &targets, reading);
    let own: Vec<KeyPart> = arm_of.told.iter().flatten().map(|target| part(&arms, target)).collect();
    for arm in &arms {
        rows.dropped.extend(arm.rows.dropped.iter().cloned());
        let one_of_many = if arm_of.is_shown || arms.len() < 2 { &mut rows.narrowed } else { &mut rows.dropped };
        one_of_many.extend(arm.rows.narrowed.iter().cloned());
        rows.times.extend(&arm.rows.times);
        for teller in &arm.rows.tellers {
            let mut teller = teller.clone();
            teller.is_whole &= arms.len() == 1;
            let is_new = |part: &&KeyPart| !teller.parts.iter().any(|own| own.column == part.column);
            let more: Vec<KeyPart> = own.iter().filter(is_new).cloned().collect();
            teller.parts.extend(more);
            rows.tellers.push(teller);
        }
    }
    if let Some((first, others)) = arms.split_first() {
        let is_in_all = |key: &&Vec<i16>| others.iter().all(|arm| arm.rows.keys.contains(key));
        let keys = first.rows.keys.iter().filter(is_in_all).filter(|_| arm_of.told.is_some() || others.is_empty());
        rows.keys = keys
            .map(|key| {
                let more = own.iter().map(|own| own.column).filter(|column| !key.contains(column));
                key.iter().copied().chain(more).collect()
            })
            .collect();
        let filled =
            first.rows.not_null.iter().filter(|column| others.iter().all(|arm| arm.rows.not_null.contains(column)));
        rows.not_null = filled.copied().collect();
    }
    let shown: Vec<i16> = own.iter().filter(|_| arm_of.is_shown).map(|own| own.column).collect();
    keyless(&mut rows, &arms, &shown);
    // Without a key these columns alone are what says which part a row is of.
    let parts: Vec<KeyPart> = own.into_iter().filter(|own| !own.is_time).collect();
    if !parts.is_empty() && rows.tellers.is_empty() && !rows.keyless.is_empty() {
        rows.tellers.push(RowKey { parts, is_whole: false, is_of_groups: false, divides: true });
    }
    let keyed: BTreeSet<i16> = rows.tellers.iter().flat_map(|key| &key.parts).map(|part| part.column).collect();
    if !arm_of.is_shown {
        let values = targets.iter().filter(|target| !keyed.contains(&number(target)));
        rows.dropped.extend(values.filter_map(|target| mixed(&arms, target)));
    }
    // UNION leaves one of equal rows, which is all there is to tell where every column is of the key.
    let is_distinct = !query.get("setOperations").get("all").is_true();
    let all: Vec<KeyPart> = targets.iter().map(|target| part(&arms, target)).collect();
    let is_what = |target: &&Node| scope::is_what(scope::type_of(target.get("expr")));
    if is_distinct && all.iter().all(|part| !part.is_time) && targets.iter().all(is_what) {
        return rows.once_each(all);
    }
    rows.keys.extend(is_distinct.then(|| all.iter().map(|part| part.column).collect()));
    let is_one_each = is_distinct && all.iter().all(|part| keyed.contains(&part.column));
    if arms.len() > 1 && arm_of.told.is_none() && rows.dropped.is_empty() && !is_one_each {
        rows.dropped.push(parts::which(&arms, reading));
    }
    rows.dropped.sort();
    rows.dropped.dedup();
    rows
}

fn part(arms: &[Arm<'_>], target: &Node) -> KeyPart {
    KeyPart {
        column: number(target),
        is_time: parts::is_time(arms, target),
        name: target.get("resname").word().to_owned(),
        of: String::new(),
    }
}

pub(super) fn number(target: &Node) -> i16 {
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
fn keyless(rows: &mut RowFacts, arms: &[Arm<'_>], own: &[i16]) {
    for arm in arms {
        let mut tables = arm.rows.keyless.clone();
        for (table, of) in &mut tables {
            let is_alone = arms.iter().filter(|other| other.rows.keyless.contains_key(table)).count() == 1;
            of.known.values_mut().chain(&mut of.found).for_each(|by| by.extend(own.iter().filter(|_| !is_alone)));
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
    /// The tables that it reads.
    pub(super) fn tables(&self) -> BTreeSet<i64> {
        let mut found = BTreeSet::new();
        tables(self.query, &mut found);
        found
    }

    /// What stands in a column.
    pub(super) fn value(&self, number: i64) -> &'a Node {
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
    let (beneath, mut way) = (first.tables(), String::new());
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
