//! Remote read: a compressed message → queries.

use prost::encoding::{DecodeContext, decode_key, skip_field};
use prost::{DecodeError, Message as _};

use super::shortened;
use crate::ast::{Matcher, MetricRef, Selector, Span, Test};
use crate::budget::Budget;
use crate::error::{Error, Kind};
use crate::pattern::Patterns;
use crate::series::METRIC_NAME;
use crate::time::Millis;
use crate::wire::remote::{LabelMatcher, MatchType, Query, ReadRequest, ResponseType};

/// The bytes that a message may take in memory for each of its own: an empty matcher is two bytes of it.
const BYTES_PER_BYTE: usize = 32;

/// The hint that only labels are wanted.
const SERIES: &str = "series";

/// A question for samples as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteRead {
    /// What is wanted.
    pub queries: Vec<RemoteQuery>,
    /// How the answer is written.
    pub form: RemoteForm,
}

/// The samples of some series in a range of time.
#[derive(Clone, Debug, PartialEq)]
pub struct RemoteQuery {
    /// The series.
    pub selector: Selector,
    /// The first millisecond.
    pub start_ms: Millis,
    /// The last millisecond.
    pub end_ms: Millis,
    /// Whether only the labels are wanted.
    pub is_of_labels: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemoteForm {
    /// One message.
    Samples,
    /// A stream of messages with chunks.
    Chunks,
}

/// What a message may be.
#[derive(Clone, Copy, Debug)]
pub struct RemoteBounds {
    /// The most bytes when it is decompressed.
    pub bytes: usize,
    /// The most queries.
    pub queries: u32,
}

impl RemoteRead {
    /// Reads a message in Snappy's block format.
    ///
    /// # Errors
    /// It cannot be read, is larger than it may be, or wants an answer in a form that does not exist here.
    pub fn read(body: &[u8], bounds: RemoteBounds, budget: &Budget) -> Result<Self, Error> {
        let bytes = decompressed(body, bounds.bytes)?;
        let wrong = |error: DecodeError| bad(format!("the body is no prometheus.ReadRequest: {error}"));
        // Bytes that are no message at all take nothing.
        fields(&bytes).map_err(wrong)?;
        let _held = budget.paid(bytes.len().saturating_mul(BYTES_PER_BYTE))?;
        let message = ReadRequest::decode(bytes.as_slice()).map_err(wrong)?;
        if message.queries.len() > bounds.queries as usize {
            let text = format!("the request has more than {} queries", bounds.queries);
            return Err(Error::new(Kind::TooManyTargets, text).hint("DATEBIN_MAX_TARGETS sets the limit"));
        }
        let form = form(&message.accepted_response_types)?;
        let queries = message.queries.into_iter().map(RemoteQuery::read).collect::<Result<_, Error>>()?;
        Ok(Self { queries, form })
    }
}

impl RemoteQuery {
    fn read(query: Query) -> Result<Self, Error> {
        let matchers = query.matchers.into_iter().map(matcher).collect::<Result<Vec<Matcher>, Error>>()?;
        let (on_name, matchers) = matchers.into_iter().partition(|matcher| matcher.label == METRIC_NAME);
        let selector = Selector { metric: MetricRef::of(on_name), matchers, ..Selector::default() };
        let is_of_labels = query.hints.is_some_and(|hints| hints.func == SERIES);
        Ok(Self { selector, start_ms: query.start_timestamp_ms, end_ms: query.end_timestamp_ms, is_of_labels })
    }

    /// Tries the patterns.
    ///
    /// # Errors
    /// One is no regular expression, or every series passes all matchers.
    pub fn check(&self, patterns: &Patterns) -> Result<(), Error> {
        let (mut selects, on_name): (bool, &[Matcher]) = match &self.selector.metric {
            MetricRef::Names(_) => (true, &[]),
            MetricRef::Any => (false, &[]),
            MetricRef::Matching(matchers) => (false, matchers),
        };
        for matcher in on_name.iter().chain(&self.selector.matchers) {
            let passes_empty = |pattern: &str| {
                let wrong = |error| bad(format!("the matcher of label {:?}: {error}", shortened(&matcher.label)));
                patterns.whole(pattern).map(|pattern| pattern.is_match("")).map_err(wrong)
            };
            selects |= match &matcher.test {
                Test::In(values) => !values.iter().any(String::is_empty),
                Test::NotIn(values) => values.iter().any(String::is_empty),
                Test::Match(pattern) => !passes_empty(pattern)?,
                Test::NotMatch(pattern) => passes_empty(pattern)?,
                Test::Everything => false,
                Test::Nothing | Test::Compare(..) => true,
            };
        }
        if selects {
            return Ok(());
        }
        Err(Error::new(Kind::BadTarget, "the query must contain at least one non-empty matcher").hint("name a metric"))
    }
}

/// Walks over the fields of a message.
fn fields(mut rest: &[u8]) -> Result<(), DecodeError> {
    while !rest.is_empty() {
        let (tag, kind) = decode_key(&mut rest)?;
        skip_field(kind, tag, &mut rest, DecodeContext::default())?;
    }
    Ok(())
}

fn bad(message: String) -> Error {
    Error::new(Kind::BadRequest, message)
}

/// The message; how large it is stands in front of it.
fn decompressed(body: &[u8], most: usize) -> Result<Vec<u8>, Error> {
    let unreadable = |error: snap::Error| {
        bad(format!("the body cannot be decompressed: {error}")).hint("remote read takes Snappy's block format")
    };
    if snap::raw::decompress_len(body).map_err(unreadable)? > most {
        let message = format!("the body is larger than {most} bytes when it is decompressed");
        return Err(Error::new(Kind::BodyTooLarge, message).hint("DATEBIN_BODY_LIMIT sets the limit"));
    }
    snap::raw::Decoder::new().decompress_vec(body).map_err(unreadable)
}

/// The first form that exists here.
fn form(accepted: &[i32]) -> Result<RemoteForm, Error> {
    if accepted.is_empty() {
        return Ok(RemoteForm::Samples);
    }
    let known = |accepted: &i32| match ResponseType::try_from(*accepted) {
        Ok(ResponseType::Samples) => Some(RemoteForm::Samples),
        Ok(ResponseType::StreamedXorChunks) => Some(RemoteForm::Chunks),
        Err(_) => None,
    };
    let form = accepted.iter().find_map(known);
    form.ok_or_else(|| bad("none of the accepted response types is SAMPLES or STREAMED_XOR_CHUNKS".to_owned()))
}

fn matcher(matcher: LabelMatcher) -> Result<Matcher, Error> {
    let LabelMatcher { r#type, name, value } = matcher;
    let test = match MatchType::try_from(r#type) {
        Ok(MatchType::Eq) => Test::In([value].into()),
        Ok(MatchType::Neq) => Test::NotIn([value].into()),
        Ok(MatchType::Re) => Test::Match(value),
        Ok(MatchType::Nre) => Test::NotMatch(value),
        Err(_) => {
            let message = format!("the matcher of label {:?} has the unknown type {}", shortened(&name), r#type);
            return Err(bad(message));
        }
    };
    Ok(Matcher { label: name, test, span: Span::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::ProcessBudget;
    use crate::wire::remote::ReadHints;

    const BOUNDS: RemoteBounds = RemoteBounds { bytes: 4096, queries: 2 };

    fn budget() -> Budget {
        Budget::new(&ProcessBudget::new(1 << 20), 1 << 20, 1)
    }

    fn read(message: &ReadRequest) -> Result<RemoteRead, Error> {
        let body = snap::raw::Encoder::new().compress_vec(&message.encode_to_vec()).unwrap();
        RemoteRead::read(&body, BOUNDS, &budget())
    }

    fn written(matchers: &[(MatchType, &str, &str)]) -> Query {
        let matcher = |(kind, name, value): &(MatchType, &str, &str)| LabelMatcher {
            r#type: *kind as i32,
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        let matchers = matchers.iter().map(matcher).collect();
        Query { start_timestamp_ms: -5, end_timestamp_ms: 7, matchers, hints: None }
    }

    fn of(queries: Vec<Query>, accepted_response_types: Vec<i32>) -> ReadRequest {
        ReadRequest { queries, accepted_response_types }
    }

    #[test]
    fn matchers_become_a_selector() {
        let named = written(&[
            (MatchType::Neq, "a", ""),
            (MatchType::Eq, "__name__", "up"),
            (MatchType::Re, "b", "x|y"),
            (MatchType::Nre, "c", ".*"),
        ]);
        let hinted = Query {
            hints: Some(ReadHints { func: "series".into() }),
            ..written(&[(MatchType::Re, "__name__", "a.*"), (MatchType::Eq, "__name__", "ab")])
        };
        let read = read(&of(vec![named, hinted], vec![])).unwrap();
        let matcher = |label: &str, test| Matcher { label: label.into(), test, span: Span::default() };
        let first = Selector {
            metric: MetricRef::Names(vec!["up".into()]),
            matchers: vec![
                matcher("a", Test::NotIn([String::new()].into())),
                matcher("b", Test::Match("x|y".into())),
                matcher("c", Test::NotMatch(".*".into())),
            ],
            ..Selector::default()
        };
        let names = [Test::Match("a.*".into()), Test::In(["ab".to_owned()].into())];
        let metric = MetricRef::Matching(names.map(|test| matcher("__name__", test)).into());
        let second = Selector { metric, ..Selector::default() };
        let query = |selector, is_of_labels| RemoteQuery { selector, start_ms: -5, end_ms: 7, is_of_labels };
        let queries = vec![query(first, false), query(second, true)];
        assert_eq!(read, RemoteRead { queries, form: RemoteForm::Samples });
    }

    #[test]
    fn the_first_form_that_is_known_is_the_answers() {
        for (accepted, form) in [
            (vec![], Ok(RemoteForm::Samples)),
            (vec![0], Ok(RemoteForm::Samples)),
            (vec![1, 0], Ok(RemoteForm::Chunks)),
            (vec![0, 1], Ok(RemoteForm::Samples)),
            (vec![7, 1], Ok(RemoteForm::Chunks)),
            (vec![7, -1], Err(Kind::BadRequest)),
        ] {
            let read = read(&of(vec![], accepted.clone()));
            assert_eq!(read.map(|read| read.form).map_err(|error| error.kind), form, "{accepted:?}");
        }
    }

    #[test]
    fn bodies_that_are_not_read_say_why() {
        let unknown = Query {
            matchers: vec![LabelMatcher { r#type: 9, name: "host".into(), value: String::new() }],
            ..Query::default()
        };
        for (message, kind, text) in [
            (of(vec![unknown], vec![]), Kind::BadRequest, "the matcher of label \"host\" has the unknown type 9"),
            (of(vec![Query::default(); 3], vec![]), Kind::TooManyTargets, "the request has more than 2 queries"),
            (
                of(vec![written(&[(MatchType::Re, "a", &"x".repeat(5000))])], vec![]),
                Kind::BodyTooLarge,
                "the body is larger than 4096 bytes when it is decompressed",
            ),
        ] {
            let error = read(&message).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (kind, text));
        }
        let bomb = [0xff, 0xff, 0xff, 0xff, 0x0f];
        let wrong_utf8 = snap::raw::Encoder::new().compress_vec(b"\x0a\x05\x1a\x03\x12\x01\xff").unwrap();
        for (body, kind) in [
            (&b""[..], Kind::BadRequest),
            (b"{}", Kind::BadRequest),
            (b"\xff\xff\xff\xff\xff\xff\xff", Kind::BadRequest),
            (&bomb, Kind::BodyTooLarge),
            (&wrong_utf8, Kind::BadRequest),
        ] {
            assert_eq!(RemoteRead::read(body, BOUNDS, &budget()).unwrap_err().kind, kind, "{body:?}");
        }
        let small = Budget::new(&ProcessBudget::new(1 << 20), 65_536, 1);
        let empty = of(vec![], vec![0; 3000]).encode_to_vec();
        let many = snap::raw::Encoder::new().compress_vec(&empty).unwrap();
        let zeros = snap::raw::Encoder::new().compress_vec(&[0; 4000]).unwrap();
        assert_eq!(RemoteRead::read(&zeros, BOUNDS, &small).unwrap_err().kind, Kind::BadRequest);
        assert_eq!(RemoteRead::read(&many, BOUNDS, &small).unwrap_err().kind, Kind::TooManyBytes);
    }

    #[test]
    fn patterns_are_tried_before_anything_is_read() {
        let check = |matchers: &[_]| {
            let read = read(&of(vec![written(matchers)], vec![])).unwrap();
            read.queries[0].check(&Patterns::default()).map_err(|error| (error.kind, error.message))
        };
        assert_eq!(check(&[(MatchType::Eq, "__name__", "up")]), Ok(()));
        let (kind, message) = check(&[(MatchType::Eq, "__name__", "up"), (MatchType::Re, "a", "(")]).unwrap_err();
        let said = "the matcher of label \"a\": the regular expression is not valid";
        assert!(kind == Kind::BadRequest && message.starts_with(said), "{message}");
        for matchers in [vec![], vec![(MatchType::Re, "__name__", ".*")], vec![(MatchType::Eq, "a", "")]] {
            let message = "the query must contain at least one non-empty matcher".to_owned();
            assert_eq!(check(&matchers), Err((Kind::BadTarget, message)));
        }
    }
}
