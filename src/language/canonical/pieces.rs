//! Numbers, durations, strings and names, as Go and Prometheus write them.

/// Years and weeks only where nothing is left over: `90d` is easier to read than `12w6d`.
pub(super) fn duration(ms: i64) -> String {
    const UNITS: [(&str, u64, bool); 7] = [
        ("y", 31_536_000_000, true),
        ("w", 604_800_000, true),
        ("d", 86_400_000, false),
        ("h", 3_600_000, false),
        ("m", 60_000, false),
        ("s", 1_000, false),
        ("ms", 1, false),
    ];
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut rest = ms.unsigned_abs();
    let mut text = if ms < 0 { "-".to_owned() } else { String::new() };
    for (unit, size, is_whole) in UNITS {
        if rest >= size && (!is_whole || rest.is_multiple_of(size)) {
            text.push_str(&(rest / size).to_string());
            text.push_str(unit);
            rest %= size;
        }
    }
    text
}

/// Seconds with three decimals.
pub(super) fn seconds(ms: i64) -> String {
    let (sign, size) = (if ms < 0 { "-" } else { "" }, ms.unsigned_abs());
    format!("{sign}{}.{:03}", size / 1000, size % 1000)
}

/// A string in double quotes as Go writes it, with escapes for what cannot be printed.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if is_printed(c) => out.push(c),
            c => escape(&mut out, c),
        }
    }
    out.push('"');
    out
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    out.push_str(&match code {
        0..0x80 => format!("\\x{code:02x}"),
        0x80..0x1_0000 => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    });
}

/// Letters, marks, numbers, punctuation, symbols and the blank. The standard library escapes the others when it shows a
/// text; a mark it shows behind a letter only.
fn is_printed(c: char) -> bool {
    match c {
        ' '..='~' => true,
        '\0'..='\u{7f}' => false,
        _ => format!("a{c}").escape_debug().count() == 2,
    }
}

/// The names of a list, in quotes where they need them. A colon needs none.
pub(super) fn labels(names: &[String]) -> String {
    let name = |name: &String| if is_plain(name, true) { name.clone() } else { quoted(name) };
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Whether a name needs no quotes.
pub(super) fn is_plain(name: &str, is_colon_plain: bool) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || (is_colon_plain && c == ':');
    name.starts_with(|c: char| !c.is_ascii_digit()) && name.chars().all(is_word)
}
