//! Why an answer is empty: no rows in the range, or no rows that match.

use std::time::Duration;

use super::RequestScope;
use crate::lower::FetchRequest;
use crate::plan::{Context, Fetch, FetchGroup};

/// How long each look may take: an answer does not wait for its notice.
const BUDGET: Duration = Duration::from_secs(1);
/// The most metrics that are looked at.
const METRICS: usize = 4;

/// A metric whose rows are looked for, and the labels that the question narrows it by.
pub(super) struct UnmatchedProbe {
    fetch: Fetch,
    labels: String,
}

impl RequestScope {
    /// The metrics to look at where an answer is empty: those that are narrowed, of the requests that found nothing.
    pub(super) fn looks(
        &self,
        context: &Context<'_>,
        requests: &[FetchRequest],
        groups: &[FetchGroup],
        is_empty: impl Fn(usize) -> bool,
    ) -> Vec<UnmatchedProbe> {
        let mut looks: Vec<UnmatchedProbe> = Vec::new();
        for (at, (request, group)) in requests.iter().zip(groups).enumerate() {
            if looks.len() >= METRICS || !is_empty(at) {
                continue;
            }
            let matchers = request.selector.matchers.iter().chain(context.ad_hoc);
            let labels: Vec<String> = matchers.take(METRICS).map(|matcher| format!("{:?}", matcher.label)).collect();
            let all = group.fetches.iter().take(METRICS).filter_map(|fetch| self.without_matchers(fetch));
            looks.extend(all.map(|fetch| UnmatchedProbe { fetch, labels: labels.join(", ") }));
        }
        looks.truncate(METRICS);
        looks
    }

    /// A notice for each metric that has rows in the range, of which the matchers left no sample.
    pub(super) async fn unmatched(&self, looks: &[UnmatchedProbe]) -> Vec<String> {
        let mut notices = Vec::new();
        for look in looks {
            if self.has_any(&look.fetch, BUDGET).await.unwrap_or(false) {
                let (metric, labels) = (&look.fetch.rows.metric, &look.labels);
                notices.push(format!("{metric} has rows in this range, but no sample passes the matchers on {labels}"));
            }
        }
        notices.dedup();
        notices
    }

    /// The fetch of all rows of its source, where matchers narrow it.
    fn without_matchers(&self, fetch: &Fetch) -> Option<Fetch> {
        let own = self.snapshot.sources().get(fetch.rows.source)?.filters.len();
        (fetch.rows.filters.len() > own).then(|| {
            let mut fetch = fetch.clone();
            fetch.rows.filters.truncate(own);
            fetch
        })
    }
}
