//! Seeded series: what goes into PostgreSQL's tables and, sample by sample, into Prometheus.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

/// Where the samples begin.
pub const START_MS: i64 = 1_767_574_800_000;

/// For how long there are samples.
pub const LENGTH_MS: i64 = 2 * 3_600_000;

/// The bits of Prometheus' staleness marker.
pub const STALE: u64 = 0x7ff0_0000_0000_0002;

/// The labels of a series, without its name.
pub type Labels = BTreeMap<String, String>;

/// A sample; its time in the table has digits below the millisecond besides.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    pub ms: i64,
    pub micros: i64,
    /// None is a NULL in the table and a staleness marker in Prometheus.
    pub value: Option<f64>,
}

/// A series with its samples, which ascend by millisecond.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: &'static str,
    pub labels: Labels,
    pub samples: Vec<Sample>,
}

/// The table that the series of a metric are stored in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Layout {
    /// One row per sample, labels in a document.
    Narrow,
    /// One row for the samples of two metrics.
    Wide,
    /// One row per sample, times in milliseconds, labels in columns.
    Epoch,
}

/// How the values of a series go on.
#[derive(Clone, Copy)]
enum Shape {
    Counter,
    Gauge,
    /// With NaN and infinities among them.
    Odd,
    /// Few different whole numbers.
    Level,
}

pub fn layout(name: &str) -> Layout {
    match name {
        "cpu" | "mem" => Layout::Wide,
        "temperature" => Layout::Epoch,
        _ => Layout::Narrow,
    }
}

pub fn labels(pairs: &[(&str, &str)]) -> Labels {
    let kept = pairs.iter().filter(|(_, value)| !value.is_empty());
    kept.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The series of every metric.
pub fn series(dice: &mut StdRng) -> Vec<Series> {
    let mut all = Vec::new();
    for host in ["a", "b", "web-1"] {
        for (method, code, path) in
            [("GET", "200", "/"), ("GET", "500", ""), ("POST", "200", "/x y"), ("POST", "500", "")]
        {
            let labels = labels(&[("host", host), ("method", method), ("code", code), ("path", path)]);
            all.push(Series { name: "requests_total", labels, samples: samples(Shape::Counter, &times(dice), dice) });
        }
        let labels = labels(&[("host", host), ("state", "on")]);
        all.push(Series { name: "fans", labels, samples: samples(Shape::Level, &times(dice), dice) });
    }
    for host in ["a", "b"] {
        histogram(host, dice, &mut all);
    }
    for (host, dc) in [("a", "eu"), ("b", "us"), ("web-1", ""), ("x\"y\\z", "eu")] {
        let times = times(dice);
        let labels = labels(&[("host", host), ("dc", dc)]);
        for (name, shape) in [("cpu", Shape::Gauge), ("mem", Shape::Odd)] {
            all.push(Series { name, labels: labels.clone(), samples: samples(shape, &times, dice) });
        }
    }
    for (host, rack) in [("a", "1"), ("a", "2"), ("b", "1"), ("web-1", ""), ("größe", "東")] {
        let labels = labels(&[("host", host), ("rack", rack)]);
        all.push(Series { name: "temperature", labels, samples: samples(Shape::Gauge, &times(dice), dice) });
    }
    all
}

/// Millisecond and microsecond of each sample: near a grid, with gaps.
fn times(dice: &mut StdRng) -> Vec<(i64, i64)> {
    let step = *[15_000, 15_000, 30_000, 60_000].choose(dice).unwrap();
    let jitter = *[0, 0, 7, 4_000].choose(dice).unwrap();
    let end = START_MS + LENGTH_MS - dice.random_range(0..900_000);
    let (mut at, mut times) = (START_MS + dice.random_range(0..300_000) / step * step, Vec::new());
    while at < end {
        let micros = if dice.random_bool(0.3) { dice.random_range(0..1000) } else { 0 };
        times.push((at + dice.random_range(0..=jitter), micros));
        at += step;
        if dice.random_bool(0.01) {
            at += dice.random_range(60_000..900_000) / step * step;
        }
    }
    times
}

fn samples(shape: Shape, times: &[(i64, i64)], dice: &mut StdRng) -> Vec<Sample> {
    let mut last = if dice.random_bool(0.3) { 0.0 } else { dice.random_range(0.0..500.0) };
    let sample = |(ms, micros): &(i64, i64)| {
        last = match shape {
            Shape::Counter if dice.random_bool(0.02) => dice.random_range(0.0..3.0),
            Shape::Counter if dice.random_bool(0.2) => last,
            Shape::Counter => last + f64::from(dice.random_range(0..2000)) / 8.0,
            Shape::Gauge | Shape::Odd => last + dice.random_range(-9.0..9.0),
            Shape::Level if dice.random_bool(0.1) => f64::from(dice.random_range(-1..3)),
            Shape::Level => last.trunc().clamp(-1.0, 3.0),
        };
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e300];
        let is_odd = matches!(shape, Shape::Odd) && dice.random_bool(0.03);
        let value = if is_odd { *odd.choose(dice).unwrap() } else { last };
        Sample { ms: *ms, micros: *micros, value: Some(value).filter(|_| !dice.random_bool(0.01)) }
    };
    times.iter().map(sample).collect()
}

/// A classic histogram: its buckets ascend, apart from a sample here and there.
fn histogram(host: &str, dice: &mut StdRng, all: &mut Vec<Series>) {
    let bounds = ["0.1", "0.5", "1", "2.5", "+Inf"];
    let times = times(dice);
    let mut counts = vec![0.0; bounds.len()];
    let mut buckets: Vec<Vec<Sample>> = vec![Vec::new(); bounds.len()];
    let (mut sum, mut sums) = (0.0, Vec::new());
    for (ms, micros) in times {
        if dice.random_bool(0.01) {
            counts.fill(0.0);
            sum = 0.0;
        }
        for _ in 0..dice.random_range(0..6) {
            let bucket = dice.random_range(0..bounds.len());
            counts[bucket..].iter_mut().for_each(|count| *count += 1.0);
            sum += dice.random_range(0.0..3.0);
        }
        let odd = dice.random_bool(0.02);
        for (bucket, count) in buckets.iter_mut().zip(&counts) {
            bucket.push(Sample { ms, micros, value: Some(if odd { dice.random_range(0.0..9.0) } else { *count }) });
        }
        sums.push(Sample { ms, micros, value: Some(sum) });
    }
    let total = buckets.last().cloned().unwrap();
    for (bound, samples) in bounds.iter().zip(buckets) {
        let labels = labels(&[("host", host), ("le", bound)]);
        all.push(Series { name: "latency_seconds_bucket", labels, samples });
    }
    for (name, samples) in [("latency_seconds_count", total), ("latency_seconds_sum", sums)] {
        all.push(Series { name, labels: labels(&[("host", host)]), samples });
    }
}
