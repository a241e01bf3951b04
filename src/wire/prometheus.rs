//! The answers of the Prometheus API.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Serialize, SerializeTuple as _, Serializer};

use crate::decimal;
use crate::series::Labels;
use crate::time::Millis;

/// An answer.
#[derive(Debug, serde::Serialize)]
pub struct Success<T> {
    /// `success`.
    pub status: &'static str,
    /// What was asked for.
    pub data: T,
    /// What is not as it should be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What may not be as it was meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub infos: Vec<String>,
}

/// An error in its place.
#[derive(Debug, serde::Serialize)]
pub struct Failure {
    /// `error`.
    pub status: &'static str,
    /// What kind it is.
    #[serde(rename = "errorType")]
    pub error_type: &'static str,
    /// A sentence.
    pub error: String,
}

/// The value of an expression.
#[derive(Debug, serde::Serialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub enum Data {
    /// A number.
    Scalar(SamplePair),
    /// A text.
    String(Text),
    /// Series with one sample each.
    Vector(Vec<Instant>),
    /// Series.
    Matrix(Vec<Range>),
}

/// A series with one sample.
#[derive(Debug, serde::Serialize)]
pub struct Instant {
    /// Its labels.
    pub metric: LabelSet,
    /// Its sample.
    pub value: SamplePair,
}

/// A series.
#[derive(Debug, serde::Serialize)]
pub struct Range {
    /// Its labels.
    pub metric: LabelSet,
    /// Its samples.
    pub values: Vec<SamplePair>,
}

/// Labels as an object.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LabelSet(pub Labels);

/// A time and a number: seconds as a JSON number, the value as a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SamplePair {
    /// Milliseconds since 1970.
    pub ms: Millis,
    /// The value.
    pub value: f64,
}

/// A time and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Milliseconds since 1970.
    pub ms: Millis,
    /// The text.
    pub text: String,
}

/// What a metric is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Metadata {
    /// `gauge`, `counter`, `histogram`, `unknown`.
    pub r#type: &'static str,
    /// A sentence; empty where there is none.
    pub help: String,
    /// The unit; empty where there is none.
    pub unit: String,
}

/// What metrics are, by their names.
pub type AllMetadata = BTreeMap<String, Vec<Metadata>>;

impl Serialize for LabelSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (&**name, &**value)))
    }
}

impl Serialize for SamplePair {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&Seconds(self.ms))?;
        pair.serialize_element(&Number(self.value))?;
        pair.end()
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&Seconds(self.ms))?;
        pair.serialize_element(&self.text)?;
        pair.end()
    }
}

/// Milliseconds as seconds, with no more digits than they need.
struct Seconds(Millis);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        #[expect(clippy::cast_precision_loss, reason = "exact for a quarter of a million years")]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

/// A number as a text: the shortest decimal that reads back as the same float.
#[derive(Clone, Copy, Debug)]
pub struct Number(pub f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.0;
        let size = value.abs();
        if !value.is_finite() || size == 0.0 || (1e-6..1e21).contains(&size) {
            return decimal::Plain(value).fmt(f);
        }
        let shown = decimal::scientific(value);
        f.write_str(&if size < 1.0 { shown } else { shown.replace('e', "e+") })
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn numbers_are_the_shortest_texts_that_read_back() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (2729193.0 / 32768.0, "83.28836059570312"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (0.000001, "0.000001"),
            (1e-7, "1e-7"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(Number(value).to_string(), text);
        }
    }

    #[test]
    fn samples_have_times_of_at_most_three_decimals() {
        let labels = Labels::new([(Arc::from("__name__"), Arc::from("up")), (Arc::from("a"), Arc::from("\"\n"))]);
        let sample = |ms| SamplePair { ms, value: 1.5 };
        let values = vec![sample(1_767_574_800_000), sample(1_767_574_817_500), sample(1_767_574_817_501), sample(-1)];
        let text = serde_json::to_string(&Data::Matrix(vec![Range { metric: LabelSet(labels), values }])).unwrap();
        let expected = r#"{"resultType":"matrix","result":[{"metric":{"__name__":"up","a":"\"\n"},"values":[[1767574800,"1.5"],[1767574817.5,"1.5"],[1767574817.501,"1.5"],[-0.001,"1.5"]]}]}"#;
        assert_eq!(text, expected);
        let text = serde_json::to_string(&Data::String(Text { ms: 1500, text: "é".into() })).unwrap();
        assert_eq!(text, r#"{"resultType":"string","result":[1.5,"é"]}"#);
        assert_eq!(
            serde_json::to_string(&Data::Scalar(sample(0))).unwrap(),
            r#"{"resultType":"scalar","result":[0,"1.5"]}"#
        );
    }
}
