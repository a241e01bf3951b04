//! Relations that presets know: declared for the operator, where they do not declare them themself.

use std::collections::HashSet;

use super::declared;
use super::draft::{Decision, Draft, DraftSource, Verdict};
use super::error::CatalogError;
use super::{is_excluded, layout, lookup};
use crate::catalog::Relation;
use crate::catalog::facts::{Facts, RelationFacts};
use crate::catalog::file::{CatalogFile, SourceDecl};
use crate::catalog::presets::{self, PresetRelation};
use crate::time::Zone;

/// Adds what the presets of the file find, but relations that are `taken`, and takes it. What cannot be a source is
/// noted and leaves the others alone.
pub(super) fn add(draft: &mut Draft, facts: &Facts, file: &CatalogFile, taken: &mut HashSet<Relation>, local: Zone) {
    for preset in &file.presets {
        let mut found = 0_usize;
        for known in presets::known(preset, facts) {
            found += 1;
            let Ok(relation) = lookup::relation(facts, &known.relation.to_string()) else { continue };
            if taken.contains(&known.relation) || is_excluded(relation, &file.discovery.exclude) {
                continue;
            }
            let (verdict, reason) = match source(facts, relation, &known, local) {
                Ok(source) => {
                    draft.sources.push(source);
                    taken.insert(known.relation.clone());
                    (Verdict::Source, format!("as preset {preset} knows it"))
                }
                Err(reason) => (Verdict::LeftOut, format!("as preset {preset} knows it: {reason}")),
            };
            draft.decisions.push(Decision { relation: known.relation, column: None, verdict, reason });
        }
        if found == 0 {
            draft.notes.push(format!("preset {preset}: nothing of it found"));
        }
    }
}

fn source(facts: &Facts, relation: &RelationFacts, known: &PresetRelation, local: Zone) -> Result<DraftSource, String> {
    let declared: SourceDecl = serde_json::from_value(known.declared.clone()).map_err(|error| error.to_string())?;
    let source =
        declared::source(facts, relation, &declared, local).map_err(|error: CatalogError| error.to_string())?;
    Ok(if known.by_table { called(source, relation) } else { source })
}

/// Calls the metrics as discovery would, with a longer name where two would have one.
fn called(mut source: DraftSource, relation: &RelationFacts) -> DraftSource {
    source.declared = false;
    let only = source.metrics.len() == 1;
    for draft in &mut source.metrics {
        if let Some(cell) = draft.metric.value.cells().first() {
            draft.names = layout::column_names(relation, &cell.column.name, only);
        }
    }
    if let Some(narrow) = &mut source.narrow {
        let on_path = relation.path_position.is_some();
        narrow.prefixes = layout::prefixes(&relation.relation).split_off(if on_path { 1 } else { 2 });
    }
    source
}
