//! Colours that can be told from each other and from their ground.

use plotters::style::RGBColor;

/// The ground that a chart is drawn on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Dark lines on white.
    #[default]
    Light,
    /// Light lines on near black.
    Dark,
}

/// How many series have a colour of their own.
pub(super) const COLOURS: usize = 10;

#[rustfmt::skip]
const ON_LIGHT: [RGBColor; COLOURS] = [
    RGBColor(0x0b, 0x6b, 0xcb), RGBColor(0xc4, 0x50, 0x0c), RGBColor(0x1a, 0x7f, 0x4b), RGBColor(0xa6, 0x34, 0x8e),
    RGBColor(0x9a, 0x67, 0x00), RGBColor(0x5b, 0x4b, 0xc4), RGBColor(0x0f, 0x7a, 0x85), RGBColor(0xc2, 0x2f, 0x3d),
    RGBColor(0x6b, 0x5d, 0x4f), RGBColor(0x4c, 0x5b, 0x6b),
];
#[rustfmt::skip]
const ON_DARK: [RGBColor; COLOURS] = [
    RGBColor(0x5a, 0xa9, 0xff), RGBColor(0xff, 0x9d, 0x5c), RGBColor(0x4f, 0xd0, 0x8b), RGBColor(0xe5, 0x8a, 0xd6),
    RGBColor(0xe3, 0xb3, 0x41), RGBColor(0xa7, 0x9b, 0xff), RGBColor(0x4e, 0xcf, 0xd9), RGBColor(0xff, 0x7b, 0x86),
    RGBColor(0xc9, 0xb4, 0x9d), RGBColor(0xa3, 0xb3, 0xc4),
];

impl Theme {
    /// The theme of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }

    /// The colour of a series by its place; they repeat.
    #[must_use]
    pub const fn series(self, place: usize) -> RGBColor {
        match self {
            Self::Light => ON_LIGHT[place % COLOURS],
            Self::Dark => ON_DARK[place % COLOURS],
        }
    }

    /// The ground.
    #[must_use]
    pub const fn ground(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xff, 0xff, 0xff),
            Self::Dark => RGBColor(0x12, 0x16, 0x1c),
        }
    }

    /// Names and headings.
    #[must_use]
    pub const fn ink(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x1c, 0x23, 0x2b),
            Self::Dark => RGBColor(0xe6, 0xea, 0xee),
        }
    }

    /// What stands along the axes.
    #[must_use]
    pub const fn faint_ink(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x56, 0x60, 0x6b),
            Self::Dark => RGBColor(0xa4, 0xae, 0xb8),
        }
    }

    /// The lines behind the series.
    #[must_use]
    pub const fn grid(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xe1, 0xe5, 0xe9),
            Self::Dark => RGBColor(0x2a, 0x31, 0x3a),
        }
    }

    /// Annotations.
    #[must_use]
    pub const fn mark(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x8a, 0x2b, 0xe2),
            Self::Dark => RGBColor(0xc9, 0x8b, 0xff),
        }
    }
}

/// A colour as `#rrggbb`.
#[must_use]
pub fn hex(colour: RGBColor) -> String {
    format!("#{:02x}{:02x}{:02x}", colour.0, colour.1, colour.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The luminance of WCAG 2.
    fn luminance(colour: RGBColor) -> f64 {
        let part = |byte: u8| {
            let part = f64::from(byte) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(colour.0) + 0.7152 * part(colour.1) + 0.0722 * part(colour.2)
    }

    fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn everything_can_be_seen() {
        for theme in [Theme::Light, Theme::Dark] {
            for place in 0..COLOURS {
                let colour = theme.series(place);
                assert!(contrast(colour, theme.ground()) >= 4.5, "{theme:?} {place} {}", hex(colour));
            }
            for text in [theme.ink(), theme.faint_ink(), theme.mark()] {
                assert!(contrast(text, theme.ground()) >= 4.5, "{theme:?} {}", hex(text));
            }
        }
    }
}
