//! The drawing itself, in quarters of a pixel, so that lines are as smooth as the viewer's screen.

use plotters::coord::Shift;
use plotters::element::PathElement;
use plotters::prelude::{
    Circle, Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _, Rectangle, SVGBackend, Text,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, TextStyle};

use super::axis::caption;
use super::legend::{LINE, Legend, cut};
use super::number::visible;
use super::theme::COLOURS;
use super::{Chart, Picture, Plot, UnitFormat, ValueAxis, drawn, numbers, runs, time_ticks};
use crate::frame::Frame;
use crate::time::Millis;

/// Units of the drawing in a pixel.
const FINE: i32 = 4;
/// The height of what stands below the plot: ticks, and the range with its zone.
const BELOW: u32 = 40;
/// How wide dashed lines are drawn at first: no other line is, so the attribute tells them apart. The drawing library would
/// write each dash as an element of its own.
const DASHED: u32 = 7;
/// The same for the edges of marks.
const DASHED_EDGE: u32 = 5;
/// About the width of a character beside an axis, in pixels.
const CHARACTER: u32 = 7;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type DrawResult = Result<(), Box<dyn std::error::Error>>;

/// A chart, its axes, and where they are.
struct Layout<'a> {
    chart: &'a Chart<'a>,
    unit: UnitFormat,
    axis: Option<ValueAxis>,
    plot: Plot,
    legend: Legend,
}

pub(super) fn draw(chart: &Chart<'_>) -> Result<Picture, Box<dyn std::error::Error>> {
    let layout = Layout::of(chart);
    let (width, height) = (chart.look.width, chart.look.height);
    let mut text = String::new();
    {
        let size = (width * FINE as u32, height * FINE as u32);
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&chart.look.theme.ground())?;
        layout.values(&area)?;
        layout.times(&area)?;
        layout.marks(&area)?;
        layout.lines(&area)?;
        layout.names(&area)?;
        area.present()?;
    }
    let fine = |pixels: u32| pixels * FINE as u32;
    let own = format!(r#"<svg width="{}" height="{}" "#, fine(width), fine(height));
    let in_pixels = format!(r#"<svg width="{width}" height="{height}" role="img" "#);
    let svg = text.replacen(&own, &in_pixels, 1);
    let svg = dashed(&svg, DASHED, FINE * 3 / 2, [6, 3]);
    Ok(Picture { svg: dashed(&svg, DASHED_EDGE, FINE, [5, 4]), plot: layout.plot })
}

/// Dashes the lines that were drawn with a width. Quotes in texts are escaped: only attributes read so.
fn dashed(svg: &str, drawn: u32, width: i32, [dash, gap]: [i32; 2]) -> String {
    let (dash, gap) = (dash * FINE, gap * FINE);
    let with_dashes = format!(r#"stroke-width="{width}" stroke-dasharray="{dash} {gap}""#);
    svg.replace(&format!(r#"stroke-width="{drawn}""#), &with_dashes)
}

impl<'a> Layout<'a> {
    fn of(chart: &'a Chart<'a>) -> Self {
        let (look, legend) = (chart.look, Legend::of(chart));
        let unit = common_unit(chart.frames);
        let above = if chart.notices.is_empty() { 12 } else { 30 };
        let height = look.height.saturating_sub(above + BELOW + legend.height()).max(20);
        let values = drawn(chart.frames).flat_map(numbers).map(|(_, value)| value);
        let axis = ValueAxis::over(values, &unit, (height / 45).clamp(2, 10));
        let longest = axis.iter().flat_map(|axis| axis.ticks(&unit)).map(|(_, label)| label.chars().count()).max();
        let left = (longest.unwrap_or(2) as u32 * CHARACTER + 12).min(look.width / 2);
        let (low, high) = axis.as_ref().map_or((0.0, 0.0), |axis| (axis.low, axis.high));
        let width = look.width.saturating_sub(left + 16).max(20);
        Self { chart, unit, axis, plot: Plot { left, top: above, width, height, low, high }, legend }
    }

    fn x(&self, at: Millis) -> i32 {
        let range = self.chart.range;
        let part = (at - range.from) as f64 / range.length_ms().max(1) as f64;
        let part = part.clamp(0.0, 1.0) * f64::from(self.plot.width);
        ((f64::from(self.plot.left) + part) * f64::from(FINE)).round() as i32
    }

    fn y(&self, part: f64) -> i32 {
        let from_top = (1.0 - part) * f64::from(self.plot.height);
        ((f64::from(self.plot.top) + from_top) * f64::from(FINE)).round() as i32
    }

    fn edges(&self) -> [i32; 4] {
        let Plot { left, top, width, height, .. } = self.plot;
        [left, top, left + width, top + height].map(|edge| edge as i32 * FINE)
    }

    /// A text of that size at a place, in pixels times [`FINE`].
    fn write(&self, area: &Area<'_>, text: &str, at: (i32, i32), style: LabelStyle) -> DrawResult {
        // The backend takes away a quarter as it counts points.
        let font = ("sans-serif", style.size * f64::from(FINE) * 1.24).into_font();
        let style = TextStyle::from(font).color(&style.colour).pos(Pos::new(style.anchor, VPos::Center));
        Ok(area.draw(&Text::new(visible(text), at, style))?)
    }

    fn faint(&self, anchor: HPos) -> LabelStyle {
        LabelStyle { size: 11.5, colour: self.chart.look.theme.faint_ink(), anchor }
    }

    fn values(&self, area: &Area<'_>) -> DrawResult {
        let ([left, top, right, bottom], theme) = (self.edges(), self.chart.look.theme);
        let Some(axis) = &self.axis else {
            let style = LabelStyle { size: 14.0, colour: theme.faint_ink(), anchor: HPos::Center };
            return self.write(area, "no data", ((left + right) / 2, (top + bottom) / 2), style);
        };
        for (value, label) in axis.ticks(&self.unit) {
            let y = self.y(axis.part(value));
            area.draw(&PathElement::new(vec![(left, y), (right, y)], theme.grid().stroke_width(FINE as u32)))?;
            self.write(area, &label, (left - 6 * FINE, y), self.faint(HPos::Right))?;
        }
        Ok(())
    }

    fn times(&self, area: &Area<'_>) -> DrawResult {
        let ([left, top, right, bottom], theme) = (self.edges(), self.chart.look.theme);
        let Chart { range, zone, .. } = *self.chart;
        for (at, label) in time_ticks(range, zone, self.plot.width / 70) {
            let x = self.x(at);
            area.draw(&PathElement::new(
                vec![(x, top), (x, bottom + 4 * FINE)],
                theme.grid().stroke_width(FINE as u32),
            ))?;
            let half = label.chars().count() as i32 * CHARACTER as i32 * FINE / 2;
            if x + half <= right + 16 * FINE {
                self.write(area, &label, (x, bottom + 13 * FINE), self.faint(HPos::Center))?;
            }
        }
        let axis = theme.faint_ink().stroke_width(FINE as u32);
        area.draw(&PathElement::new(vec![(left, bottom), (right, bottom)], axis))?;
        let room = (right / FINE - 4).max(0) as u32 / CHARACTER;
        let said = caption(range, zone, room as usize);
        self.write(area, &said, (right, bottom + 30 * FINE), self.faint(HPos::Right))
    }

    fn marks(&self, area: &Area<'_>) -> DrawResult {
        let ([_, top, _, bottom], colour) = (self.edges(), self.chart.look.theme.mark());
        let range = self.chart.range;
        for mark in self.chart.marks {
            let until = mark.until.unwrap_or(mark.from);
            if until < range.from || mark.from > range.to {
                continue;
            }
            let (from, until) = (self.x(mark.from), self.x(until));
            if until > from {
                area.draw(&Rectangle::new([(from, top), (until, bottom)], colour.mix(0.14).filled()))?;
            }
            let edge = vec![(from, top), (from, bottom)];
            area.draw(&PathElement::new(edge, colour.mix(0.7).stroke_width(DASHED_EDGE)))?;
        }
        Ok(())
    }

    fn lines(&self, area: &Area<'_>) -> DrawResult {
        let Some(axis) = &self.axis else { return Ok(()) };
        for (place, frame) in drawn(self.chart.frames).enumerate() {
            let colour = self.chart.look.theme.series(place);
            for run in runs(frame) {
                let dots: Vec<_> = run.iter().map(|(at, value)| (self.x(*at), self.y(axis.part(*value)))).collect();
                self.run(area, dots, colour, place >= COLOURS)?;
            }
        }
        Ok(())
    }

    /// A line, or a dot where it would have no length. Colours repeat: then lines are dashed.
    fn run(&self, area: &Area<'_>, dots: Vec<(i32, i32)>, colour: RGBColor, is_dashed: bool) -> DrawResult {
        let style = colour.stroke_width(FINE as u32 * 3 / 2);
        match dots.as_slice() {
            [dot] => area.draw(&Circle::new(*dot, 2 * FINE, colour.filled()))?,
            _ if is_dashed => area.draw(&PathElement::new(dots, colour.stroke_width(DASHED)))?,
            _ => area.draw(&PathElement::new(dots, style))?,
        }
        Ok(())
    }

    /// The notice above, the legend below.
    fn names(&self, area: &Area<'_>) -> DrawResult {
        let ([left, _, _, bottom], theme) = (self.edges(), self.chart.look.theme);
        let ink = LabelStyle { size: 12.0, colour: theme.ink(), anchor: HPos::Left };
        if let Some(notice) = self.chart.notices.first() {
            let text = cut(&visible(notice), (self.chart.look.width / CHARACTER) as usize);
            self.write(area, &format!("⚠ {text}"), (8 * FINE, 14 * FINE), ink)?;
        }
        let line = |at: usize| bottom + (BELOW as i32 + (at as u32 * LINE) as i32 + LINE as i32 / 2) * FINE;
        let start = left.min(40 * FINE);
        for (place, text) in self.legend.lines.iter().enumerate() {
            let (y, end) = (line(place), start + 16 * FINE);
            let dots = vec![(start, y), (end, y)];
            self.run(area, dots, theme.series(place), place >= COLOURS)?;
            self.write(area, text, (end + 6 * FINE, y), ink)?;
        }
        match &self.legend.rest {
            Some(rest) => self.write(area, rest, (start, line(self.legend.lines.len())), self.faint(HPos::Left)),
            None => Ok(()),
        }
    }
}

/// How a text is written.
#[derive(Clone, Copy)]
struct LabelStyle {
    size: f64,
    colour: RGBColor,
    anchor: HPos,
}

/// The unit that all drawn series share, else none.
fn common_unit(frames: &[Frame]) -> UnitFormat {
    let mut units = drawn(frames).map(|frame| frame.unit.as_deref());
    let first = units.next().flatten();
    if units.all(|unit| unit == first) { UnitFormat::of(first) } else { UnitFormat::of(None) }
}
