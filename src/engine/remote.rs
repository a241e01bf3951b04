//! Samples as they are, for a Prometheus that reads from here.

use super::RequestScope;
use super::said::within_token;
use crate::budget::HeldBytes;
use crate::error::Error;
use crate::evaluate::SampledSeries;
use crate::intake::prometheus::RemoteQuery;
use crate::lower::{Reads, SampleRead};
use crate::plan;
use crate::time::TimeRange;

/// The series of each query.
#[derive(Debug)]
pub struct RemoteAnswer {
    /// In order of the queries; series sorted by labels, with their samples, staleness markers among them.
    pub results: Vec<Vec<SampledSeries>>,
    /// The bytes that they take, until they are written.
    pub held: Vec<HeldBytes>,
}

impl RemoteAnswer {
    /// How much there is to write: samples and series.
    #[must_use]
    pub fn work(&self) -> usize {
        self.results.iter().flatten().map(|one| one.samples.len() + 1).sum()
    }
}

impl RequestScope {
    /// The samples of each query. A metric, label or value that does not exist gives none.
    ///
    /// # Errors
    /// A matcher makes no sense, the samples cannot be read, or there are too many.
    pub async fn remote_read(&self, queries: &[RemoteQuery]) -> Result<RemoteAnswer, Error> {
        queries.iter().try_for_each(|query| query.check(&self.patterns))?;
        let of_samples: Vec<&RemoteQuery> = queries.iter().filter(|query| !query.is_of_labels).collect();
        let request = |query: &&RemoteQuery| SampleRead::samples(query.selector.clone(), query.start_ms, query.end_ms);
        let requests: Vec<SampleRead> = of_samples.iter().map(request).collect();
        let (requests, range) = (&requests, range_of(&of_samples));
        let mut answer = self.retried(|scope| async move { scope.samples_of(requests, range).await }).await?;
        answer.results.iter().try_for_each(|series| within_token(self.limits, series.len()))?;
        let mut sampled = std::mem::take(&mut answer.results).into_iter();
        for query in queries {
            if query.is_of_labels {
                let (labels, held) = self.list_remote(query).await?;
                let series = labels.into_iter().map(|labels| SampledSeries { labels, samples: Vec::new() });
                answer.results.push(series.collect());
                answer.held.push(held);
            } else {
                answer.results.extend(sampled.next());
            }
        }
        Ok(answer)
    }

    /// The samples of each request; series without any are left out.
    pub(super) async fn samples_of(&self, requests: &[SampleRead], range: TimeRange) -> Result<RemoteAnswer, Error> {
        let wanted = Reads { requests, folds: &[] };
        let metrics = plan::reads(&self.samples_context(range), wanted, None)?;
        let kept = self.read_all(wanted, &metrics).await?.inputs.kept;
        let mut answer = RemoteAnswer { results: Vec::with_capacity(kept.len()), held: Vec::with_capacity(kept.len()) };
        for mut one in kept {
            one.series.retain(|series| !series.samples.is_empty());
            answer.results.push(one.series);
            answer.held.push(one.held);
        }
        Ok(answer)
    }
}

/// The time of all queries together.
fn range_of(queries: &[&RemoteQuery]) -> TimeRange {
    let from = queries.iter().map(|query| query.start_ms).min().unwrap_or_default();
    let to = queries.iter().map(|query| query.end_ms).max().unwrap_or_default().saturating_add(1);
    let within = |ms: i64| ms.clamp(TimeRange::EARLIEST, TimeRange::LATEST);
    TimeRange { from: within(from), to: within(to) }
}
