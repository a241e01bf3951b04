//! A relation that nobody declared: what it looks like from its columns.

use super::draft::{DraftMetric, DraftSource, Narrow, Verdict};
use super::layout::{self, Notes};
use super::roles::Role;
use super::{time, words};
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;
use crate::time::Zone;

/// The source that a relation is, if it is one.
pub(super) fn source(relation: &RelationFacts, zone: Zone, notes: &mut Notes<'_>) -> Option<DraftSource> {
    if !relation.columns.iter().any(|column| column.readable) {
        notes.relation(Verdict::LeftOut, "the role may not SELECT any of its columns");
        return None;
    }
    let Some((time, why)) = time::choose(relation, zone) else {
        notes.relation(Verdict::LeftOut, no_time(relation));
        return None;
    };
    let columns = layout::survey(relation, &time.column);
    let draft = if let Some((name, value)) = layout::narrow(&columns) {
        notes
            .relation(Verdict::Source, format!("a narrow {}: `{}` names the metrics", relation.kind.word(), name.name));
        notes.column(&time.column, Verdict::Time, why);
        notes.column(&name.name, Verdict::Name, "by its name, beside one value column");
        notes.column(&value.name, Verdict::Value, format!("{}: the value of every metric", value.ty));
        note(&columns, &[&name.name, &value.name], notes);
        let labels = layout::labels(&columns, &[&name.name, &value.name]);
        narrow(relation, layout::source(relation, time, labels), name, value)
    } else if columns.iter().any(|(_, role)| matches!(role, Role::Value(_))) {
        notes.relation(Verdict::Source, format!("a wide {}", relation.kind.word()));
        notes.column(&time.column, Verdict::Time, why);
        note(&columns, &[], notes);
        let labels = layout::labels(&columns, &[]);
        DraftSource {
            source: layout::source(relation, time, labels),
            declared: false,
            metrics: metrics(relation, &columns),
            narrow: None,
            member: None,
        }
    } else {
        notes.relation(Verdict::LeftOut, "no column of numbers that is neither a key nor a code");
        return None;
    };
    Some(draft)
}

fn no_time(relation: &RelationFacts) -> String {
    let like = |column: &&ColumnFacts| column.is_number() && words::is_surely_epoch(column.name.as_str());
    match relation.columns.iter().find(like) {
        Some(column) if column.stats.is_none() => {
            format!("no time column; `{}` may be one, but nothing says so before ANALYZE: declare it", column.name)
        }
        _ => "no time column".to_owned(),
    }
}

fn note(columns: &[(&ColumnFacts, Role)], without: &[&Ident], notes: &mut Notes<'_>) {
    let narrow = !without.is_empty();
    for (column, role) in columns.iter().filter(|(column, _)| !without.contains(&&column.name)) {
        match role {
            Role::Value(_) if narrow => {
                notes.column(&column.name, Verdict::LeftOut, "beside the value of a narrow table");
            }
            Role::Value(why) => notes.column(&column.name, Verdict::Value, why),
            Role::Label(why) | Role::Members(why) => notes.column(&column.name, Verdict::Label, why),
            Role::Out(why) => notes.column(&column.name, Verdict::LeftOut, why),
        }
    }
}

/// One metric per value column.
pub(super) fn metrics(relation: &RelationFacts, columns: &[(&ColumnFacts, Role)]) -> Vec<DraftMetric> {
    let values: Vec<_> = columns.iter().filter(|(_, role)| matches!(role, Role::Value(_))).collect();
    let metric = |(column, _): &&(&ColumnFacts, Role)| DraftMetric {
        names: layout::column_names(relation, &column.name, values.len() == 1),
        metric: layout::metric(relation, column),
    };
    values.iter().map(metric).collect()
}

fn narrow(
    relation: &RelationFacts,
    mut source: crate::catalog::Source,
    name: &ColumnFacts,
    value: &ColumnFacts,
) -> DraftSource {
    source.name_column = Some(name.column());
    let narrow = Narrow {
        value: value.column(),
        prefixes: layout::prefixes(&relation.relation),
        declared: Default::default(),
        help: value.comment.clone().or_else(|| relation.comment.clone()),
    };
    DraftSource { source, declared: false, metrics: Vec::new(), narrow: Some(narrow), member: None }
}
