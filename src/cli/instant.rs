//! Times as people write them on a command line.

/// A time of a flag: `-5m` is five minutes before now, everything else stays as it is.
#[expect(clippy::unnecessary_wraps, reason = "the form that clap takes")]
pub(super) fn moment(text: &str) -> Result<String, String> {
    let is_of_unit = text.starts_with(['-', '+']) && text.ends_with(|last: char| last.is_ascii_alphabetic());
    // `-2024-01-01T00:00:00Z` is no distance.
    let is_relative = is_of_unit && text[1..].chars().all(|c| c.is_ascii_alphanumeric() || "+-/".contains(c));
    Ok(if is_relative && !text.contains('T') { format!("now{text}") } else { text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_one_from_now() {
        for (written, expected) in [
            ("-5m", "now-5m"),
            ("-1d/d", "now-1d/d"),
            ("+1h-5m", "now+1h-5m"),
            ("now-5m", "now-5m"),
            ("-86400", "-86400"),
            ("-2024-01-01T00:00:00Z", "-2024-01-01T00:00:00Z"),
            ("2024-01-01", "2024-01-01"),
            ("-", "-"),
            ("", ""),
        ] {
            assert_eq!(moment(written), Ok(expected.to_owned()));
        }
    }
}
