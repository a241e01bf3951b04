//! Samples that are folded as they come, and what lies before them.

use std::sync::Arc;

use super::RequestScope;
use crate::error::{Error, Kind};
use crate::frame::{Block, Predecessors, SampleCollector};
use crate::plan::{Fetch, LastBefore};
use crate::sql::{self, Statement};
use crate::time::Millis;

/// Where a read meets other reads of the same fetch.
#[derive(Default)]
pub(super) struct Seams {
    /// The known buckets that end where it begins.
    pub(super) before: Option<Arc<Block>>,
    /// The edge up to which it will be kept.
    pub(super) edge: Option<Millis>,
}

impl RequestScope {
    /// The samples of one metric, folded as they come, with what lies before them.
    pub(super) async fn streamed(
        &self,
        named: bool,
        fetches: &[Fetch],
        seams: Seams,
    ) -> Result<SampleCollector, Error> {
        let Some(first) = fetches.first() else { return Err(Error::new(Kind::Internal, "internal error")) };
        let mut samples = SampleCollector::new(Arc::new(first.clone()), named, &self.budget).watching(seams.edge);
        if fetches.len() > 1 {
            samples = samples.of_several(&self.budget);
        }
        for fetch in fetches {
            samples.next_source(fetch);
            samples = self.samples(fetch, samples).await?;
        }
        samples = self.compute(samples.waiting(), move |budget| samples.merge_sources(budget)).await?;
        let asked = fetches.to_vec();
        let (back, before) = self
            .compute(samples.work(), move |budget| {
                if let Some(known) = &seams.before {
                    samples.connect_known(known, budget)?;
                }
                let before: Vec<Predecessors> = asked.iter().filter_map(|fetch| samples.predecessors(fetch)).collect();
                Ok((samples, before))
            })
            .await?;
        samples = back;
        for (fetch, statement) in before.into_iter().flat_map(|one| self.last_before(one)) {
            samples.next_source(&fetch);
            self.read(&fetch, &statement, &mut |row| samples.earlier(&row)).await?;
        }
        Ok(samples)
    }

    /// The statements of the last samples before a range: a look-up per series where an index has them in order, and a
    /// read of the others.
    fn last_before(&self, wanted: Predecessors) -> Vec<(Fetch, Statement)> {
        let Predecessors { fetch, series } = wanted;
        let source = self.snapshot.sources().get(fetch.rows.source);
        let looked_up = source.and_then(|source| LastBefore::of(source, &fetch, &series));
        let rest = looked_up.as_ref().map_or_else(|| Some(fetch.narrowed_to(&series)), |own| own.rest.clone());
        let look_ups = looked_up.map(|own| {
            let statement = sql::last_before(&own);
            (own.fetch, statement)
        });
        let read = rest.map(|rest| {
            let statement = sql::fetch(&rest);
            (rest, statement)
        });
        look_ups.into_iter().chain(read).collect()
    }
}
