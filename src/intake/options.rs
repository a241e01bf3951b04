//! Named texts → how an answer is cut, filled, reduced and shown.

use super::payload::PayloadFields;
use super::refused::{OptionProblem, OptionRefusal};
use super::replaced::is_built_in;
use crate::ast::{Fill, Format, Options, Reduce};
use crate::language;
use crate::nearest::nearest;
use crate::time::{Step, Zone};

/// The longest template of a legend: each series has one.
const LEGEND: usize = 1000;

/// What named texts say of an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// What was taken.
    pub options: Options,
    /// What was not.
    pub refused: Vec<OptionRefusal>,
    /// What else is to be said.
    pub notices: Vec<String>,
}

/// Reads `fill`, `reduce`, `format`, `legend`, `step` and `tz`, whether they are a payload's members or a URL's
/// parameters. Of several texts the first counts, and an empty one says nothing.
pub fn options(said: &PayloadFields) -> ReadOptions {
    let mut reader = Reader { said, refused: Vec::new(), notices: Vec::new() };
    let options = Options {
        step: reader.step(),
        zone: reader.zone(),
        fill: reader.word("fill", &[("0", Fill::Zero)], Fill::ALL, Fill::word).unwrap_or_default(),
        reduce: reader.word("reduce", &[("min-max", Reduce::MinMax)], Reduce::ALL, Reduce::word).unwrap_or_default(),
        format: reader.format().unwrap_or_default(),
        legend: reader.legend(),
    };
    ReadOptions { options, refused: reader.refused, notices: reader.notices }
}

impl ReadOptions {
    /// The options of a panel, which ignores what cannot be read, and says so.
    pub(super) fn of_panel(self, notices: &mut Vec<String>) -> Options {
        notices.extend(self.refused.iter().map(OptionRefusal::notice));
        notices.extend(self.notices);
        self.options
    }
}

/// The form that SimpleJson's `type` asks for; none for anything but a table, as old dashboards carry any text there.
pub(super) fn old_type(text: &str) -> Option<Format> {
    text.eq_ignore_ascii_case("table").then_some(Format::Table)
}

struct Reader<'a> {
    said: &'a PayloadFields,
    refused: Vec<OptionRefusal>,
    notices: Vec<String>,
}

impl Reader<'_> {
    /// What is said under a name, with the escapes of an interpolated variable undone.
    fn text(&self, name: &str) -> Option<String> {
        let text = self.said.get(name)?.iter().find(|text| !text.trim().is_empty())?;
        Some(language::unescape(text).trim().to_owned())
    }

    fn word<T: Copy + 'static>(
        &mut self,
        name: &'static str,
        others: &[(&str, T)],
        all: &'static [T],
        word: fn(T) -> &'static str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let own = all.iter().copied().find(|known| word(*known).eq_ignore_ascii_case(&text));
        let found = own.or_else(|| others.iter().find(|(other, _)| other.eq_ignore_ascii_case(&text)).map(|o| o.1));
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|known| word(*known)).collect();
            let near = nearest(&text, words.iter().copied());
            self.refused.push(OptionRefusal::unknown(name, &text, &near, format!("expected {}", words.join(", "))));
        }
        found
    }

    fn format(&mut self) -> Option<Format> {
        let others = [("time_series", Format::TimeSeries), ("timeserie", Format::TimeSeries)];
        let said = self.word("format", &others, Format::ALL, Format::word);
        said.or_else(|| self.text("type").as_deref().and_then(old_type))
    }

    fn legend(&mut self) -> Option<String> {
        let text = self.text("legend")?;
        if text.len() > LEGEND {
            self.refused.push(OptionRefusal { option: "legend", problem: OptionProblem::TooLong { most: LEGEND } });
            return None;
        }
        // A template is text: what looks like a variable in it is shown, and said.
        if let Some(found) = language::unreplaced(&text) {
            self.notices.push(format!("the variable `{}` in `legend` was not replaced", found.name));
        }
        Some(text)
    }

    fn step(&mut self) -> Option<Step> {
        let text = self.text("step").filter(|text| !is_built_in(text) && text != "auto")?;
        let step = Step::parse(&text);
        if step.is_none() {
            let expected = "expected a length such as 30s, 1h, 1d, 1mo";
            self.refused.push(OptionRefusal::unknown("step", &text, &[], expected.to_owned()));
        }
        step
    }

    fn zone(&mut self) -> Option<Zone> {
        let text = self.text("tz").filter(|text| !is_built_in(text) && text != "browser")?;
        let zone = Zone::parse(&text);
        if zone.is_none() {
            let near = nearest(&text, Zone::names());
            let expected = "expected an IANA time zone such as Europe/Berlin";
            self.refused.push(OptionRefusal::unknown("tz", &text, &near, expected.to_owned()));
        }
        zone
    }
}
