//! What columns are called that say whose row it is, and which happening a row is.

use super::{is_one, words_of};

/// What measures, sends or is measured.
const OWNER: &[&str] = &[
    "host",
    "hostname",
    "server",
    "node",
    "machine",
    "instance",
    "pod",
    "container",
    "vm",
    "device",
    "dev",
    "sensor",
    "station",
    "meter",
    "gateway",
    "probe",
    "tag",
    "tagname",
    "point",
    "topic",
    "entity",
    "asset",
    "vehicle",
    "ship",
    "vessel",
    "truck",
    "bus",
    "tracker",
    "beacon",
    "mac",
    "bssid",
    "eui",
    "dev_eui",
    "deveui",
    "devaddr",
    "imei",
    "imsi",
    "iccid",
    "mmsi",
    "icao",
    "icao24",
    "vin",
    "serial",
    "serialno",
    "sn",
    "symbol",
    "ticker",
    "isin",
    "pair",
    "site",
    "location",
    "room",
];
/// What happens once: its id is of a row, or of a few.
const HAPPENING: &[&str] = &[
    "request",
    "req",
    "trace",
    "span",
    "event",
    "message",
    "msg",
    "transaction",
    "txn",
    "trx",
    "tx",
    "session",
    "sess",
    "correlation",
    "query",
    "call",
    "log",
    "record",
    "rec",
    "entry",
    "row",
    "sample",
    "reading",
    "measurement",
    "observation",
    "job",
    "run",
    "task",
    "execution",
    "exec",
    "invocation",
    "order",
    "payment",
    "invoice",
    "receipt",
    "ticket",
    "visit",
    "hit",
    "click",
    "pageview",
    "upload",
    "download",
    "transfer",
    "trade",
    "alert",
    "error",
    "notification",
    "mail",
    "email",
    "packet",
    "batch",
    "block",
    "commit",
    "build",
    "booking",
    "checkout",
    "conversation",
    "comment",
    "post",
    "operation",
    "attempt",
    "statement",
    "unique",
    "uniq",
    "linked",
    "analysis",
    "scan",
    "charge",
    "refund",
    "intent",
];
/// What whole numbers measure: they are of no thing.
const MEASURE: &[&str] = &[
    "temp",
    "temperature",
    "humidity",
    "hum",
    "rh",
    "pressure",
    "rssi",
    "snr",
    "lqi",
    "co2",
    "voc",
    "tvoc",
    "pm1",
    "pm10",
    "pm25",
    "lux",
    "light",
    "ppm",
    "voltage",
    "volt",
    "current",
    "power",
    "energy",
    "load",
    "speed",
    "rpm",
    "flow",
    "level",
    "weight",
    "height",
    "depth",
    "distance",
    "size",
    "age",
    "uptime",
    "duration",
    "latency",
    "elapsed",
    "ms",
    "sec",
    "percent",
    "pct",
    "usage",
    "used",
    "free",
    "total",
    "sum",
    "avg",
    "mean",
    "min",
    "max",
    "amount",
    "price",
    "cost",
    "qty",
    "quantity",
    "score",
    "rate",
    "mem",
    "memory",
    "cnt",
    "num",
    "count",
    "battery",
    "mv",
    "ma",
    "w",
    "v",
    "mm",
    "cm",
    "visibility",
];
const IDS: &[&str] = &["id", "uuid", "guid", "key", "no", "nr", "num", "number", "ref", "hash"];

/// Whether a text of that name says whose row it is.
pub(in super::super) fn is_owner_name(name: &str) -> bool {
    let words = words_of(name);
    is_one(name, OWNER) || words.last().is_some_and(|word| OWNER.contains(&word.as_str()))
}

/// Whether a name is that of something that happens once: `request_id`, `traceId`, `txid`.
pub(in super::super) fn is_of_happening(name: &str) -> bool {
    let words = words_of(name);
    let is_it = |word: &str| HAPPENING.contains(&word);
    match words.as_slice() {
        [.., before, last] if IDS.contains(&last.as_str()) => is_it(before),
        [.., last] => is_it(last) || ["id", "uuid", "key"].iter().any(|end| last.strip_suffix(end).is_some_and(is_it)),
        [] => false,
    }
}

/// Whether a text of that name is the id of something that happens once, and no name of it, as `job_key` may be.
pub(in super::super) fn is_id_of_happening(name: &str) -> bool {
    let is_id = words_of(name).last().is_some_and(|word| ["id", "uuid", "guid"].contains(&word.as_str()));
    is_id && is_of_happening(name)
}

/// Whether a whole number of that name is measured or counts something: its name says what, or is a plural.
pub(in super::super) fn is_measure(name: &str) -> bool {
    let words = words_of(name);
    let is_many = |word: &String| {
        word.len() > 3 && word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end))
    };
    words.iter().any(|word| MEASURE.contains(&word.as_str())) || words.last().is_some_and(is_many)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_happenings_are_told_by_their_names() {
        for name in ["host", "source_host", "devEui", "dev_eui", "MMSI"] {
            assert!(is_owner_name(name), "{name}");
        }
        for name in ["request_id", "traceId", "txid", "message_uuid", "order_no", "span", "uniqueid"] {
            assert!(is_of_happening(name), "{name}");
        }
        for name in ["reboots", "rssi", "cpu_percent", "free_mem", "errors"] {
            assert!(is_measure(name), "{name}");
        }
        for name in ["foo", "bus", "axis", "register", "uid"] {
            assert!(!is_measure(name), "{name}");
        }
        for name in ["device_id", "sensorid", "id", "uuid", "meter_no"] {
            assert!(!is_of_happening(name), "{name}");
        }
    }
}
