//! Values: where the number of a metric is.

use super::{Column, ColumnType, Relation, Row, Source, TimeColumn};
use crate::ident::Ident;

/// Where a metric's number is.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A column of a numeric type or boolean.
    Column(Column),
    /// What is written in columns of any type or in JSON.
    Read(Box<Reading>),
    /// Every row is a sample of 1.
    Rows,
    /// How much of a bucket the row lasts.
    Overlap(Box<Overlap>),
}

/// The first of several cells that is not null, read as a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The cells, in order.
    pub cells: Vec<Member>,
    /// Words that stand for numbers, looked up before a text is parsed.
    pub words: Vec<(String, f64)>,
}

/// A column, or a member of the JSON that it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The column.
    pub column: Column,
    /// The path to the member; empty for the column itself.
    pub path: Vec<String>,
}

/// A row that lasts from its time to an end.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// When it ends; NULL: it still goes on.
    pub end: TimeColumn,
    /// What its length is counted in.
    pub unit: LengthUnit,
}

/// Units of a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum LengthUnit {
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
}

impl LengthUnit {
    const ALL: [Self; 5] = [Self::Millis, Self::Seconds, Self::Minutes, Self::Hours, Self::Days];

    /// What `datebin.toml` calls it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Millis => "ms",
            Self::Seconds => "s",
            Self::Minutes => "m",
            Self::Hours => "h",
            Self::Days => "d",
        }
    }

    /// The unit of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.word() == word)
    }

    /// How many seconds it has.
    #[must_use]
    pub const fn seconds(self) -> f64 {
        match self {
            Self::Millis => 1e-3,
            Self::Seconds => 1.0,
            Self::Minutes => 60.0,
            Self::Hours => 3600.0,
            Self::Days => 86_400.0,
        }
    }
}

impl Member {
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

impl Reading {
    /// Whether a cell may hold something that is no number.
    #[must_use]
    pub fn may_skip(&self) -> bool {
        self.cells.iter().any(|cell| cell.is_json() || !cell.column.ty.is_numeric())
    }
}

impl Value {
    /// The cells that it is read from, in order.
    #[must_use]
    pub fn cells(&self) -> Vec<Member> {
        match self {
            Self::Column(column) => vec![Member::of(column.clone())],
            Self::Read(reading) => reading.cells.clone(),
            Self::Rows | Self::Overlap(_) => Vec::new(),
        }
    }

    /// Whether a row may hold something there that is no number, to be skipped and counted.
    #[must_use]
    pub fn may_skip(&self) -> bool {
        matches!(self, Self::Read(reading) if reading.may_skip())
    }

    /// Whether a sample can be NaN.
    #[must_use]
    pub fn may_be_nan(&self) -> bool {
        let floats =
            |ty: &ColumnType| matches!(ty, ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric { .. });
        self.cells().iter().any(|cell| !cell.is_json() && floats(&cell.column.ty))
    }

    /// Where it is, in words for people.
    #[must_use]
    pub fn place(&self, relation: &Relation) -> String {
        match self {
            Self::Rows => format!("the rows of {relation}"),
            Self::Overlap(overlap) => format!("{relation}, up to column {}", overlap.end.column),
            Self::Column(column) => format!("{relation}, column {}", column.name),
            Self::Read(reading) => {
                let told: Vec<String> = reading.cells.iter().map(Member::told).collect();
                format!("{relation}, {}", told.join(" or "))
            }
        }
    }
}

impl Member {
    fn told(&self) -> String {
        match (self.column.row, self.path.is_empty()) {
            (Row::Element, true) => "the element".to_owned(),
            (Row::Element, false) => format!("member {} of the element", self.path.join(".")),
            (_, true) => format!("column {}", self.column.name),
            (_, false) => format!("column {}, member {}", self.column.name, self.path.join(".")),
        }
    }
}

impl ColumnType {
    /// Whether its values are numbers, booleans among them.
    #[must_use]
    pub const fn is_numeric(&self) -> bool {
        matches!(
            self,
            Self::Bool | Self::Int2 | Self::Int4 | Self::Int8 | Self::Float4 | Self::Float8 | Self::Numeric { .. }
        )
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
        Some(Column { name, ty: ColumnType::Jsonb, nullable: true, row: Row::Element })
    }
}
