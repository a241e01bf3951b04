//! What the terminal can show: its width, and whether text may be coloured there.

use std::io::IsTerminal;

use terminal_size::{Width, terminal_size_of};

use crate::config::Environment;

/// How wide a chart is where nobody says how wide the place is that it is read in.
const USUAL_COLUMNS: u32 = 80;
/// Wider charts are no easier to read, and ask the database for more.
const MOST_COLUMNS: u32 = 100;
/// Narrower ones show nothing.
const LEAST_COLUMNS: u32 = 20;

/// How many columns a chart on standard output has: as the terminal, else as `COLUMNS` says.
pub(super) fn columns(environment: &Environment<'_>) -> u32 {
    let out = std::io::stdout();
    let own = if out.is_terminal() { terminal_size_of(&out) } else { None };
    let said = || (environment.0)("COLUMNS")?.trim().parse().ok();
    fitting(own.map(|(Width(width), _)| u32::from(width)).or_else(said))
}

fn fitting(columns: Option<u32>) -> u32 {
    let known = columns.filter(|columns| *columns > 0);
    known.map_or(USUAL_COLUMNS, |columns| columns.clamp(LEAST_COLUMNS, MOST_COLUMNS))
}

/// Whether text may be coloured there: on a terminal that can, unless `NO_COLOR` is set to something.
pub(super) fn is_coloured(environment: &Environment<'_>, stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && may_be_coloured(environment)
}

fn may_be_coloured(environment: &Environment<'_>) -> bool {
    let is_asked_not_to = (environment.0)("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_asked_not_to && (environment.0)("TERM").as_deref() != Some("dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_as_wide_as_the_terminal_within_reason() {
        for (columns, expected) in
            [(None, 80), (Some(0), 80), (Some(60), 60), (Some(80), 80), (Some(250), 100), (Some(3), 20)]
        {
            assert_eq!(fitting(columns), expected, "{columns:?}");
        }
    }

    #[test]
    fn colour_is_for_terminals_that_can_and_people_who_want_it() {
        let coloured = |variables: &[(&str, &str)]| {
            let read =
                |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
            may_be_coloured(&Environment(&read))
        };
        assert!(coloured(&[]) && coloured(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]));
        assert!(!coloured(&[("NO_COLOR", "1")]) && !coloured(&[("TERM", "dumb")]));
    }
}
