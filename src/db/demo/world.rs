//! What the fleet measures, as a function of time.

use std::f64::consts::TAU;

use super::fleet::{Host, REGIONS, ROLES, SERVER_ROOM, Sensor, hosts, sensors};
use super::noise::{hash, unit, wander};
use super::schedule::{Schedule, Trouble};
use crate::time::Millis;

const HOUR: f64 = 3_600.0;
const DAY: f64 = 24.0 * HOUR;
const WEEK: f64 = 7.0 * DAY;
/// How much the load follows day and night, and the week.
const DAILY: f64 = 0.55;
const WEEKLY: f64 = 0.15;
/// When the daily curve crosses its mean upwards, and when the week is at its height (1970 began on a Thursday).
const MORNING: f64 = 9.0 * HOUR;
const MIDWEEK: f64 = 6.5 * DAY;
/// The host whose agent is too old to know its load.
const OLD_AGENT: usize = 14;

/// The fleet and its history.
pub(super) struct World {
    pub(super) hosts: Vec<Host>,
    pub(super) sensors: Vec<Sensor>,
    pub(super) schedule: Schedule,
    /// Of each host: when it restarted, and how many requests it had ever counted by then.
    restarts: Vec<Vec<(f64, f64)>>,
}

/// What a host says of itself; an agent that cannot tell says nothing.
#[derive(Debug)]
pub(super) struct HostSample {
    pub(super) cpu: f64,
    pub(super) memory: Option<f64>,
    pub(super) load1: Option<f64>,
    pub(super) disk_used: Option<f64>,
    pub(super) requests_total: i64,
}

impl World {
    /// The world around a span of time.
    pub(super) fn new(from: Millis, to: Millis) -> Self {
        let schedule = Schedule::new(from.div_euclid(1_000), to.div_euclid(1_000));
        let mut world = Self { hosts: hosts(), sensors: sensors(), schedule, restarts: Vec::new() };
        let restarts = world.hosts.iter().map(|host| {
            let counted = |at: i64| (at as f64, world.requests(host, at as f64, area(host.region, at as f64)));
            world.schedule.restarts(host).into_iter().map(counted).collect()
        });
        world.restarts = restarts.collect();
        world
    }

    /// What a region's hosts have in common at that time: load now, and load so far.
    pub(super) fn loads(at: Millis) -> [(f64, f64); REGIONS.len()] {
        let seconds = at as f64 / 1_000.0;
        std::array::from_fn(|region| (load(region, seconds), area(region, seconds)))
    }

    /// What the host says at that time, if it is up.
    pub(super) fn sample(&self, index: usize, at: Millis, loads: &[(f64, f64)]) -> Option<HostSample> {
        let host = &self.hosts[index];
        let (seconds, role, (load, area)) = (at as f64 / 1_000.0, &ROLES[host.role], loads[host.region]);
        let mut trouble = 0.0;
        for incident in self.schedule.incidents.iter().filter(|it| it.concerns(host)) {
            let strength = incident.strength(seconds);
            match incident.trouble {
                Trouble::Silence if strength > 0.0 => return None,
                Trouble::Silence => {}
                _ => trouble += 38.0 * strength,
            }
        }
        let restarts = &self.restarts[index];
        let last = restarts.partition_point(|(when, _)| *when <= seconds).saturating_sub(1);
        let (restart, counted) = restarts.get(last).copied().unwrap_or_default();
        let age = (seconds - restart).max(0.0);
        let jitter = unit(host.seed, at as u64);
        let warming = if age < 900.0 { 22.0 * (-age / 180.0).exp() } else { 0.0 };
        let cpu = role.cpu * load * (0.85 + 0.3 * unit(host.seed, 1)) + trouble + warming;
        let cpu = (cpu + 3.0 * wander(host.seed, seconds, 600.0) + 4.0 * (jitter - 0.5)).clamp(0.4, 100.0);
        Some(HostSample {
            cpu,
            memory: (jitter > 0.003).then(|| memory(host, age, cpu, seconds)),
            load1: (index != OLD_AGENT)
                .then(|| role.cores * cpu / 100.0 * (1.05 + 0.2 * wander(host.seed ^ 7, seconds, 120.0))),
            disk_used: (age > 60.0).then(|| disk(host, seconds)),
            requests_total: (self.requests(host, seconds, area) - counted).max(0.0) as i64,
        })
    }

    /// How many requests the host has ever counted; it never falls.
    fn requests(&self, host: &Host, seconds: f64, area: f64) -> f64 {
        let crowds = self.schedule.incidents.iter().filter(|it| it.trouble == Trouble::Surge && it.concerns(host));
        let extra: f64 = crowds.map(|it| 0.9 * it.elapsed(seconds)).sum();
        // Steeper wandering than the least load would count backwards.
        let noise = 10.0 * wander(host.seed ^ 3, seconds, 120.0) + 0.4 * wander(host.seed ^ 4, seconds, 10.0);
        ROLES[host.role].rate * (0.8 + 0.4 * unit(host.seed, 2)) * (area + extra + noise)
    }
}

/// The load of a region, around 1.
fn load(region: usize, seconds: f64) -> f64 {
    let local = seconds + REGIONS[region].ahead;
    1.0 + DAILY * (TAU * (local - MORNING) / DAY).sin() + WEEKLY * (TAU * (local - MIDWEEK) / WEEK).cos()
}

/// The integral of [`load`] over time.
fn area(region: usize, seconds: f64) -> f64 {
    let local = seconds + REGIONS[region].ahead;
    seconds - DAILY * DAY / TAU * (TAU * (local - MORNING) / DAY).cos()
        + WEEKLY * WEEK / TAU * (TAU * (local - MIDWEEK) / WEEK).sin()
}

fn memory(host: &Host, age: f64, cpu: f64, seconds: f64) -> f64 {
    let role = &ROLES[host.role];
    let grown = role.growth.0 * (1.0 - (-age / role.growth.1).exp());
    (role.memory + grown + 0.08 * cpu + 1.5 * wander(host.seed ^ 5, seconds, 1_800.0)).clamp(1.0, 99.5)
}

/// Fills up over days and is cleaned.
fn disk(host: &Host, seconds: f64) -> f64 {
    let period = DAY * (2.2 + 4.0 * unit(host.seed, 3));
    let filled = (seconds / period + unit(host.seed, 4)).fract();
    36.0 + 10.0 * unit(host.seed, 5) + 42.0 * filled + 0.2 * wander(host.seed ^ 6, seconds, 300.0)
}

/// What a sensor reads, or nothing while its battery is being changed: temperature, humidity, carbon dioxide.
pub(super) fn readings(sensor: &Sensor, at: Millis) -> Option<[(&'static str, Option<f64>); 3]> {
    let (seconds, seed) = (at as f64 / 1_000.0, sensor.seed);
    if hash(seed, (at / 14_400_000) as u64).is_multiple_of(60) {
        return None;
    }
    let local = seconds + REGIONS[sensor.region].ahead;
    let is_server_room = sensor.room == SERVER_ROOM;
    let people = if is_server_room { 0.0 } else { occupancy(local) * (0.5 + 0.5 * unit(seed, 1)) };
    let sun = 1.4 * (TAU * (local - MORNING) / DAY).sin();
    let base = if is_server_room { 23.5 } else { 19.5 + 2.0 * unit(seed, 2) + sun + 0.9 * people };
    let temperature = base + 0.5 * wander(seed, seconds, 7_200.0) + 0.1 * wander(seed ^ 1, seconds, 300.0);
    let humidity = 44.0 - 1.6 * (temperature - 21.0) + 7.0 * wander(seed ^ 2, seconds, 6.0 * HOUR) + 2.0 * people;
    let co2 = 425.0 + 620.0 * people * (1.0 + 0.3 * wander(seed ^ 3, seconds, 1_800.0));
    let co2 = co2 + 12.0 * wander(seed ^ 4, seconds, 300.0);
    // Now and then its carbon dioxide cell recalibrates.
    let co2 = (unit(seed ^ 5, at as u64) > 0.004).then_some(co2);
    Some([("room.temperature", Some(temperature)), ("room.humidity", Some(humidity)), ("room.co2", co2)])
}

/// How full an office is: on working days, with a break at noon.
fn occupancy(local: f64) -> f64 {
    let weekday = (local / DAY).floor().rem_euclid(7.0) as i64;
    // Day 0 was a Thursday.
    if matches!(weekday, 2 | 3) {
        return 0.0;
    }
    let hour = local.rem_euclid(DAY) / HOUR;
    let day = ((hour - 7.5) / 1.5).min((18.5 - hour) / 1.5).clamp(0.0, 1.0);
    let lunch = 1.0 - (hour - 12.5).abs();
    day * (1.0 - 0.5 * lunch.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_grow_between_restarts_and_fall_at_them() {
        let start = 1_790_000_000_000;
        let world = World::new(start, start + 7 * 86_400_000);
        let (mut resets, mut silent) = (0, 0);
        for host in 0..world.hosts.len() {
            let mut last = None;
            for minute in 0..7 * 1_440 {
                let at = start + minute * 60_000;
                let now = world.sample(host, at, &World::loads(at)).map(|sample| sample.requests_total);
                let seconds = |at: i64| at as f64 / 1_000.0;
                let restarted =
                    world.restarts[host].iter().any(|(when, _)| seconds(at - 60_000) < *when && *when <= seconds(at));
                if let (Some(last), Some(now)) = (last, now) {
                    assert_eq!(restarted, now < last, "{} at {at}: {last} then {now}", world.hosts[host].name);
                    resets += i32::from(restarted);
                }
                silent += i32::from(now.is_none());
                last = now;
            }
        }
        assert!(resets > 300, "{resets}");
        assert!((55..=60).contains(&silent), "{silent}");
    }

    #[test]
    fn the_same_moment_measures_the_same_in_another_span() {
        let (start, at) = (1_790_000_000_000, 1_790_300_000_000);
        let (one, other) = (World::new(start, at), World::new(at - 1_000, at + 1_000));
        for host in 0..one.hosts.len() {
            let said = |world: &World| format!("{:?}", world.sample(host, at, &World::loads(at)));
            assert_eq!(said(&one), said(&other));
        }
    }
}
