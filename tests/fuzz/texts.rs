//! How texts come about.

use datebin::ast::{AggregateOp, BinaryOp};
use datebin::language::MAX_BYTES;
use proptest::collection::vec;
use proptest::prelude::{Just, any};
use proptest::sample::{Index, select};
use proptest::strategy::{BoxedStrategy, Strategy, Union};

/// Words, signs and shapes that mean something, and a few that should not.
const PIECES: &[&str] = &[
    "a",
    "cpu",
    "web\\.01",
    "http:x",
    "1",
    "0x1F",
    "1e-3",
    "1_000",
    "Inf",
    "NaN",
    "5m",
    "1h30m",
    "1.5",
    ".5",
    "7q",
    "\"",
    "'",
    "`",
    "\\",
    "\\\\",
    "\"a\"",
    "'b|c'",
    "\"(a|b)\"",
    "\"{a,b}\"",
    "\".*\"",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "[5m]",
    "[1h:5m]",
    "[$__interval]",
    "${host:regex}",
    "$__rate_interval",
    "$x",
    "(a|b)",
    "()",
    "{a,b}",
    ",",
    "|",
    "=",
    "!=",
    "=~",
    "!~",
    "==",
    ">=",
    "<",
    "+",
    "-",
    "*",
    "/",
    "%",
    "^",
    "atan2",
    "and",
    "or",
    "unless",
    "bool",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "by",
    "without",
    "offset",
    "@",
    "start()",
    "end()",
    "sum",
    "topk",
    "rate",
    "label_replace",
    "histogram_quantile",
    "#",
    "\n",
    " ",
    "\t",
    "\0",
    "ä",
    "🙂",
    "\u{feff}",
    "\u{200b}",
    ":",
    ".",
    "{\"",
    "\":",
    "null",
    "\"targets\":",
    "\"range\":",
    "\"now-6h\"",
    "9223372036854775808",
    "-1",
    "[[",
    "true",
];

fn piece() -> impl Strategy<Value = &'static str> {
    select(PIECES)
}

fn label() -> impl Strategy<Value = &'static str> {
    select(&["host", "region", "le", "\"odd name\"", "by", "_x"][..])
}

fn labels() -> impl Strategy<Value = String> {
    vec(label(), 0..3).prop_map(|names| names.join(", "))
}

fn duration() -> impl Strategy<Value = &'static str> {
    select(&["5m", "1h30m", "1d", "250ms", "1y2w", "30", "1m0s", "0.5"][..])
}

fn matcher() -> impl Strategy<Value = String> {
    let value = select(&["\"a\"", "''", "`b`", "\"web\\\\.01\"", "\"(a|b)\"", "\".*\"", "\"x.+\"", "\"ä\\n\""][..]);
    (select(&["host", "region", "le", "\"odd name\""][..]), select(&["=", "!=", "=~", "!~"][..]), value)
        .prop_map(|(label, operator, value)| format!("{label} {operator} {value}"))
}

fn selector() -> impl Strategy<Value = String> {
    let name = select(&["cpu", "http:requests_total", "up"][..]);
    (name, vec(matcher(), 0..3)).prop_map(|(name, matchers)| format!("{name}{{{}}}", matchers.join(",")))
}

fn modifier() -> impl Strategy<Value = &'static str> {
    select(&["", "", "", " offset 5m", " offset -1h", " @ 1609746000.5", " @ end() offset 1d", " @ start()"][..])
}

fn number() -> impl Strategy<Value = &'static str> {
    select(&["1", "0.5", "1e3", "0x1f", "Inf", "NaN", "1_000", "5m"][..])
}

/// `lhs op rhs` as the grammar allows it; the operands stand in parentheses, as vectors of any kind may stand there.
fn binary(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let matching = (any::<bool>(), labels(), select(&["", "", " group_left ()", " group_right (z)"][..]));
    (inner.clone(), select(BinaryOp::ALL), any::<bool>(), proptest::option::of(matching), inner).prop_map(
        |(lhs, op, with_bool, matching, rhs)| {
            let with_bool = if with_bool && op.is_comparison() { " bool" } else { "" };
            let matching = matching.map(|(on, labels, group)| {
                let group = if op.is_set() { "" } else { group };
                format!(" {}({labels}){group}", if on { "on" } else { "ignoring" })
            });
            format!("({lhs}){op_space}{op}{with_bool}{}{op_space}({rhs})", matching.unwrap_or_default(), op_space = " ")
        },
    )
}

fn aggregate(inner: BoxedStrategy<String>) -> impl Strategy<Value = String> {
    let plain = select(&["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"][..]);
    (plain, select(&["by", "without"][..]), labels(), any::<bool>(), inner).prop_map(
        |(op, clause, labels, behind, expr)| {
            if behind {
                format!("{op}({expr}) {clause} ({labels})")
            } else {
                format!("{op} {clause} ({labels}) ({expr})")
            }
        },
    )
}

/// Texts that the grammar allows.
pub(crate) fn grown() -> impl Strategy<Value = String> {
    let windowed = (selector(), duration(), modifier()).prop_map(|(from, long, when)| format!("{from}[{long}]{when}"));
    let leaf = Union::new([
        (selector(), modifier()).prop_map(|(from, when)| from + when).boxed(),
        windowed.prop_map(|range| format!("rate({range})")).boxed(),
        number().prop_map(str::to_owned).boxed(),
    ]);
    leaf.prop_recursive(6, 48, 3, |inner| {
        let boxed = inner.clone().boxed();
        Union::new([
            binary(boxed.clone()).boxed(),
            aggregate(boxed.clone()).boxed(),
            inner.clone().prop_map(|expr| format!("-({expr})")).boxed(),
            inner.clone().prop_map(|expr| format!("topk by (host) (3, {expr})")).boxed(),
            inner.clone().prop_map(|expr| format!("clamp_max({expr}, 1)")).boxed(),
            (inner, duration()).prop_map(|(expr, long)| format!("max_over_time(({expr})[{long}:1m])")).boxed(),
        ])
    })
}

#[derive(Clone, Debug)]
enum Damage {
    Insert(&'static str),
    Remove(Index),
    Repeat(Index),
    Truncate,
    Replace(char),
}

fn damage() -> impl Strategy<Value = Damage> {
    Union::new([
        piece().prop_map(Damage::Insert).boxed(),
        any::<Index>().prop_map(Damage::Remove).boxed(),
        any::<Index>().prop_map(Damage::Repeat).boxed(),
        any::<char>().prop_map(Damage::Replace).boxed(),
        Just(Damage::Truncate).boxed(),
    ])
}

/// Seeds with a few things done to them.
pub(crate) fn damaged(seeds: Vec<String>) -> impl Strategy<Value = String> {
    (select(seeds), vec((any::<Index>(), damage()), 0..6)).prop_map(|(seed, damages)| {
        damages.into_iter().fold(seed, |text, (at, damage)| {
            let at = text.floor_char_boundary(at.index(text.len() + 1));
            let (head, tail) = text.split_at(at);
            let cut = |index: Index| tail.floor_char_boundary(index.index(tail.len() + 1));
            match damage {
                Damage::Insert(piece) => format!("{head}{piece}{tail}"),
                Damage::Remove(index) => format!("{head}{}", &tail[cut(index)..]),
                Damage::Repeat(index) => format!("{head}{}{tail}", tail[..cut(index)].repeat(2)),
                Damage::Truncate => head.to_owned(),
                Damage::Replace(by) => head.chars().chain([by]).chain(tail.chars().skip(1)).collect(),
            }
        })
    })
}

/// Words of the language, in any order.
pub(crate) fn shuffled() -> impl Strategy<Value = String> {
    vec((piece(), any::<bool>()), 0..60).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, gap)| format!("{piece}{}", if gap { " " } else { "" })).collect()
    })
}

/// A few pieces over and over, up to the longest text and beyond.
pub(crate) fn repeated() -> impl Strategy<Value = String> {
    (vec(piece(), 0..3), vec(piece(), 1..4), 1..MAX_BYTES + 16).prop_map(|(open, pieces, length)| {
        let piece = pieces.concat();
        let text = open.concat() + &piece.repeat(length / piece.len() + 1);
        text[..text.floor_char_boundary(length)].to_owned()
    })
}

/// The aggregations that take a parameter are grown by hand; a new one should be seen here.
const _: () = assert!(AggregateOp::ALL.len() == 14);
