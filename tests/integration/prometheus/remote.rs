//! Remote read: samples as they are in the tables, in both forms.

use std::collections::BTreeMap;

use crc::{CRC_32_ISCSI, Crc};
use datebin::engine::Resources;
use datebin::plan::Limits;
use datebin::wire::remote::{
    ChunkedReadResponse, Label, LabelMatcher, MatchType, Query, ReadHints, ReadRequest, ReadResponse, ResponseType,
};
use prost::Message as _;
use sqlx::{PgPool, Row as _};

use super::TABLES;
use crate::support::{Server, Setup, sql};

/// The bits of a staleness marker.
const STALE: u64 = 0x7ff0_0000_0000_0002;
/// 2026-01-05 00:00 UTC.
const DAY: i64 = 1_767_571_200_000;
const MINUTE: i64 = 60_000;

/// Labels as Prometheus sorts them, each `name=value` behind the one before, and the samples with the bits of their
/// values.
type Series = (Vec<String>, Vec<(i64, u64)>);

/// An answer as it came.
pub struct Answered {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answered {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn is(&self, kind: &str, encoding: Option<&str>) {
        let header = |name: &str| self.headers.get(name).map(String::as_str);
        assert_eq!((self.status, header("content-type")), (200, Some(kind)), "{}", self.text());
        assert_eq!(header("content-encoding"), encoding);
    }
}

pub async fn posted(server: &Server, body: Vec<u8>, headers: &[(&str, &str)]) -> Answered {
    let request = server.client.post(format!("{}/api/v1/read", server.base)).body(body);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let header = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let headers = answer.headers().iter().map(header).collect();
    Answered { status, headers, body: answer.bytes().await.unwrap().to_vec() }
}

pub fn compressed(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).unwrap()
}

/// Asks as Prometheus does.
async fn asked(server: &Server, queries: Vec<Query>, accepted: &[ResponseType]) -> Answered {
    let accepted_response_types = accepted.iter().map(|kind| *kind as i32).collect();
    let message = ReadRequest { queries, accepted_response_types }.encode_to_vec();
    let headers = [
        ("content-encoding", "snappy"),
        ("accept-encoding", "snappy"),
        ("content-type", "application/x-protobuf"),
        ("x-prometheus-remote-read-version", "0.1.0"),
    ];
    posted(server, compressed(&message), &headers).await
}

fn query(matchers: &[(MatchType, &str, &str)], start_timestamp_ms: i64, end_timestamp_ms: i64) -> Query {
    let matcher = |(kind, name, value): &(MatchType, &str, &str)| LabelMatcher {
        r#type: *kind as i32,
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    let matchers = matchers.iter().map(matcher).collect();
    Query { start_timestamp_ms, end_timestamp_ms, matchers, hints: None }
}

fn written(labels: &[Label]) -> Vec<String> {
    labels.iter().map(|label| format!("{}={}", label.name, label.value)).collect()
}

/// The series of each query of one message.
fn whole(answer: &Answered) -> Vec<Vec<Series>> {
    answer.is("application/x-protobuf", Some("snappy"));
    let bytes = snap::raw::Decoder::new().decompress_vec(&answer.body).unwrap();
    let message = ReadResponse::decode(bytes.as_slice()).unwrap();
    let samples = |one: &datebin::wire::remote::TimeSeries| {
        one.samples.iter().map(|sample| (sample.timestamp, sample.value.unwrap().to_bits())).collect()
    };
    let series = |one| (written(&datebin::wire::remote::TimeSeries::clone(one).labels), samples(one));
    message.results.iter().map(|result| result.timeseries.iter().map(series).collect()).collect()
}

/// The series of each of so many queries of a stream.
fn streamed(answer: &Answered, queries: usize) -> Vec<Vec<Series>> {
    answer.is("application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse", None);
    let mut rest = answer.body.as_slice();
    let mut results: Vec<Vec<Series>> = vec![Vec::new(); queries];
    while !rest.is_empty() {
        let len = prost::decode_length_delimiter(&mut rest).unwrap();
        let (checksum, behind) = rest.split_at(4);
        let (message, behind) = behind.split_at(len);
        assert_eq!(checksum, Crc::<u32>::new(&CRC_32_ISCSI).checksum(message).to_be_bytes());
        rest = behind;
        let message = ChunkedReadResponse::decode(message).unwrap();
        for one in &message.chunked_series {
            let mut samples = Vec::new();
            for chunk in &one.chunks {
                let part = crate::xor::read(&chunk.data);
                assert!((1..=120).contains(&part.len()) && chunk.r#type == 1);
                assert_eq!((part[0].0, part[part.len() - 1].0), (chunk.min_time_ms, chunk.max_time_ms));
                samples.extend(part);
            }
            let labels = written(&one.labels);
            let result = &mut results[usize::try_from(message.query_index).unwrap()];
            match result.last_mut().filter(|last| last.0 == labels) {
                Some(last) => last.1.extend(samples),
                None => result.push((labels, samples)),
            }
        }
    }
    results
}

/// The answer in both forms, which must be the same.
async fn read(server: &Server, queries: Vec<Query>) -> Vec<Vec<Series>> {
    let samples = whole(&asked(server, queries.clone(), &[]).await);
    let chunks = asked(server, queries.clone(), &[ResponseType::StreamedXorChunks, ResponseType::Samples]).await;
    assert_eq!(streamed(&chunks, queries.len()), samples);
    samples
}

/// The series of a statement that gives labels (`name=value`, sorted), milliseconds and values in order of time.
async fn rows(pool: &PgPool, statement: &'static str) -> Vec<Series> {
    let mut series: BTreeMap<Vec<String>, Vec<(i64, u64)>> = BTreeMap::new();
    for row in sqlx::query(statement).fetch_all(pool).await.unwrap() {
        let value: Option<f64> = row.get(2);
        series.entry(row.get(0)).or_default().push((row.get(1), value.map_or(STALE, f64::to_bits)));
    }
    series.into_iter().collect()
}

#[sqlx::test(migrations = false)]
async fn samples_are_those_of_the_rows(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    // Both ends belong to the range; a NULL is a staleness marker.
    let two_hours = (DAY + 30 * MINUTE, DAY + 150 * MINUTE);
    let of = |matchers: &[_]| query(matchers, two_hours.0, two_hours.1);
    let cpu =
        "SELECT ARRAY['__name__=host_stats_cpu', 'host=' || host] || array_remove(ARRAY['region=' || region], NULL),
               (extract(epoch FROM ts) * 1000)::int8, cpu FROM host_stats
               WHERE ts BETWEEN '2026-01-05 00:30Z' AND '2026-01-05 02:30Z' ORDER BY ts";
    let mem =
        "SELECT ARRAY['__name__=host_stats_mem', 'host=' || host] || array_remove(ARRAY['region=' || region], NULL),
               (extract(epoch FROM ts) * 1000)::int8, mem FROM host_stats
               WHERE ts BETWEEN '2026-01-05 00:30Z' AND '2026-01-05 02:30Z' ORDER BY ts";
    let requests = "SELECT ARRAY['__name__=requests_total', E'site.name=a\"b\\\\c\\nd'],
               (extract(epoch FROM ts) * 1000)::int8, value FROM samples
               WHERE metric = 'requests_total' AND ts BETWEEN '2026-01-05 00:30Z' AND '2026-01-05 02:30Z' ORDER BY ts";
    let (cpu, mem, requests) = (rows(&pool, cpu).await, rows(&pool, mem).await, rows(&pool, requests).await);
    assert_eq!((cpu.len(), cpu[0].1.len(), requests[0].1.len()), (3, 41, 61));
    assert!(mem.iter().any(|one| one.1.iter().all(|sample| sample.1 == STALE)));
    let is_eu = |one: &&Series| one.0.iter().any(|label| label == "region=eu");
    let eu: Vec<Series> = cpu.iter().filter(is_eu).cloned().collect();
    let both = [cpu.clone(), mem.clone()].concat();
    use MatchType::{Eq, Neq, Nre, Re};
    let found = read(
        &server,
        vec![
            of(&[(Eq, "__name__", "host_stats_cpu")]),
            of(&[(Eq, "__name__", "host_stats_mem")]),
            of(&[(Eq, "__name__", "requests_total"), (Re, "site.name", "a.*d")]),
            of(&[(Re, "__name__", "host_stats_.*"), (Re, "host", "web-[0-9]")]),
            of(&[(Neq, "host", ""), (Eq, "__name__", "host_stats_cpu"), (Nre, "region", "|us")]),
            of(&[(Eq, "region", "eu"), (Neq, "__name__", "host_stats_mem")]),
            of(&[(Eq, "__name__", "no_such_metric")]),
            of(&[(Eq, "__name__", "host_stats_cpu"), (Eq, "no_such_label", "x")]),
            of(&[(Eq, "__name__", "host_stats_cpu"), (Eq, "host", "web-9")]),
            query(&[(Eq, "__name__", "host_stats_cpu")], two_hours.1, two_hours.0),
            query(&[(Eq, "__name__", "old_total")], i64::MIN, i64::MAX),
        ],
    )
    .await;
    let old = (vec!["__name__=old_total".into(), "job=a_b".into()], vec![(1_748_736_000_000, 1_f64.to_bits())]);
    let none = Vec::new;
    let expected = vec![cpu, mem, requests, both, eu.clone(), eu, none(), none(), none(), none(), vec![old]];
    assert_eq!(found, expected);
    assert_eq!(read(&server, vec![]).await, Vec::<Vec<Series>>::new());
}

#[sqlx::test(migrations = false)]
async fn times_and_values_keep_their_bits(pool: PgPool) {
    let table = "
        CREATE TABLE odd (ts timestamptz NOT NULL, x float8);
        INSERT INTO odd VALUES ('1969-12-31 23:59:59.9985Z', 1), ('1970-01-01Z', '-0'), ('1970-01-01 00:00:00.001Z', 'NaN'),
            ('1970-01-01 00:00:00.0019Z', '-Infinity'), ('1970-01-01 00:00:00.003Z', 'Infinity'), ('1970-01-01 00:00:00.0031Z', NULL),
            ('1970-01-01 00:01Z', 0), ('1970-01-01 00:02Z', 'NaN'), ('2026-01-05Z', 5e-324), ('2026-01-05 00:00:00.5Z', 1.7976931348623157e308);";
    sql(&pool, table).await;
    let server = Server::declared(&pool, "[[source]]\nrelation = \"public.odd\"\ntime = \"ts\"\n").await;
    let of = |start, end| query(&[(MatchType::Re, "__name__", "odd(_x)?")], start, end);
    let found = read(&server, vec![of(i64::MIN, i64::MAX), of(0, 2), of(-2, -2), of(-1, -1)]).await;
    let samples: Vec<Vec<(i64, u64)>> =
        found.iter().map(|result| result.iter().flat_map(|one| one.1.clone()).collect()).collect();
    let bits = |samples: &[(i64, f64)]| samples.iter().map(|(ms, value)| (*ms, value.to_bits())).collect::<Vec<_>>();
    let stale = f64::from_bits(STALE);
    // Of two rows within one millisecond the later one counts.
    let start = [(-2, 1.0), (0, -0.0), (1, f64::NEG_INFINITY), (3, stale), (60_000, 0.0)];
    let all = [&start[..], &[(120_000, f64::NAN), (DAY, 5e-324), (DAY + 500, f64::MAX)]].concat();
    assert_eq!(samples, [bits(&all), bits(&start[1..3]), bits(&start[..1]), vec![]]);
}

#[sqlx::test(migrations = false)]
async fn labels_alone_are_read_where_they_are_wanted(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let hints = Some(ReadHints { func: "series".into() });
    let of =
        |name, start| Query { hints: hints.clone(), ..query(&[(MatchType::Eq, "__name__", name)], start, i64::MAX) };
    let found = read(&server, vec![of("host_stats_cpu", DAY), of("old_total", i64::MIN), of("old_total", DAY)]).await;
    assert!(found.iter().flatten().all(|one| one.1.is_empty()));
    let labels: Vec<Vec<Vec<String>>> =
        found.iter().map(|result| result.iter().map(|one| one.0.clone()).collect()).collect();
    let cpu = |host: &str, region: Option<&str>| -> Vec<String> {
        let labels = ["__name__=host_stats_cpu".to_owned(), format!("host={host}")];
        labels.into_iter().chain(region.map(|region| format!("region={region}"))).collect()
    };
    let hosts = vec![cpu("web-0", Some("eu")), cpu("web-1", Some("eu")), cpu("web-2", None)];
    assert_eq!(labels, [hosts, vec![vec!["__name__=old_total".to_owned(), "job=a_b".to_owned()]], vec![]]);
}

#[sqlx::test(migrations = false)]
async fn bad_requests_are_refused_in_plain_text(pool: PgPool) {
    sql(&pool, TABLES).await;
    let mut setup = Setup::default();
    setup.http.body_limit = 64 << 10;
    let server = Server::with(&pool, setup).await;
    let snappy = [("content-encoding", "snappy")];
    let refused = async |body: Vec<u8>, headers: &[(&str, &str)], status: u16, said: &str| {
        let answer = posted(&server, body, headers).await;
        assert_eq!(answer.status, status, "{said}: {}", answer.text());
        assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8", "{said}");
        assert!(answer.text().contains(said), "{said}: {}", answer.text());
    };
    let message = |queries, accepted_response_types| {
        compressed(&ReadRequest { queries, accepted_response_types }.encode_to_vec())
    };
    let of = |matchers: &[_]| message(vec![query(matchers, DAY, DAY + MINUTE)], vec![]);
    use MatchType::{Eq, Nre, Re};
    refused(vec![], &snappy, 400, "cannot be decompressed").await;
    refused(b"{\"queries\": []}".to_vec(), &[], 400, "cannot be decompressed").await;
    refused(compressed(b"\x0a\x7f"), &snappy, 400, "no prometheus.ReadRequest").await;
    refused(of(&[(Eq, "__name__", "host_stats_cpu"), (Re, "host", "(")]), &snappy, 400, "label \"host\"").await;
    refused(of(&[(Eq, "__name__", "no_such"), (Nre, "a", "(?=b)")]), &snappy, 400, "label \"a\"").await;
    refused(of(&[]), &snappy, 400, "at least one non-empty matcher").await;
    refused(of(&[(Re, "__name__", ".*")]), &snappy, 400, "at least one non-empty matcher").await;
    refused(message(vec![], vec![3]), &snappy, 400, "accepted response types").await;
    refused(message(vec![Query::default(); 101], vec![]), &snappy, 422, "more than 100 queries").await;
    refused(of(&[(Eq, "__name__", "up")]), &[("content-encoding", "gzip")], 400, "snappy").await;
    refused(vec![0; 65 << 10], &snappy, 400, "larger than 65536 bytes").await;
    // Four gigabytes are said to come, and a megabyte of one letter does.
    refused(vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0], &snappy, 400, "when it is decompressed").await;
    refused(compressed(&vec![b'a'; 1 << 20]), &snappy, 400, "when it is decompressed").await;
    let answer = server.get("/api/v1/read").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    // Nothing of that broke the connection or the server.
    assert_eq!(read(&server, vec![query(&[(Eq, "__name__", "old_total")], 0, i64::MAX)]).await[0].len(), 1);
}

#[sqlx::test(migrations = false)]
async fn too_much_is_refused_not_cut(pool: PgPool) {
    sql(&pool, TABLES).await;
    let all = || vec![query(&[(MatchType::Eq, "__name__", "host_stats_cpu")], i64::MIN, i64::MAX)];
    let few_samples = Setup { limits: Limits { samples: 599, ..Limits::default() }, ..Setup::default() };
    let few_bytes = Setup { resources: Resources::new(1 << 20, 64 << 10), ..Setup::default() };
    let mut short = Setup::default();
    short.http.answer_limit = 1000;
    for (setup, said) in
        [(few_samples, "samples"), (few_bytes, "DATEBIN_REQUEST_BYTES"), (short, "DATEBIN_ANSWER_LIMIT")]
    {
        let server = Server::with(&pool, setup).await;
        for accepted in [ResponseType::Samples, ResponseType::StreamedXorChunks] {
            let answer = asked(&server, all(), &[accepted]).await;
            assert_eq!(answer.status, 422, "{}", answer.text());
            assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
            assert!(answer.text().contains(said), "{said}: {}", answer.text());
        }
    }
}
