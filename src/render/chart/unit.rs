//! Grafana's unit ids → numbers with a unit, as people read them.

use super::number::{compact, fixed, tick};

/// Names of one unit's sizes, from the smallest on.
struct Ladder(&'static [(f64, &'static str)]);

#[rustfmt::skip]
const IEC: &[f64] = &[1.0, 1024.0, 1_048_576.0, 1_073_741_824.0, 1_099_511_627_776.0, 1_125_899_906_842_624.0];
#[rustfmt::skip]
const DURATION: Ladder = Ladder(&[
    (1e-9, " ns"), (1e-6, " µs"), (1e-3, " ms"), (1.0, " s"), (60.0, " min"), (3600.0, " h"), (86_400.0, " d"),
]);

/// How the values of a unit are written.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitFormat {
    style: Style,
}

#[derive(Clone, Debug, PartialEq)]
enum Style {
    /// A number with a prefix of SI, between two texts.
    Plain { before: String, after: String },
    /// A multiple of a number, without prefixes.
    Scaled { factor: f64, after: &'static str },
    /// Powers of 1024, in front of a letter.
    Binary { after: &'static str },
    /// A length of time, of which one is so many seconds.
    Duration { seconds: f64 },
}

impl UnitFormat {
    /// The unit of that id; one that is not known is written behind the number.
    #[must_use]
    pub fn of(id: Option<&str>) -> Self {
        let plain = |before: &str, after: &str| Style::Plain { before: before.to_owned(), after: after.to_owned() };
        let style = match id.unwrap_or_default() {
            "" | "none" | "short" | "sishort" | "string" => plain("", ""),
            "percent" => Style::Scaled { factor: 1.0, after: "%" },
            "percentunit" => Style::Scaled { factor: 100.0, after: "%" },
            "bytes" => Style::Binary { after: "B" },
            "bits" => Style::Binary { after: "b" },
            "binBps" => Style::Binary { after: "B/s" },
            "binbps" => Style::Binary { after: "b/s" },
            "ns" => Style::Duration { seconds: 1e-9 },
            "µs" => Style::Duration { seconds: 1e-6 },
            "ms" => Style::Duration { seconds: 1e-3 },
            "s" => Style::Duration { seconds: 1.0 },
            "m" => Style::Duration { seconds: 60.0 },
            "h" => Style::Duration { seconds: 3600.0 },
            "d" => Style::Duration { seconds: 86_400.0 },
            "currencyUSD" => plain("$", ""),
            "currencyEUR" => plain("€", ""),
            "currencyGBP" => plain("£", ""),
            "currencyCZK" => plain("", " Kč"),
            id => match (id.strip_prefix("prefix:"), id.strip_prefix("suffix:").or_else(|| id.strip_prefix("si:"))) {
                (Some(before), _) => plain(before, ""),
                (_, Some(after)) => plain("", &format!(" {after}")),
                _ => plain("", &format!(" {}", written(id))),
            },
        };
        Self { style }
    }

    /// The size in which values up to this one are best written: how much one of it is.
    fn size(&self, largest: f64) -> (f64, String) {
        match &self.style {
            Style::Plain { after, .. } => (1.0, after.clone()),
            Style::Scaled { factor, after } => (1.0 / factor, (*after).to_owned()),
            Style::Binary { after } => {
                let power = IEC.iter().rposition(|size| largest >= *size).unwrap_or(0);
                let letter = ["", "Ki", "Mi", "Gi", "Ti", "Pi"].get(power).copied().unwrap_or_default();
                (IEC[power], format!(" {letter}{after}"))
            }
            Style::Duration { seconds } => {
                let largest = largest * seconds;
                let size = DURATION.0.iter().rfind(|(size, _)| largest >= *size * 0.999_999);
                let (size, name) = size.unwrap_or(if largest == 0.0 { &DURATION.0[3] } else { &DURATION.0[0] });
                (size / seconds, (*name).to_owned())
            }
        }
    }

    /// The distance of ticks that is at least this long and round in this unit.
    #[must_use]
    pub fn round_step(&self, least: f64, largest: f64) -> f64 {
        let (size, _) = self.size(largest);
        round(least / size) * size
    }

    /// A value by itself.
    #[must_use]
    pub fn value(&self, value: f64) -> String {
        if !value.is_finite() {
            return "–".to_owned();
        }
        if let Style::Plain { before, after } = &self.style {
            return format!("{before}{}{after}", compact(value));
        }
        let (size, after) = self.size(value.abs());
        format!("{}{after}", compact(value / size))
    }

    /// The value at a tick of an axis with that distance and that largest value.
    #[must_use]
    pub fn tick(&self, value: f64, step: f64, largest: f64) -> String {
        if let Style::Plain { before, after } = &self.style {
            return format!("{before}{}{after}", tick(value, step, largest));
        }
        let (size, after) = self.size(largest);
        let value = if value == 0.0 { 0.0 } else { value / size };
        if value.abs() >= 1e6 {
            return format!("{}{after}", compact(value));
        }
        format!("{}{after}", fixed(value, step / size))
    }
}

/// The id of a unit as it is written behind numbers.
fn written(id: &str) -> &str {
    match id {
        "celsius" => "°C",
        "fahrenheit" => "°F",
        "kelvin" => "K",
        "humidity" => "%H",
        "volt" => "V",
        "amp" => "A",
        "watt" => "W",
        "kwatt" => "kW",
        "watth" => "Wh",
        "kwatth" => "kWh",
        "hertz" => "Hz",
        "rotrpm" => "rpm",
        "lengthm" => "m",
        "lengthkm" => "km",
        "pressurehpa" => "hPa",
        "lux" => "lx",
        "decbytes" => "B",
        "decbits" => "b",
        "Bps" => "B/s",
        "bps" => "b/s",
        "reqps" => "req/s",
        "ops" => "ops/s",
        other => other,
    }
}

/// The next of 1, 2, 5, 10, …
#[must_use]
pub fn round(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let part = least / power;
    [1.0, 2.0, 5.0].into_iter().find(|nice| part <= *nice + 1e-9).unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_unit_that_people_read() {
        for (id, value, shown) in [
            ("", 1_500.0, "1.5k"),
            ("percent", 42.5, "42.5%"),
            ("percentunit", 0.425, "42.5%"),
            ("bytes", 1_610_612_736.0, "1.5 GiB"),
            ("bytes", 12.0, "12 B"),
            ("Bps", 2_000_000.0, "2M B/s"),
            ("s", 90.0, "1.5 min"),
            ("ms", 1_500.0, "1.5 s"),
            ("s", 0.0, "0 s"),
            ("celsius", 21.25, "21.25 °C"),
            ("currencyEUR", 12.5, "€12.5"),
            ("suffix:sheep", 3.0, "3 sheep"),
            ("parsecs", 3.0, "3 parsecs"),
            ("s", f64::NAN, "–"),
        ] {
            assert_eq!(UnitFormat::of(Some(id)).value(value), shown, "{id} {value}");
        }
    }

    #[test]
    fn ticks_share_one_size() {
        let bytes = UnitFormat::of(Some("bytes"));
        let (gib, largest) = (1_073_741_824.0, 3.2 * 1_073_741_824.0);
        let step = bytes.round_step(0.4 * gib, largest);
        assert_eq!(step, 0.5 * gib);
        assert_eq!(bytes.tick(gib, step, largest), "1.0 GiB");
        assert_eq!(bytes.tick(0.0, step, largest), "0.0 GiB");
        let seconds = UnitFormat::of(Some("s"));
        assert_eq!(seconds.tick(300.0, seconds.round_step(250.0, 1_000.0), 1_000.0), "5 min");
    }
}
