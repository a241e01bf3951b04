//! Values: where the number of a metric is.

use super::{Column, ColumnType, Overlap, Relation, RowDuration, Source, SourceRow, TimeColumn, UpperBound};
use crate::ident::Ident;

/// The label with the upper bound of a histogram's bucket.
const BOUND: &str = "le";

/// Where a metric's number is.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// A column of a numeric type or boolean.
    Column(Column),
    /// What is written in columns of any type or in JSON.
    Read(Box<CoalescedNumber>),
    /// Every row is a sample of 1.
    Rows,
    /// How much of a bucket the row lasts.
    Overlap(Box<Overlap>),
    /// How long the row lasted.
    Lasts(Box<RowDuration>),
    /// The product of columns of numbers.
    Product(Vec<Column>),
}

/// The first of several cells that is not null, read as a number.
#[derive(Clone, Debug, PartialEq)]
pub struct CoalescedNumber {
    /// The cells, in order.
    pub cells: Vec<ColumnPath>,
    /// Words that stand for numbers, looked up before a text is parsed.
    pub words: Vec<(String, f64)>,
}

/// A column, or a member of the JSON that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnPath {
    /// The column.
    pub column: Column,
    /// The path to the member; empty for the column itself.
    pub path: Vec<String>,
}

impl ColumnPath {
    /// A column itself.
    #[must_use]
    pub const fn of(column: Column) -> Self {
        Self { column, path: Vec::new() }
    }

    /// Whether it is read from JSON.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        !self.path.is_empty() || matches!(self.column.ty, ColumnType::Json | ColumnType::Jsonb)
    }

    /// The member of that name in it.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let path = self.path.iter().map(String::as_str).chain([name]).map(str::to_owned).collect();
        Self { column: self.column.clone(), path }
    }

    /// Its own name: the last of its path, or the column's.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.last().map_or(self.column.name.as_str(), String::as_str)
    }
}

impl CoalescedNumber {
    /// Whether a cell may hold something that is no number.
    #[must_use]
    pub fn may_skip(&self) -> bool {
        self.cells.iter().any(|cell| cell.is_json() || !cell.column.ty.is_numeric())
    }
}

impl MetricValue {
    /// The cells that it is read from, in order.
    #[must_use]
    pub fn cells(&self) -> Vec<ColumnPath> {
        match self {
            Self::Column(column) => vec![ColumnPath::of(column.clone())],
            Self::Read(reading) => reading.cells.clone(),
            Self::Product(columns) => columns.iter().cloned().map(ColumnPath::of).collect(),
            Self::Rows | Self::Overlap(_) | Self::Lasts(_) => Vec::new(),
        }
    }

    /// Whether a row may have no value there, to be skipped and counted: it is no number, or the row ends before it
    /// begins.
    #[must_use]
    pub fn may_skip(&self) -> bool {
        match self {
            Self::Read(reading) => reading.may_skip(),
            Self::Overlap(_) | Self::Lasts(_) => true,
            Self::Column(_) | Self::Rows | Self::Product(_) => false,
        }
    }

    /// The time that its samples have, in a source with a time of its own.
    #[must_use]
    pub fn placed_at<'a>(&'a self, own: &'a TimeColumn) -> &'a TimeColumn {
        match self {
            Self::Lasts(lasts) if lasts.at_end => &lasts.end.time,
            _ => own,
        }
    }

    /// Whether a sample can be NaN.
    #[must_use]
    pub fn may_be_nan(&self) -> bool {
        let floats =
            |ty: &ColumnType| matches!(ty, ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric { .. });
        self.cells().iter().any(|cell| !cell.is_json() && floats(&cell.column.ty))
    }

    /// The times that it is read from.
    pub fn times(&self) -> impl Iterator<Item = &TimeColumn> {
        let (start, end) = match self {
            Self::Overlap(overlap) => (None, Some(&overlap.end.time)),
            Self::Lasts(lasts) => (Some(&lasts.start), Some(&lasts.end.time)),
            Self::Column(_) | Self::Read(_) | Self::Rows | Self::Product(_) => (None, None),
        };
        start.into_iter().chain(end)
    }

    /// Where it is, in words for people.
    #[must_use]
    pub fn place(&self, relation: &Relation) -> String {
        match self {
            Self::Rows => format!("the rows of {relation}"),
            Self::Overlap(overlap) => format!("{relation}, up to column {}", overlap.end.time.column),
            Self::Lasts(lasts) => {
                format!("{relation}, from column {} to column {}", lasts.start.column, lasts.end.time.column)
            }
            Self::Product(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                format!("{relation}, the product of {}", names.join(" and "))
            }
            Self::Column(column) => format!("{relation}, column {}", column.name),
            Self::Read(reading) => {
                let paths: Vec<String> = reading.cells.iter().map(ColumnPath::description).collect();
                format!("{relation}, {}", paths.join(" or "))
            }
        }
    }
}

impl ColumnPath {
    fn description(&self) -> String {
        match (self.column.row, self.path.is_empty()) {
            (SourceRow::Element, true) => "the element".to_owned(),
            (SourceRow::Element, false) => format!("member {} of the element", self.path.join(".")),
            (_, true) => format!("column {}", self.column.name),
            (_, false) => format!("column {}, member {}", self.column.name, self.path.join(".")),
        }
    }
}

impl ColumnType {
    /// Whether its values are numbers: booleans are 0 and 1, an interval is its seconds.
    #[must_use]
    pub const fn is_numeric(&self) -> bool {
        use ColumnType::{Bool, Float4, Float8, Int2, Int4, Int8, Interval, Money, Numeric};
        matches!(self, Bool | Int2 | Int4 | Int8 | Float4 | Float8 | Numeric { .. } | Money | Interval)
    }

    /// Whether its values can be those of a label, as their texts tell them apart.
    #[must_use]
    pub const fn can_be_label(&self) -> bool {
        use ColumnType::{Hstore, IntArray, Interval, Json, Jsonb, Money, Other, TextArray, Timestamp, Timestamptz};
        !matches!(
            self,
            Interval | Money | Timestamptz | Timestamp | Json | Jsonb | TextArray | Hstore | IntArray { .. } | Other(_)
        )
    }

    /// Whether a point in time.
    #[must_use]
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Timestamptz | Self::Timestamp | Self::Date)
    }

    /// Whether one of its values may be the empty text.
    #[must_use]
    pub const fn may_be_empty(&self) -> bool {
        self.is_text()
            || matches!(self, Self::Citext(_) | Self::Ltree(_) | Self::Name | Self::Enum(_) | Self::Scalar(_))
    }

    /// Whether equal values have equal texts, so that one of them stands for all where rows are grouped or an index is
    /// walked from value to value.
    #[must_use]
    pub const fn is_equal_by_text(&self) -> bool {
        !matches!(
            self,
            Self::Citext(_) | Self::Ltree(_) | Self::Numeric { bounded: false } | Self::Inet | Self::Scalar(_)
        )
    }

    /// The type that its values have as those of the label of that name.
    #[must_use]
    pub fn of_label(self, name: &str) -> Self {
        match self {
            Self::Int2 | Self::Int4 | Self::Int8 if name == BOUND => Self::UpperBound(UpperBound::Integer),
            Self::Float4 if name == BOUND => Self::UpperBound(UpperBound::Float4),
            Self::Float8 if name == BOUND => Self::UpperBound(UpperBound::Float8),
            Self::Numeric { .. } if name == BOUND => Self::UpperBound(UpperBound::Numeric),
            other => other,
        }
    }

    /// Whether it is a domain over an enum, which PostgreSQL compares only after a cast to the enum.
    #[must_use]
    pub fn is_domain_of_enum(&self) -> bool {
        matches!(self, Self::Enum(Some(name)) if name.is_domain)
    }

    /// Whether it holds text.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar | Self::Bpchar)
    }
}

impl Source {
    /// The column of the elements of an array, where each of them is a sample.
    #[must_use]
    pub fn element() -> Option<Column> {
        let name = Ident::new("element").ok()?;
        Some(Column { name, ty: ColumnType::Jsonb, nullable: true, row: SourceRow::Element })
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Numeric { .. } => "numeric",
            Self::Text => "text",
            Self::Varchar => "varchar",
            Self::Bpchar => "char",
            Self::Citext(_) => "citext",
            Self::Ltree(_) => "ltree",
            Self::Name => "name",
            Self::Enum(_) => "enum",
            Self::Uuid => "uuid",
            Self::Inet => "inet",
            Self::Cidr => "cidr",
            Self::Macaddr => "macaddr",
            Self::Macaddr8 => "macaddr8",
            Self::Oid => "oid",
            Self::Bytea => "bytea",
            Self::Money => "money",
            Self::Interval => "interval",
            Self::Timestamptz => "timestamptz",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::TextArray => "text[]",
            Self::Hstore => "hstore",
            Self::IntArray { .. } => "integer[]",
            Self::UpperBound(UpperBound::Integer) => "bigint",
            Self::UpperBound(UpperBound::Float4) => "real",
            Self::UpperBound(UpperBound::Float8) => "double precision",
            Self::UpperBound(UpperBound::Numeric) => "numeric",
            Self::Scalar(name) | Self::Other(name) => name,
        })
    }
}
