use std::sync::Arc;

use super::*;
use crate::series::Labels;

fn frame(legend: &str, labels: &[(&str, &str)], points: &[(Millis, f64)]) -> Frame {
    let labels = Labels::new(labels.iter().map(|(name, value)| (Arc::from(*name), Arc::from(*value))));
    let (legend, name, metric) = (legend.to_owned(), legend.to_owned(), Some("cpu".to_owned()));
    Frame { legend, name, metric, labels, unit: None, help: None, points: points.to_vec() }
}

/// 2026-03-29 00:00 UTC, the day on which Berlin has no hour from 2 to 3.
const START: Millis = 1_774_742_400_000;
const STEP: Millis = 600_000;

fn two() -> Vec<Frame> {
    let at = |index: i64| START + index * STEP;
    let up: Vec<_> = (0..13).filter(|index| *index != 6).map(|index| (at(index), index as f64 * 10.0)).collect();
    let flat: Vec<_> = (0..13).map(|index| (at(index), if index == 9 { f64::NAN } else { 30.0 })).collect();
    vec![frame("up", &[("host", "a,b")], &up), frame("flat", &[("host", "c")], &flat)]
}

#[test]
fn lines_have_gaps_ends_and_a_legend() {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let text = chart(&two(), 70, 8, &berlin, false);
    let expected = "
    │                                                      ⢀⣀⡠⠤⠒⠒⠉a
100 ┤                                              ⢀⣀⠤⠤⠒⠒⠉⠉⠁
    │                                      ⣀⣀⠤⠤⠒⠒⠊⠉⠁
    │                                   ⠐⠊⠉
    │                      ⢀⣀⡠⠄
    │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣠⣤⣤⣒⣒⣉⣁⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀         ⢀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀b
    │      ⢀⣀⣀⠤⠤⠒⠊⠉⠁
  0 ┤⣀⠤⠔⠒⠊⠉⠁
    └┬──────────────┬──────────────┬──────────────┬──────────────┬
     01:00        01:30          03:00          03:30        04:00
     2026-03-29 01:00:00 to 2026-03-29 04:00:00 Europe/Berlin

                   last          min          max          avg
  a up              120            0          120           60
  b flat             30           30           30           30
";
    assert_eq!(format!("\n{text}"), expected, "\n{text}");
}

#[test]
fn colours_belong_to_lines_and_nothing_else_commands_the_terminal() {
    let mut frames = two();
    frames[1].legend = "\x1b[2Jflat".to_owned();
    let text = chart(&frames, 60, 4, &Zone::UTC, true);
    assert!(text.contains("\x1b[38;5;34ma\x1b[0m up") && text.contains("\u{fffd}[2Jflat"), "{text}");
    assert!(!text.contains("\x1b[2J") && !chart(&frames, 60, 4, &Zone::UTC, false).contains('\x1b'));
}

#[test]
fn every_input_has_a_drawing() {
    let odd = [0.0, 5e-324, -f64::MAX, f64::MAX, f64::NAN, f64::INFINITY, 1e300, -1e-300, 1e18, 1e18 + 1024.0];
    for one in odd {
        for other in odd {
            for (at, width, height) in [(0, 100, 20), (1, 0, 0), (STEP, 30, 1), (250_000_000_000_000, 200, 3)] {
                let frames = [frame("x", &[], &[(0, one), (at, other)])];
                let text = chart(&frames, width, height, &Zone::UTC, true);
                assert_eq!(text == "no data\n", !one.is_finite() && !other.is_finite(), "{text}");
            }
        }
    }
    let many: Vec<_> = (0..15).map(|index| frame("y", &[], &[(0, f64::from(index))])).collect();
    let text = chart(&[many, vec![frame("z", &[], &[])]].concat(), 80, 10, &Zone::UTC, false);
    assert!(text.ends_with("  and 3 more, not drawn\n  and 1 without data\n"), "{text}");
    assert_eq!(chart(&[], 80, 10, &Zone::UTC, false), "no data\n");
}

#[test]
fn rows_carry_labels_and_leave_no_number_empty() {
    let mut frames = two();
    for frame in &mut frames {
        frame.points.drain(..8);
        frame.points.truncate(2);
    }
    let expected = "\
time,host,value
2026-03-29T01:30:00.000Z,\"a,b\",90
2026-03-29T01:40:00.000Z,\"a,b\",100
2026-03-29T01:20:00.000Z,c,30
2026-03-29T01:30:00.000Z,c,
";
    assert_eq!(csv(&frames).unwrap(), expected);
    let shown = table(&frames, &Zone::parse("Europe/Berlin").unwrap());
    let expected = "\
┌─────────────────────┬──────┬───────┐
│ time                ┆ host ┆ value │
╞═════════════════════╪══════╪═══════╡
│ 2026-03-29 03:30:00 ┆ a,b  ┆    90 │
│ 2026-03-29 03:40:00 ┆ a,b  ┆   100 │
│ 2026-03-29 03:20:00 ┆ c    ┆    30 │
│ 2026-03-29 03:30:00 ┆ c    ┆       │
└─────────────────────┴──────┴───────┘
";
    assert_eq!(shown, expected, "\n{shown}");
    let said = json(&frames[1..]).to_string();
    let expected = r#"[{"legend":"flat","metric":"cpu","labels":{"host":"c"},"unit":null,"points":[[1774747200000,30.0],[1774747800000,null]]}]"#;
    assert_eq!(said, expected);
}

#[test]
fn series_that_labels_do_not_tell_apart_are_named() {
    let frames = [frame("one", &[("value", "v")], &[(0, 1.5)]), frame("other", &[("value", "v")], &[(0, 2.5)])];
    let expected = "\
time,series,value_label,value
1970-01-01T00:00:00.000Z,one,v,1.5
1970-01-01T00:00:00.000Z,other,v,2.5
";
    assert_eq!(csv(&frames).unwrap(), expected);
}
