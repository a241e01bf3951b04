//! Which rollup answers which stretch of a fetch.

use super::fetch::{Scope, filters};
use super::window::Cut;
use super::{Fetch, RolledUp};
use crate::ast::Matcher;
use crate::catalog::{Carrier, Held, Rollup, RollupColumns, Value};
use crate::error::Error;
use crate::time::Millis;

/// How far apart samples are taken to be where nobody says.
const SAMPLING_MS: i64 = 10_000;

/// A rollup and the stretch of a fetch that it answers.
struct Served<'a> {
    number: usize,
    rollup: &'a Rollup,
    columns: &'a RollupColumns,
    from: Millis,
    to: Millis,
}

impl Scope<'_> {
    /// The part of a fetch that a rollup answers, if one does.
    pub(super) fn rolled_up<'m>(
        &self,
        fetch: &Fetch,
        matchers: impl Iterator<Item = &'m Matcher>,
    ) -> Result<Option<Fetch>, Error> {
        let Some(served) = self.served(fetch) else { return Ok(None) };
        let carrier = Carrier { source: &served.rollup.rows, ..self.carrier };
        let scope = Scope { carrier, ..*self };
        let Some(filters) = filters(&served.rollup.rows, matchers)? else { return Ok(None) };
        let part = scope.fetch(filters, fetch.function, fetch.aggregate.clone());
        let rolled = RolledUp { number: served.number, columns: served.columns.clone() };
        // Its columns are numbers, whatever the source reads its own out of.
        let time = served.rollup.rows.time.clone();
        let part = Fetch { value: Value::Rows, time, elements: None, skip_nan: false, ..part };
        Ok(Some(Fetch { from: served.from, to: served.to, rolled: Some(rolled), ..part }))
    }

    /// The rollup that leaves the fewest rows to read; of several the coarsest.
    fn served(&self, fetch: &Fetch) -> Option<Served<'_>> {
        let rollups = self.carrier.source.rollups.iter().enumerate();
        let fit = rollups.filter_map(|(number, rollup)| {
            let columns = rollup.columns_of(self.carrier.metric)?;
            columns.needed(fetch.function)?;
            let (from, to) = stretch(self.cut, rollup)?;
            Some(Served { number, rollup, columns, from, to })
        });
        let sampling_ms = self.carrier.source.interval_ms.unwrap_or(SAMPLING_MS).max(1);
        let rows = |served: &Served<'_>| {
            let rest = (fetch.to - fetch.from) - (served.to - served.from);
            rest / sampling_ms.min(served.rollup.step_ms) + (served.to - served.from) / served.rollup.step_ms
        };
        fit.min_by_key(rows)
    }
}

/// The longest run of whole buckets that a rollup holds and whose edges are all edges of its own.
fn stretch(cut: &Cut, rollup: &Rollup) -> Option<(Millis, Millis)> {
    let Held::Span(from, to) = rollup.held else { return None };
    let mut best: Option<(Millis, Millis)> = None;
    let mut begun = None;
    for bucket in 0..=cut.len {
        let edge = cut.buckets.edge(bucket);
        if edge < from || edge > to || !rollup.is_edge(edge) {
            begun = None;
            continue;
        }
        let start = *begun.get_or_insert(edge);
        if edge > start && best.is_none_or(|(a, b)| edge - start > b - a) {
            best = Some((start, edge));
        }
    }
    best
}

impl Fetch {
    /// The statements that it takes: what lies before the rollup's stretch, that stretch, and what lies after it. Each
    /// bucket is wholly of one of them.
    #[must_use]
    pub fn parts(&self) -> Vec<Self> {
        let Some(middle) = &self.rollup else { return vec![self.clone()] };
        let own = |from, to| (from < to).then(|| Self { from, to, rollup: None, ..self.clone() });
        let parts = [own(self.from, middle.from), Some((**middle).clone()), own(middle.to, self.to)];
        parts.into_iter().flatten().collect()
    }
}
