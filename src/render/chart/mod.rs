//! Frames → a picture: SVG, the same for `GET /chart.svg`, `datebin query --format svg` and the explorer.
//!
//! Text is written in whatever sans-serif font the viewer has; no font of the server's system is read.

mod axis;
mod draw;
mod legend;
mod line;
mod number;
mod theme;
mod unit;

pub use axis::{ValueAxis, time_ticks};
pub use line::{Statistics, numbers, runs, usual_step};
pub use number::{compact, tick, visible};
pub use theme::{Theme, hex};
pub use unit::{UnitFormat, round};

use crate::error::{Error, Kind};
use crate::frame::Frame;
use crate::time::{Millis, TimeRange, Zone};

/// More lines than that in one chart cannot be told apart.
pub const MOST_SERIES: usize = 20;

/// A chart.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// The series, in the order of their colours.
    pub frames: &'a [Frame],
    /// Events behind the series.
    pub marks: &'a [Mark],
    /// What is to be said about the answer.
    pub notices: &'a [String],
    /// What the time axis spans.
    pub range: TimeRange,
    /// The zone in which times are written.
    pub zone: &'a Zone,
    /// Size and colours.
    pub look: ChartStyle,
}

/// An event behind the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When it began.
    pub from: Millis,
    /// When it ended, where it lasted.
    pub until: Option<Millis>,
    /// What it was.
    pub text: String,
}

/// The size and the colours of a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartStyle {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Its colours.
    pub theme: Theme,
    /// Whether the names of series stand below.
    pub has_legend: bool,
}

impl Default for ChartStyle {
    fn default() -> Self {
        Self { width: 800, height: 400, theme: Theme::Light, has_legend: true }
    }
}

impl ChartStyle {
    /// The widths that can be drawn.
    pub const WIDTHS: std::ops::RangeInclusive<u32> = 160..=4000;
    /// The heights that can be drawn.
    pub const HEIGHTS: std::ops::RangeInclusive<u32> = 80..=3000;

    /// How many points a series should have at most: about one per pixel.
    #[must_use]
    pub const fn points(&self) -> u32 {
        self.width.saturating_sub(80)
    }
}

/// Where series are drawn within a chart: pixels from its upper left corner, and the values at both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Plot {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// The value at the lower edge.
    pub low: f64,
    /// The value at the upper edge.
    pub high: f64,
}

/// A chart that was drawn.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The picture.
    pub svg: String,
    /// Where its series are.
    pub plot: Plot,
}

/// The most bytes that a picture of these frames and so many marks takes: a point that stands alone is an element.
#[must_use]
pub fn weight(frames: &[Frame], marks: usize) -> usize {
    let points: usize = drawn(frames).map(|frame| frame.points.len()).sum();
    16 * 1024 + 110 * points + 256 * marks
}

/// The series that are drawn: the first of those with a number.
pub fn drawn(frames: &[Frame]) -> impl Iterator<Item = &Frame> {
    frames.iter().filter(|frame| numbers(frame).next().is_some()).take(MOST_SERIES)
}

/// Draws a chart.
///
/// # Errors
/// The picture cannot be written, which is a defect.
pub fn svg(chart: &Chart<'_>) -> Result<Picture, Error> {
    draw::draw(chart).map_err(|_| Error::new(Kind::Internal, "the chart cannot be drawn"))
}

#[cfg(test)]
mod tests;
