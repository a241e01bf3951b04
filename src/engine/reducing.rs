//! A plain selector whose samples themselves are the answer, thinned to what a panel can draw.

use std::time::Instant;

use super::{Scope, Timing, show};
use crate::ast::{Format, Options, Reduce};
use crate::error::Error;
use crate::evaluate::{FetchRequest, Lowered, Node};
use crate::frame::{self, Meaning, Reduced};
use crate::intake::TargetQuestion;
use crate::plan::{self, Context};
use crate::render::Answered;

/// The plain selector that a target is, where it asks for samples and nothing is computed of them. An instant is a
/// bucket's value, whatever else is asked.
pub(super) fn plain<'a>(lowered: &'a Lowered, options: &Options) -> Option<&'a FetchRequest> {
    let (Node::Fetch(0), [request]) = (&lowered.node, lowered.fetches.as_slice()) else { return None };
    let is_plain = request.function.is_none() && request.pushed.is_none() && request.selector.modifiers.at.is_none();
    let samples = options.reduce != Reduce::Bucket && options.format != Format::Instant;
    (is_plain && samples).then_some(request)
}

impl Scope {
    /// One target whose samples are the answer.
    pub(super) async fn reduced(
        &self,
        context: &Context<'_>,
        target: &TargetQuestion,
        lowered: &Lowered,
        (text, request): (&str, &FetchRequest),
        begun: Instant,
    ) -> Result<(Answered, Timing), Error> {
        let parsed_at = Instant::now();
        let snapshot = context.snapshot;
        let planned = plan::samples(context, request)?;
        let planned_at = Instant::now();
        let wanted = Reduced {
            reduce: target.options.reduce,
            max_points: context.max_points.min(self.limits.points),
            offset_ms: request.selector.modifiers.offset_ms,
        };
        let (mut kept, mut skipped) = (Vec::new(), Vec::new());
        for group in &planned.groups {
            let (mut found, notices) = self.kept(group, wanted).await?;
            kept.append(&mut found);
            skipped.extend(notices);
        }
        let read_at = Instant::now();
        let meaning = Meaning { lowered, groups: &planned.groups, snapshot };
        let frames = frame::reduced(kept, &meaning, (text, target.options.legend.as_deref()));
        let wait = self.database.waited().min(read_at - planned_at);
        let timing = Timing {
            parse: parsed_at - begun,
            plan: planned_at - parsed_at,
            wait,
            execute: read_at - planned_at - wait,
            frame: read_at.elapsed(),
        };
        let executed = self.show_sql.then(|| show::statements(&planned.groups));
        let notices = target.notices.iter().cloned().chain(planned.notices).chain(skipped).collect();
        Ok((
            Answered { ref_id: target.ref_id.clone(), format: target.options.format, frames, notices, executed },
            timing,
        ))
    }
}
