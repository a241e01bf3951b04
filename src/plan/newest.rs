//! What finds the newest samples of a request: where a fill looks for values to carry in.

use super::fetch::{FetchGroup, fetches_on};
use super::{Context, Fetch, SeriesLabel};
use crate::ast::{Grouping, Modifiers, OverTime};
use crate::catalog::MetricValue;
use crate::error::{Error, Kind};
use crate::evaluate::RangeFunction;
use crate::lower::FetchRequest;
use crate::time::{GridRequest, Step, TimeRange, choose_grid};

/// The labels that tell the newest samples apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewestPer {
    /// Those of the request's series.
    Series,
    /// None: the newest of all.
    Nothing,
}

/// The newest samples in a range, one per series of the request, or one of all; none where the request reads what are no
/// samples.
///
/// # Errors
/// As [`super::fetches`].
pub fn newest(
    context: &Context<'_>,
    request: &FetchRequest,
    range: TimeRange,
    apart: NewestPer,
) -> Result<Option<FetchGroup>, Error> {
    let mut asked =
        FetchRequest { function: Some(RangeFunction::OverTime(OverTime::Last)), pushed: None, ..request.clone() };
    (asked.selector.window, asked.selector.modifiers) = (None, Modifiers::default());
    let whole = GridRequest {
        range,
        interval_ms: None,
        sampling_ms: None,
        max_points: 1,
        explicit: Some(Step::WholeRange),
        zone: context.zone,
    };
    let grid = choose_grid(&whole).map_err(|error| Error::new(Kind::TooManyPoints, error.to_string()))?;
    let Some(mut group) = fetches_on(context, &[asked], grid)?.groups.pop() else { return Ok(None) };
    if group.fetches.iter().any(|fetch| matches!(fetch.rows.value, MetricValue::Overlap(_))) {
        return Ok(None);
    }
    let grouping = request.pushed.as_ref().map(|pushed| &pushed.grouping);
    for fetch in &mut group.fetches {
        fetch.rollups = Vec::new();
        fetch.rows.labels = kept(fetch, grouping, apart);
    }
    Ok(Some(group))
}

/// The labels of a fetch that survive. Members of a document are not told apart one by one.
fn kept(fetch: &Fetch, grouping: Option<&Grouping>, apart: NewestPer) -> Vec<SeriesLabel> {
    let survives = |label: &SeriesLabel| match (label, grouping) {
        _ if apart == NewestPer::Nothing => false,
        (SeriesLabel::Members { .. }, _) | (_, None) => true,
        (SeriesLabel::One { name, .. }, Some(Grouping::By(labels))) => labels.contains(name),
        (SeriesLabel::One { name, .. }, Some(Grouping::Without(labels))) => !labels.contains(name),
    };
    fetch.rows.labels.iter().filter(|label| survives(label)).cloned().collect()
}
