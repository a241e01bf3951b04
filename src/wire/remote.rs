//! The messages of Prometheus' remote read.
//!
//! <https://github.com/prometheus/prometheus/blob/v3.5.0/prompb/remote.proto> has all of them; here are the fields that
//! are read or written. Numbers are optional where zero has two signs.

/// A question.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadRequest {
    /// What is wanted.
    #[prost(message, repeated, tag = "1")]
    pub queries: Vec<Query>,
    /// The forms of answer that the client reads, the best one first; none means samples.
    #[prost(enumeration = "ResponseType", repeated, tag = "2")]
    pub accepted_response_types: Vec<i32>,
}

/// A form of answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum ResponseType {
    /// One message with all samples.
    Samples = 0,
    /// A stream of messages with compressed samples.
    StreamedXorChunks = 1,
}

/// The samples of some series in a range of time.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Query {
    /// The first millisecond.
    #[prost(int64, tag = "1")]
    pub start_timestamp_ms: i64,
    /// The last millisecond.
    #[prost(int64, tag = "2")]
    pub end_timestamp_ms: i64,
    /// What the series must pass.
    #[prost(message, repeated, tag = "3")]
    pub matchers: Vec<LabelMatcher>,
    /// What the samples are for.
    #[prost(message, optional, tag = "4")]
    pub hints: Option<ReadHints>,
}

/// A condition on a label.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LabelMatcher {
    /// How the value is compared.
    #[prost(enumeration = "MatchType", tag = "1")]
    pub r#type: i32,
    /// The label.
    #[prost(string, tag = "2")]
    pub name: String,
    /// What the label's value is compared with.
    #[prost(string, tag = "3")]
    pub value: String,
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MatchType {
    /// `=`
    Eq = 0,
    /// `!=`
    Neq = 1,
    /// `=~`
    Re = 2,
    /// `!~`
    Nre = 3,
}

/// What samples are for.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadHints {
    /// The function around the selector; `series` where only the labels are wanted.
    #[prost(string, tag = "2")]
    pub func: String,
}

/// An answer with samples.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ReadResponse {
    /// The results in order of the queries.
    #[prost(message, repeated, tag = "1")]
    pub results: Vec<QueryResult>,
}

/// The series of one query.
#[derive(Clone, PartialEq, prost::Message)]
pub struct QueryResult {
    /// The series, sorted by labels.
    #[prost(message, repeated, tag = "1")]
    pub timeseries: Vec<TimeSeries>,
}

/// A series with its samples.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TimeSeries {
    /// The labels, sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// The samples in order of time.
    #[prost(message, repeated, tag = "2")]
    pub samples: Vec<Sample>,
}

/// A label.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Label {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its value.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// A sample.
#[derive(Clone, Copy, PartialEq, prost::Message)]
pub struct Sample {
    /// Its value.
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
    /// Its time in milliseconds.
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
}

/// One message of a stream: a part of a series.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChunkedReadResponse {
    /// The series.
    #[prost(message, repeated, tag = "1")]
    pub chunked_series: Vec<ChunkedSeries>,
    /// The number of the query that it belongs to.
    #[prost(int64, tag = "2")]
    pub query_index: i64,
}

/// A series with its samples as chunks.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ChunkedSeries {
    /// The labels, sorted by name.
    #[prost(message, repeated, tag = "1")]
    pub labels: Vec<Label>,
    /// The chunks in order of time.
    #[prost(message, repeated, tag = "2")]
    pub chunks: Vec<Chunk>,
}

/// Some samples of a series.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Chunk {
    /// The time of the first sample.
    #[prost(int64, tag = "1")]
    pub min_time_ms: i64,
    /// The time of the last sample.
    #[prost(int64, tag = "2")]
    pub max_time_ms: i64,
    /// How the samples are written.
    #[prost(enumeration = "Encoding", tag = "3")]
    pub r#type: i32,
    /// The samples.
    #[prost(bytes = "vec", tag = "4")]
    pub data: Vec<u8>,
}

/// How the samples of a chunk are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum Encoding {
    /// In no known way.
    Unknown = 0,
    /// Each as its difference from the one before.
    Xor = 1,
}
