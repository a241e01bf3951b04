//! The parameters of a request to the Prometheus API: those of the URL and those of a form in the body.

use std::collections::BTreeMap;

use super::shortened;
use crate::error::{Error, Kind};

/// The parameters that mean something; all others are ignored.
const NAMES: [&str; 10] =
    ["query", "time", "start", "end", "step", "timeout", "limit", "lookback_delta", "metric", "limit_per_metric"];

/// The parameter that may repeat.
const MATCH: &str = "match[]";

/// The parameters of a request: of each name the first value, of `match[]` all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    values: BTreeMap<&'static str, String>,
    matches: Vec<String>,
}

impl Parameters {
    /// Reads forms (`a=b&c=d`) in order: what an earlier one says counts, as a body does before its URL.
    ///
    /// # Errors
    /// A percent sign stands in front of anything but two hexadecimal digits, the bytes are no UTF-8, or there are more selectors than `most`.
    pub fn read(forms: &[&[u8]], most: usize) -> Result<Self, Error> {
        let mut read = Self::default();
        for form in forms {
            escaped_well(form)?;
            if !is_utf8(form) {
                let message = "error parsing form values: invalid UTF-8";
                return Err(Error::new(Kind::BadRequest, message).hint("encode the parameters as UTF-8"));
            }
            for (name, value) in form_urlencoded::parse(form) {
                if name == MATCH {
                    read.matches.push(value.into_owned());
                } else if let Some(known) = NAMES.iter().find(|known| **known == name) {
                    read.values.entry(known).or_insert_with(|| value.into_owned());
                }
                if read.matches.len() > most {
                    let message = format!("the request has more than {most} match[] parameters");
                    return Err(Error::new(Kind::BadRequest, message).hint("DATEBIN_MAX_FILTERS sets the limit"));
                }
            }
        }
        Ok(read)
    }

    /// The value of a parameter; empty when it is absent.
    pub(super) fn text(&self, name: &str) -> &str {
        self.values.get(name).map_or("", String::as_str)
    }

    /// The text of an expression.
    #[must_use]
    pub fn query(&self) -> &str {
        self.text("query")
    }

    /// The selectors.
    pub(super) fn matches(&self) -> &[String] {
        &self.matches
    }
}

fn escaped_well(form: &[u8]) -> Result<(), Error> {
    let is_wrong = |at: &usize| {
        let digits = form.get(at + 1..at + 3).unwrap_or_default();
        form[*at] == b'%' && !(digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit))
    };
    let Some(at) = (0..form.len()).find(is_wrong) else { return Ok(()) };
    let shown = String::from_utf8_lossy(&form[at..form.len().min(at + 3)]).into_owned();
    Err(Error::new(Kind::BadRequest, format!("error parsing form values: invalid URL escape {:?}", shortened(&shown))))
}

/// Whether a form whose escapes are right is UTF-8 once they are bytes again.
fn is_utf8(form: &[u8]) -> bool {
    let (mut bytes, mut at) = (Vec::with_capacity(form.len()), 0);
    while let Some(byte) = form.get(at) {
        let digits = form.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    str::from_utf8(&bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        for form in [&b"query=up%7Bjob!=\"%ff\"%7D"[..], b"query=\xc3\x28", b"match[]=a%c3%28"] {
            let refused = Parameters::read(&[form], 3).expect_err("no text");
            assert_eq!(
                (refused.kind, refused.message.as_str()),
                (Kind::BadRequest, "error parsing form values: invalid UTF-8")
            );
        }
        assert_eq!(read(&["query=%EF%BF%BD%c3%a9"]).query(), "\u{fffd}é");
    }

    fn read(forms: &[&str]) -> Parameters {
        let forms: Vec<&[u8]> = forms.iter().map(|form| form.as_bytes()).collect();
        Parameters::read(&forms, 3).unwrap()
    }

    #[test]
    fn body_and_url_are_merged_and_the_body_counts_first() {
        let both = read(&["query=up%2B1&time=4+&match[]=a", "query=down&step=60&match[]=b&match%5B%5D=c&dedup=true"]);
        assert_eq!((both.text("query"), both.text("time"), both.text("step")), ("up+1", "4 ", "60"));
        assert_eq!(
            (both.matches(), both.text("dedup"), both.text("end")),
            (&["a", "b", "c"].map(str::to_owned)[..], "", "")
        );
        assert_eq!(read(&["query=gr%C3%B6%C3%9Fe&query=b"]).text("query"), "größe");
    }

    #[test]
    fn bad_escapes_and_too_many_selectors_are_refused() {
        for form in ["query=%zz", "query=%2", "a%", "match[]=a&match[]=a&match[]=a&match[]=a"] {
            let error = Parameters::read(&[form.as_bytes()], 3).unwrap_err();
            assert_eq!(error.kind, Kind::BadRequest, "{form}");
        }
    }
}
