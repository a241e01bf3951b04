//! Labels: where the dimensions of a source are.

use super::{Column, Relation, Source};
use crate::ident::Ident;

/// A label of a source: a name, or all members of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceLabel {
    /// One label.
    One {
        /// What the label is called.
        name: String,
        /// Where its value is.
        value: LabelValue,
    },
    /// Every member of a document is a label of that name.
    Members {
        /// The document.
        document: LabelDocument,
    },
}

/// Where the value of one label is.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelValue {
    /// A column.
    Column(Column),
    /// A member of a json or jsonb column.
    Member {
        /// The column.
        column: Column,
        /// The path to the member.
        path: Vec<String>,
    },
    /// A part of a text.
    Part {
        /// The column.
        column: Column,
        /// What stands between the parts.
        separator: String,
        /// Which part, from 1.
        part: u16,
    },
    /// What a list of label ids says of one key.
    Resolved {
        /// The ids.
        ids: Box<LabelIds>,
        /// The key.
        key: String,
    },
}

/// Where many labels are at once.
#[derive(Clone, Debug, PartialEq)]
pub enum LabelDocument {
    /// An object in a json or jsonb column.
    Json {
        /// The column.
        column: Column,
        /// The path to the object; empty for the column itself.
        path: Vec<String>,
    },
    /// A list of label ids, each a row of a table of labels.
    Ids(Box<LabelIds>),
}

/// A column of label ids and the table that says what they mean.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelIds {
    /// The column of ids, an array of integers.
    pub column: Column,
    /// The table of labels.
    pub relation: Relation,
    /// Its id.
    pub id: Column,
    /// What a label is called.
    pub key: Column,
    /// Its value.
    pub value: Column,
}

impl LabelValue {
    /// The column that it is read from.
    #[must_use]
    pub const fn column(&self) -> &Column {
        match self {
            Self::Column(column) | Self::Member { column, .. } | Self::Part { column, .. } => column,
            Self::Resolved { ids, .. } => &ids.column,
        }
    }
}

impl LabelValue {
    /// The column that it is read from, to be replaced by another.
    pub const fn column_mut(&mut self) -> &mut Column {
        match self {
            Self::Column(column) | Self::Member { column, .. } | Self::Part { column, .. } => column,
            Self::Resolved { ids, .. } => &mut ids.column,
        }
    }
}

impl LabelDocument {
    /// The column that it is read from, to be replaced by another.
    pub const fn column_mut(&mut self) -> &mut Column {
        match self {
            Self::Json { column, .. } => column,
            Self::Ids(ids) => &mut ids.column,
        }
    }

    /// The column that it is read from.
    #[must_use]
    pub const fn column(&self) -> &Column {
        match self {
            Self::Json { column, .. } => column,
            Self::Ids(ids) => &ids.column,
        }
    }

    /// Where its member of that name is.
    #[must_use]
    pub fn member(&self, name: &str) -> LabelValue {
        match self {
            Self::Json { column, path } => LabelValue::Member {
                column: column.clone(),
                path: path.iter().map(String::as_str).chain([name]).map(str::to_owned).collect(),
            },
            Self::Ids(ids) => LabelValue::Resolved { ids: ids.clone(), key: name.to_owned() },
        }
    }
}

impl SourceLabel {
    /// A label that is a column.
    #[must_use]
    pub fn of_column(name: &str, column: Column) -> Self {
        let column = Column { ty: column.ty.of_label(name), ..column };
        Self::One { name: name.to_owned(), value: LabelValue::Column(column) }
    }

    /// The column that it is read from, to be replaced by another.
    pub const fn column_mut(&mut self) -> &mut Column {
        match self {
            Self::One { value, .. } => value.column_mut(),
            Self::Members { document } => document.column_mut(),
        }
    }

    /// The column that it is read from.
    #[must_use]
    pub const fn column(&self) -> &Column {
        match self {
            Self::One { value, .. } => value.column(),
            Self::Members { document } => document.column(),
        }
    }
}

impl Source {
    /// Whether a column is a label as it is.
    #[must_use]
    pub fn is_label_column(&self, name: &Ident) -> bool {
        self.labels.iter().any(|label| match label {
            SourceLabel::One { value: LabelValue::Column(column), .. } => column.name == *name,
            _ => false,
        })
    }

    /// Whether each series is wholly on one other server, which can then aggregate it: what divides the rows are labels.
    #[must_use]
    pub fn is_divided_by_labels(&self) -> bool {
        self.remote.as_ref().is_some_and(|keys| !keys.is_empty() && keys.iter().all(|key| self.is_label_column(key)))
    }

    /// The tables that say what ids of labels mean.
    pub fn tables_of_labels(&self) -> impl Iterator<Item = &Relation> {
        self.labels.iter().filter_map(|label| match label {
            SourceLabel::Members { document: LabelDocument::Ids(ids) }
            | SourceLabel::One { value: LabelValue::Resolved { ids, .. }, .. } => Some(&ids.relation),
            _ => None,
        })
    }

    /// The label of that name, or the document that may have it as a member.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&SourceLabel> {
        let one = self.labels.iter().find(|label| matches!(label, SourceLabel::One { name: own, .. } if own == name));
        one.or_else(|| self.labels.iter().find(|label| matches!(label, SourceLabel::Members { .. })))
    }

    /// Where the values of the label are that is called so.
    #[must_use]
    pub fn label_value(&self, name: &str) -> Option<LabelValue> {
        Some(match self.label(name)? {
            SourceLabel::One { value, .. } => value.clone(),
            SourceLabel::Members { document } => document.member(name),
        })
    }

    /// Where the metric's name is that a row carries, in a source whose names are stored.
    #[must_use]
    pub fn name_value(&self) -> Option<LabelValue> {
        let column = self.name_column.clone()?;
        let path = self.name_path.clone();
        Some(if path.is_empty() { LabelValue::Column(column) } else { LabelValue::Member { column, path } })
    }

    /// The document label, if there is one.
    #[must_use]
    pub fn document(&self) -> Option<&LabelDocument> {
        self.labels.iter().find_map(|l| if let SourceLabel::Members { document } = l { Some(document) } else { None })
    }

    /// Whether its rows are known to carry that label.
    #[must_use]
    pub fn has_label(&self, name: &str) -> bool {
        self.labels.iter().any(|label| match label {
            SourceLabel::One { name: own, .. } => own == name,
            SourceLabel::Members { .. } => self.members.iter().any(|member| member == name),
        })
    }
}
