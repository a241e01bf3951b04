//! Numbers and names as charts show them.

const PREFIXES: [&str; 5] = ["", "k", "M", "G", "T"];

/// About four digits, with a prefix of SI for large numbers.
#[must_use]
pub fn compact(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e15).contains(&size) {
        return format!("{value:.3e}");
    }
    let group = group(size);
    let scaled = value / 1_000_f64.powi(group as i32);
    let whole = if scaled.abs() < 1.0 { 0 } else { scaled.abs().log10().floor() as usize };
    let leading = if size == 0.0 || size >= 1.0 { 0 } else { (-size.log10()).ceil() as usize };
    let text = format!("{scaled:.*}", (3 + leading).saturating_sub(whole),);
    format!("{}{}", trimmed(&text), PREFIXES[group])
}

/// The number at a tick: as many digits as the distance of the ticks needs, in the same prefix for all.
#[must_use]
pub fn tick(value: f64, step: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if largest >= 1e15 || step < 1e-6 {
        return format!("{value:.2e}");
    }
    let group = group(largest);
    let unit = 1_000_f64.powi(group as i32);
    format!("{}{}", fixed(value / unit, step / unit), PREFIXES[group])
}

/// The number with as many decimals as multiples of the step need.
pub(super) fn fixed(value: f64, step: f64) -> String {
    let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{value:.decimals$}")
}

fn group(size: f64) -> usize {
    (1..PREFIXES.len()).rev().find(|group| size >= 1_000_f64.powi(*group as i32)).unwrap_or(0)
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The text without anything that a terminal would obey or that XML cannot hold.
#[must_use]
pub fn visible(text: &str) -> String {
    let is_bad = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if is_bad(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 1.0, -0.5, 12.345_67, 0.001_234_5, 999.0, 1_234_567.0, 1e12, 3e18, 1e-9, 99.99];
        let shown = shown.map(compact).join(" ");
        assert_eq!(shown, "0 1 -0.5 12.35 0.001234 999 1.235M 1T 3.000e18 1.000e-9 99.99");
        let ticks = [(0.0, 0.5, 2.0), (1_500.0, 500.0, 2_000.0), (20.0, 20.0, 100.0), (0.25, 0.25, 1.0)];
        assert_eq!(ticks.map(|(value, step, most)| tick(value, step, most)).join(" "), "0 1.5k 20 0.2");
    }

    #[test]
    fn nothing_commands_the_terminal() {
        assert_eq!(visible("a\x1b[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
