//! What the database states about itself: system catalogs and statistics, never a row of user data.

mod shard;
mod shown;
mod timescale;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use self::shard::Shard;
pub use self::shown::{ColumnOrigin, KeylessTable, LookedUpColumn};
pub use self::timescale::{AggregateFacts, HypertableFacts, InvalidationEntry, MaterializedRange};
use super::{Column, ColumnType, Relation, Searched, SourceRow};
use crate::ident::Ident;

/// Which relations to ask about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryScope {
    /// The schemas to discover in; the search path when absent.
    pub schemas: Option<Vec<String>>,
    /// Relations that the operator declares, wherever they are: schema (none: on the search path) and name.
    pub declared: Vec<(Option<String>, String)>,
    /// Those of them that leave nothing to statistics, by schema and name, each with its time column where that must
    /// not be a number: then they would say its unit.
    pub settled: HashMap<(String, String), Option<String>>,
}

impl DiscoveryScope {
    /// Whether statistics decide nothing about a relation.
    #[must_use]
    pub fn settles(&self, facts: &RelationFacts) -> bool {
        let name = (facts.relation.schema.as_str().to_owned(), facts.relation.name.as_str().to_owned());
        self.settled.get(&name).is_some_and(|time| {
            time.as_ref().is_none_or(|time| facts.column(time).is_some_and(|column| !column.is_number()))
        })
    }
}

/// Everything that was stated, relations sorted by schema and name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The relations; partitions and inheritance children are part of their parent.
    pub relations: Vec<RelationFacts>,
    /// TimescaleDB's continuous aggregates.
    pub aggregates: Vec<AggregateFacts>,
    /// How many locks the server has room for; 0 where nobody asked.
    pub lockable: u64,
    /// The schemas, and which of them are searched.
    pub searched: Searched,
    /// What [`Facts::is_key_elsewhere`] looks up.
    pub(crate) keyed: OnceLock<HashMap<String, Vec<usize>>>,
}

/// One relation.
#[derive(Clone, Debug, PartialEq)]
pub struct RelationFacts {
    /// Schema and name.
    pub relation: Relation,
    /// Another text whenever it, or what a view reads, was made anew, emptied, or is defined in another way.
    pub version: String,
    /// What it is.
    pub kind: RelationKind,
    /// Whether discovery may offer it; otherwise it is here for the operator's declarations only.
    pub discoverable: bool,
    /// An untrusted role whose code runs when rows are read or when that is planned, such as a function of a view.
    pub untrusted_owner: Option<String>,
    /// Whether policies may hide rows of it, or of what it reads, from datebin's own role.
    pub has_policies: bool,
    /// The position of its schema on the search path, from 1.
    pub path_position: Option<i64>,
    /// `COMMENT ON TABLE`.
    pub comment: Option<String>,
    /// Bytes of its pages, those of partitions and children included.
    pub bytes: u64,
    /// Rows, as the statistics estimate them; absent before the first ANALYZE.
    pub rows: Option<f64>,
    /// Whether rows may be in partitions or children.
    pub is_parent: bool,
    /// How many partitions, chunks or children hold rows.
    pub children: u32,
    /// What TimescaleDB says of it, if it is a hypertable.
    pub hypertable: Option<HypertableFacts>,
    /// Its columns, in order.
    pub columns: Vec<ColumnFacts>,
    /// The columns of the primary key.
    pub primary_key: Vec<Ident>,
    /// The columns of each unique constraint or index, the primary key's excepted.
    pub unique: Vec<Vec<Ident>>,
    /// The columns of each unique index that is of expressions or of some rows, and of the keys of one of several
    /// relations behind it: they tell rows apart, though not alone.
    pub partial_keys: Vec<Vec<Ident>>,
    /// Of a view the columns that carry a unique key of the only relation that it reads, or that its rows are grouped by.
    pub keys_behind: Vec<Vec<Ident>>,
    /// Of a view what it does not carry although it tells the rows apart that it reads: "`ch` of m".
    pub dropped: Vec<String>,
    /// Of a view the columns that are columns of a table.
    pub origins: Vec<ColumnOrigin>,
    /// Of a view the tables without a key whose rows it shows, one by one.
    pub rows_of: Vec<KeylessTable>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// The leading columns of each valid, complete index that give the order in which PostgreSQL compares them.
    pub indexes: Vec<Vec<Ident>>,
    /// The indexes that give less order than they have columns.
    pub unordered: Vec<UnorderedIndex>,
    /// The plain columns that rows are partitioned by.
    pub partition_key: Vec<Ident>,
    /// Those of the partitions too, where they are divided once more.
    pub divided_by: Vec<Ident>,
    /// The foreign tables that hold rows of it: itself, or partitions.
    pub shards: Vec<Shard>,
}

/// An index whose columns cannot be walked in order, or only the first of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnorderedIndex {
    /// What it is called.
    pub name: String,
    /// Its columns up to the first that is an expression.
    pub columns: Vec<Ident>,
    /// How many of them give their order.
    pub ordered: usize,
    /// Why the next one does not: "its operator class is text_pattern_ops".
    pub reason: String,
    /// Whether it finds ranges of its columns all the same.
    pub finds_ranges: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<Ident>,
    /// What they refer to; none where it is not in scope.
    pub target: Option<Relation>,
    /// The columns there, in the order of `columns`; empty where it is not in scope.
    pub theirs: Vec<Ident>,
}

/// The kinds of relation that hold rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RelationKind {
    Table,
    Partitioned,
    View,
    MaterializedView,
    Foreign,
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnFacts {
    /// Its name.
    pub name: Ident,
    /// Its type, domains resolved to their base.
    pub ty: ColumnType,
    /// Whether a `numeric` of whole numbers, by its declared scale.
    pub whole: bool,
    /// Whether it never holds NULL.
    pub not_null: bool,
    /// Whether the database makes its values up: serial, identity, a default of `nextval` or of a new uuid.
    pub numbered: bool,
    /// `COMMENT ON COLUMN`.
    pub comment: Option<String>,
    /// Whether the role may SELECT it.
    pub readable: bool,
    /// What ANALYZE found.
    pub stats: Option<ColumnStats>,
}

/// What ANALYZE found in a column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnStats {
    /// How many distinct values; negative: as a share of the rows.
    pub n_distinct: f64,
    /// The share of NULLs.
    pub null_frac: f64,
    /// How far its order is that of the rows on disk, from -1 to 1.
    pub correlation: Option<f64>,
    /// Some of the texts that ANALYZE kept, the most common first; of columns of text only.
    pub kept: Vec<String>,
    /// Lowest, middle and highest number that ANALYZE kept; of numeric columns that may be a time or name a part only.
    pub span: Option<[f64; 3]>,
}

impl Facts {
    /// The relation of that schema and name.
    #[must_use]
    pub fn relation(&self, schema: &str, name: &str) -> Option<&RelationFacts> {
        let order =
            |facts: &RelationFacts| (facts.relation.schema.as_str(), facts.relation.name.as_str()).cmp(&(schema, name));
        self.relations.binary_search_by(order).ok().map(|at| &self.relations[at])
    }

    /// Whether another relation has a column of that name, an integer too, as its whole primary key.
    #[must_use]
    pub fn is_key_elsewhere(&self, relation: &Relation, column: &ColumnFacts) -> bool {
        let keyed = self.keyed.get_or_init(|| {
            let mut keyed: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, facts) in self.relations.iter().enumerate() {
                if let [only] = facts.primary_key.as_slice()
                    && facts.column(only.as_str()).is_some_and(ColumnFacts::is_integer)
                {
                    keyed.entry(only.as_str().to_owned()).or_default().push(at);
                }
            }
            keyed
        });
        let owners = keyed.get(column.name.as_str()).map_or(&[][..], Vec::as_slice);
        column.is_integer() && owners.iter().any(|at| self.relations[*at].relation != *relation)
    }
}

impl RelationKind {
    /// What people call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Partitioned => "partitioned table",
            Self::View => "view",
            Self::MaterializedView => "materialized view",
            Self::Foreign => "foreign table",
        }
    }
}

impl RelationFacts {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name.as_str() == name)
    }

    /// How many distinct values a column has, as far as the statistics tell: nothing of types without an order or a hash.
    #[must_use]
    pub fn distinct(&self, column: &ColumnFacts) -> Option<f64> {
        let n = column.stats.as_ref()?.n_distinct;
        match n {
            0.0 => None,
            n if n > 0.0 => Some(n),
            n => self.rows.map(|rows| -n * rows),
        }
    }
}

impl ColumnFacts {
    /// The column as the catalog keeps it.
    #[must_use]
    pub fn column(&self) -> Column {
        Column { name: self.name.clone(), ty: self.ty.clone(), nullable: !self.not_null, row: SourceRow::Own }
    }

    /// Whether ANALYZE saw nothing but NULL in it.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        self.stats.as_ref().is_some_and(|stats| stats.null_frac >= 1.0)
    }

    /// Whether a number: the types that a value may have.
    #[must_use]
    pub const fn is_number(&self) -> bool {
        use ColumnType::{Float4, Float8, Int2, Int4, Int8, Numeric};
        matches!(self.ty, Int2 | Int4 | Int8 | Float4 | Float8 | Numeric { .. })
    }

    /// Whether whole numbers, by their type.
    #[must_use]
    pub const fn is_integer(&self) -> bool {
        self.whole || matches!(self.ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
    }

    /// Whether it holds words: text in any of its types.
    #[must_use]
    pub const fn is_text(&self) -> bool {
        self.ty.is_text() || matches!(self.ty, ColumnType::Citext(_) | ColumnType::Name)
    }
}
