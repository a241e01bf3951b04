//! Relations that run code of untrusted roles when their rows are read.

use std::collections::{HashMap, HashSet};

use super::family::is_family;
use super::lookup;
use crate::catalog::facts::Facts;
use crate::catalog::file::{CatalogFile, SourceDecl};
use crate::catalog::{Relation, Source};

/// The relations that run code of untrusted roles when their rows are read, and what follows.
#[derive(Debug, Default)]
pub(crate) struct UntrustedCode {
    /// Those that only questions read, each with the role.
    barred: HashMap<Relation, String>,
    /// What is to be said of those that are read because the file names them beside a source.
    pub(crate) notes: Vec<String>,
}

impl UntrustedCode {
    /// Looks for them. A file that names a relation says that it may be read; a pattern or a preset does not name one.
    pub(crate) fn of(facts: &Facts, file: &CatalogFile) -> Self {
        let known = |name: &str| lookup::relation(facts, name).ok().map(|found| &found.relation);
        let alone = file.sources.iter().filter(|source| !is_family(source));
        let declared: HashSet<&Relation> = alone.filter_map(|source| known(&source.relation)).collect();
        let beside: HashSet<&Relation> = file.sources.iter().flat_map(SourceDecl::beside).filter_map(known).collect();
        let mut found = Self::default();
        for own in &facts.relations {
            let is_trusted = |role: &&String| file.discovery.trusted.contains(role);
            let Some(role) = own.untrusted_owner.as_ref().filter(|role| !is_trusted(role)) else { continue };
            let relation = &own.relation;
            if declared.contains(relation) {
                continue;
            }
            if beside.contains(relation) {
                found.notes.push(format!(
                    "{relation}: reading its rows runs code of the untrusted role `{role}`; they are read, as datebin.toml names \
                     the relation: add the role to discovery.trusted, or do not name it"
                ));
            } else {
                found.barred.insert(relation.clone(), role.clone());
            }
        }
        found
    }

    /// Why the rows of a source are read by questions only.
    pub(crate) fn bars(&self, source: &Source) -> Option<String> {
        let (relation, role) = source.relations().find_map(|relation| self.barred.get_key_value(relation))?;
        let whose = if *relation == source.relation { "its rows".to_owned() } else { format!("those of {relation}") };
        Some(format!("reading {whose} runs code of the untrusted role `{role}`"))
    }
}
