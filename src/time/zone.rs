//! Time zones: what a zone's clocks show at an instant, and which instant a clock reading means.

use chrono::offset::{LocalResult, Offset, TimeZone};
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::range::{MAX_INSTANT, MIN_INSTANT};
use super::{Millis, TimeRange};

/// Clocks that are set are set again after this time at the earliest, and by no more.
const STEADY_MS: i64 = 3 * 3_600_000;
/// The most instants at which clocks are looked at.
const MOST_LOOKS: i64 = 10_000;

/// An IANA time zone and the weekday on which its weeks begin: Monday unless it is said. Cheap to copy.
///
/// Bare offsets such as `+02:00` are no zones here: PostgreSQL reads their sign the other way round
/// (POSIX), so one spelling would mean two zones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Zone {
    tz: Tz,
    first_weekday: Weekday,
}

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self { tz: Tz::UTC, first_weekday: Weekday::Mon };

    /// The zone of that IANA name in any letter case (`utc`, `Europe/Berlin`), or `None` where there
    /// is none: `browser` and the empty text are what Grafana sends when it does not say.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim();
        let any_case = || TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
        name.parse().ok().or_else(|| any_case().copied()).map(|tz| Self { tz, first_weekday: Weekday::Mon })
    }

    /// The zone with weeks that begin on that day.
    #[must_use]
    pub const fn with_weeks_from(self, first_weekday: Weekday) -> Self {
        Self { first_weekday, ..self }
    }

    /// The day on which weeks begin.
    #[must_use]
    pub const fn first_weekday(&self) -> Weekday {
        self.first_weekday
    }

    /// The IANA names of all zones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Whether its clocks always show UTC, under whichever name.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        matches!(
            self.name(),
            "UTC" | "Etc/UTC" | "Etc/UCT" | "UCT" | "Zulu" | "Etc/Zulu" | "Universal" | "Etc/Universal"
        )
    }

    /// The IANA name, which PostgreSQL knows too.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.tz.name()
    }

    /// How far the zone's clocks are ahead of UTC at an instant, in ms (negative: behind). Instants
    /// outside the years 1 to 9999 have the offset of the nearest one inside.
    #[must_use]
    pub fn offset_ms(&self, at: Millis) -> i64 {
        let utc = wall(at.clamp(MIN_INSTANT, MAX_INSTANT));
        offset_of(&self.tz.offset_from_utc_datetime(&utc))
    }

    /// Whether its clocks are set neither within a range nor shortly before or after it, so that they show times in the
    /// order of the instants. Of a range of many years that is not known.
    #[must_use]
    pub fn is_steady(&self, range: TimeRange) -> bool {
        let looks = range.to.saturating_sub(range.from) / STEADY_MS + 2;
        let offset = |look: i64| self.offset_ms(range.from.saturating_add((look - 1) * STEADY_MS));
        self.is_utc() || looks <= MOST_LOOKS && (1..=looks).all(|look| offset(look) == offset(0))
    }

    /// What the zone's clocks show at an instant; instants outside the years 1 to 9999 are moved to
    /// the nearest one inside.
    #[must_use]
    pub fn to_local(&self, at: Millis) -> NaiveDateTime {
        let at = at.clamp(MIN_INSTANT, MAX_INSTANT);
        wall(at + self.offset_ms(at))
    }

    /// The instant a clock reading means, as PostgreSQL decides it: in a repeated hour the second
    /// pass, in a skipped hour the instant by the offset that was in force before the jump.
    #[must_use]
    pub fn local_to_utc(&self, local: NaiveDateTime) -> Millis {
        let shown = local.and_utc().timestamp_millis();
        match self.tz.offset_from_local_datetime(&local) {
            LocalResult::Single(only) => shown - offset_of(&only),
            LocalResult::Ambiguous(one, other) => shown - offset_of(&one).min(offset_of(&other)),
            LocalResult::None => shown - self.offsets_around_gap(shown).0,
        }
    }

    /// The first instant at which the zone's calendar shows that date or a later one: midnight, the
    /// first of two midnights, or the jump that leaves midnight (or the whole date) out.
    #[must_use]
    pub fn start_of_local(&self, date: NaiveDate) -> Millis {
        let midnight = date.and_time(NaiveTime::MIN);
        let shown = midnight.and_utc().timestamp_millis();
        match self.tz.offset_from_local_datetime(&midnight) {
            LocalResult::Single(only) => shown - offset_of(&only),
            LocalResult::Ambiguous(one, other) => shown - offset_of(&one).max(offset_of(&other)),
            LocalResult::None => self.jump_over(shown),
        }
    }

    /// The offsets before and after the forward jump that skips a clock reading (in ms as if UTC).
    /// Read as an instant by either offset, the reading falls where the other one is in force.
    fn offsets_around_gap(&self, shown: Millis) -> (i64, i64) {
        let one = self.offset_ms(shown);
        let other = self.offset_ms(shown - one);
        (one.min(other), one.max(other))
    }

    /// The instant of the forward jump that skips a clock reading (in ms as if UTC).
    fn jump_over(&self, shown: Millis) -> Millis {
        let (before, after) = self.offsets_around_gap(shown);
        let (mut still_before, mut already_after) = (shown - after, shown - before);
        while already_after - still_before > 1 {
            let middle = still_before + (already_after - still_before) / 2;
            if self.offset_ms(middle) == before {
                still_before = middle;
            } else {
                already_after = middle;
            }
        }
        already_after
    }
}

/// A count of ms as a date and time of day, with no zone in it.
fn wall(ms: Millis) -> NaiveDateTime {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH).naive_utc()
}

fn offset_of(offset: &impl Offset) -> i64 {
    i64::from(offset.fix().local_minus_utc()) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn utc(at: Millis) -> String {
        wall(at).format("%F %T%.f").to_string()
    }

    fn means(name: &str, local: &str) -> String {
        utc(zone(name).local_to_utc(local.parse().unwrap()))
    }

    fn starts(name: &str, date: &str) -> String {
        utc(zone(name).start_of_local(date.parse().unwrap()))
    }

    #[test]
    fn names() {
        for (asked, got) in [
            ("utc", "UTC"),
            ("UTC", "UTC"),
            ("Etc/UTC", "Etc/UTC"),
            ("GMT", "GMT"),
            (" europe/berlin ", "Europe/Berlin"),
        ] {
            assert_eq!(zone(asked).name(), got);
        }
        for unknown in ["", "browser", "+02:00", "UTC+2", "Europe/Nowhere", "\0", "日本"] {
            assert_eq!(Zone::parse(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn clocks_that_are_set() {
        let (spring, hour) = (1_743_296_400_000, 3_600_000);
        let is_steady = |name: &str, from, to| zone(name).is_steady(TimeRange { from, to });
        for (from, to, expected) in [
            (spring - 30 * hour, spring - 4 * hour, true),
            (spring - 30 * hour, spring + 1, false),
            (spring - 30 * hour, spring - hour, false),
            (spring + hour, spring + 30 * hour, false),
            (spring + 4 * hour, spring + 30 * hour, true),
            (spring + 4 * hour, spring + 4 * hour + 1, true),
            (i64::MIN, i64::MAX, false),
        ] {
            assert_eq!(is_steady("Europe/Berlin", from, to), expected, "{from} {to}");
        }
        assert!(is_steady("UTC", i64::MIN, i64::MAX) && is_steady("Asia/Tokyo", spring - 9000 * hour, spring));
    }

    #[test]
    fn offsets_at_instants() {
        assert_eq!(zone("Asia/Kathmandu").offset_ms(1_500_000_000_000), 20_700_000);
        assert_eq!(zone("Europe/Berlin").offset_ms(1_743_296_399_999), 3_600_000);
        assert_eq!(zone("Europe/Berlin").offset_ms(1_743_296_400_000), 7_200_000);
        for at in [i64::MIN, i64::MAX] {
            let _ = (zone("Europe/Berlin").offset_ms(at), zone("Asia/Tokyo").to_local(at));
        }
    }

    #[test]
    fn a_repeated_hour_means_its_second_pass() {
        assert_eq!(means("Europe/Berlin", "2025-10-26T02:30:00"), "2025-10-26 01:30:00");
        assert_eq!(means("Europe/Berlin", "2025-10-26T01:59:59"), "2025-10-25 23:59:59");
        assert_eq!(means("Europe/Berlin", "2025-10-26T03:00:00"), "2025-10-26 02:00:00");
        assert_eq!(means("Australia/Lord_Howe", "2025-04-06T01:45:00"), "2025-04-05 15:15:00");
    }

    #[test]
    fn a_skipped_hour_is_read_by_the_offset_before_the_jump() {
        assert_eq!(means("Europe/Berlin", "2025-03-30T02:30:00"), "2025-03-30 01:30:00");
        assert_eq!(means("America/New_York", "2025-03-09T02:15:00"), "2025-03-09 07:15:00");
        assert_eq!(means("Australia/Lord_Howe", "2025-10-05T02:10:00"), "2025-10-04 15:40:00");
        assert_eq!(means("Pacific/Apia", "2011-12-30T12:00:00"), "2011-12-30 22:00:00");
    }

    #[test]
    fn days_without_midnight_or_with_two() {
        assert_eq!(starts("America/Sao_Paulo", "2018-11-03"), "2018-11-03 03:00:00");
        assert_eq!(starts("America/Sao_Paulo", "2018-11-04"), "2018-11-04 03:00:00");
        assert_eq!(starts("America/Sao_Paulo", "2018-11-05"), "2018-11-05 02:00:00");
        assert_eq!(starts("America/Havana", "2024-11-03"), "2024-11-03 04:00:00");
        assert_eq!(starts("Pacific/Apia", "2011-12-30"), "2011-12-30 10:00:00");
        assert_eq!(starts("Pacific/Apia", "2011-12-31"), "2011-12-30 10:00:00");
        // From 00:00 back to 23:00: the date before has 25 hours, and midnight is met once.
        assert_eq!(starts("America/Sao_Paulo", "2018-02-18"), "2018-02-18 03:00:00");
        // From 00:01 back to 23:01: the date begins twice.
        assert_eq!(starts("America/St_Johns", "2010-11-07"), "2010-11-07 02:30:00");
        // The clocks went from 23:30 to 00:30 here: the jump is inside the skipped stretch.
        assert_eq!(starts("America/Toronto", "1919-03-31"), "1919-03-31 04:30:00");
    }

    #[test]
    fn the_first_instant_of_every_date_is_the_first() {
        for zone in TZ_VARIANTS.iter().step_by(7).map(|tz| Zone { tz: *tz, first_weekday: Weekday::Mon }) {
            let mut date = NaiveDate::from_ymd_opt(2018, 1, 1).unwrap();
            for _ in 0..730 {
                let start = zone.start_of_local(date);
                assert!(zone.to_local(start).date() >= date, "{zone:?} {date}");
                assert!(zone.to_local(start - 1).date() < date, "{zone:?} {date}");
                date = date.succ_opt().unwrap();
            }
        }
    }
}
