//! What whole numbers are called that say which part of a thing is meant.

use super::lists::PLACE;
use super::{is_one, words_of};

/// Parts that are numbered and never measured.
const PART: &[&str] = &[
    "ch",
    "chan",
    "chn",
    "port",
    "line",
    "house",
    "probe",
    "axis",
    "addr",
    "address",
    "unit",
    "module",
    "string",
    "mppt",
    "bay",
    "bank",
    "loop",
    "panel",
    "plot",
    "section",
    "building",
    "apartment",
    "flat",
    "camera",
    "antenna",
    "beacon",
    "bus",
    "slave",
    "thermometer",
    "sonde",
    "site",
    "plant",
    "loc",
    "location",
    "segment",
    "cylinder",
    "wheel",
    "tracker",
    "turbine",
    "chamber",
    "cabinet",
    "hive",
    "pen",
    "barn",
    "greenhouse",
    "pack",
    "stack",
    "cell",
    "coil",
    "nozzle",
];
/// The same behind what they are parts of: `device_instance`.
const OF_THING: &[&str] = &["instance", "register", "channel"];
/// Parts whose state is written as 0 and 1 under the same name.
const ACTOR: &[&str] = &[
    "pump",
    "valve",
    "fan",
    "relay",
    "heater",
    "motor",
    "light",
    "lamp",
    "compressor",
    "burner",
    "switch",
    "led",
    "output",
    "input",
];
/// Parts whose load is written under the same name.
const LOADED: &[&str] = &["cpu", "gpu", "disk", "drive", "battery", "thread", "nic", "psu"];
/// What is measured of those.
const LOAD: &[&str] = &[
    "usage",
    "used",
    "util",
    "utilization",
    "utilisation",
    "percent",
    "pct",
    "load",
    "temp",
    "temperature",
    "freq",
    "frequency",
    "mhz",
    "busy",
    "idle",
    "free",
    "volts",
    "voltage",
    "volt",
    "user",
    "system",
    "iops",
    "reads",
    "writes",
    "level",
    "charge",
    "soc",
    "power",
    "watts",
    "health",
    "value",
    "val",
    "v",
];
/// Parts that hold something or are open or taken, which is written under the same name.
const FILLED: &[&str] = &["tank", "silo", "vessel", "well", "door", "gate", "socket", "plug", "bed", "stall"];
/// What a host has besides those, the load of which is never theirs.
const OF_HOST: &[&str] = &["cpu", "disk", "mem", "memory", "ram", "swap", "net", "network", "gpu"];
/// Parts that nobody measures by that name alone: also a number with a fraction may name them.
const ONLY_PART: &[&str] =
    &["core", "channel", "chan", "chn", "ch", "slot", "port", "register", "axis", "lane", "shard", "partition"];
/// What places a row on a scale: the bound of a bucket, a depth.
const SCALE: &[&str] =
    &["le", "quantile", "percentile", "bin", "bucket", "bucket_le", "upper_bound", "depth", "depth_m", "depth_cm"];
/// What is measured of a battery, besides its level.
const CHARGE: &[&str] = &["volts", "voltage", "volt", "soc", "charge", "current", "power", "watts"];
/// The ends of a flow besides its addresses.
const FLOW: &[&str] = &["port", "sport", "dport", "srcport", "dstport", "proto", "protocol"];

/// The name without what says that it is a number: `channel_number` is `channel`.
fn stem(name: &str) -> String {
    let lower = name.to_lowercase();
    let ends = ["_number", "_num", "_index", "_idx"];
    ends.iter().find_map(|end| lower.strip_suffix(end)).map_or_else(|| lower.clone(), str::to_owned)
}

/// Whether a whole number of that name says which part is meant.
pub(in super::super) fn is_part(name: &str) -> bool {
    let stem = stem(name);
    let is_of_thing = |word: &String| OF_THING.contains(&word.as_str());
    [PART, FILLED, PLACE].iter().any(|list| is_one(&stem, list)) || words_of(&stem).last().is_some_and(is_of_thing)
}

/// Whether a number of that name may also be the state of the part.
pub(in super::super) fn is_actor(name: &str) -> bool {
    is_one(&stem(name), ACTOR)
}

/// Whether a number of that name may also be the load of the part.
pub(in super::super) fn is_loaded(name: &str) -> bool {
    is_one(&stem(name), LOADED)
}

/// Whether a number of that name is read from a sensor, whatever stands beside it.
pub(in super::super) fn is_reading(name: &str) -> bool {
    is_one(name, &["temperature", "humidity", "rssi", "co2", "kwh", "lux"])
}

/// Whether a number of that name may also be how full the part is, or whether it is open.
pub(in super::super) fn is_filled(name: &str) -> bool {
    is_one(name, FILLED)
}

/// Whether a number of that name may also be the charge of a battery.
pub(in super::super) fn is_battery(name: &str) -> bool {
    stem(name) == "battery"
}

/// Whether a number of that name is more often a state or a level than the number of a part.
pub(in super::super) fn is_level(name: &str) -> bool {
    is_actor(name) || is_battery(name)
}

/// Whether the name itself says that it is a number of parts: `pump_number`.
pub(in super::super) fn is_numbered(name: &str) -> bool {
    stem(name) != name.to_lowercase()
}

/// Whether a load is that of another part of a host than of the given one: `mem_used` beside `cpu`.
pub(in super::super) fn is_of_another(load: &str, part: &str) -> bool {
    let part = stem(part);
    ["cpu", "disk"].contains(&part.as_str())
        && words_of(load).iter().any(|word| *word != part && OF_HOST.contains(&word.as_str()))
}

/// Whether a number of that name is the load of a host.
pub(in super::super) fn is_host_load(name: &str) -> bool {
    is_one(name, OF_HOST)
}

/// Whether a number of that name says which part is meant, and never what is measured of it.
pub(in super::super) fn is_only_part(name: &str) -> bool {
    is_one(&stem(name), ONLY_PART)
}

/// Whether a number of that name may place its row on a scale, with a row for each place at an instant.
pub(in super::super) fn is_scale(name: &str) -> bool {
    is_one(name, SCALE)
}

/// Whether a number of that name is what is measured of a battery, besides its level.
pub(in super::super) fn tells_charge(name: &str) -> bool {
    words_of(name).iter().any(|word| CHARGE.contains(&word.as_str()))
}

/// Whether a number of that name is what is measured of a part that has a load.
pub(in super::super) fn tells_load(name: &str) -> bool {
    words_of(name).iter().any(|word| LOAD.contains(&word.as_str()))
}

/// Whether a number of that name is a port or a protocol.
pub(in super::super) fn is_flow(name: &str) -> bool {
    words_of(name).iter().any(|word| FLOW.contains(&word.as_str()))
}

/// Whether a whole number of that name may say which part of a thing is meant: its values tell.
#[must_use]
pub fn is_part_name(name: &str) -> bool {
    is_part(name) || is_actor(name) || is_loaded(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_by_their_names() {
        for name in ["port", "LINE", "ch", "channel_number", "sensor_idx", "addr", "door_number", "tank_num"] {
            assert!(is_part(name), "{name}");
        }
        assert!(is_actor("pump") && is_loaded("gpu_index") && is_flow("port_src") && is_flow("ip_proto"));
        for name in ["support", "online", "portion", "temperature", "transport"] {
            assert!(!is_part_name(name) && !is_flow(name), "{name}");
        }
        assert!(tells_load("used_pct") && !tells_load("host"));
        assert!(is_level("battery") && is_level("fan") && !is_level("gpu") && is_numbered("fan_number"));
        assert!(
            is_of_another("mem_used", "cpu") && !is_of_another("mem_used", "gpu") && !is_of_another("used", "disk")
        );
    }
}
