//! `docs/catalog.md` against the types: every field of the file stands there, with a default, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use datebin::catalog::file::CatalogFile;
use serde_json::Value;

/// The path of every field with its description. A table that several fields have is listed with the first of them.
fn fields() -> BTreeMap<String, String> {
    let schema = CatalogFile::schema();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![(String::new(), &schema)];
    while let Some((path, node)) = left.pop() {
        let mut below = Vec::new();
        if let Some(reference) = node["$ref"].as_str().filter(|reference| seen.insert((*reference).to_owned())) {
            below.push((path.clone(), &schema["$defs"][reference.rsplit('/').next().unwrap()]));
        }
        for form in ["anyOf", "oneOf"] {
            below.extend(node[form].as_array().into_iter().flatten().map(|one| (path.clone(), one)));
        }
        below.extend(node.get("items").map(|items| (path.clone(), items)));
        let named = node.get("additionalProperties").filter(|more| more.is_object());
        below.extend(named.map(|more| (format!("{path}.<name>"), more)));
        for (name, field) in node["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            found.insert(path.clone(), field["description"].as_str().unwrap_or_default().to_owned());
            below.push((path, field));
        }
        left.extend(below.into_iter().rev());
    }
    found
}

/// The rows of the page's tables of fields: the path, and the other cells.
fn rows() -> BTreeMap<String, Vec<String>> {
    let page = include_str!("../../docs/catalog.md");
    let tables = page.split("\n| field |").skip(1).map(|rest| rest.split("\n\n").next().unwrap());
    tables.flat_map(super::rows).collect()
}

#[test]
fn every_field_stands_on_the_page_with_type_default_and_meaning() {
    let (fields, rows) = (fields(), rows());
    let missing: Vec<_> = fields.keys().filter(|field| !rows.contains_key(*field)).collect();
    let invented: Vec<_> = rows.keys().filter(|row| !fields.contains_key(*row)).collect();
    assert_eq!((missing, invented), (Vec::<&String>::new(), Vec::<&String>::new()), "(not on the page, not a field)");
    for (field, cells) in &rows {
        assert!(cells.len() == 3 && cells.iter().all(|cell| !cell.is_empty()), "{field}: {cells:?}");
    }
}

#[test]
fn every_field_has_a_description_in_the_schema() {
    let bare: Vec<String> = fields().into_iter().filter(|(_, text)| text.is_empty()).map(|(path, _)| path).collect();
    assert_eq!(bare, Vec::<String>::new());
}

#[test]
fn the_examples_of_the_page_are_files() {
    let page = include_str!("../../docs/catalog.md");
    let mut whole = String::new();
    for block in page.split("```toml\n").skip(1) {
        let text = block.split("```").next().unwrap();
        let text = if text.starts_with("labels") || text.starts_with("[source.") || text.starts_with("[[source.") {
            format!("[[source]]\nrelation = \"a\"\n{text}")
        } else {
            text.to_owned()
        };
        CatalogFile::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        whole.push_str(&text);
    }
    assert!(whole.contains("[[annotations]]"));
}

#[test]
fn the_schema_knows_what_is_no_field() {
    let schema = CatalogFile::schema();
    assert_eq!(schema["$schema"], Value::from("https://json-schema.org/draft/2020-12/schema"));
    assert_eq!(schema["additionalProperties"], Value::from(false));
    assert_eq!(schema["$defs"]["SourceDecl"]["required"], serde_json::json!(["relation"]));
}
