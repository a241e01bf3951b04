//! Relations whose rows are annotations.

use super::{Column, ColumnType, Relation, RowEnd, SourceRow, TimeColumn, TimeKind};
use crate::ident::Ident;

/// A relation whose rows are annotations.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnotationSource {
    /// What the operator calls it.
    pub name: String,
    /// Where the rows are.
    pub relation: Relation,
    /// When each begins.
    pub time: TimeColumn,
    /// When each ends; NULL is a point.
    pub time_end: Option<RowEnd>,
    /// The columns of title and text.
    pub title: Option<Column>,
    /// The column of the text.
    pub text: Option<Column>,
    /// Columns that hold tags, text or text[].
    pub tags: Vec<Column>,
    /// The column that tells rows apart.
    pub id: Option<Column>,
}

/// What the annotations of datebin's own table are called.
pub const OWN: &str = "datebin";

impl AnnotationSource {
    /// The table that datebin's own migrations make.
    #[must_use]
    pub fn own() -> Option<Self> {
        let ident = |name: &str| Ident::new(name).ok();
        let time = |name: &str| Some(TimeColumn { column: ident(name)?, row: SourceRow::Own, kind: TimeKind::Instant });
        let column =
            |name: &str, ty: ColumnType| Some(Column { name: ident(name)?, ty, nullable: false, row: SourceRow::Own });
        Some(Self {
            name: OWN.into(),
            relation: Relation { schema: ident("datebin")?, name: ident("annotations")? },
            time: time("time")?,
            time_end: time("time_end").map(|time| RowEnd { time, open: Vec::new() }),
            title: column("title", ColumnType::Text),
            text: column("text", ColumnType::Text),
            tags: column("tags", ColumnType::TextArray).into_iter().collect(),
            id: column("id", ColumnType::Int8),
        })
    }

    /// Whether it is that table.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.relation.schema.as_str() == "datebin" && self.relation.name.as_str() == "annotations"
    }
}
