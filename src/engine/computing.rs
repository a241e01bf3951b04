//! From the fetched series to the frames of a target, without waiting for anything.

use std::collections::HashMap;
use std::sync::Arc;

use super::resolve;
use crate::ast::{Fill, Format, Options};
use crate::budget::{Budget, HeldBytes};
use crate::catalog::Snapshot;
use crate::error::{Error, Kind};
use crate::evaluate::FetchedSeries;
use crate::frame::{self, Frame, Units};
use crate::lower::Lowered;
use crate::plan::{Limits, TargetPlan};
use crate::series::{Labels, Series};

/// A target whose series were fetched.
pub(super) struct FetchedTarget {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) lowered: Arc<Lowered>,
    pub(super) planned: TargetPlan,
    pub(super) limits: Limits,
    pub(super) options: Options,
    pub(super) text: String,
}

impl FetchedTarget {
    /// The frames, and the bytes that they take. `before` has the values in front of the range.
    pub(super) fn frames(
        &self,
        inputs: Vec<FetchedSeries>,
        before: HashMap<Labels, f64>,
        budget: &Budget,
    ) -> Result<(Vec<Frame>, HeldBytes), Error> {
        let evaluated = frame::evaluated(&self.lowered.node, inputs, &self.planned.grid, budget, self.limits.cells);
        let (series, mut held) = evaluated.map_err(|error| resolve::evaluation(&error))?;
        self.bounded(&series, budget)?;
        let series = self.shaped(series, before, &mut held, budget)?;
        let meaning = Units { lowered: &self.lowered, groups: &self.planned.groups, snapshot: &self.snapshot };
        let legend = self.options.legend.as_deref();
        let frames = frame::frames(series, &self.planned.grid, &meaning, &self.text, legend);
        held.set(frames.iter().map(Frame::bytes).sum())?;
        Ok((frames, held))
    }

    /// The limits of an answer, where they did not bound what was fetched.
    fn bounded(&self, series: &[Series], budget: &Budget) -> Result<(), Error> {
        if self.planned.groups.iter().any(|group| group.answers) {
            return Ok(());
        }
        if series.len() > self.limits.series as usize {
            let message = format!("the answer has more than {} series, the limit of one target", self.limits.series);
            let hint = "narrow it with matchers, or aggregate it, e.g. `avg by (label) (…)`";
            return Err(Error::new(Kind::TooManySeries, message).hint(hint));
        }
        budget.take_many(series.iter().map(|one| one.points.len()).sum())
    }

    /// Fills the buckets that have no value, and leaves one point of each series where no more are wanted.
    fn shaped(
        &self,
        series: Vec<Series>,
        mut before: HashMap<Labels, f64>,
        held: &mut HeldBytes,
        budget: &Budget,
    ) -> Result<Vec<Series>, Error> {
        let grid = &self.planned.grid;
        if self.lowered.node.ranks() {
            // Each chunk of earlier buckets has a ranking of its own.
            before.retain(|labels, _| series.iter().any(|one| one.labels == *labels));
        }
        let fill = frame::fill_of(&self.options);
        let missing = frame::missing(&series, fill, grid, &before);
        budget.take_many(missing)?;
        held.pay(missing.saturating_mul(size_of::<crate::series::Point>()))?;
        let series = frame::filled(series, fill, grid, before);
        if series.len() > self.limits.series as usize && fill == Fill::Previous {
            let message = format!("with those before the range there are more than {} series", self.limits.series);
            return Err(Error::new(Kind::TooManySeries, message).hint("narrow them with matchers, or aggregate them"));
        }
        Ok(if self.options.format == Format::Instant { frame::instant(series, grid) } else { series })
    }
}

/// About how many steps it takes to compute a tree over what was fetched.
pub(super) fn steps(lowered: &Lowered, planned: &TargetPlan, inputs: &[FetchedSeries]) -> usize {
    let points = inputs.iter().flat_map(|input| &input.series).map(|one| one.points.len() + 1).sum::<usize>();
    // Finding legends and writing frames counts as two nodes.
    points.saturating_add(planned.grid.len() as usize).saturating_mul(lowered.node.size() + 2)
}
