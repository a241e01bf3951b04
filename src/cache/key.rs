//! What makes two fetches the same but for their times.

use std::fmt;
use std::sync::Arc;

use crate::evaluate::FoldPlan;
use crate::identity::Identity;
use crate::plan::{Buckets, Fetch, FetchRows};

const DAY_MS: i64 = 86_400_000;
/// The shortest of the calendar's days.
const SHORTEST_DAY_MS: i64 = 20 * 3_600_000;

/// Whose rows are read, since which notification, and everything that a statement's rows depend on but its bounds.
///
/// The types of columns and the versions of relations are part of it: a relation that changed has another key. The number of a
/// source in the catalog is not: it is another one as soon as another table is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    identity: Identity,
    reloads: u64,
    fetch: Arc<str>,
}

impl CacheKey {
    /// The key of a fetch whose patterns are resolved. `reloads` counts the notifications that tables have changed.
    #[must_use]
    pub fn of(fetch: &Fetch, identity: &Identity, reloads: u64) -> Self {
        let cut = match &fetch.axis.buckets {
            Buckets::Regular { origin_ms, step_ms, .. } => (*step_ms, origin_ms.rem_euclid((*step_ms).max(1))),
            // Such buckets are told apart by their edges. About their length keeps those of days and of months apart, and
            // the time of day those of two zones, so that they do not take each other's place.
            Buckets::Edges(edges) => match edges.as_slice() {
                [first, second, ..] => {
                    let length = (second - first).max(1);
                    let phase = if length < SHORTEST_DAY_MS { 0 } else { first.rem_euclid(DAY_MS) };
                    (-i64::from(length.ilog2()), phase)
                }
                _ => (0, 0),
            },
        };
        let fold = &fetch.fold;
        // Dividing by a length comes after the partials.
        let fold = (fold.function, fold.guard, fold.lookback_ms, &fold.aggregate);
        let rest = fetch.rest.as_ref().map(|rest| KeyedRows(&rest.fetch.rows));
        let fetch = format!("{cut:?} {fold:?} {:?} {rest:?}", KeyedRows(&fetch.rows));
        Self { identity: identity.clone(), reloads, fetch: fetch.into() }
    }

    /// The key of the values of windows over the samples of one metric, whose patterns are resolved: of the times where
    /// windows end, it has their distance and where they lie between its multiples.
    #[must_use]
    pub fn of_windows(fetches: &[Fetch], windows: &FoldPlan, identity: &Identity, reloads: u64) -> Self {
        let FoldPlan { function, args, ends, window_ms } = windows;
        let cut = (ends.step_ms, ends.start_ms.rem_euclid(ends.step_ms.max(1)));
        let what = format!("{cut:?} {function:?} {args:?} {window_ms:?}");
        Self::of_samples(&what, fetches, identity, reloads)
    }

    /// The key of a read of the samples of one metric for some windows.
    #[must_use]
    pub fn of_reads(fetches: &[Fetch], windows: &[FoldPlan], identity: &Identity, reloads: u64) -> Self {
        Self::of_samples(&format!("{windows:?}"), fetches, identity, reloads)
    }

    fn of_samples(what: &str, fetches: &[Fetch], identity: &Identity, reloads: u64) -> Self {
        let rows: Vec<KeyedRows<'_>> = fetches.iter().map(|fetch| KeyedRows(&fetch.rows)).collect();
        Self { identity: identity.clone(), reloads, fetch: format!("samples {what} {rows:?}").into() }
    }

    #[cfg(test)]
    pub(super) fn named(name: &str) -> Self {
        Self { identity: Identity::NOBODY, reloads: 0, fetch: name.into() }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.fetch.len()
    }
}

/// All that tells the rows of one fetch from those of another.
struct KeyedRows<'a>(&'a FetchRows);

impl fmt::Debug for KeyedRows<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FetchRows {
            source: _,
            relation,
            version,
            joins,
            time,
            value,
            adjustment,
            elements,
            skip_nan,
            markers,
            stored,
            metric,
            labels,
            filters,
            rolled,
            is_remote,
        } = self.0;
        let places = (relation, version, joins, time, elements, is_remote);
        let samples = (metric, value, adjustment, skip_nan, markers, stored);
        write!(f, "{places:?} {samples:?} {labels:?} {filters:?} {rolled:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_for_one_caller_or_before_a_notification_is_another_key() {
        let key = |identity: Identity, reloads| CacheKey { identity, reloads, fetch: "the same rows".into() };
        let person = |name: &str| Identity { person: Some(name.into()), ..Identity::NOBODY };
        let token = |name: &str| Identity { token: Some(name.into()), ..Identity::NOBODY };
        let role = |name: &str| Identity { role: Some(name.into()), ..Identity::NOBODY };
        let all = [Identity::NOBODY, person("a"), person("b"), token("a"), token("b"), role("a"), role("b")];
        for (at, one) in all.iter().enumerate() {
            for (other_at, other) in all.iter().enumerate() {
                assert_eq!(key(one.clone(), 1) == key(other.clone(), 1), at == other_at);
            }
            assert_ne!(key(one.clone(), 1), key(one.clone(), 2));
        }
    }
}
