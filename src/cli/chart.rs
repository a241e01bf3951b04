//! Frames → text for a terminal: a line chart in braille, a table, CSV, JSON.

mod canvas;
mod rows;
mod scale;

use self::canvas::Canvas;
use self::scale::{Clockface, ShellAxis};
use crate::frame::Frame;
use crate::render::chart::{Statistics, compact, numbers, usual_step, visible};
use crate::time::{Millis, Zone};

pub(super) use self::rows::{csv, json, table};

/// More lines than that in one chart are a tangle.
const MOST_SERIES: usize = 12;
/// Colours of 256-colour terminals that differ on dark and on light ground.
const COLOURS: [u8; MOST_SERIES] = [34, 172, 33, 160, 98, 37, 205, 142, 67, 130, 245, 201];
/// The letters that mark the end of each line, for terminals without colours and for eyes.
const LETTERS: [char; MOST_SERIES] = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'];
/// So many letters find room in one row.
const MARGIN: usize = 4;

/// What the legend says of each line, and how wide each of the numbers is.
const HEADINGS: [&str; 4] = ["last", "min", "max", "avg"];
const NUMBER: usize = 13;

/// Draws the frames as lines, `height` rows high and `width` columns wide, with their times in `zone`, and below them
/// what the lines are. A bucket without a number is a gap.
pub(super) fn chart(frames: &[Frame], width: usize, height: usize, zone: &Zone, colour: bool) -> String {
    let drawn: Vec<_> = frames.iter().filter(|frame| numbers(frame).next().is_some()).collect();
    let shown = &drawn[..drawn.len().min(MOST_SERIES)];
    let all = || shown.iter().flat_map(|frame| numbers(frame));
    let (Some(axis), Some((from, to))) = (ShellAxis::over(all().map(|(_, value)| value), height), span(all())) else {
        return "no data\n".to_owned();
    };
    let gutter = axis.gutter();
    let columns = width.saturating_sub(gutter + 2 + MARGIN).max(8);
    let face = Clockface { from, to, zone, columns };
    let mut text = plot(shown, &axis, &face, colour);
    for line in face.lines() {
        text.push_str(&format!("{:gutter$} {}\n", "", line.trim_end()));
    }
    text.push('\n');
    text.push_str(&legend(shown, width, colour));
    for (count, what) in [(drawn.len() - shown.len(), "more, not drawn"), (frames.len() - drawn.len(), "without data")]
    {
        if count > 0 {
            text.push_str(&format!("  and {count} {what}\n"));
        }
    }
    text
}

/// The value axis, the lines, and their letters where they end.
fn plot(shown: &[&Frame], axis: &ShellAxis, face: &Clockface<'_>, colour: bool) -> String {
    let mut canvas = Canvas::new(face.columns, axis.rows);
    let mut ends = vec![String::new(); axis.rows];
    for (index, frame) in shown.iter().enumerate() {
        let end = draw(&mut canvas, frame, index, axis, face);
        if ends[end].chars().count() < MARGIN {
            ends[end].push(LETTERS[index]);
        }
    }
    let gutter = axis.gutter();
    let mut text = String::new();
    for (row, label) in axis.labels().iter().enumerate() {
        let (label, tick) = label.as_ref().map_or(("", '│'), |label| (label.as_str(), '┤'));
        let line = canvas.row(row, |series| colour.then(|| COLOURS[series]));
        let line = format!("{label:>gutter$} {tick}{line}{}", painted(&ends[row], colour));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn span(points: impl Iterator<Item = (Millis, f64)>) -> Option<(Millis, Millis)> {
    points.fold(None, |span: Option<(Millis, Millis)>, (at, _)| {
        Some(span.map_or((at, at), |(from, to)| (from.min(at), to.max(at))))
    })
}

/// Draws one line; returns the row of its last point.
fn draw(canvas: &mut Canvas, frame: &Frame, index: usize, axis: &ShellAxis, face: &Clockface<'_>) -> usize {
    let step = usual_step(frame);
    let (mut last, mut before): (_, Option<(Millis, f64)>) = ((0, 0), None);
    for &(at, value) in &frame.points {
        if !value.is_finite() {
            before = None;
            continue;
        }
        let dot = (face.dot(at), axis.dot(value));
        // Not one and a half steps: a month is not much more than that longer than the shortest.
        match before {
            Some((earlier, _)) if (at - earlier) as f64 <= 1.5 * step as f64 => canvas.line(last, dot, index),
            _ => canvas.line(dot, dot, index),
        }
        (last, before) = (dot, Some((at, value)));
    }
    last.1 / 4
}

fn legend(shown: &[&Frame], width: usize, colour: bool) -> String {
    let title = |frame: &Frame| {
        let unit = frame.unit.as_ref().map(|unit| format!(" [{unit}]")).unwrap_or_default();
        visible(&format!("{}{unit}", frame.legend))
    };
    let lines: Vec<_> = shown.iter().map(|frame| (title(frame), Statistics::of(frame).row())).collect();
    let longest = lines.iter().map(|(title, _)| title.chars().count()).max().unwrap_or(0).max(6);
    // A narrow terminal has no room for all the numbers beside the names.
    let columns = (width.saturating_sub(4 + longest.min(16)) / NUMBER).clamp(1, HEADINGS.len());
    let room = width.saturating_sub(4 + columns * NUMBER).max(16);
    let widest = longest.min(room);
    let mut text = format!("    {:widest$}", "");
    for heading in &HEADINGS[..columns] {
        text.push_str(&format!("{heading:>NUMBER$}"));
    }
    text.push('\n');
    for (index, (title, statistics)) in lines.iter().enumerate() {
        let mark = painted(&LETTERS[index].to_string(), colour);
        let title = cut(title, widest);
        text.push_str(&format!("  {mark} {title:widest$}"));
        for value in &statistics[..columns] {
            text.push_str(&format!("{:>NUMBER$}", compact(*value)));
        }
        text.push('\n');
    }
    text
}

fn cut(title: &str, room: usize) -> String {
    if title.chars().count() <= room {
        return title.to_owned();
    }
    title.chars().take(room - 1).chain(['…']).collect()
}

/// The letters in the colours of their lines.
fn painted(letters: &str, colour: bool) -> String {
    if !colour {
        return letters.to_owned();
    }
    let paint = |letter: char| {
        let index = LETTERS.iter().position(|own| *own == letter).unwrap_or(0);
        format!("\x1b[38;5;{}m{letter}\x1b[0m", COLOURS[index])
    };
    letters.chars().map(paint).collect()
}

#[cfg(test)]
mod tests;
