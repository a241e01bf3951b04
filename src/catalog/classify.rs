//! Facts and file → catalog, in two pure steps with the database in between.
//!
//! [`classify`] decides what every relation and column is. The names that narrow sources store are data, so they are
//! listed by the caller, and [`finish`] names every metric.

mod aggregates;
mod carried;
mod comparisons;
mod counters;
mod declared;
mod discovered;
mod doubts;
mod draft;
mod end;
mod error;
mod family;
mod joined_time;
mod joins;
mod keys;
mod labels;
mod layout;
mod lookup;
mod made;
mod matchers;
mod materialized;
mod naming;
mod origins;
mod own;
mod owners;
mod parts;
mod policies;
mod preset;
mod roles;
mod rollups;
mod rows;
#[cfg(test)]
mod tests;
mod texts;
mod things;
mod time;
mod together;
mod united;
mod distinguishing;
mod untrusted;
mod values;
mod versions;
mod view;
mod words;

use std::collections::HashSet;

pub(super) use draft::seen_decisions;
pub use draft::{Decision, Draft, NameStrategy, NamingRelation, StoredNames, Verdict};
pub use error::CatalogError;
pub(super) use layout::guess_kind;
pub use naming::finish;
pub(crate) use untrusted::UntrustedCode;
pub use words::{is_epoch_name, is_part_name};

use super::facts::{Facts, RelationFacts};
use super::file::{CatalogFile, SourceDecl};
use crate::time::Zone;

/// Decides what every relation is. `zone` cuts days where neither the question nor the file names a zone.
///
/// # Errors
/// The file declares what the database does not have.
pub fn classify(facts: &Facts, file: &CatalogFile, zone: Zone) -> Result<Draft, CatalogError> {
    let zone = lookup::zone("datebin.toml", "time_zone", file.time_zone.as_deref(), zone)?;
    let zone = lookup::week(file.week_starts.as_deref(), zone)?;
    let local = lookup::zone("[discovery]", "zone", file.discovery.zone.as_deref(), Zone::UTC)?;
    let mut draft = Draft {
        sources: Vec::new(),
        annotations: Vec::new(),
        zone,
        most_names: file.discovery.max_names,
        decisions: Vec::new(),
        notes: lookup::ambiguities(facts, file),
    };
    let mut taken = HashSet::new();
    for source in file.sources.iter().filter(|source| !family::is_family(source)) {
        let relation = lookup::relation(facts, &source.relation)?;
        taken.insert(relation.relation.clone());
        draft.sources.push(declared::source(facts, relation, source, local)?);
    }
    let alone = taken.clone();
    for source in file.sources.iter().filter(|source| family::is_family(source)) {
        family::members(&mut draft, facts, source, &alone, local)?;
    }
    taken.extend(draft.sources.iter().map(|draft| draft.source.relation.clone()));
    preset::add(&mut draft, facts, file, &mut taken, local);
    let rollups: Vec<_> = draft.rollups().collect();
    for (rollup, source) in rollups {
        if taken.insert(rollup.clone()) {
            let reason = format!("a rollup of {source}, which answers from it where it can");
            draft.decisions.push(Decision { relation: rollup, column: None, verdict: Verdict::LeftOut, reason });
        }
    }
    for annotations in &file.annotations {
        let relation = lookup::relation(facts, &annotations.relation)?;
        draft.annotations.push(declared::annotations(relation, annotations, local)?);
    }
    let referenced = things::referenced(facts);
    for relation in &facts.relations {
        if file.discovery.enabled && relation.discoverable && !taken.contains(&relation.relation) {
            let mut notes = layout::DecisionLog::new(relation, &mut draft.decisions);
            if is_excluded(relation, &file.discovery.exclude) {
                notes.relation(Verdict::LeftOut, "excluded in datebin.toml");
            } else {
                let referred = referenced.get(&relation.relation).copied().unwrap_or_default();
                let found = discovered::CandidateRelation { all: facts, relation, zone: local, referred };
                draft.sources.extend(discovered::source(&found, &mut notes));
            }
        }
    }
    aggregates::add(&mut draft, facts, local);
    policies::apply(&mut draft, facts);
    versions::apply(&mut draft, facts);
    for source in draft.sources.iter_mut().map(|draft| &mut draft.source) {
        let facts = facts.relation(source.relation.schema.as_str(), source.relation.name.as_str());
        source.one_per_instant = facts.is_some_and(|facts| rows::is_one_per_instant(source, facts));
    }
    draft.sources.sort_by(|a, b| a.source.relation.cmp(&b.source.relation));
    Ok(draft)
}

/// Removes every declaration that is wrong on its own, and returns the rest of the file with the errors. A source loses only
/// the metrics that are wrong.
#[must_use]
pub fn sound(facts: &Facts, file: &CatalogFile, zone: Zone) -> (CatalogFile, Vec<CatalogError>) {
    let mut kept = CatalogFile { sources: Vec::new(), annotations: Vec::new(), ..file.clone() };
    let mut alone = kept.clone();
    alone.discovery.enabled = false;
    alone.presets = Vec::new();
    let mut problems = Vec::new();
    let mut is_sound = |file: &CatalogFile| match classify(facts, file, zone) {
        Ok(_) => true,
        // What is wrong with the file as a whole is wrong with each part of it.
        Err(problem) if problems.contains(&problem) => false,
        Err(problem) => {
            problems.push(problem);
            false
        }
    };
    for source in &file.sources {
        let mut is_fit =
            |source: &SourceDecl| is_sound(&CatalogFile { sources: vec![source.clone()], ..alone.clone() });
        if is_fit(source) {
            kept.sources.push(source.clone());
            continue;
        }
        // Perhaps only some of its metrics are wrong.
        let only = |name: &String| SourceDecl {
            metric: source.metric.iter().filter(|(own, _)| *own == name).map(|(k, v)| (k.clone(), v.clone())).collect(),
            ..source.clone()
        };
        let mut without = source.clone();
        without.metric.retain(|name, _| is_fit(&only(name)));
        if !without.metric.is_empty() && without.metric.len() < source.metric.len() && is_fit(&without) {
            kept.sources.push(without);
        }
    }
    for annotations in &file.annotations {
        if is_sound(&CatalogFile { annotations: vec![annotations.clone()], ..alone.clone() }) {
            kept.annotations.push(annotations.clone());
        }
    }
    (kept, problems)
}

fn is_excluded(relation: &RelationFacts, patterns: &[String]) -> bool {
    patterns.iter().any(|pattern| matches_glob(pattern, relation.relation.name.as_str()))
}

/// Whether a name matches a pattern in which `*` stands for anything.
fn matches_glob(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let (middle, end) = rest.rsplit_once('*').map_or((None, rest), |(middle, end)| (Some(middle), end));
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        match name.split_once(part) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(end)
}
