//! The samples, written into Prometheus by its remote write.

use std::collections::BTreeMap;

use crate::data::{STALE, Series};

/// What Prometheus needs to take them, and to know `double_exponential_smoothing`.
pub const ARGUMENTS: [&str; 2] =
    ["--web.enable-remote-write-receiver", "--enable-feature=promql-experimental-functions"];

/// A slice of time is written at once: Prometheus refuses what lies over an hour before its newest sample.
const SLICE_MS: i64 = 600_000;

/// Writes all samples, oldest first.
pub async fn write(client: &reqwest::Client, url: &str, series: &[Series]) {
    let times = || series.iter().flat_map(|one| &one.samples).map(|sample| sample.ms);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return };
    for start in (first..=last).step_by(usize::try_from(SLICE_MS).unwrap()) {
        let request = client
            .post(format!("{url}/api/v1/write"))
            .header("Content-Type", "application/x-protobuf")
            .header("Content-Encoding", "snappy")
            .header("X-Prometheus-Remote-Write-Version", "0.1.0")
            .body(snappy(&message(series, start..start + SLICE_MS)));
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap_or_default());
    }
}

/// A `prometheus.WriteRequest` of the samples in a slice of time.
fn message(series: &[Series], slice: std::ops::Range<i64>) -> Vec<u8> {
    let mut request = Vec::new();
    for one in series {
        let mut labels: BTreeMap<&str, &str> = BTreeMap::from([("__name__", one.name)]);
        labels.extend(one.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let mut body = Vec::new();
        for (name, value) in labels {
            let mut label = Vec::new();
            field(&mut label, 1, name.as_bytes());
            field(&mut label, 2, value.as_bytes());
            field(&mut body, 1, &label);
        }
        let samples = one.samples.iter().filter(|sample| slice.contains(&sample.ms));
        let mut any = false;
        for sample in samples {
            any = true;
            let bits = sample.value.map_or(STALE, f64::to_bits);
            let mut encoded = vec![0x09];
            encoded.extend(bits.to_le_bytes());
            encoded.push(0x10);
            varint(&mut encoded, u64::try_from(sample.ms).unwrap());
            field(&mut body, 2, &encoded);
        }
        if any {
            field(&mut request, 1, &body);
        }
    }
    request
}

/// A field of bytes.
fn field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(number << 3 | 2);
    varint(message, bytes.len() as u64);
    message.extend_from_slice(bytes);
}

fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

/// Snappy's format without any compression: literals of 64 KiB.
fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    varint(&mut written, bytes.len() as u64);
    for chunk in bytes.chunks(1 << 16) {
        written.push(61 << 2);
        written.extend_from_slice(&u16::try_from(chunk.len() - 1).unwrap().to_le_bytes());
        written.extend_from_slice(chunk);
    }
    written
}
