//! What the demo pretends to run: hosts in regions, sensors in rooms.

use super::noise::hash;

/// A data centre.
pub(super) struct Region {
    pub(super) name: &'static str,
    /// How far its people's clocks are ahead of UTC, in seconds.
    pub(super) ahead: f64,
}

pub(super) const REGIONS: [Region; 3] = [
    Region { name: "eu-west", ahead: 3_600.0 },
    Region { name: "us-east", ahead: -18_000.0 },
    Region { name: "ap-south", ahead: 19_800.0 },
];

/// What a host does.
pub(super) struct HostRole {
    pub(super) name: &'static str,
    /// How many hosts of each region do it.
    pub(super) hosts: usize,
    pub(super) cores: f64,
    /// CPU at an average load, in percent.
    pub(super) cpu: f64,
    /// Memory after a restart, in percent.
    pub(super) memory: f64,
    /// What memory grows by, and how fast (time constant in seconds).
    pub(super) growth: (f64, f64),
    /// Requests per second at an average load.
    pub(super) rate: f64,
}

pub(super) const WEB: usize = 0;
pub(super) const DB: usize = 1;
pub(super) const CACHE: usize = 2;
pub(super) const ROLES: [HostRole; 3] = [
    HostRole { name: "web", hosts: 12, cores: 8.0, cpu: 27.0, memory: 34.0, growth: (26.0, 86_400.0), rate: 120.0 },
    HostRole { name: "db", hosts: 3, cores: 32.0, cpu: 21.0, memory: 63.0, growth: (9.0, 172_800.0), rate: 60.0 },
    HostRole { name: "cache", hosts: 5, cores: 4.0, cpu: 11.0, memory: 18.0, growth: (66.0, 21_600.0), rate: 400.0 },
];

/// A machine.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) region: usize,
    pub(super) role: usize,
    /// Its place among the hosts of its region and role, from 0.
    pub(super) rank: usize,
    pub(super) seed: u64,
}

/// All machines.
pub(super) fn hosts() -> Vec<Host> {
    let mut hosts = Vec::new();
    for (region, place) in REGIONS.iter().enumerate() {
        for (role, kind) in ROLES.iter().enumerate() {
            for rank in 0..kind.hosts {
                let name = format!("{}-{:02}.{}", kind.name, rank + 1, place.name);
                hosts.push(Host { name, region, role, rank, seed: hash(1, hosts.len() as u64) });
            }
        }
    }
    hosts
}

const SITES: [(&str, usize); 3] = [("Prague", 0), ("Boston", 1), ("Pune", 2)];
pub(super) const SERVER_ROOM: &str = "server-room";
const ROOMS: [&str; 14] = [
    "atrium",
    "boardroom",
    "canteen",
    "kitchen",
    "lab",
    "library",
    "lobby",
    "nursery",
    "open-space",
    "post-room",
    SERVER_ROOM,
    "studio",
    "training",
    "workshop",
];

/// A sensor for temperature, humidity and carbon dioxide.
pub(super) struct Sensor {
    pub(super) room: &'static str,
    /// The region whose clocks its room follows.
    pub(super) region: usize,
    /// Its labels as JSON.
    pub(super) labels: String,
    pub(super) seed: u64,
}

/// All sensors.
pub(super) fn sensors() -> Vec<Sensor> {
    let mut sensors = Vec::new();
    for (site, region) in SITES {
        for room in ROOMS {
            let number = sensors.len() + 1;
            let labels = format!(r#"{{"site": "{site}", "room": "{room}", "sensor": "s-{number:02}"}}"#);
            sensors.push(Sensor { room, region, labels, seed: hash(2, number as u64) });
        }
    }
    sensors
}
