//! Pictures of a few series.

use super::*;
use crate::series::Labels;

fn frame(legend: &str, unit: Option<&str>, points: &[(Millis, f64)]) -> Frame {
    Frame {
        legend: legend.to_owned(),
        name: legend.to_owned(),
        metric: None,
        labels: Labels::default(),
        unit: unit.map(str::to_owned),
        help: None,
        points: points.to_vec(),
    }
}

fn picture(frames: &[Frame], marks: &[Mark], look: ChartStyle) -> Picture {
    let zone = Zone::parse("UTC").unwrap();
    let range = TimeRange::new(0, 600_000).unwrap();
    svg(&Chart { frames, marks, notices: &[], range, zone: &zone, look }).unwrap()
}

#[test]
fn a_gap_parts_a_line() {
    let points = [(0, 1.0), (60_000, 2.0), (120_000, f64::NAN), (180_000, 3.0), (240_000, 2.0), (480_000, 1.0)];
    let own = frame("a", None, &points);
    assert_eq!(runs(&own).iter().map(Vec::len).collect::<Vec<_>>(), [2, 2, 1]);
    let svg = picture(&[own], &[], ChartStyle::default()).svg;
    let colour = hex(Theme::Light.series(0)).to_uppercase();
    let lines = svg.matches(&format!(r#"stroke="{colour}""#)).count();
    // Two runs and the legend's.
    assert_eq!((lines, svg.matches("<circle").count()), (3, 1), "{svg}");
}

#[test]
fn texts_are_text() {
    let hostile = "<script>alert(1)</script>\u{1}\u{ffff}&\"'";
    let marks = [Mark { from: 1000, until: Some(2000), text: hostile.into() }];
    let svg = picture(&[frame(hostile, Some(hostile), &[(0, 1.0), (1000, 2.0)])], &marks, ChartStyle::default()).svg;
    assert!(!svg.contains("<script") && !svg.contains('\u{1}') && !svg.contains('\u{ffff}'), "{svg}");
    assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;\u{fffd}\u{fffd}&amp;"), "{svg}");
}

#[test]
fn nothing_is_too_small_or_too_large() {
    let none = picture(&[], &[], ChartStyle { width: 160, height: 80, ..ChartStyle::default() });
    assert!(none.svg.contains("no data"));
    let many: Vec<Frame> = (0..60).map(|at| frame(&format!("s{at}"), None, &[(0, 1e308), (60_000, -1e308)])).collect();
    let svg = picture(&many, &[], ChartStyle { height: 300, ..ChartStyle::default() }).svg;
    assert!(svg.contains("and 15 more without a line here, 40 more, not drawn"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert_eq!(svg, picture(&many, &[], ChartStyle { height: 300, ..ChartStyle::default() }).svg);
}

#[test]
fn the_plot_is_where_the_lines_are() {
    let look = ChartStyle { width: 400, height: 200, theme: Theme::Dark, has_legend: false };
    let own = frame("a", Some("percent"), &[(0, 0.0), (600_000, 100.0)]);
    let Picture { svg, plot } = picture(&[own], &[], look);
    assert_eq!((plot.low, plot.high), (0.0, 100.0));
    let (left, right) = (plot.left * 4, (plot.left + plot.width) * 4);
    let (top, bottom) = (plot.top * 4, (plot.top + plot.height) * 4);
    assert!(svg.contains(&format!(r#"points="{left},{bottom} {right},{top} ""#)), "{svg}");
    assert!(svg.starts_with(r#"<svg width="400" height="200" role="img" viewBox="0 0 1600 800""#), "{svg}");
}
