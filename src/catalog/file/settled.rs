//! Which relations a file says so much of that statistics decide nothing: reading them would be for nothing, and with
//! many tables that takes longest.

use std::collections::HashMap;

use super::{CatalogFile, JoinDecl, SourceDecl, TimeDecl, split_relation};

/// The settled relations, as [`DiscoveryScope::settled`](super::super::facts::DiscoveryScope::settled) has them.
pub(super) fn settled(file: &CatalogFile) -> HashMap<(String, String), Option<String>> {
    let mut settled = HashMap::new();
    // Discovery joins whatever foreign keys point at, and asks how that looks.
    if file.discovery.enabled {
        return settled;
    }
    let mut open = Vec::new();
    for source in &file.sources {
        let (Some(schema), name) = split_relation(&source.relation) else { continue };
        let place = (schema.to_owned(), name.to_owned());
        match time(source).filter(|_| is_settled(source)) {
            Some(time) if !settled.contains_key(&place) => drop(settled.insert(place, time)),
            _ => open.push(place),
        }
        for (schema, name) in source.beside().into_iter().map(split_relation) {
            open.extend(schema.map(|schema| (schema.to_owned(), name.to_owned())));
        }
    }
    for place in open {
        settled.remove(&place);
    }
    settled
}

/// The time column, if it is declared; the inner one where its unit is not.
fn time(source: &SourceDecl) -> Option<Option<String>> {
    match source.time.as_ref()? {
        TimeDecl::Table(table) if table.unit.is_some() => Some(None),
        TimeDecl::Table(table) => Some(Some(table.column.clone())),
        TimeDecl::Column(column) => Some(Some(column.clone())),
    }
}

fn is_settled(source: &SourceDecl) -> bool {
    let is_narrow = source.name.is_some() || source.joins.iter().any(names_metrics);
    let values = if is_narrow { source.value.is_some() } else { !source.metric.is_empty() };
    let kinds = source.metric.values().all(|metric| metric.kind.is_some());
    // The unit of an end that is a number is left to statistics; nothing here knows whether it is one.
    let ends = source.time_end.is_none();
    values && kinds && ends && source.labels.is_some() && source.joins.iter().all(says_its_labels)
}

fn names_metrics(join: &JoinDecl) -> bool {
    join.name.is_some() || join.joins.iter().any(names_metrics)
}

fn says_its_labels(join: &JoinDecl) -> bool {
    join.labels.is_some() && join.joins.iter().all(says_its_labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled_of(text: &str) -> Vec<(String, Option<String>)> {
        let settled = settled(&CatalogFile::parse(text).unwrap());
        let mut all: Vec<_> =
            settled.into_iter().map(|((schema, name), time)| (format!("{schema}.{name}"), time)).collect();
        all.sort();
        all
    }

    #[test]
    fn only_what_says_everything_is_settled() {
        let wide = |name: &str, more: &str| {
            format!(
                "[[source]]\nrelation = \"s.{name}\"\ntime = \"ts\"\nlabels = []\n[source.metric.{name}]\ncolumn = \"x\"\n{more}\n"
            )
        };
        let off = "[discovery]\nenabled = false\n";
        let (said, guessed) = (wide("a", "kind = \"gauge\""), wide("b", ""));
        let both = format!("{off}{said}{guessed}");
        assert_eq!(settled_of(&both), [("s.a".to_owned(), Some("ts".to_owned()))]);
        assert_eq!(settled_of(&said), []);
        assert_eq!(settled_of(&format!("{off}{said}{}", wide("a", ""))), []);
        let joins = "[[source]]\nrelation = \"s.c\"\ntime = { column = \"t\", unit = \"s\" }\nlabels = []\nname = \"n\"\nvalue = \"v\"\n\
                     [[source.join]]\nrelation = \"s.a\"\non = { x = \"y\" }\n";
        assert_eq!(settled_of(&format!("{both}{joins}")), []);
        assert_eq!(settled_of(&format!("{both}{joins}labels = []\n")), [("s.c".to_owned(), None)]);
    }
}
