//! A plain selector whose samples themselves are the answer, thinned to what a panel can draw.

use std::sync::Arc;
use std::time::Instant;

use super::said::unknown_legend;
use super::whole::ReducedSeries;
use super::{AnsweredTarget, RequestScope, Timing, show};
use crate::ast::{Fill, Format, Options, Reduce};
use crate::error::Error;
use crate::evaluate::Node;
use crate::frame::{self, Reduction, Units};
use crate::intake::TargetQuestion;
use crate::lower::{FetchRequest, Lowered};
use crate::plan::{self, Context};
use crate::render::TargetAnswer;

/// The plain selector that a target is, where it asks for samples and nothing is computed of them. An instant is a
/// bucket's value, whatever else is asked.
pub(super) fn plain<'a>(lowered: &'a Lowered, options: &Options) -> Option<&'a FetchRequest> {
    let (Node::Fetch(0), [request]) = (&lowered.node, lowered.fetches.as_slice()) else { return None };
    let is_plain = request.function.is_none() && request.pushed.is_none() && request.selector.modifiers.at.is_none();
    let samples = options.reduce != Reduce::Bucket && options.format != Format::Instant;
    (is_plain && samples).then_some(request)
}

impl RequestScope {
    /// One target whose samples are the answer.
    pub(super) async fn reduced(
        &self,
        context: &Context<'_>,
        target: &TargetQuestion,
        lowered: &Arc<Lowered>,
        text: &str,
        request: &FetchRequest,
        begun: Instant,
    ) -> Result<AnsweredTarget, Error> {
        let parsed_at = Instant::now();
        let planned = plan::samples(context, request)?;
        let planned_at = Instant::now();
        let first = planned.groups.iter().flat_map(|group| &group.fetches).next();
        let wanted = Reduction {
            reduce: target.options.reduce,
            max_points: context.max_points.min(self.limits.points),
            offset_ms: first.map_or(0, |fetch| context.range.from - fetch.axis.from),
        };
        let mut all = ReducedSeries { kept: Vec::new(), held: self.budget.held(), notices: Vec::new() };
        for group in &planned.groups {
            let mut found = self.kept(group, wanted).await?;
            all.kept.append(&mut found.kept);
            all.held.absorb(found.held);
            all.notices.append(&mut found.notices);
        }
        if all.kept.is_empty() {
            let looks = self.looks(context, &lowered.fetches, &planned.groups, |_| true);
            all.notices.extend(self.unmatched(&looks).await);
        }
        let read_at = Instant::now();
        let executed = self.show_sql.then(|| show::statements(&planned.groups));
        let mut notices: Vec<String> = target
            .notices
            .iter()
            .cloned()
            .chain(plan::undecided(&self.snapshot))
            .chain(planned.notices)
            .chain(all.notices)
            .collect();
        let (lowered, groups, snapshot) = (Arc::clone(lowered), planned.groups, Arc::clone(&self.snapshot));
        let (text, legend, kept) = (text.to_owned(), target.options.legend.clone(), all.kept);
        let points = kept.iter().map(|(_, points)| points.len()).sum();
        let frames = self.compute(points, move |_| {
            let meaning = Units { lowered: &lowered, groups: &groups, snapshot: &snapshot };
            Ok(frame::reduced(kept, &meaning, &text, legend.as_deref()))
        });
        let frames = frames.await?;
        if target.options.fill != Fill::None {
            notices.push("`fill` is ignored: `reduce` keeps samples at their own times, and not buckets".into());
        }
        notices.extend(unknown_legend(&target.options, &frames));
        let wait = self.database.waited().min(read_at - planned_at);
        let timing = Timing {
            parse: parsed_at - begun,
            plan: planned_at - parsed_at,
            wait,
            execute: read_at - planned_at - wait,
            frame: read_at.elapsed(),
        };
        let format = target.options.format;
        let answered = TargetAnswer { ref_id: target.ref_id.clone(), format, frames, notices, executed };
        Ok(AnsweredTarget { answered, timing, held: all.held })
    }
}
