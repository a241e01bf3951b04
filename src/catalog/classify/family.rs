//! Families: one declaration for every relation whose name matches.

use std::collections::{HashMap, HashSet};

use super::declared;
use super::draft::{self, Decision, Draft, DraftSource, NamingRelation, Verdict};
use super::error::CatalogError;
use super::lookup::{bad, column, relation};
use crate::catalog::facts::Facts;
use crate::catalog::file::{SourceDecl, split_relation};
use crate::catalog::{ColumnPath, ColumnType, Relation};
use crate::ident::Ident;
use crate::time::Zone;

/// Whether a declaration is one of a family.
pub(super) fn is_family(declared: &SourceDecl) -> bool {
    declared.relation.contains('*')
}

/// Adds the members of a family to the draft, but those that are declared by themselves. What is wrong with one
/// member is noted and leaves the others alone.
pub(super) fn members(
    draft: &mut Draft,
    facts: &Facts,
    declared: &SourceDecl,
    alone: &HashSet<Relation>,
    local: Zone,
) -> Result<(), CatalogError> {
    let (schema, pattern) = split_relation(&declared.relation);
    let (start, end) = pattern
        .split_once('*')
        .filter(|(_, end)| !end.contains('*'))
        .ok_or_else(|| bad("[[source]]", "relation", &declared.relation, "a name with one `*`, behind the schema's"))?;
    if let Some(rollup) = declared.rollups.first() {
        return Err(bad(
            "[[source]]",
            "rollup",
            &rollup.relation,
            "allowed for a family of relations: declare each relation",
        ));
    }
    let names = names(facts, declared)?;
    let mut found = 0_usize;
    for relation in &facts.relations {
        let here = match schema {
            Some(schema) => relation.relation.schema.as_str() == schema,
            None => relation.path_position.is_some(),
        };
        let Some(star) = star(relation.relation.name.as_str(), start, end).filter(|_| here) else { continue };
        if alone.contains(&relation.relation) {
            continue;
        }
        found += 1;
        match declared::source(facts, relation, declared, local) {
            Ok(source) => draft.sources.push(named(source, star, names.clone(), declared)),
            Err(error) if error.relation() == Some(&relation.relation) => {
                let reason = format!("as a member of {}: {error}", declared.relation);
                let relation = relation.relation.clone();
                draft.decisions.push(Decision { relation, column: None, verdict: Verdict::LeftOut, reason });
            }
            Err(error) => return Err(error),
        }
    }
    if found == 0 {
        nothing(draft, schema, pattern, &declared.relation);
    }
    Ok(())
}

fn nothing(draft: &mut Draft, schema: Option<&str>, pattern: &str, declared: &str) {
    let names = (Ident::new(schema.unwrap_or("public")), Ident::new(pattern));
    if let (Ok(schema), Ok(name)) = names {
        let reason = format!("no relation matches {declared}");
        let relation = Relation { schema, name };
        draft.decisions.push(Decision { relation, column: None, verdict: Verdict::LeftOut, reason });
    }
}

/// What the star stands for in a name that matches.
fn star<'a>(name: &'a str, start: &str, end: &str) -> Option<&'a str> {
    name.strip_prefix(start)?.strip_suffix(end).filter(|star| !star.is_empty())
}

fn names(facts: &Facts, declared: &SourceDecl) -> Result<Option<NamingRelation>, CatalogError> {
    let Some(names) = &declared.names else { return Ok(None) };
    let found = relation(facts, &names.relation)?;
    let key = column(found, &names.key)?.column();
    let name = column(found, &names.name)?.column();
    Ok(Some(NamingRelation { relation: found.relation.clone(), key, name }))
}

/// Metrics of a family are called after the member, several of one member with a word of their own behind.
fn named(mut source: DraftSource, star: &str, names: Option<NamingRelation>, declared: &SourceDecl) -> DraftSource {
    let prefix = declared.prefix.clone().unwrap_or_default();
    let base = format!("{prefix}{star}");
    let only = source.metrics.len() == 1 && declared.metric.is_empty();
    for draft in &mut source.metrics {
        let own = draft.metric.value.cells();
        let word = draft.names.first().filter(|_| !declared.metric.is_empty() || own.is_empty());
        let word = word.map_or_else(|| own.first().map_or("", ColumnPath::name), String::as_str);
        draft.names = vec![if only { base.clone() } else { format!("{base}_{word}") }];
    }
    if let Some(narrow) = source.narrow.as_mut().filter(|_| source.source.numbers.is_some()) {
        narrow.prefixes = vec![format!("{base}_")];
    }
    let key = key(&source.source.relation, star, names.as_ref());
    source.family = true;
    source.member = names.map(|names| draft::FamilyMember { names, key, prefix, base });
    source
}

/// What a relation of names calls a member: its whole name, or the number that the star stands for.
fn key(relation: &Relation, star: &str, names: Option<&NamingRelation>) -> String {
    let is_number = |ty: &ColumnType| {
        matches!(ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 | ColumnType::Numeric { .. })
    };
    let number = star.parse::<u64>().ok().filter(|_| names.is_some_and(|names| is_number(&names.key.ty)));
    number.map_or_else(|| relation.name.to_string(), |number| number.to_string())
}

impl Draft {
    /// The relations that say what members of families are called.
    #[must_use]
    pub fn name_tables(&self) -> Vec<NamingRelation> {
        let mut tables: Vec<NamingRelation> = Vec::new();
        for member in self.sources.iter().filter_map(|source| source.member.as_ref()) {
            if !tables.contains(&member.names) {
                tables.push(member.names.clone());
            }
        }
        tables
    }

    /// Calls the members that a relation knows what it says, given its keys and names; the others keep what the star
    /// matched.
    pub fn call(&mut self, table: &NamingRelation, names: &HashMap<String, String>) {
        for source in &mut self.sources {
            let Some(member) = source.member.as_ref().filter(|member| member.names == *table) else { continue };
            let Some(name) = names.get(&member.key).filter(|name| !name.is_empty()) else { continue };
            if let Some(narrow) = source.narrow.as_mut().filter(|_| source.source.numbers.is_some()) {
                narrow.prefixes = vec![format!("{}{name}_", member.prefix)];
            }
            for own in source.metrics.iter_mut().flat_map(|draft| &mut draft.names) {
                let word = own.strip_prefix(&member.base).unwrap_or_default();
                *own = format!("{}{name}{word}", member.prefix);
            }
        }
    }
}
