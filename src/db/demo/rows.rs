//! Measurements → lines of COPY's text format → tables.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat};
use sqlx::postgres::PgConnection;

use super::DemoFailed;
use super::fleet::{REGIONS, ROLES};
use super::world::{World, readings};
use crate::time::Millis;

/// So much text goes to the server at a time.
const CHUNK: usize = 1 << 18;

/// Which of the demo's tables.
#[derive(Clone, Copy)]
pub(super) enum DemoTable {
    Hosts,
    Readings,
}

impl DemoTable {
    const fn copy(self) -> &'static str {
        match self {
            Self::Hosts => {
                "COPY demo_hosts (time, host, region, role, cpu, memory, load1, disk_used, requests_total) FROM STDIN"
            }
            Self::Readings => "COPY demo_readings (time, metric, value, labels) FROM STDIN",
        }
    }

    /// How many rows there are at a moment when everything is up.
    pub(super) const fn height(self, world: &World) -> usize {
        match self {
            Self::Hosts => world.hosts.len(),
            Self::Readings => 3 * world.sensors.len(),
        }
    }

    fn write(self, world: &World, at: Millis, out: &mut String) -> std::fmt::Result {
        match self {
            Self::Hosts => write_hosts(world, at, out),
            Self::Readings => write_readings(world, at, out),
        }
    }
}

/// Puts the rows of those moments into the table; `each` is told after every moment. Returns how many rows it put.
pub(super) async fn copy(
    connection: &mut PgConnection,
    world: &World,
    table: DemoTable,
    moments: impl Iterator<Item = Millis> + Send,
    mut each: impl FnMut() + Send,
) -> Result<u64, DemoFailed> {
    let mut text = String::with_capacity(2 * CHUNK);
    let mut copy = connection.copy_in_raw(table.copy()).await?;
    for at in moments {
        // Writing to a string cannot fail.
        let _written = table.write(world, at, &mut text);
        each();
        if text.len() > CHUNK {
            copy.send(text.as_bytes()).await?;
            text.clear();
        }
    }
    copy.send(text.as_bytes()).await?;
    Ok(copy.finish().await?)
}

fn write_hosts(world: &World, at: Millis, out: &mut String) -> std::fmt::Result {
    let (time, loads) = (time(at), World::loads(at));
    for (index, host) in world.hosts.iter().enumerate() {
        let Some(sample) = world.sample(index, at, &loads) else { continue };
        let (region, role) = (REGIONS[host.region].name, ROLES[host.role].name);
        write!(out, "{time}\t{}\t{region}\t{role}\t{:.2}", host.name, sample.cpu)?;
        for value in [sample.memory, sample.load1, sample.disk_used] {
            write_value(value, out)?;
        }
        writeln!(out, "\t{}", sample.requests_total)?;
    }
    Ok(())
}

fn write_readings(world: &World, at: Millis, out: &mut String) -> std::fmt::Result {
    let time = time(at);
    for sensor in &world.sensors {
        for (metric, value) in readings(sensor, at).into_iter().flatten() {
            write!(out, "{time}\t{metric}")?;
            write_value(value, out)?;
            writeln!(out, "\t{}", sensor.labels)?;
        }
    }
    Ok(())
}

fn write_value(value: Option<f64>, out: &mut String) -> std::fmt::Result {
    match value {
        Some(value) => write!(out, "\t{value:.2}"),
        None => out.write_str("\t\\N"),
    }
}

fn time(at: Millis) -> String {
    DateTime::from_timestamp_millis(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_what_copy_reads() {
        let at = 1_790_000_000_000;
        let (world, mut hosts, mut rooms) = (World::new(at, at), String::new(), String::new());
        DemoTable::Hosts.write(&world, at, &mut hosts).unwrap();
        DemoTable::Readings.write(&world, at, &mut rooms).unwrap();
        assert!(hosts.starts_with("2026-09-21T14:13:20.000Z\tweb-01.eu-west\teu-west\tweb\t"), "{hosts}");
        assert!(hosts.lines().all(|line| line.split('\t').count() == 9), "{hosts}");
        let reading = r#"room.co2	831.50	{"site": "Prague", "room": "post-room", "sensor": "s-10"}"#;
        assert!(rooms.contains(reading), "{rooms}");
        assert!(rooms.lines().all(|line| line.split('\t').count() == 4), "{rooms}");
        assert_eq!((hosts.lines().count(), DemoTable::Hosts.height(&world)), (60, 60));
    }
}
