//! The newest value of each series, for a Prometheus that scrapes.

use std::collections::{BTreeMap, HashMap};

use super::{PromQuestion, Scope};
use crate::budget::Held;
use crate::error::Error;
use crate::frame::{PromPoint, PromSeries, PromValue};
use crate::intake::prometheus::selector;
use crate::series::Labels;
use crate::time::{Millis, Steps};

/// How far back the times of samples are looked for.
const BACK: &str = "[5m]";

/// The newest values of series.
#[derive(Debug, Default)]
pub struct Federated {
    /// By labels: the value, and when it was measured.
    pub series: BTreeMap<Labels, PromPoint>,
    /// The bytes that they take, until they are written.
    pub held: Vec<Held>,
}

impl Scope {
    /// The series that some selector means, each with its newest value that still counts.
    ///
    /// # Errors
    /// A text is no selector, or its series cannot be read.
    pub async fn federate(&self, selectors: &[String]) -> Result<Federated, Error> {
        let mut all = Federated::default();
        for text in selectors {
            selector(text)?;
            // Behind a line of its own, as a selector may end with a comment.
            let times = self.values_now(format!("{text}\n{BACK}"), &mut all.held).await?;
            let times: HashMap<Labels, Millis> =
                times.into_iter().filter_map(|one| Some((one.labels, one.points.last()?.ms))).collect();
            for one in self.values_now(text.clone(), &mut all.held).await? {
                let Some(point) = one.points.first() else { continue };
                let ms = times.get(&one.labels).copied().unwrap_or(point.ms);
                all.series.insert(one.labels, PromPoint { ms, ..*point });
            }
        }
        Ok(all)
    }

    async fn values_now(&self, text: String, held: &mut Vec<Held>) -> Result<Vec<PromSeries>, Error> {
        let steps = Steps::instant(self.moment().now);
        let answer = self.promql(&PromQuestion { text, steps, lookback_ms: None, is_range: false }).await?;
        held.extend(answer.held);
        match answer.value {
            PromValue::Vector(series) | PromValue::Matrix(series) => Ok(series),
            PromValue::Scalar(_) | PromValue::Text { .. } => Ok(Vec::new()),
        }
    }
}
