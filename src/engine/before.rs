//! The values that `fill = previous` carries into a range.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Scope, computing, resolve};
use crate::ast::Fill;
use crate::error::{Error, Kind};
use crate::evaluate::Lowered;
use crate::frame;
use crate::plan::{self, Context, FetchGroup, Planned};
use crate::series::Labels;
use crate::time::{MAX_POINTS, Step};

/// How many times the database is asked for earlier buckets.
const CHUNKS: u32 = 12;

/// The last value of each series before a range.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) values: HashMap<Labels, f64>,
    /// What the person at the panel should know.
    pub(super) notice: Option<String>,
}

impl Scope {
    /// Evaluates the expression over earlier buckets, in chunks that grow with their distance, each in one more bounded
    /// statement per fetch. Where there is too much, what lies further back is not carried in, and a notice says so.
    pub(super) async fn before(
        &self,
        context: &Context<'_>,
        lowered: &Arc<Lowered>,
        planned: &Planned,
        fill: Fill,
    ) -> Result<Before, Error> {
        let mut before = Before::default();
        if fill != Fill::Previous {
            return Ok(before);
        }
        // Values that are carried in are not cells of the answer.
        let scope = self.with_cells_of_its_own();
        let mut grid = planned.grid.clone();
        let mut left = buckets(planned);
        let mut width = u64::from(grid.len());
        for chunk in 0..CHUNKS {
            let Some(earlier) = earlier(&grid, left.min(width), context) else { break };
            let chunk_plan = plan::fetches_on(context, &lowered.fetches, earlier)?;
            let read = scope.run(&chunk_plan.groups).await;
            let inputs = match read {
                Err(error) if matches!(error.kind, Kind::AnswerTooLarge | Kind::TooManySeries | Kind::TooManyBytes) => {
                    before.notice = Some(cut_short(planned.grid.start() - grid.start()));
                    break;
                }
                read => read?.0,
            };
            grid = chunk_plan.grid.clone();
            let steps = computing::steps(lowered, &chunk_plan, &inputs);
            let (tree, cells) = (Arc::clone(lowered), self.limits.cells);
            let evaluated = self.compute(steps, move |budget| {
                let evaluated = frame::evaluated(&tree.node, inputs, &chunk_plan.grid, (budget, cells));
                evaluated.map_err(|error| resolve::evaluation(&error))
            });
            let (series, _held) = evaluated.await?;
            for one in series {
                let Some(last) = one.points.last() else { continue };
                before.values.entry(one.labels).or_insert(last.value);
            }
            left = left.saturating_sub(u64::from(grid.len()));
            width = width.saturating_mul(2);
            if chunk + 1 == CHUNKS && left > 0 {
                before.notice = Some(cut_short(planned.grid.start() - grid.start()));
            }
        }
        Ok(before)
    }
}

fn earlier(grid: &crate::time::Grid, buckets: u64, context: &Context<'_>) -> Option<crate::time::Grid> {
    let most = context.limits.points.min(MAX_POINTS);
    let buckets = u32::try_from(buckets).unwrap_or(u32::MAX).min(most);
    if buckets == 0 { None } else { grid.before(buckets, context.zone) }
}

/// How many buckets the lookback has: at least one.
fn buckets(planned: &Planned) -> u64 {
    let fetches = planned.groups.iter().flat_map(|group: &FetchGroup| &group.fetches);
    let lookback_ms = fetches.map(|fetch| fetch.lookback_ms).max().unwrap_or(0);
    let step_ms = (planned.grid.bucket_end(0) - planned.grid.start()).max(1);
    lookback_ms.unsigned_abs().div_ceil(step_ms.unsigned_abs()).max(1)
}

fn cut_short(searched_ms: i64) -> String {
    let searched = if searched_ms > 0 { Step::Millis(searched_ms).to_string() } else { "moment".into() };
    format!("`fill` carries in only values of the last {searched} before the range: there are too many to look further")
}
