//! A request to add an annotation.

use serde_json::Value;

use super::range::Moment;
use super::scalar;
use crate::error::{Error, Kind};
use crate::nearest::nearest;
use crate::sql::{AnnotationInsert, TEXT, TITLE};
use crate::time::{Millis, Rounding, parse_instant};
use crate::wire::request;

/// The most tags of an annotation.
const TAGS: usize = 100;
const MEMBERS: [&str; 5] = ["time", "time_end", "title", "text", "tags"];

/// Reads an annotation; only its time is required, and one word of what it is.
///
/// # Errors
/// A member is unknown, unreadable or too long, or the annotation ends before it begins or says nothing.
pub fn new_annotation(request: &request::NewAnnotation, moment: Moment<'_>) -> Result<AnnotationInsert, Error> {
    if let Some((name, _)) = request.unknown.iter().next() {
        return Err(unknown(name));
    }
    let time = instant("time", &request.time, moment)?.ok_or_else(|| {
        Error::new(Kind::BadRequest, "`time` is missing").hint("`now`, ISO 8601, or seconds or milliseconds since 1970")
    })?;
    let time_end = instant("time_end", &request.time_end, moment)?;
    if time_end.is_some_and(|end| end < time) {
        return Err(Error::new(Kind::BadRange, "the annotation ends before it begins: `time_end` is before `time`"));
    }
    let title = words("title", &request.title, TITLE)?;
    let text = words("text", &request.text, TEXT)?;
    let tags = tags(&request.tags)?;
    if title.is_empty() && text.is_empty() && tags.is_empty() {
        return Err(Error::new(Kind::BadRequest, "the annotation says nothing: it has neither title, text nor tags"));
    }
    Ok(AnnotationInsert { time, time_end, title, text, tags })
}

fn unknown(name: &str) -> Error {
    let shown: String = name.chars().take(40).collect();
    let near = nearest(name, MEMBERS.into_iter());
    let hint = near.first().map_or_else(
        || format!("an annotation has {}", MEMBERS.map(|member| format!("`{member}`")).join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Error::new(Kind::BadRequest, format!("an annotation has no member {shown:?}")).hint(hint)
}

fn instant(name: &str, value: &Value, moment: Moment<'_>) -> Result<Option<Millis>, Error> {
    let text = match value {
        Value::Null => return Ok(None),
        value => scalar::text(value).ok_or_else(|| {
            Error::new(Kind::BadRequest, format!("`{name}` cannot be read: it is neither a text nor a number"))
        })?,
    };
    let read = parse_instant(&text, moment.now, Rounding::Start, moment.zone);
    read.map(Some).map_err(|error| Error::new(Kind::BadRequest, format!("`{name}` cannot be read: {error}")))
}

/// A text as it is stored and shown whole.
fn words(name: &str, value: &Value, most: u32) -> Result<String, Error> {
    let text = match value {
        Value::Null => String::new(),
        value => scalar::text(value)
            .ok_or_else(|| Error::new(Kind::BadRequest, format!("`{name}` cannot be read: it is no text")))?,
    };
    if text.contains('\0') {
        return Err(Error::new(Kind::BadRequest, format!("`{name}` has the character U+0000, which cannot be stored")));
    }
    if text.chars().count() > most as usize {
        return Err(Error::new(Kind::BadRequest, format!("`{name}` has more than {most} characters")));
    }
    Ok(text.trim().to_owned())
}

/// Tags, each once, in their order.
fn tags(value: &Value) -> Result<Vec<String>, Error> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(Error::new(Kind::BadRequest, "`tags` cannot be read: it is no list, such as [\"deploy\"]")),
    };
    if list.len() > TAGS {
        return Err(Error::new(Kind::BadRequest, format!("`tags` has more than {TAGS} tags")));
    }
    let mut tags = Vec::with_capacity(list.len());
    for value in list {
        let tag = words("tags", value, TITLE)?;
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::time::Zone;

    fn read(body: &Value) -> Result<AnnotationInsert, String> {
        let request = serde_json::from_value(body.clone()).unwrap();
        let zone = Zone::parse("Europe/Prague").unwrap();
        let moment = Moment { now: 1_704_067_200_000, zone: &zone };
        new_annotation(&request, moment).map_err(|error| error.sentence())
    }

    #[test]
    fn times_are_written_as_everywhere() {
        for (time, expected) in [
            (json!("now"), 1_704_067_200_000),
            (json!("now-5m"), 1_704_066_900_000),
            (json!(1_704_067_200), 1_704_067_200_000),
            (json!(1_704_067_200_001_i64), 1_704_067_200_001),
            (json!("2024-01-01T00:00:00Z"), 1_704_067_200_000),
            (json!("2024-01-01 01:00"), 1_704_067_200_000),
        ] {
            let read = read(&json!({"time": time, "title": 1.4, "tags": ["a", " a ", "", "b,c"]})).unwrap();
            assert_eq!((read.time, read.time_end), (expected, None), "{time}");
            assert_eq!((read.title.as_str(), read.tags), ("1.4", vec!["a".to_owned(), "b,c".into()]));
        }
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let long = "x".repeat(1001);
        for (body, expected) in [
            (json!({"title": "x"}), "`time` is missing; `now`, ISO 8601, or seconds or milliseconds since 1970"),
            (
                json!({"time": "soon", "title": "x"}),
                "`time` cannot be read: cannot read \"soon\" as a time: expected ISO 8601 (2018-04-15T04:57:48Z), \
                 seconds or milliseconds since 1970, or now-6h",
            ),
            (json!({"time": true, "title": "x"}), "`time` cannot be read: it is neither a text nor a number"),
            (
                json!({"time": 2, "time_end": 1, "title": "x"}),
                "the annotation ends before it begins: `time_end` is before `time`",
            ),
            (
                json!({"time": 1, "timeEnd": 2, "title": "x"}),
                "an annotation has no member \"timeEnd\"; did you mean `time_end`?",
            ),
            (
                json!({"time": 1, "zzz": 2}),
                "an annotation has no member \"zzz\"; an annotation has `time`, `time_end`, `title`, `text`, `tags`",
            ),
            (json!({"time": 1, "title": " "}), "the annotation says nothing: it has neither title, text nor tags"),
            (json!({"time": 1, "title": long}), "`title` has more than 1000 characters"),
            (json!({"time": 1, "text": {}}), "`text` cannot be read: it is no text"),
            (json!({"time": 1, "text": "a\0b"}), "`text` has the character U+0000, which cannot be stored"),
            (json!({"time": 1, "tags": "a"}), "`tags` cannot be read: it is no list, such as [\"deploy\"]"),
            (json!({"time": 1, "tags": vec!["a"; 101]}), "`tags` has more than 100 tags"),
        ] {
            assert_eq!(read(&body).unwrap_err(), expected, "{body}");
        }
    }
}
