//! Declared values, checked against the facts.

use super::error::CatalogError;
use super::labels::{SourceRelation, elements, json};
use super::lookup::{bad, column, wrong};
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::catalog::file::{MetricDecl, SourceDecl, ValueDecl};
use crate::catalog::{
    CoalescedNumber, Column, ColumnPath, ColumnType, LengthUnit, MetricValue, Overlap, RowDuration, RowEnd, TimeColumn,
};

const FORMS: &str = "one of `column`, `json`, `rows`, `overlap`, `lasts` and `product`";

/// What the values of a source have in common.
pub(super) struct SourceValues<'a> {
    place: SourceRelation<'a>,
    words: Vec<(String, f64)>,
    /// When its rows begin.
    start: TimeColumn,
    /// When its rows end.
    pub(super) end: Option<RowEnd>,
    /// The array whose elements are its samples.
    pub(super) elements: Option<ColumnPath>,
    /// Whether NaN samples do not exist.
    pub(super) skip_nan: bool,
    /// Whether a NULL ends its series.
    pub(super) null_ends: bool,
}

/// What a source says of its values.
pub(super) enum SourceValue {
    /// Where they all are.
    One(MetricValue),
    /// A document of which every numeric member is a metric.
    Members(CoalescedNumber),
}

impl<'a> SourceValues<'a> {
    pub(super) fn of(
        place: SourceRelation<'a>,
        declared: &SourceDecl,
        start: TimeColumn,
        end: Option<RowEnd>,
    ) -> Result<Self, CatalogError> {
        let relation = &place.relation.relation;
        let finite = |(word, number): (&String, &f64)| match number.is_finite() {
            true => Ok((word.clone(), *number)),
            false => Err(bad(relation, "map", &format!("{word} = {number}"), "a finite number for each word")),
        };
        let skip_nan = match declared.nan.as_deref() {
            None | Some("keep") => false,
            Some("skip") => true,
            Some(other) => return Err(bad(relation, "nan", other, "keep or skip")),
        };
        let null_ends = match declared.nulls.as_deref() {
            None | Some("end") => true,
            Some("skip") => false,
            Some(other) => return Err(bad(relation, "nulls", other, "end or skip")),
        };
        Ok(Self {
            place,
            words: declared.map.iter().map(finite).collect::<Result<_, _>>()?,
            start,
            end,
            elements: declared.each.as_deref().map(|path| elements(place, path)).transpose()?,
            skip_nan,
            null_ends,
        })
    }

    /// What the source's own `value` says.
    pub(super) fn source(&self, declared: &ValueDecl) -> Result<SourceValue, CatalogError> {
        Ok(match declared {
            ValueDecl::Column(name) => SourceValue::One(self.columns(std::slice::from_ref(name))?),
            ValueDecl::Columns(names) => SourceValue::One(self.columns(names)?),
            ValueDecl::Table(table) if table.all => {
                SourceValue::Members(self.reading(json(self.place, &table.json, 1)?))
            }
            ValueDecl::Table(table) => SourceValue::One(self.json(&table.json)?),
        })
    }

    /// Where a metric says that its value is, if it does.
    pub(super) fn metric(&self, name: &str, declared: &MetricDecl) -> Result<Option<MetricValue>, CatalogError> {
        let lasting = [declared.overlap.is_some(), declared.lasts.is_some(), declared.product.is_some()];
        let forms = [declared.column.is_some(), declared.json.is_some(), declared.rows].into_iter().chain(lasting);
        if forms.filter(|form| *form).count() > 1 {
            return Err(bad(&self.place.relation.relation, "metric", name, FORMS));
        }
        if let (Some(at), None) = (&declared.at, &declared.lasts) {
            return Err(bad(&self.place.relation.relation, "at", at, "for a metric that has `lasts`: leave it out"));
        }
        if let (Some(weight), None) = (&declared.weight, &declared.overlap) {
            let wanted = "for a metric that has `overlap`: columns are multiplied by `product`";
            return Err(bad(&self.place.relation.relation, "weight", weight, wanted));
        }
        Ok(match declared {
            MetricDecl { product: Some(columns), .. } => Some(self.product(columns)?),
            MetricDecl { column: Some(columns), .. } => Some(self.columns(columns.names())?),
            MetricDecl { json: Some(path), .. } => Some(self.json(path)?),
            MetricDecl { rows: true, .. } => Some(MetricValue::Rows),
            MetricDecl { overlap: Some(unit), weight, .. } => Some(self.overlap(unit, weight.as_deref())?),
            MetricDecl { lasts: Some(unit), at, .. } => Some(self.lasts(unit, at.as_deref())?),
            _ => None,
        })
    }

    /// The value in a column of that name.
    pub(super) fn named(&self, name: &str) -> Result<MetricValue, CatalogError> {
        self.columns(&[name.to_owned()])
    }

    fn reading(&self, cell: ColumnPath) -> CoalescedNumber {
        CoalescedNumber { cells: vec![cell], words: self.words.clone() }
    }

    fn columns(&self, names: &[String]) -> Result<MetricValue, CatalogError> {
        let facts = self.place.relation;
        let found = names.iter().map(|name| self.readable(name)).collect::<Result<Vec<_>, _>>()?;
        match found.as_slice() {
            [] => Err(bad(&facts.relation, "value", "[]", "one column or several")),
            [only] if only.ty.is_numeric() => Ok(MetricValue::Column(only.column())),
            _ => {
                let cells = found.iter().map(|column| ColumnPath::of(column.column())).collect();
                Ok(MetricValue::Read(Box::new(CoalescedNumber { cells, words: self.words.clone() })))
            }
        }
    }

    fn readable(&self, name: &str) -> Result<&'a ColumnFacts, CatalogError> {
        let facts: &'a RelationFacts = self.place.relation;
        let column = column(facts, name)?;
        let fits = column.ty.is_numeric() || column.is_text() || matches!(column.ty, ColumnType::Enum(_));
        if fits {
            return Ok(column);
        }
        let wanted =
            "a number, a boolean, an interval or text; members of a jsonb are `json = [\"column\", \"member\"]`";
        Err(wrong(facts, column, wanted))
    }

    fn json(&self, path: &[String]) -> Result<MetricValue, CatalogError> {
        Ok(MetricValue::Read(Box::new(self.reading(json(self.place, path, 2)?))))
    }

    /// What is declared of the relation.
    pub(super) const fn place(&self) -> SourceRelation<'a> {
        self.place
    }

    fn product(&self, names: &[String]) -> Result<MetricValue, CatalogError> {
        let relation = &self.place.relation.relation;
        if names.len() < 2 {
            return Err(bad(relation, "product", &names.join(", "), "two columns of numbers or more"));
        }
        let factors = names.iter().map(|name| self.number(name)).collect::<Result<_, _>>()?;
        Ok(MetricValue::Product(factors))
    }

    /// A column of numbers.
    fn number(&self, name: &str) -> Result<Column, CatalogError> {
        let column = column(self.place.relation, name)?;
        let wanted = "a number or a boolean, as a weight or a factor is";
        if column.ty.is_numeric() { Ok(column.column()) } else { Err(wrong(self.place.relation, column, wanted)) }
    }

    fn overlap(&self, unit: &str, weight: Option<&str>) -> Result<MetricValue, CatalogError> {
        let unit = self.length("overlap", unit)?;
        let end = self.needed_end("`overlap` needs to know when a row ends: say it, as `time_end`")?;
        let weight = weight.map(|name| self.number(name)).transpose()?;
        Ok(MetricValue::Overlap(Box::new(Overlap { end, unit, weight })))
    }

    fn lasts(&self, unit: &str, at: Option<&str>) -> Result<MetricValue, CatalogError> {
        let unit = self.length("lasts", unit)?;
        let end = self.needed_end("`lasts` needs to know when a row ends: say it, as `time_end`")?;
        let at_end = match at {
            None | Some("start") => false,
            Some("end") => true,
            Some(other) => return Err(bad(&self.place.relation.relation, "at", other, "start or end")),
        };
        Ok(MetricValue::Lasts(Box::new(RowDuration { start: self.start.clone(), end, unit, at_end })))
    }

    fn length(&self, field: &'static str, unit: &str) -> Result<LengthUnit, CatalogError> {
        let relation = &self.place.relation.relation;
        LengthUnit::from_word(unit).ok_or_else(|| bad(relation, field, unit, "ms, s, m, h or d"))
    }

    fn needed_end(&self, missing: &'static str) -> Result<RowEnd, CatalogError> {
        let relation = self.place.relation.relation.clone();
        self.end.clone().ok_or(CatalogError::Incomplete { relation, missing })
    }
}
