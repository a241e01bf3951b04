//! Plans → statements: SQL text with numbered parameters, as pure functions.
//!
//! [`Writer`] has three verbs. Syntax is `&'static str`, names are [`Ident`]s that the catalog confirmed, and
//! everything else is a parameter: no text from outside can become syntax.

mod annotations;
mod condition;
mod document;
mod explain;
mod fetch;
mod fit;
mod guard;
mod held;
mod instant;
mod join;
mod joined;
mod json;
mod labels;
mod last;
mod lasting;
mod merged;
mod missing;
mod new_annotation;
mod pieces;
mod product;
mod readable;
mod reading;
mod rollup;
mod samples;
mod sets;
mod qualified;
mod spread;
mod stretches;
mod typed;
mod value;
mod walk;

pub use annotations::{AnnotationFilter, TEXT, TITLE, annotations};
pub use explain::explain;
pub(crate) use fetch::{GroupLabel, carried, keys};
pub use fetch::{any, fetch};
pub use held::{GapSearch, TimeLookup, empty_ranges, gaps, span};
pub use instant::is_ordered_as_stored;
pub use labels::{WantedValues, are_of_newest_rows, common_values, label_values, member_names, names_with_rows};
pub use last::last_before;
pub use new_annotation::{AnnotationInsert, add_annotation};
pub use pieces::{Slice, pieces, times};
pub use qualified::qualified;
pub use readable::readable;
pub use reading::{finds_newest, member_values, number_names};
pub use samples::samples;
pub use sets::label_sets;
pub(crate) use spread::READ;
pub use walk::{narrowed_values, values_of_rows};

use crate::catalog::{Join, Relation};
use crate::ident::Ident;

/// A statement ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The SQL text; varies only with the shape of the question and the names in it.
    pub text: String,
    /// The values of `$1`, `$2`, ….
    pub params: Vec<Param>,
    /// Whether it reads rows of other servers: they aggregate their own rows if the planner looks at each partition.
    pub is_remote: bool,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// `int8`
    Int(i64),
    /// `float8`
    Float(f64),
    /// `text`
    Text(String),
    /// `text[]`
    Texts(Vec<String>),
    /// `int8[]`
    Ints(Vec<i64>),
    /// `timestamptz`, in milliseconds since 1970
    Instant(i64),
    /// `timestamptz[]`, likewise
    Instants(Vec<i64>),
    /// `timestamp`, the wall clock as milliseconds since 1970 as if it were UTC
    Local(i64),
    /// `timestamp[]`, likewise
    Locals(Vec<i64>),
    /// `date`, in days since 1970
    Date(i64),
    /// `interval`, in milliseconds
    Interval(i64),
}

impl Param {
    /// Its type in PostgreSQL.
    #[must_use]
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int8",
            Self::Float(_) => "float8",
            Self::Text(_) => "text",
            Self::Texts(_) => "text[]",
            Self::Ints(_) => "int8[]",
            Self::Instant(_) => "timestamptz",
            Self::Instants(_) => "timestamptz[]",
            Self::Local(_) => "timestamp",
            Self::Locals(_) => "timestamp[]",
            Self::Date(_) => "date",
            Self::Interval(_) => "interval",
        }
    }
}

/// The number of a parameter that was already given, so that several places can share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamNumber(usize);

/// Writes a statement.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    params: Vec<Param>,
    is_remote: bool,
}

impl Writer {
    /// Appends syntax.
    pub fn syntax(&mut self, syntax: &'static str) -> &mut Self {
        self.text.push_str(syntax);
        self
    }

    /// Appends a quoted name.
    pub fn ident(&mut self, ident: &Ident) -> &mut Self {
        self.text.push_str(&ident.quoted());
        self
    }

    /// Appends a relation's quoted name.
    pub fn relation(&mut self, relation: &Relation) -> &mut Self {
        self.ident(&relation.schema).syntax(".").ident(&relation.name)
    }

    /// Appends `FROM` and the rows of a source: the relation, under the alias `t`, and the dimension rows beside it.
    pub fn rows_of(&mut self, relation: &Relation, joins: &[&Join]) -> &mut Self {
        self.syntax(" FROM ").relation(relation).syntax(" AS t");
        join::left_joins(self, joins);
        self
    }

    /// Says whether the statement reads rows of other servers.
    pub const fn remote(&mut self, is_remote: bool) -> &mut Self {
        self.is_remote = is_remote;
        self
    }

    /// Appends a column of the source's own row.
    pub fn column(&mut self, column: &Ident) -> &mut Self {
        self.syntax("t.").ident(column)
    }

    /// Appends a parameter.
    pub fn param(&mut self, param: Param) -> &mut Self {
        let slot = self.bind(param);
        self.slot(slot)
    }

    /// Takes a parameter to be written later, perhaps several times.
    pub fn bind(&mut self, param: Param) -> ParamNumber {
        self.params.push(param);
        ParamNumber(self.params.len())
    }

    /// Appends a parameter that was taken before.
    pub fn slot(&mut self, slot: ParamNumber) -> &mut Self {
        self.text.push('$');
        self.number(slot.0)
    }

    /// Appends a generated name: a letter and a number.
    pub fn generated(&mut self, letter: &'static str, number: usize) -> &mut Self {
        self.text.push_str(letter);
        self.number(number)
    }

    /// Appends `1, 2, … n`.
    pub fn ordinals(&mut self, n: usize) -> &mut Self {
        for i in 1..=n {
            if i > 1 {
                self.syntax(", ");
            }
            self.number(i);
        }
        self
    }

    /// The finished statement.
    #[must_use]
    pub fn finish(self) -> Statement {
        Statement { text: self.text, params: self.params, is_remote: self.is_remote }
    }

    /// Appends a number that the shape of the question gives, such as the position of a column.
    pub fn number(&mut self, number: usize) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }
}
