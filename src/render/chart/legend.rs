//! The names below a chart: those that find room, and how many more there are.

use super::number::visible;
use super::unit::UnitFormat;
use super::{Chart, Statistics, drawn, numbers};

/// The height of a line in pixels.
pub(super) const LINE: u32 = 18;
/// About the width of a character in pixels.
const CHARACTER: f64 = 6.6;

/// The lines of a legend.
pub(super) struct Legend {
    /// The name and the newest value of each series that has a line.
    pub(super) lines: Vec<String>,
    /// What the lines leave out.
    pub(super) rest: Option<String>,
}

impl Legend {
    pub(super) fn of(chart: &Chart<'_>) -> Self {
        if !chart.look.has_legend {
            return Self { lines: Vec::new(), rest: None };
        }
        let all: Vec<String> = drawn(chart.frames).map(line).collect();
        let room = (chart.look.height * 2 / 5 / LINE).max(1) as usize;
        let with_data = chart.frames.iter().filter(|frame| numbers(frame).next().is_some()).count();
        let lines = if all.len() > room { room - 1 } else { all.len() };
        let said = [
            (all.len() - lines, "more without a line here"),
            (with_data - all.len(), "more, not drawn"),
            (chart.frames.len() - with_data, "without data"),
        ];
        let said: Vec<String> =
            said.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let width = f64::from(chart.look.width.saturating_sub(50)) / CHARACTER;
        let lines = all.into_iter().take(lines).map(|text| cut(&text, width as usize)).collect();
        Self { lines, rest: (!said.is_empty()).then(|| format!("and {}", said.join(", "))) }
    }

    /// Its height in pixels.
    pub(super) fn height(&self) -> u32 {
        (self.lines.len() + usize::from(self.rest.is_some())) as u32 * LINE
    }
}

fn line(frame: &crate::frame::Frame) -> String {
    let last = UnitFormat::of(frame.unit.as_deref()).value(Statistics::of(frame).last);
    visible(&format!("{}  {last}", frame.legend))
}

/// The text, at most so many characters of it.
pub(super) fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}
