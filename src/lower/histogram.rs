//! The functions of histograms.

use super::call::{arguments, unknown};
use super::lowering::{Lowering, bare};
use super::request::ExpressionRefusal;
use super::semantics::Semantics;
use crate::ast::{Call, Span};
use crate::evaluate::Node;

/// What Prometheus computes of native histograms.
const OF_NATIVE: [&str; 5] =
    ["histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"];

impl Lowering<'_> {
    /// A function of histograms by its name. All samples are numbers, so those of native histograms give nothing in
    /// Prometheus' meaning; a person at a panel is better told.
    pub(super) fn histogram(&mut self, call: &Call, span: Span) -> Result<Node, ExpressionRefusal> {
        match call.name.as_str() {
            "histogram_quantile" => {
                let args = arguments(call, span, 2, 2)?;
                let (phi_span, span) = (bare(&args[0]).span, bare(&args[1]).span);
                let phi = Box::new(self.scalar(&args[0], &call.name)?);
                let child = Box::new(self.series(&args[1], &call.name)?);
                Ok(Node::HistogramQuantile { phi, phi_span, span, child })
            }
            "histogram_fraction" => {
                let args = arguments(call, span, 3, 3)?;
                let bounds = args[..2].iter().map(|bound| self.scalar(bound, &call.name));
                let bounds = bounds.collect::<Result<Vec<Node>, ExpressionRefusal>>()?;
                let child = Box::new(self.series(&args[2], &call.name)?);
                Ok(Node::HistogramFraction { bounds, span: bare(&args[2]).span, child })
            }
            word if OF_NATIVE.contains(&word) && self.semantics != Semantics::Panel => {
                let arg = &arguments(call, span, 1, 1)?[0];
                Ok(Node::OfNativeHistograms(Box::new(self.series(arg, word)?)))
            }
            word if OF_NATIVE.contains(&word) || word == "histogram_quantiles" => {
                Err(ExpressionRefusal::unsupported(&format!("`{word}`"), call.name_span))
            }
            _ => Err(unknown(call)),
        }
    }
}
