//! What happens to the fleet, as a function of the calendar: deploys, which restart hosts, and incidents.

use super::fleet::{CACHE, DB, Host, REGIONS, ROLES, WEB};
use super::noise::{below, hash};

const DAY: i64 = 86_400;
/// The longest time between two deploys of a role is shorter.
const LOOK_BACK_DAYS: i64 = 9;
/// A deploy restarts host after host.
const BETWEEN_HOSTS: i64 = 90;
/// A second deploy of the same day comes later than that, in seconds since midnight.
const AFTERNOON: i64 = 12 * 3_600;
/// How often a role is deployed, from Monday on.
const DEPLOYS: [[i64; 7]; 3] = [[2, 1, 2, 1, 2, 0, 0], [0, 1, 0, 1, 0, 0, 0], [1, 1, 1, 1, 1, 0, 0]];

/// A new version for all hosts of a role.
pub(super) struct Deploy {
    pub(super) role: usize,
    /// In seconds since 1970.
    pub(super) at: i64,
}

impl Deploy {
    pub(super) fn version(&self) -> String {
        let (day, second) = (self.at.div_euclid(DAY), self.at.rem_euclid(DAY));
        format!("{}.{}.{}", 2 + self.role, day - 20_000, i64::from(second > AFTERNOON))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Everybody comes at once.
    Surge,
    /// One host says nothing, then restarts.
    Silence,
    /// A backup runs when it should not.
    Backup,
    /// The caches are cold.
    Stampede,
}

/// What went wrong, where, and from when to when (in seconds since 1970).
pub(super) struct Incident {
    pub(super) trouble: Trouble,
    pub(super) region: usize,
    /// The web host that falls silent.
    pub(super) rank: usize,
    pub(super) start: i64,
    pub(super) end: i64,
}

impl Incident {
    /// Whether the host has a part in it.
    pub(super) fn concerns(&self, host: &Host) -> bool {
        let role = match self.trouble {
            Trouble::Surge => host.role != DB,
            Trouble::Silence => host.role == WEB && host.rank == self.rank,
            Trouble::Backup => host.role == DB,
            Trouble::Stampede => host.role != CACHE,
        };
        role && host.region == self.region
    }

    /// How strong it is at that time: it comes and goes within five minutes.
    pub(super) fn strength(&self, seconds: f64) -> f64 {
        let inside = (seconds - self.start as f64).min(self.end as f64 - seconds);
        (inside / 300.0).clamp(0.0, 1.0)
    }

    /// How many of its seconds are over.
    pub(super) fn elapsed(&self, seconds: f64) -> f64 {
        (seconds - self.start as f64).clamp(0.0, (self.end - self.start) as f64)
    }

    pub(super) fn title(&self) -> String {
        let region = REGIONS[self.region].name;
        match self.trouble {
            Trouble::Surge => format!("Traffic surge in {region}"),
            Trouble::Silence => format!("{}-{:02}.{region} is silent", ROLES[WEB].name, self.rank + 1),
            Trouble::Backup => format!("Backup in working hours in {region}"),
            Trouble::Stampede => format!("Cold caches in {region}"),
        }
    }

    pub(super) const fn text(&self) -> &'static str {
        match self.trouble {
            Trouble::Surge => "A newsletter sent everybody to the shop at once.",
            Trouble::Silence => "Kernel panic; the watchdog rebooted the machine after an hour.",
            Trouble::Backup => "The backup was started by hand and saturated the disks.",
            Trouble::Stampede => "All entries expired together and every request went to the database.",
        }
    }
}

/// All that happens around a span of time.
pub(super) struct Schedule {
    pub(super) deploys: Vec<Deploy>,
    pub(super) incidents: Vec<Incident>,
}

impl Schedule {
    /// What happens from so long before `from` that every host has restarted, to the end of `to`'s day.
    pub(super) fn new(from: i64, to: i64) -> Self {
        let days = from.div_euclid(DAY) - LOOK_BACK_DAYS..=to.div_euclid(DAY);
        let mut deploys: Vec<_> = days.clone().flat_map(deploys).collect();
        deploys.sort_by_key(|deploy| deploy.at);
        Self { deploys, incidents: days.filter_map(incident).collect() }
    }

    /// What begins on the day of that time, in seconds since 1970.
    pub(super) fn of_day(at: i64) -> Self {
        let day = at.div_euclid(DAY);
        Self { deploys: deploys(day).collect(), incidents: incident(day).into_iter().collect() }
    }

    /// When the host restarted, ascending.
    pub(super) fn restarts(&self, host: &Host) -> Vec<i64> {
        let turn = (host.rank * REGIONS.len() + host.region) as i64 * BETWEEN_HOSTS;
        let deploys = self.deploys.iter().filter(|deploy| deploy.role == host.role);
        let falls =
            self.incidents.iter().filter(|it| it.trouble == Trouble::Silence && it.concerns(host)).map(|it| it.end);
        let mut restarts: Vec<_> = deploys.map(|deploy| deploy.at + turn).chain(falls).collect();
        restarts.sort_unstable();
        restarts
    }
}

fn deploys(day: i64) -> impl Iterator<Item = Deploy> {
    // The first of January 1970 was a Thursday.
    let weekday = (day + 3).rem_euclid(7) as usize;
    (0..ROLES.len()).flat_map(move |role| {
        (0..DEPLOYS[role][weekday]).map(move |turn| {
            let minute = 8 * 60 + turn * 270 + below(240, hash(3, day as u64), 2 * role as u64 + turn as u64);
            Deploy { role, at: day * DAY + minute * 60 }
        })
    })
}

fn incident(day: i64) -> Option<Incident> {
    let (trouble, region, minute, minutes) = match day.rem_euclid(7) {
        0 => (Trouble::Surge, 1, 23 * 60, 45),
        2 => (Trouble::Silence, 0, 2 * 60, 60),
        4 => (Trouble::Backup, 2, 6 * 60, 40),
        5 => (Trouble::Stampede, 0, 12 * 60, 25),
        _ => return None,
    };
    let start = day * DAY + (minute + below(15, 4, day as u64)) * 60;
    let rank = below(ROLES[WEB].hosts as u64, 5, day as u64) as usize;
    Some(Incident { trouble, region, rank, start, end: start + minutes * 60 })
}
