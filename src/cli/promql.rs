//! `datebin query --promql`: a question in Prometheus' language from the shell.

use super::CommandError;
use super::query::{Arguments, QueryAnswers, explained};
use crate::engine::{Engine, PromQuestion};
use crate::error::Kind;
use crate::frame::PromValue;
use crate::intake::prometheus::{query_error, steps_over};
use crate::time::Steps;

/// Adds the series of all targets, and what is to be said of them. Where none could be answered it is the first one's
/// error.
pub(super) async fn ask(
    engine: &Engine,
    arguments: &Arguments,
    points: u32,
    answers: &mut QueryAnswers,
) -> Result<(), CommandError> {
    let steps = if arguments.instant {
        Steps::instant(answers.range.to)
    } else {
        steps_over(answers.range, arguments.step.as_deref(), points, engine.limits.points).map_err(
            |error| match error.kind {
                Kind::BadRange => format!("--step {}", error.sentence()),
                _ => error.sentence().replace("larger step", "larger --step"),
            },
        )?
    };
    let mut errors = Vec::new();
    for text in &arguments.target {
        let range_end_ms = (!arguments.instant).then(|| steps.end_ms());
        let question = PromQuestion { text: text.clone(), steps, lookback_ms: None, range_end_ms };
        let scope = engine.scope()?;
        match scope.promql(&question).await {
            Ok(answer) => {
                if arguments.explain {
                    scope.origins().iter().map(explained).for_each(|line| answers.say(line));
                }
                for notice in answer.warnings.iter().chain(&answer.infos) {
                    answers.say(format!("note: {notice}"));
                }
                if let PromValue::Text { text: said, .. } = &answer.value {
                    answers.say(format!("{text} is the string {said:?}"));
                }
                answers.frames.extend(answer.value.frames(text));
            }
            Err(error) => errors.push(query_error("query", text, error).shown_in(text).full_message()),
        }
    }
    answers.failed = !errors.is_empty();
    if errors.len() == arguments.target.len() {
        return Err(errors.swap_remove(0).into());
    }
    for error in errors {
        answers.say(format!("datebin: {error}"));
    }
    Ok(())
}
