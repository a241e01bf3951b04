//! `[…]`: characters, ranges and named sets. Nothing nests, and `&&`, `--` and `~~` are characters.

use super::PatternError;
use super::escape::{character, literal, set};
use super::re2::Re2Reader;

/// POSIX' sets of ASCII characters.
const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Reads a class whose bracket stands at `start`.
pub(super) fn class(reader: &mut Re2Reader<'_>, start: usize) -> Result<(), PatternError> {
    reader.out.push('[');
    if reader.takes("^") {
        reader.out.push('^');
    }
    let mut is_first = true;
    while is_first || !reader.takes("]") {
        is_first = false;
        member(reader, start)?;
    }
    reader.out.push(']');
    Ok(())
}

fn member(reader: &mut Re2Reader<'_>, open: usize) -> Result<(), PatternError> {
    let start = reader.place();
    if reader.rest().starts_with("[:")
        && let Some((name, _)) = reader.rest()[2..].split_once(":]")
    {
        return posix(reader, start, name);
    }
    if reader.takes("\\") {
        if let Some(set) = set(reader, start)? {
            reader.out.push_str(&set);
            return Ok(());
        }
        let low = character(reader, start)?;
        return range(reader, start, low);
    }
    match reader.next() {
        Some(low) => range(reader, start, low),
        None => Err(reader.wrong(open, "a class is not closed")),
    }
}

fn posix(reader: &mut Re2Reader<'_>, start: usize, name: &str) -> Result<(), PatternError> {
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(reader.wrong(start, "the class names no POSIX set"));
    }
    reader.takes("[:");
    reader.takes(name);
    reader.takes(":]");
    reader.out.push_str("[:");
    reader.out.push_str(name);
    reader.out.push_str(":]");
    Ok(())
}

/// A character, and the end of the range that it may begin.
fn range(reader: &mut Re2Reader<'_>, start: usize, low: char) -> Result<(), PatternError> {
    literal(&mut reader.out, low);
    let rest = reader.rest();
    if !rest.starts_with('-') || rest.starts_with("-]") || rest.len() == 1 {
        return Ok(());
    }
    reader.takes("-");
    let high = if reader.takes("\\") { character(reader, start)? } else { reader.next().unwrap_or(low) };
    if high < low {
        return Err(reader.wrong(start, "the range ends before it begins"));
    }
    reader.out.push('-');
    literal(&mut reader.out, high);
    Ok(())
}
