//! The process as the system sees it: memory, processor time, descriptors. Where the system does not tell, nothing is said.

use std::fs;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// In which Linux states times, whatever its own clock: `USER_HZ`.
const TICKS_PER_SECOND: f64 = 100.0;

/// Adds what is known, under the names that every exporter has for it.
pub(super) fn add(registry: &mut Registry) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    if let Some(bytes) = bytes(&status, "VmRSS:") {
        registry.register("resident_memory_bytes", "Memory of the process", ConstGauge::new(bytes));
    }
    if let Some(bytes) = bytes(&status, "VmSize:") {
        registry.register("virtual_memory_bytes", "Addresses of the process", ConstGauge::new(bytes));
    }
    if let Some(open) = fs::read_dir("/proc/self/fd").ok().and_then(|entries| i64::try_from(entries.count()).ok()) {
        registry.register("open_fds", "Open files and sockets", ConstGauge::new(open));
    }
    if let Some(seconds) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(processor_seconds) {
        registry.register("cpu_seconds", "Processor time of the process", ConstCounter::new(seconds));
    }
}

/// A line of `/proc/self/status`, which has kibibytes.
fn bytes(status: &str, name: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The fields behind the program's name, which may have blanks and brackets of its own.
fn processor_seconds(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<f64>().ok()?, fields.next()?.parse::<f64>().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_read_as_it_writes() {
        let status = "Name:\tdatebin\nVmSize:\t  123456 kB\nVmRSS:\t    2048 kB\n";
        assert_eq!((bytes(status, "VmRSS:"), bytes(status, "VmSwap:")), (Some(2048 * 1024), None));
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 5 0 100 200 300";
        assert_eq!(processor_seconds(stat), Some(3.0));
        let years = "7 (datebin) S 1 7 7 0 -1 4194560 900 0 0 0 5000000000 0 0 0 20 0 5 0 100 200 300";
        assert_eq!((processor_seconds(years), processor_seconds("nothing")), (Some(5e7), None));
    }
}
