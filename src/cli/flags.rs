//! Values of flags, and errors in the words of the command line.

use crate::error::Error;
use crate::intake::{self, PayloadFields};
use crate::plan::METRICS_LISTED;

/// Why an option of a panel would be ignored; none where it is taken.
pub(super) fn unreadable(name: &str, value: &str) -> Option<String> {
    let mut notices = Vec::new();
    let said = PayloadFields::from([(name.to_owned(), vec![value.to_owned()])]);
    let read = intake::options(&said, &mut notices);
    let ignored = format!("`{name}` is ignored");
    let told = notices.iter().find_map(|notice| notice.strip_prefix(&ignored).map(str::to_owned));
    // What Grafana did not replace is no news to a panel.
    let is_variable = name == "step" && read.step.is_none() && value != "auto";
    told.or_else(|| is_variable.then(|| format!(", as {value:?} is a variable of a dashboard")))
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
            assert!(unreadable(name, value).is_some(), "{name}: {value}");
        }
        for (name, value) in [("step", "15s"), ("step", "auto"), ("fill", "zero"), ("fill", "0"), ("legend", "$x")] {
            assert_eq!(unreadable(name, value), None, "{name}: {value}");
        }
        let unknown = ", as \"prevous\" is unknown: did you mean previous?";
        assert_eq!(unreadable("fill", "prevous").as_deref(), Some(unknown));
    }
}
