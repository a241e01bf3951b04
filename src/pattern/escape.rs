//! Escapes of a regular expression.

use super::PatternError;
use super::re2::Re2Reader;

/// RE2's categories of characters.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Cn", "Co", "Cs", "L", "LC", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N", "Nd", "Nl",
    "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs",
];

/// Writes a character that stands for itself.
pub(super) fn literal(out: &mut String, c: char) {
    // An escaped `<` or `>` is the edge of a word.
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

/// What a backslash outside of a class begins.
pub(super) fn outside(reader: &mut Re2Reader<'_>, start: usize) -> Result<(), PatternError> {
    if let Some(set) = set(reader, start)? {
        reader.out.push_str(&set);
        return Ok(());
    }
    let assertion = match reader.rest().chars().next() {
        Some('A') => r"\A",
        Some('z') => r"\z",
        Some('b') => r"(?-u:\b)",
        Some('B') => r"(?-u:\B)",
        _ => "",
    };
    if assertion.is_empty() {
        let c = character(reader, start)?;
        literal(&mut reader.out, c);
    } else {
        reader.next();
        reader.out.push_str(assertion);
    }
    Ok(())
}

/// A set of characters, as a class of its own: `\d`, `\pL`; none when something else follows.
pub(super) fn set(reader: &mut Re2Reader<'_>, start: usize) -> Result<Option<String>, PatternError> {
    let text = match reader.rest().chars().next() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => r"[\t\n\f\r ]",
        Some('S') => r"[^\t\n\f\r ]",
        Some(p @ ('p' | 'P')) => {
            reader.next();
            return property(reader, start, p == 'P').map(Some);
        }
        _ => return Ok(None),
    };
    reader.next();
    Ok(Some(text.to_owned()))
}

/// `N`, `{Greek}` or `{^Greek}` behind `\p`. The `regex` crates know many other properties, RE2 does not.
fn property(reader: &mut Re2Reader<'_>, start: usize, negated: bool) -> Result<String, PatternError> {
    let unknown = "`\\p` names no category and no script";
    let name = if reader.takes("{") {
        let rest = reader.rest();
        let (name, _) = rest.split_once('}').ok_or_else(|| reader.wrong(start, unknown))?;
        reader.takes(name);
        reader.takes("}");
        name.to_owned()
    } else {
        reader.next().map(String::from).ok_or_else(|| reader.wrong(start, unknown))?
    };
    let (name, negated) = name.strip_prefix('^').map_or((name.as_str(), negated), |name| (name, !negated));
    let p = if negated { 'P' } else { 'p' };
    let is_script = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.len() > 2
        && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    match name {
        "Any" => Ok(format!("\\{p}{{any}}")),
        name if CATEGORIES.contains(&name) => Ok(format!("\\{p}{{gc={name}}}")),
        name if is_script => Ok(format!("\\{p}{{sc={name}}}")),
        _ => Err(reader.wrong(start, unknown)),
    }
}

/// The single character that an escape means.
pub(super) fn character(reader: &mut Re2Reader<'_>, start: usize) -> Result<char, PatternError> {
    let Some(c) = reader.next() else { return Err(reader.wrong(start, "a backslash stands at the end")) };
    match c {
        'a' => Ok('\x07'),
        'f' => Ok('\x0c'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\x0b'),
        'x' => hexadecimal(reader, start),
        '0'..='7' => octal(reader, start, c),
        c if c.is_ascii_punctuation() || c.is_ascii_whitespace() || c.is_ascii_control() => Ok(c),
        c => Err(reader.wrong(start, &format!("`\\{c}` means nothing in RE2"))),
    }
}

/// `\x7f` and `\x{10ffff}`.
fn hexadecimal(reader: &mut Re2Reader<'_>, start: usize) -> Result<char, PatternError> {
    let rest = reader.rest();
    let (digits, length) = match rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        Some((digits, _)) => (digits, digits.len() + 2),
        None => (rest.get(..2).unwrap_or_default(), 2),
    };
    let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let found = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).and_then(char::from_u32);
    let found =
        found.ok_or_else(|| reader.wrong(start, "`\\x` is followed by no hexadecimal number of a character"))?;
    for _ in 0..length {
        reader.next();
    }
    Ok(found)
}

/// `\0`, `\07`, `\123`; a single digit above zero would be a reference to a group.
fn octal(reader: &mut Re2Reader<'_>, start: usize, first: char) -> Result<char, PatternError> {
    let digit = |c: char| c.to_digit(8);
    let mut number = digit(first).unwrap_or_default();
    let mut digits = 1;
    while let Some(next) = reader.rest().chars().next().and_then(digit).filter(|_| digits < 3) {
        number = number * 8 + next;
        digits += 1;
        reader.next();
    }
    let is_reference = digits == 1 && first != '0';
    let found = char::from_u32(number).filter(|_| !is_reference);
    found.ok_or_else(|| reader.wrong(start, "RE2 has no references to groups"))
}
