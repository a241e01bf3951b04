//! Label names in paths: what is no classic name is written with `U__` in front.

/// The name that `U__site_2e_name` stands for, here `site.name`: behind `U__` two underscores are one, and hexadecimal
/// digits between two underscores are a character. What begins so and does not decode is taken as it stands.
#[must_use]
pub fn unescaped(name: &str) -> String {
    let decoded = name.strip_prefix("U__").and_then(decoded);
    decoded.unwrap_or_else(|| name.to_owned())
}

/// The most hexadecimal digits of a character.
const DIGITS: usize = 6;

fn decoded(mut rest: &str) -> Option<String> {
    let mut name = String::with_capacity(rest.len());
    while let Some((plain, escaped)) = rest.split_once('_') {
        name.push_str(plain);
        rest = match escaped.strip_prefix('_') {
            Some(behind) => {
                name.push('_');
                behind
            }
            None => {
                let (digits, behind) = escaped.split_once('_')?;
                let is_hex = digits.len() <= DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                name.push(char::from_u32(is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()?)?);
                behind
            }
        };
    }
    name.push_str(rest);
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn names_decode_as_in_prometheus() {
        for (written, name) in [
            ("host", "host"),
            ("U__site_2e_name", "site.name"),
            ("U__gr_f6__df_e", "größe"),
            ("U__a__b", "a_b"),
            ("U___5f_", "_"),
            ("U__", ""),
            ("U___1F600_x", "😀x"),
            ("U__a_", "U__a_"),
            ("U__a_2", "U__a_2"),
            ("U__a_zz_", "U__a_zz_"),
            ("U__a_d800_", "U__a_d800_"),
            ("U__a_0000041_", "U__a_0000041_"),
            ("U_a", "U_a"),
        ] {
            assert_eq!(unescaped(written), name, "{written}");
        }
    }
}
