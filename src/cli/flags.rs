//! Values of flags, and errors in the words of the command line.

use crate::error::Error;
use crate::intake::{self, OptionProblem, OptionRefusal, PayloadFields};
use crate::plan::METRICS_LISTED;

/// Why an option of a panel would be ignored; none where it is taken.
pub(super) fn refusal(name: &str, value: &str) -> Option<OptionRefusal> {
    let said = PayloadFields::from([(name.to_owned(), vec![value.to_owned()])]);
    let read = intake::options(&said);
    // What Grafana did not replace is no news to a panel.
    let is_variable = name == "step" && read.refused.is_empty() && read.options.step.is_none() && value != "auto";
    let variable = || OptionRefusal { option: "step", problem: OptionProblem::Variable { value: value.to_owned() } };
    read.refused.into_iter().next().or_else(|| is_variable.then(variable))
}

/// An error of the range in the words of the command line.
pub(super) fn range_text(error: &Error) -> String {
    let flags = ["from", "to"].map(|name| (format!("`range.{name}` cannot be read: "), format!("--{name}: ")));
    let plain = error.sentence().replace("the range cannot be used: ", "--from and --to: ");
    flags.iter().fold(plain, |text, (place, flag)| text.replace(place, flag))
}

/// An error of a target in the words of the command line, with the place in its text.
pub(super) fn error_text(error: &Error) -> String {
    error
        .full_message()
        .replace(METRICS_LISTED, "`datebin discover` prints what there is, and why the rest is left out")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panel_ignores_is_refused() {
        for (name, value) in [
            ("step", "banana"),
            ("step", "0s"),
            ("step", "300"),
            ("step", "1.5h"),
            ("step", "$__interval"),
            ("fill", "bogus"),
            ("legend", &"x".repeat(1001)),
        ] {
            assert_eq!(refusal(name, value).map(|refused| refused.option), Some(name), "{name}: {value}");
        }
        for (name, value) in [("step", "15s"), ("step", "auto"), ("fill", "zero"), ("fill", "0"), ("legend", "$x")] {
            assert_eq!(refusal(name, value), None, "{name}: {value}");
        }
        let (value, near) = ("prevous".to_owned(), vec!["previous".to_owned()]);
        let expected = "expected none, null, zero, previous, linear".to_owned();
        let unknown = OptionRefusal { option: "fill", problem: OptionProblem::Unknown { value, near, expected } };
        assert_eq!(refusal("fill", "prevous"), Some(unknown));
        for (name, value, words) in [
            ("fill", "prevous", ", as \"prevous\" is unknown: did you mean previous?"),
            ("step", "banana", ", as \"banana\" is unknown: expected a length such as 30s, 1h, 1d, 1mo"),
            ("step", "$__interval", ", as \"$__interval\" is a variable of a dashboard"),
            ("legend", &"x".repeat(1001), ": it is longer than 1000 bytes"),
        ] {
            assert_eq!(
                refusal(name, value).map(|refused| refused.to_string()).as_deref(),
                Some(words),
                "{name}: {value}"
            );
        }
    }
}
