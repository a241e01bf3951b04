//! How the last samples before a range are found: by an index, where one leads with labels and goes on with the time.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;

use super::{Fetch, Filter, SeriesLabel, ValueCondition};
use crate::catalog::{ColumnType, LabelValue, MetricValue, Source, SourceRow, TimeKind};
use crate::ident::Ident;
use crate::time::TimeRange;

/// The most series that are looked up one by one; of more the rows are read.
const SERIES: usize = 20_000;
/// The most values of a label that rows are read for by name.
const NAMED_VALUES: usize = 1000;

/// The last sample in the range of a fetch, for each of some series.
#[derive(Clone, Debug, PartialEq)]
pub struct LastBefore {
    /// The fetch of the last samples.
    pub fetch: Fetch,
    /// The labels, by number, that lead the index.
    pub leading: Vec<usize>,
    /// The series: the value of each label of the fetch.
    pub series: Vec<Vec<String>>,
    /// The fetch of the series that lack a label which leads the index; none where no series does.
    pub rest: Option<Fetch>,
}

impl LastBefore {
    /// The look-up of some series; none where no index has the samples of a series side by side in order of time.
    #[must_use]
    pub fn of(source: &Source, fetch: &Fetch, series: &[Vec<String>]) -> Option<Self> {
        let is_one_row =
            matches!(fetch.rows.value, MetricValue::Column(_) | MetricValue::Rows | MetricValue::Product(_));
        let is_in_order = is_in_order(fetch) && fetch.rows.time.row == SourceRow::Own;
        let is_told = fetch.rows.labels.iter().all(|label| matches!(label, SeriesLabel::One { .. }));
        let few = !series.is_empty() && series.len() <= SERIES;
        if !(is_one_row && is_in_order && is_told && few)
            || fetch.rows.elements.is_some()
            || fetch.rows.rolled.is_some()
        {
            return None;
        }
        let indexes = source.indexes.iter().filter_map(|columns| leading(columns, fetch));
        let told = |leading: &Vec<usize>| {
            let of = |series: &Vec<String>| -> Vec<String> { leading.iter().map(|at| series[*at].clone()).collect() };
            series.iter().map(of).collect::<HashSet<_>>().len()
        };
        let (told, leading) = indexes.map(|leading| (told(&leading), leading)).max_by_key(|(told, _)| *told)?;
        // Behind labels that many series share, each look-up would pass the rows of all of them.
        if told * 2 < series.len() {
            return None;
        }
        // NULL and the empty text are one value of a label, and two of a column.
        let has_all = |series: &Vec<String>| leading.iter().all(|at| !series[*at].is_empty());
        let (series, lacking): (Vec<_>, Vec<_>) = series.iter().cloned().partition(has_all);
        if series.is_empty() {
            return None;
        }
        let rest = (!lacking.is_empty()).then(|| fetch.narrowed_to(&lacking));
        // A source of another type has no rows of a text that is no value of its own.
        let fits = |series: &Vec<String>| leading.iter().all(|at| fits(&fetch.rows.labels[*at], &series[*at]));
        let series: Vec<Vec<String>> = series.into_iter().filter(fits).collect();
        Some(Self { fetch: fetch.clone(), leading, series, rest })
    }
}

impl Fetch {
    /// The same of the rows of some series, and of few others: each label has one of their values, where these are few.
    #[must_use]
    pub fn narrowed_to(&self, series: &[Vec<String>]) -> Self {
        let filter = |(at, label): (usize, &SeriesLabel)| {
            let SeriesLabel::One { value, .. } = label else { return None };
            let mut values = BTreeSet::new();
            for one in series {
                values.insert(one[at].as_str());
                if values.len() > NAMED_VALUES {
                    return None;
                }
            }
            let values = values.into_iter().map(str::to_owned).collect();
            Some(Filter { value: value.clone(), wanted: ValueCondition::OneOf(values) })
        };
        let mut narrowed = self.clone();
        narrowed.rows.filters.extend(self.rows.labels.iter().enumerate().filter_map(filter));
        narrowed
    }
}

/// Whether the time column has rows in the order of their instants. A wall clock is set now and then.
fn is_in_order(fetch: &Fetch) -> bool {
    match &fetch.rows.time.kind {
        TimeKind::Local(zone) => zone.is_steady(TimeRange { from: fetch.axis.from, to: fetch.axis.to }),
        TimeKind::Instant | TimeKind::Date(_) | TimeKind::Day(_) | TimeKind::Epoch { .. } => true,
    }
}

/// The labels, by number, that stand before the time in an index.
fn leading(columns: &[Ident], fetch: &Fetch) -> Option<Vec<usize>> {
    let until = columns.iter().position(|column| *column == fetch.rows.time.column)?;
    let numbers = columns[..until]
        .iter()
        .map(|column| fetch.rows.labels.iter().position(|label| looks_up(label, |own| own == column)));
    numbers.collect::<Option<Vec<usize>>>().filter(|numbers| !numbers.is_empty())
}

/// Whether a text is a value of the type of a label's column, so that it can be cast.
fn fits(label: &SeriesLabel, text: &str) -> bool {
    let SeriesLabel::One { value: LabelValue::Column(column), .. } = label else { return false };
    match column.ty {
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => text.parse::<i64>().is_ok(),
        ColumnType::Uuid => {
            let is_dash = |at: usize| matches!(at, 8 | 13 | 18 | 23);
            text.len() == 36
                && text.bytes().enumerate().all(|(at, b)| if is_dash(at) { b == b'-' } else { b.is_ascii_hexdigit() })
        }
        ColumnType::Inet => {
            let (address, mask) = text.split_once('/').unwrap_or((text, "0"));
            let bits = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
            let most = address.parse().map(bits);
            most.is_ok_and(|most| mask.parse::<u8>().is_ok_and(|mask| mask <= most))
        }
        _ => true,
    }
}

/// Whether a label is a column of the row itself, of a type whose values their texts find, with a name that passes.
fn looks_up(label: &SeriesLabel, is_it: impl Fn(&Ident) -> bool) -> bool {
    let SeriesLabel::One { value: LabelValue::Column(column), .. } = label else { return false };
    let by_text = matches!(
        column.ty,
        ColumnType::Text
            | ColumnType::Varchar
            | ColumnType::Bpchar
            | ColumnType::Name
            | ColumnType::Inet
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Uuid
    );
    column.row == SourceRow::Own && by_text && is_it(&column.name)
}
