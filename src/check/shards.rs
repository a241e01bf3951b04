//! Rows on other servers: what keeps these from aggregating them, and all of them from being asked at once.

use std::collections::BTreeSet;

use super::plan::Plan;
use super::report::{Finding, Severity};
use crate::catalog::Source;
use crate::catalog::facts::{RelationFacts, Shard};
use crate::ident::Ident;

/// Below this the planner takes rows that cross the network for cheap, and may fetch them instead of their sums.
const TUPLE_COST: f64 = 0.2;

/// What is amiss, and the statements that help.
pub(super) fn findings(source: &Source, facts: &RelationFacts) -> Vec<Finding> {
    let shards: Vec<&Shard> = facts.shards.iter().filter(|shard| shard.is_postgres).collect();
    if shards.is_empty() {
        return Vec::new();
    }
    let lacking = |lacks: fn(&Shard) -> bool| shards.iter().copied().filter(|s| lacks(s)).collect::<Vec<&Shard>>();
    let option = |level, lacks, what: &str, name, value| optional(level, &lacking(lacks), what, name, value);
    let is_alone = shards.len() < 2;
    let asynchronous = (!is_alone).then(|| {
        let what = "are asked one after the other";
        option(Severity::Slow, |shard| !shard.is_on("async_capable"), what, "async_capable", "true")
    });
    let all = [
        asynchronous.flatten(),
        option(
            Severity::Slow,
            |shard| shard.tuple_cost < TUPLE_COST,
            "may send all their rows: the planner takes a row that crosses the network for cheap",
            "fdw_tuple_cost",
            "0.2",
        ),
        option(
            Severity::Note,
            |shard| shard.is_on("use_remote_estimate"),
            "are asked for their estimates before each question, which takes longer than many a question",
            "use_remote_estimate",
            "false",
        ),
        option(
            Severity::Note,
            |shard| !shard.options.contains_key("fetch_size"),
            "send samples 100 at a time",
            "fetch_size",
            "10000",
        ),
        option(
            Severity::Note,
            |shard| !shard.options.contains_key("connect_timeout"),
            "keep a question waiting for minutes where their machine does not answer",
            "connect_timeout",
            "3",
        ),
        unanalysed(&lacking(|shard| !shard.is_analysed)),
        divided(source),
        Some(indexes(source, &shards)),
    ];
    all.into_iter().flatten().collect()
}

/// A question whose rows are fetched and not aggregated where they are.
pub(super) fn fetched(plan: &Plan) -> Option<Finding> {
    let what = "the rows of a question come from other servers one by one: these do not aggregate them";
    (!plan.fetched.is_empty()).then(|| Finding::new(Severity::Slow, what))
}

/// An option that some servers lack.
fn optional(level: Severity, shards: &[&Shard], what: &str, name: &str, value: &str) -> Option<Finding> {
    let mut seen = BTreeSet::new();
    let servers: Vec<&&Shard> = shards.iter().filter(|shard| seen.insert(shard.server.as_str())).collect();
    let first = servers.first()?;
    let set = |shard: &&&Shard| {
        let verb = if shard.options.contains_key(name) { "SET" } else { "ADD" };
        format!("ALTER SERVER {} OPTIONS ({verb} {name} '{value}');", shard.server.quoted())
    };
    let fix = servers.iter().map(set).collect::<Vec<String>>().join(" ");
    let message = format!("{} {what}", several("the foreign servers", &first.server, servers.len()));
    Some(Finding { fix: Some(fix), ..Finding::new(level, message) })
}

/// `the foreign servers a and 3 more`.
fn several(what: &str, first: &Ident, count: usize) -> String {
    if count > 1 { format!("{what} {first} and {} more", count - 1) } else { format!("{what} {first}") }
}

/// PostgreSQL analyses no foreign table unless it is told to.
fn unanalysed(shards: &[&Shard]) -> Option<Finding> {
    let first = shards.first()?;
    let what = several("the planner knows nothing of the foreign tables", &first.relation.name, shards.len());
    let analyze =
        |shard: &&Shard| format!("ANALYZE {}.{};", shard.relation.schema.quoted(), shard.relation.name.quoted());
    let fix = shards.iter().map(analyze).collect::<Vec<String>>().join(" ");
    Some(Finding { fix: Some(fix), ..Finding::new(Severity::Note, format!("{what}: repeat ANALYZE as they grow")) })
}

/// Rows that are divided by something else than labels: a series may lie on several servers.
fn divided(source: &Source) -> Option<Finding> {
    let other = source.remote.as_ref()?.iter().find(|key| !source.is_label_column(key))?;
    let what =
        format!("rows are divided among the servers by {other}, which is no label: they cannot aggregate a series");
    Some(Finding::new(Severity::Slow, format!("{what}; divide them by hash of a label")))
}

/// Indexes that only the other servers know of.
fn indexes(source: &Source, shards: &[&Shard]) -> Finding {
    let time = &source.time.column;
    let create: BTreeSet<String> = shards
        .iter()
        .map(|shard| format!("{}.{} ({});", shard.theirs.schema.quoted(), shard.theirs.name.quoted(), time.quoted()))
        .map(|on| format!("CREATE INDEX CONCURRENTLY ON {on}"))
        .collect();
    let servers: BTreeSet<&str> = shards.iter().map(|shard| shard.server.as_str()).collect();
    let servers = servers.into_iter().collect::<Vec<&str>>().join(", ");
    let what = format!("whether an index on each foreign server holds {time} is not seen from here");
    let fix = format!("{} -- on {servers}", create.into_iter().collect::<Vec<String>>().join(" "));
    Finding { fix: Some(fix), ..Finding::new(Severity::Note, what) }
}
