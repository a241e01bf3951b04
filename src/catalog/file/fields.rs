//! The fields of `datebin.toml`, and the check that there are no others.

use toml::de::{DeTable, DeValue};

use super::CatalogFileError;
use crate::nearest::nearest;

/// What may stand in a table.
struct Shape {
    place: &'static str,
    fields: &'static [(&'static str, Field)],
}

/// What a field is, as far as this check is concerned.
enum Field {
    /// Checked when it is read.
    Plain,
    /// One relation: no pattern.
    Relation,
    /// A table, or tables in a list; other forms are checked when they are read.
    Table(&'static Shape),
    /// Tables by name.
    Named(&'static Shape),
    /// A table, or such tables by name.
    TableOrNamed(&'static Shape),
}

use Field::{Named, Plain, Relation, Table, TableOrNamed};

static FILE: Shape = Shape {
    place: "the file",
    fields: &[
        ("time_zone", Plain),
        ("week_starts", Plain),
        ("discovery", Table(&DISCOVERY)),
        ("source", Table(&SOURCE)),
        ("annotations", Table(&ANNOTATIONS)),
        ("presets", Plain),
    ],
};

const DISCOVERY: Shape = Shape {
    place: "[discovery]",
    fields: &[
        ("enabled", Plain),
        ("schemas", Plain),
        ("exclude", Plain),
        ("trusted", Plain),
        ("zone", Plain),
        ("max_names", Plain),
    ],
};

static SOURCE: Shape = Shape {
    place: "[[source]]",
    fields: &[
        ("relation", Plain),
        ("time", Table(&TIME_OF_ROWS)),
        ("interval", Plain),
        ("lookback", Plain),
        ("staleness", Plain),
        ("settles", Plain),
        ("max_age", Plain),
        ("rows", Plain),
        ("labels", Table(&LABEL)),
        ("name", Table(&NAME)),
        ("prefix", Plain),
        ("value", Table(&VALUE)),
        ("metric", Named(&METRIC)),
        ("where", Plain),
        ("nan", Plain),
        ("nulls", Plain),
        ("join", Table(&JOIN)),
        ("rollup", Table(&ROLLUP)),
        ("names", Table(&NAMES)),
        ("map", Plain),
        ("each", Plain),
        ("time_end", Table(&END_OF_ROWS)),
    ],
};

static JOIN: Shape = Shape {
    place: "[[source.join]]",
    fields: &[
        ("relation", Relation),
        ("on", Plain),
        ("labels", Table(&LABEL)),
        ("name", Plain),
        ("prefix", Plain),
        ("where", Plain),
        ("required", Plain),
        ("join", Table(&JOIN)),
    ],
};

static ROLLUP: Shape = Shape {
    place: "[[source.rollup]]",
    fields: &[
        ("relation", Relation),
        ("step", Plain),
        ("time", Table(&TIME)),
        ("safe", Plain),
        ("columns", TableOrNamed(&FUNCTIONS)),
    ],
};

const FUNCTIONS: Shape = Shape {
    place: "the columns of a rollup",
    fields: &[
        ("avg", Plain),
        ("min", Plain),
        ("max", Plain),
        ("sum", Plain),
        ("count", Plain),
        ("first", Plain),
        ("last", Plain),
    ],
};

const NAME: Shape = Shape { place: "name", fields: &[("json", Plain)] };

const NAMES: Shape = Shape { place: "names", fields: &[("relation", Relation), ("key", Plain), ("name", Plain)] };

const TIME: Shape =
    Shape { place: "a time", fields: &[("column", Plain), ("type", Plain), ("unit", Plain), ("zone", Plain)] };

const TIME_OF_ROWS: Shape = Shape {
    place: "a time",
    fields: &[("column", Plain), ("type", Plain), ("unit", Plain), ("zone", Plain), ("join", Plain)],
};

const END_OF_ROWS: Shape = Shape {
    place: "time_end",
    fields: &[("column", Plain), ("type", Plain), ("unit", Plain), ("zone", Plain), ("open", Plain), ("join", Plain)],
};

const TIME_END: Shape = Shape {
    place: "time_end",
    fields: &[("column", Plain), ("type", Plain), ("unit", Plain), ("zone", Plain), ("open", Plain)],
};

const LABEL: Shape = Shape {
    place: "a label",
    fields: &[
        ("name", Plain),
        ("column", Plain),
        ("json", Plain),
        ("all", Plain),
        ("members", Plain),
        ("split", Plain),
        ("part", Plain),
        ("ids", Plain),
        ("relation", Relation),
        ("id", Plain),
        ("key", Plain),
        ("value", Plain),
    ],
};

const VALUE: Shape = Shape { place: "a value", fields: &[("json", Plain), ("all", Plain)] };

const METRIC: Shape = Shape {
    place: "[source.metric.…]",
    fields: &[
        ("column", Plain),
        ("unit", Plain),
        ("kind", Plain),
        ("over_time", Plain),
        ("help", Plain),
        ("json", Plain),
        ("rows", Plain),
        ("overlap", Plain),
        ("weight", Plain),
        ("lasts", Plain),
        ("at", Plain),
        ("product", Plain),
        ("scale", Plain),
        ("missing", Plain),
        ("where", Plain),
    ],
};

const ANNOTATIONS: Shape = Shape {
    place: "[[annotations]]",
    fields: &[
        ("name", Plain),
        ("relation", Relation),
        ("time", Table(&TIME)),
        ("time_end", Table(&TIME_END)),
        ("title", Plain),
        ("text", Plain),
        ("tags", Plain),
    ],
};

/// Refuses the first field that is unknown or not built yet.
pub(super) fn check(text: &str, document: &DeTable<'_>) -> Result<(), CatalogFileError> {
    table(text, document, &FILE)
}

fn table(text: &str, table: &DeTable<'_>, shape: &'static Shape) -> Result<(), CatalogFileError> {
    for (key, value) in table {
        let name: &str = key.get_ref();
        // Counted only when it is told: for each field of a long file it would take minutes.
        let line = || text.get(..key.span().start).unwrap_or_default().matches('\n').count() + 1;
        let Some((_, field)) = shape.fields.iter().find(|(known, _)| *known == name) else {
            let near = nearest(name, shape.fields.iter().map(|(known, _)| *known));
            let near = near.into_iter().map(str::to_owned).collect();
            return Err(CatalogFileError::UnknownField {
                line: line(),
                field: name.to_owned(),
                place: shape.place,
                nearest: near,
            });
        };
        let value = value.get_ref();
        match field {
            Relation if value.as_str().is_some_and(|relation| relation.contains('*')) => {
                return Err(CatalogFileError::NotSupported {
                    line: line(),
                    what: "a family of relations (`*`) here".to_owned(),
                });
            }
            Plain | Relation => {}
            Table(shape) => tables(text, value, shape)?,
            TableOrNamed(shape) if !value.as_table().is_some_and(holds_tables) => tables(text, value, shape)?,
            Named(shape) | TableOrNamed(shape) => {
                for (_, value) in value.as_table().into_iter().flatten() {
                    tables(text, value.get_ref(), shape)?;
                }
            }
        }
    }
    Ok(())
}

fn holds_tables(table: &DeTable<'_>) -> bool {
    table.iter().any(|(_, value)| value.get_ref().is_table())
}

fn tables(text: &str, value: &DeValue<'_>, shape: &'static Shape) -> Result<(), CatalogFileError> {
    match value {
        DeValue::Table(one) => table(text, one, shape),
        DeValue::Array(many) => many.iter().try_for_each(|one| tables(text, one.get_ref(), shape)),
        _ => Ok(()),
    }
}
