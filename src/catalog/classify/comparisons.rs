//! Comparisons in a `where`: `amount>0`, `created_at >= "2024-01-01"`. They are read here, as matchers know none.

use super::end::{clock, date, instant};
use super::error::CatalogError;
use super::labels::SourceRelation;
use crate::catalog::facts::ColumnFacts;
use crate::catalog::filter::{Filter, ValueCondition};
use crate::catalog::{BoundComparison, BoundType, Column, ColumnType, LabelValue, Order};

/// Why a comparison cannot be read.
pub(super) enum ComparisonError {
    /// Its column is wrong.
    Catalog(CatalogError),
    /// The rest of it is.
    Reason(String),
}

impl ComparisonError {
    /// The error, given what makes one of a reason.
    pub(super) fn or_reason(self, wrong: &impl Fn(String) -> CatalogError) -> CatalogError {
        match self {
            Self::Catalog(error) => error,
            Self::Reason(reason) => wrong(reason),
        }
    }
}

/// The parts between commas that stand outside of quotes.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, c) in outside(text) {
        if c == ',' {
            parts.push(&text[from..at]);
            from = at + 1;
        }
    }
    parts.push(&text[from..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The characters of a text that stand outside of quotes.
fn outside(text: &str) -> Vec<(usize, char)> {
    let (mut quote, mut escaped) = (None, false);
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(open) if c == '\\' && open != '`' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'' | '`') => quote = Some(c),
            None => found.push((at, c)),
        }
    }
    found
}

/// The filter of a part that compares; none where it is a matcher.
pub(super) fn comparison(place: SourceRelation<'_>, part: &str) -> Option<Result<Filter, ComparisonError>> {
    let (at, _) = outside(part).into_iter().find(|(_, c)| matches!(c, '<' | '>' | '=' | '!'))?;
    let (order, bound) = Order::read(&part[at..])?;
    let bound = bound.trim();
    let name = name(&part[..at]);
    if matches!(order, Order::Equal | Order::NotEqual) {
        // A number without quotes is compared as one; a text in quotes is a matcher's.
        let is_number = |name: &str| place.relation.column(name).is_some_and(ColumnFacts::is_number);
        bound.parse::<f64>().ok().filter(|_| is_number(name))?;
    }
    Some(compared(place, name, order, unquoted(bound)))
}

fn compared(place: SourceRelation<'_>, name: &str, order: Order, bound: &str) -> Result<Filter, ComparisonError> {
    let column = place.column(name).map_err(ComparisonError::Catalog)?;
    let (bound, ty) = bound_of(&column, bound).map_err(ComparisonError::Reason)?;
    Ok(Filter {
        value: LabelValue::Column(column),
        wanted: ValueCondition::Compared(BoundComparison { order, bound, ty }),
    })
}

/// The name of a column, without quotes.
fn name(text: &str) -> &str {
    unquoted(text.trim())
}

fn unquoted(text: &str) -> &str {
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).or_else(|| inside('`')).unwrap_or(text)
}

/// A bound as PostgreSQL reads it for a column, and as what.
fn bound_of(column: &Column, bound: &str) -> Result<(String, BoundType), String> {
    let told = |wanted: &str| format!("column `{}` is {}, and {bound:?} is not {wanted}", column.name, column.ty);
    let number = |ty: BoundType| match is_held(bound, ty) {
        Some(true) => Ok((bound.to_owned(), ty)),
        Some(false) => Err(told("a number that it can hold")),
        None => Err(told("a number")),
    };
    let time =
        |text: Option<String>, ty: BoundType, wanted: &str| text.map(|text| (text, ty)).ok_or_else(|| told(wanted));
    match column.ty {
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => match bound.parse::<i64>() {
            Ok(whole) => Ok((whole.to_string(), BoundType::Int8)),
            Err(_) => number(BoundType::Numeric),
        },
        ColumnType::Numeric { .. } => number(BoundType::Numeric),
        ColumnType::Float4 => number(BoundType::Float4),
        ColumnType::Float8 => number(BoundType::Float8),
        ColumnType::Timestamptz => {
            time(instant(bound), BoundType::Timestamptz, "a time such as 2024-01-01 00:00:00+00")
        }
        ColumnType::Timestamp => time(clock(bound), BoundType::Timestamp, "a time such as 2024-01-01 00:00:00"),
        ColumnType::Date => time(date(bound), BoundType::Date, "a date such as 2024-01-01"),
        _ => Err(format!("column `{}` is {}: `<` and `>` compare numbers, times and dates", column.name, column.ty)),
    }
}

/// Whether a type can hold a number, as PostgreSQL reads it: it refuses what becomes infinite or zero. None where the
/// text is no number.
fn is_held(bound: &str, ty: BoundType) -> Option<bool> {
    let number = bound.parse::<f64>().ok().filter(|number| !number.is_nan())?;
    let digits = bound.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !digits.contains(|c| matches!(c, '1'..='9'));
    let fits = |is_finite: bool, becomes_zero: bool| is_finite && (is_zero || !becomes_zero);
    Some(match ty {
        BoundType::Float4 => bound.parse::<f32>().is_ok_and(|number| fits(number.is_finite(), number == 0.0)),
        BoundType::Float8 => fits(number.is_finite(), number == 0.0),
        _ => number.is_finite(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_one_that_the_type_holds() {
        for (bound, float4, float8, numeric) in [
            ("1e39", Some(false), Some(true), Some(true)),
            ("-1e39", Some(false), Some(true), Some(true)),
            ("1e-50", Some(false), Some(true), Some(true)),
            ("1e-400", Some(false), Some(false), Some(true)),
            ("1e309", Some(false), Some(false), Some(false)),
            ("0e-400", Some(true), Some(true), Some(true)),
            ("-0.0", Some(true), Some(true), Some(true)),
            ("3.4e38", Some(true), Some(true), Some(true)),
            ("1e-44", Some(true), Some(true), Some(true)),
            ("inf", Some(false), Some(false), Some(false)),
            ("nan", None, None, None),
            ("x", None, None, None),
        ] {
            let held = [BoundType::Float4, BoundType::Float8, BoundType::Numeric].map(|ty| is_held(bound, ty));
            assert_eq!(held, [float4, float8, numeric], "{bound}");
        }
    }

    #[test]
    fn parts_end_at_commas_outside_of_quotes() {
        let text = r#"a="x,\"y", b>3 ,, `c,d`<'2024-01-01', e=~"f|g,>""#;
        let expected = [r#"a="x,\"y""#, " b>3 ", " `c,d`<'2024-01-01'", r#" e=~"f|g,>""#];
        assert_eq!(split(text), expected);
    }
}
