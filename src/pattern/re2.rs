//! RE2's syntax → that of the `regex` crates, which differs in what it reads beyond RE2, in what it does not read, and in
//! the sets that `\d`, `\w`, `\s` and `\b` mean. <https://github.com/google/re2/wiki/Syntax>

use std::collections::BTreeSet;

use super::PatternError;
use super::class;
use super::escape::{self, literal};

/// The most times that something may be repeated, nested repetitions multiplied.
const MOST: u32 = 1000;
/// The deepest nesting of groups.
const DEEPEST: usize = 200;

/// The pattern in the syntax of the `regex` crates.
pub(super) fn translated(pattern: &str) -> Result<String, PatternError> {
    let mut reader = Re2Reader::new(pattern);
    while let Some(c) = reader.next() {
        reader.one(c)?;
    }
    match reader.groups.last() {
        Some(group) => Err(reader.wrong(group.at, "a parenthesis is not closed")),
        None => Ok(reader.out),
    }
}

/// What stands before a repetition.
#[derive(Clone, Copy, PartialEq)]
enum Last {
    Nothing,
    Atom,
    Repetition,
}

/// A group that is open.
struct Group {
    /// Where its parenthesis stands.
    at: usize,
    /// The most times that something in it is repeated.
    times: u32,
}

/// A pattern being read.
pub(super) struct Re2Reader<'a> {
    text: &'a str,
    at: usize,
    pub(super) out: String,
    groups: Vec<Group>,
    last: Last,
    /// How often the last atom's content is repeated.
    times: u32,
    /// The same of the whole pattern outside of groups.
    outermost: u32,
    /// The names of groups.
    names: BTreeSet<&'a str>,
}

impl<'a> Re2Reader<'a> {
    fn new(text: &'a str) -> Self {
        let out = String::with_capacity(text.len() + 16);
        let (groups, names) = (Vec::new(), BTreeSet::new());
        Self { text, at: 0, out, groups, last: Last::Nothing, times: 1, outermost: 1, names }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Where the reader stands, in bytes.
    pub(super) const fn place(&self) -> usize {
        self.at
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes on behind a text, if that is next.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    pub(super) fn wrong(&self, at: usize, why: &str) -> PatternError {
        PatternError::Invalid(why.to_owned(), Some(self.text[..at].chars().count() + 1))
    }

    fn one(&mut self, c: char) -> Result<(), PatternError> {
        let start = self.at - c.len_utf8();
        match c {
            '(' => return self.open(start),
            ')' => return self.close(start),
            '|' => {
                self.out.push('|');
                self.last = Last::Nothing;
                return Ok(());
            }
            '*' | '+' | '?' => {
                self.out.push(c);
                return self.repeated(start, None);
            }
            '{' if let Some((text, least, most)) = count(self.rest()) => {
                self.at += text.len();
                self.out.push('{');
                self.out.push_str(text);
                return self.repeated(start, Some((least, most)));
            }
            '[' => class::class(self, start)?,
            '\\' if self.takes("Q") => return self.verbatim(),
            '\\' => escape::outside(self, start)?,
            '.' | '^' | '$' => self.out.push(c),
            c => literal(&mut self.out, c),
        }
        self.atom(1);
        Ok(())
    }

    fn atom(&mut self, times: u32) {
        (self.last, self.times) = (Last::Atom, times);
        self.note();
    }

    fn note(&mut self) {
        let times = self.groups.last_mut().map_or(&mut self.outermost, |group| &mut group.times);
        *times = (*times).max(self.times);
    }

    /// `\Q…\E`: every character stands for itself.
    fn verbatim(&mut self) -> Result<(), PatternError> {
        while !self.takes("\\E") {
            let Some(c) = self.next() else { break };
            literal(&mut self.out, c);
            self.atom(1);
        }
        Ok(())
    }

    fn repeated(&mut self, start: usize, count: Option<(u32, Option<u32>)>) -> Result<(), PatternError> {
        match self.last {
            Last::Nothing => return Err(self.wrong(start, "there is nothing to repeat")),
            Last::Repetition => return Err(self.wrong(start, "a repetition cannot be repeated without a group")),
            Last::Atom => {}
        }
        if let Some((least, most)) = count {
            let highest = most.unwrap_or(least);
            let product = self.times.saturating_mul(highest.max(1));
            if least > highest || product > MOST {
                let why = format!("the repetition counts down, or to more than {MOST}");
                return Err(self.wrong(start, &why));
            }
            self.times = product;
        }
        if self.takes("?") {
            self.out.push('?');
        }
        self.last = Last::Repetition;
        self.note();
        Ok(())
    }

    fn open(&mut self, at: usize) -> Result<(), PatternError> {
        if self.groups.len() >= DEEPEST {
            return Err(self.wrong(at, &format!("groups are nested deeper than {DEEPEST} levels")));
        }
        if !self.takes("?") {
            self.out.push('(');
        } else if self.takes("P<") || self.takes("<") {
            self.named(at)?;
        } else if !self.flags(at)? {
            return Ok(());
        }
        self.groups.push(Group { at, times: 1 });
        self.last = Last::Nothing;
        Ok(())
    }

    /// The name of a group. A name that begins with a digit, or that an earlier group has, is RE2's only: the group keeps its
    /// number.
    fn named(&mut self, at: usize) -> Result<(), PatternError> {
        let (name, _) = self.rest().split_once('>').unwrap_or_default();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(self.wrong(at, "the group has no name of letters, digits and `_`"));
        }
        if name.starts_with(|c: char| c.is_ascii_digit()) || !self.names.insert(name) {
            self.out.push('(');
        } else {
            self.out.push_str("(?P<");
            self.out.push_str(name);
            self.out.push('>');
        }
        self.at += name.len() + 1;
        Ok(())
    }

    /// `i`, `m`, `s` and `U`, set and cleared; says whether they open a group.
    fn flags(&mut self, at: usize) -> Result<bool, PatternError> {
        let (mut set, mut cleared, mut clears) = (String::new(), String::new(), false);
        loop {
            match self.next() {
                Some(flag @ ('i' | 'm' | 's' | 'U')) => {
                    set.retain(|c| c != flag);
                    cleared.retain(|c| c != flag);
                    if clears { &mut cleared } else { &mut set }.push(flag);
                }
                Some('-') if !clears => clears = true,
                Some(end @ (':' | ')')) if !clears || !cleared.is_empty() => {
                    let minus = if clears { "-" } else { "" };
                    if end == ':' || !set.is_empty() || clears {
                        self.out.push_str(&format!("(?{set}{minus}{cleared}{end}"));
                    }
                    return Ok(end == ':');
                }
                _ => return Err(self.wrong(at, "behind `(?` stands no flag, name or group that RE2 has")),
            }
        }
    }

    fn close(&mut self, at: usize) -> Result<(), PatternError> {
        let Some(group) = self.groups.pop() else {
            return Err(self.wrong(at, "a parenthesis is closed that is not open"));
        };
        self.out.push(')');
        self.atom(group.times);
        Ok(())
    }
}

/// The text and the bounds of `n}`, `n,}` or `n,m}` behind a brace. Any other brace stands for itself.
fn count(rest: &str) -> Option<(&str, u32, Option<u32>)> {
    let end =
        rest.bytes().position(|b| !(b.is_ascii_digit() || b == b',')).filter(|end| rest[*end..].starts_with('}'))?;
    let inside = &rest[..end];
    let (least, most) = inside
        .split_once(',')
        .map_or((inside, Some(inside)), |(least, most)| (least, Some(most).filter(|most| !most.is_empty())));
    let is_number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits && (text.len() == 1 || !text.starts_with('0'))
    };
    if !is_number(least) || !most.is_none_or(is_number) {
        return None;
    }
    let number = |text: &str| text.parse().unwrap_or(u32::MAX);
    Some((&rest[..=end], number(least), most.map(number)))
}
