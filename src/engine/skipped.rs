//! What is said of rows whose values did not count.

use crate::catalog::Value;
use crate::plan::Fetch;

/// Says how many values were no numbers, or how many rows end before they begin.
pub(super) fn skipped_values(fetch: &Fetch, skipped: f64) -> Option<String> {
    if matches!(fetch.rows.value, Value::Overlap(_) | Value::Lasts(_)) {
        let rows = if skipped > 1.0 {
            format!("{skipped:.0} rows end before they begin and were")
        } else {
            "1 row ends before it begins and was".to_owned()
        };
        let hint = "an end that means still going on is declared as `open` of `time_end`";
        return (skipped > 0.0).then(|| format!("{}: {rows} skipped; {hint}", fetch.rows.metric));
    }
    let (are, many) = if skipped > 1.0 {
        ("values are not numbers and were", skipped)
    } else {
        ("value is not a number and was", 1.0)
    };
    (skipped > 0.0).then(|| format!("{}: {many:.0} {are} skipped", fetch.rows.metric))
}
