//! The newest value of each series, for a Prometheus that scrapes.

use std::collections::BTreeMap;

use super::said::within_token;
use super::{RemoteAnswer, RequestScope};
use crate::budget::HeldBytes;
use crate::error::Error;
use crate::evaluate::SampledSeries;
use crate::frame::PromPoint;
use crate::lower::SampleRead;
use crate::range::is_stale;
use crate::series::Labels;
use crate::time::TimeRange;

/// The newest values of series.
#[derive(Debug, Default)]
pub struct NewestSamples {
    /// By labels: the value, and when it was measured.
    pub series: BTreeMap<Labels, PromPoint>,
    /// The bytes that they take, until they are written.
    pub held: Vec<HeldBytes>,
}

impl RequestScope {
    /// The series that some selector means, each with its newest value that still counts.
    ///
    /// # Errors
    /// A text is no selector, or its series cannot be read.
    pub async fn federate(&self, selectors: &[String]) -> Result<NewestSamples, Error> {
        let now = self.moment().now;
        let requests: Vec<SampleRead> =
            self.selectors(selectors).await?.into_iter().map(|selector| SampleRead::newest(selector, now)).collect();
        let (requests, range) = (&requests, TimeRange { from: now, to: now.saturating_add(1) });
        let answer = self.retried(|scope| async move { scope.samples_of(requests, range).await }).await?;
        let (work, limits) = (answer.work(), self.limits);
        self.compute(work, move |budget| {
            let RemoteAnswer { results, held } = answer;
            let mut series = BTreeMap::new();
            for one in results.into_iter().flatten() {
                budget.go_on()?;
                series.extend(newest(one));
            }
            within_token(limits, series.len())?;
            Ok(NewestSamples { series, held })
        })
        .await
    }
}

/// The newest sample of a series, if it has not ended.
fn newest(series: SampledSeries) -> Option<(Labels, PromPoint)> {
    let last = series.samples.last().filter(|last| !is_stale(last.value))?;
    Some((series.labels, PromPoint { ms: last.ms, value: last.value }))
}
