//! Where discovery looked, and what is said of it where the catalog has no metric.

use serde::Deserialize;

use super::file::{CatalogFile, did_you_mean};
use super::{Snapshot, toml_out};
use crate::nearest::nearest;

/// The most schemas that a sentence names.
const NAMED: usize = 5;

/// The schemas of the database, and which of them are searched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Searched {
    /// Whether they are those of the search path, because the file names none.
    pub is_path: bool,
    /// The database, as a statement names it.
    pub database: String,
    /// The role, as a statement names it.
    pub role: String,
    /// Whether datebin's own table of annotations is there.
    pub has_own_annotations: bool,
    /// All schemas, sorted by name.
    pub schemas: Vec<SchemaFacts>,
}

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SchemaFacts {
    /// Its name.
    pub name: String,
    /// The name, as a statement writes it.
    pub quoted: String,
    /// Whether it is one of PostgreSQL's, of TimescaleDB's, or datebin's own.
    pub is_system: bool,
    /// Whether discovery looks in it.
    pub is_searched: bool,
    /// Whether the role has USAGE on it.
    pub is_usable: bool,
    /// How many relations it has that could be sources.
    pub relations: u64,
    /// How many of these the role may read.
    pub readable: u64,
}

impl Searched {
    /// What is left of it for callers who see a part of the catalog: no name.
    #[must_use]
    pub fn unnamed(&self) -> Self {
        Self { has_own_annotations: self.has_own_annotations, ..Self::default() }
    }

    /// What the operator should know: schemas of the file that cannot be searched, and why there is no metric.
    #[must_use]
    pub fn notes(&self, file: &CatalogFile, snapshot: &Snapshot) -> Vec<String> {
        // Facts that no database stated say nothing.
        if self.schemas.is_empty() {
            return Vec::new();
        }
        let looks = file.discovery.enabled || !file.presets.is_empty();
        let named = file.discovery.schemas.iter().flatten().filter(|_| looks);
        let mut notes: Vec<String> = named.filter_map(|name| self.unsearched(name)).collect();
        if snapshot.names().next().is_some() {
            return notes;
        }
        if snapshot.missing().is_of_catalog && !looks {
            notes.push("No metrics: the rows that name those of the declared sources could not be read.".to_owned());
        } else if looks {
            let reason = self.reason(file, snapshot);
            notes.extend([[vec![format!("No metrics: {reason}.")], self.elsewhere()].concat().join(" ")]);
        } else {
            notes.push(
                "No metrics: [discovery] enabled = false, and datebin.toml declares no source that has a metric. Declare one \
                 in [[source]], or set enabled = true."
                    .to_owned(),
            );
        }
        notes
    }

    /// What else could be searched, where nobody said which schemas are.
    #[must_use]
    pub fn beside(&self) -> Option<String> {
        let other: Vec<&SchemaFacts> = self.others().filter(|schema| schema.readable > 0).collect();
        if !self.is_path || other.is_empty() {
            return None;
        }
        let searched = self.schemas.iter().filter(|schema| schema.is_searched);
        let all: Vec<&SchemaFacts> = searched.chain(other.iter().copied()).collect();
        Some(format!(
            "{} that this role may read, and {} not searched: to search {} too, set [discovery] schemas = {}.",
            has(&other, |schema| schema.readable),
            if other.len() == 1 { "is" } else { "are" },
            if other.len() == 1 { "it" } else { "them" },
            array(&all)
        ))
    }

    /// Why a schema that the file names is not searched.
    fn unsearched(&self, name: &str) -> Option<String> {
        let Some(schema) = self.schemas.iter().find(|schema| schema.name == name) else {
            let own = self.schemas.iter().filter(|schema| !schema.is_system).map(|schema| schema.name.as_str());
            let nearest: Vec<String> = nearest(name, own).into_iter().map(str::to_owned).collect();
            let meant = did_you_mean(&nearest);
            return Some(format!("[discovery] schemas names `{name}`, which is no schema of this database{meant}"));
        };
        if schema.is_system {
            return Some(format!("[discovery] schemas names `{name}`, which is never searched"));
        }
        let (role, quoted) = (&self.role, &schema.quoted);
        (!schema.is_usable).then(|| {
            format!("[discovery] schemas names `{name}`, which the role {role} may not use: {}", grants(role, quoted))
        })
    }

    /// Why what was searched has no metric.
    fn reason(&self, file: &CatalogFile, snapshot: &Snapshot) -> String {
        let searched: Vec<&SchemaFacts> = self.schemas.iter().filter(|schema| schema.is_searched).collect();
        if searched.is_empty() && self.is_path {
            return "the search path of this role names no schema that exists and that it may use".to_owned();
        }
        if searched.is_empty() {
            return "[discovery] schemas names no schema that can be searched".to_owned();
        }
        let (relations, readable) = (sum(&searched, |one| one.relations), sum(&searched, |one| one.readable));
        let why = match (relations, readable, snapshot.sources()) {
            (0, ..) => format!("which {} no tables", have(&searched)),
            (_, 0, _) => self.unreadable(&searched),
            (_, _, [_, ..]) if snapshot.missing().is_of_catalog => {
                "and the rows that name its metrics could not be read".to_owned()
            }
            (_, _, [source, ..]) => format!("and the rows of {} name no metric yet", source.relation),
            _ if !file.discovery.enabled => {
                "and [discovery] enabled = false leaves its tables to the presets, which know none of them".to_owned()
            }
            (_, 1, _) => "and its table has not what a metric needs, a time and a number".to_owned(),
            _ => format!("and none of its {} has what a metric needs, a time and a number", tables(readable)),
        };
        format!("datebin searched {}, {why}", listed(&searched))
    }

    /// What is said of schemas with tables of which the role may read none.
    fn unreadable(&self, schemas: &[&SchemaFacts]) -> String {
        let full = schemas.iter().filter(|schema| schema.relations > 0).map(|schema| schema.quoted.as_str());
        let (have, count) = (have(schemas), tables(sum(schemas, |schema| schema.relations)));
        let (role, full) = (&self.role, full.collect::<Vec<_>>().join(", "));
        format!(
            "which {have} {count}, of which the role {role} may read none: GRANT SELECT ON ALL TABLES IN SCHEMA {full} TO {role}"
        )
    }

    /// What could be searched instead, or what keeps the role from that.
    fn elsewhere(&self) -> Vec<String> {
        let readable: Vec<&SchemaFacts> = self.others().filter(|schema| schema.readable > 0).collect();
        if !readable.is_empty() {
            return vec![format!(
                "{} that this role may read: set [discovery] schemas = {}, or the role's search_path.",
                has(&readable, |schema| schema.readable),
                array(&readable)
            )];
        }
        let closed: Vec<&SchemaFacts> = self.others().filter(|schema| schema.relations > 0).collect();
        match closed.first() {
            Some(first) => vec![format!(
                "{} that the role {} may not read: {}",
                has(&closed, |schema| schema.relations),
                self.role,
                grants(&self.role, &first.quoted)
            )],
            None if self.schemas.iter().all(|schema| schema.relations == 0) => {
                vec![format!("The database {} has no tables in any other schema: is it the right one?", self.database)]
            }
            None => Vec::new(),
        }
    }

    /// The schemas that are not searched and that could be, those with the most tables first.
    fn others(&self) -> impl Iterator<Item = &SchemaFacts> {
        let mut others: Vec<&SchemaFacts> =
            self.schemas.iter().filter(|schema| !schema.is_searched && !schema.is_system).collect();
        others.sort_by_key(|schema| std::cmp::Reverse(schema.readable));
        others.into_iter()
    }
}

/// The statements that let a role read a schema.
fn grants(role: &str, schema: &str) -> String {
    format!("GRANT USAGE ON SCHEMA {schema} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};")
}

fn sum(schemas: &[&SchemaFacts], count: impl Fn(&SchemaFacts) -> u64) -> u64 {
    schemas.iter().map(|schema| count(schema)).sum()
}

/// `The schemas iot and telemetry have 14 tables`.
fn has(schemas: &[&SchemaFacts], count: impl Fn(&SchemaFacts) -> u64) -> String {
    format!("T{} {} {}", &listed(schemas)[1..], have(schemas), tables(sum(schemas, count)))
}

const fn have(schemas: &[&SchemaFacts]) -> &'static str {
    if schemas.len() == 1 { "has" } else { "have" }
}

/// `the schemas iot and telemetry`.
fn listed(schemas: &[&SchemaFacts]) -> String {
    let mut names: Vec<String> = schemas.iter().take(NAMED).map(|schema| schema.name.clone()).collect();
    if schemas.len() > NAMED {
        names.push(format!("{} more", schemas.len() - NAMED));
    }
    match names.split_last() {
        Some((last, [])) => format!("the schema {last}"),
        Some((last, before)) => format!("the schemas {} and {last}", before.join(", ")),
        None => "the schemas".to_owned(),
    }
}

fn tables(count: u64) -> String {
    if count == 1 { "1 table".to_owned() } else { format!("{count} tables") }
}

/// A list of schemas as the file has it.
fn array(schemas: &[&SchemaFacts]) -> String {
    let mut names: Vec<String> = schemas.iter().take(NAMED).map(|schema| toml_out::quoted(&schema.name)).collect();
    if schemas.len() > NAMED {
        names.push("…".to_owned());
    }
    format!("[{}]", names.join(", "))
}
