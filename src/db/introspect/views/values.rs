//! Values that stand in a query: which differ for certain, and which is less.

use std::cmp::Ordering;

use super::graph::ViewGraph;
use super::identity::WIDENING;
use super::rows::Operators;
use super::tree::Node;

/// A value that is the same wherever a statement says it.
#[derive(Clone, Debug)]
pub(super) struct Value {
    /// How it is written: what is written alike is equal.
    text: String,
    content: Option<Content>,
}

/// What a constant is.
#[derive(Clone, Debug)]
enum Content {
    /// A whole number, or the number of a time, of a class whose values are compared with each other.
    Whole { class: i64, number: i64 },
    /// Where this is another number, so is the value.
    Float(f64),
    /// A text, an id or an address: other bytes are another value.
    Bytes { class: i64, bytes: Vec<u8> },
}

const INTEGERS: [i64; 4] = [20, 21, 23, 26];
/// A boolean, and the times that are numbers.
const WHOLE: [i64; 4] = [16, 1082, 1114, 1184];
const NUMERIC: i64 = 1700;
/// `text`, `varchar` and `name`.
const WORDS: [i64; 3] = [25, 1043, 19];
/// A uuid and the addresses of devices.
const FIXED: [i64; 3] = [2950, 829, 774];
/// `varchar(text, length)`
const LENGTH: i64 = 669;
/// The kind of a query that stands for its only value.
const EXPRESSION: i64 = 4;
/// What has the value that its parts have. Lists have no kind.
const STRUCTURE: [&str; 14] = [
    "",
    "CONST",
    "SQLVALUEFUNCTION",
    "RELABELTYPE",
    "COERCEVIAIO",
    "COLLATE",
    "COALESCE",
    "BOOL",
    "NULLTEST",
    "TARGETENTRY",
    "FROM",
    "RANGETBLREF",
    "ALIAS",
    "SORTGROUPCLAUSE",
];

impl Value {
    /// The value of a constant, behind casts that keep values apart.
    pub(super) fn constant(node: &Node, graph: &ViewGraph) -> Option<Self> {
        let content = content(node, graph)?;
        Some(Self { text: format!("{node:?}"), content })
    }

    /// A value that is computed of nothing that changes within a statement, compared in the order of a collation.
    pub(super) fn steady(node: &Node, collation: i64, graph: &ViewGraph) -> Option<Self> {
        let content = content(node, graph).filter(|_| !graph.operators.folds.contains(&collation));
        is_steady(node, 0, graph).then(|| Self { text: format!("{collation} {node:?}"), content: content.flatten() })
    }

    /// Whether it is written like another one.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.text == other.text
    }

    /// Whether it is another value for certain.
    pub(super) fn differs(&self, other: &Self) -> bool {
        match (&self.content, &other.content) {
            (Some(Content::Bytes { class, bytes }), Some(Content::Bytes { class: of, bytes: theirs })) => {
                class == of && bytes != theirs
            }
            (Some(Content::Float(own)), Some(Content::Float(theirs))) => {
                own.partial_cmp(theirs).is_some_and(Ordering::is_ne)
            }
            _ => self.order(other).is_some_and(Ordering::is_ne),
        }
    }

    /// Which of two is less, where that is certain.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        if self.is_same(other) {
            return Some(Ordering::Equal);
        }
        match (self.content.as_ref()?, other.content.as_ref()?) {
            (Content::Whole { class, number }, Content::Whole { class: of, number: theirs }) if class == of => {
                Some(number.cmp(theirs))
            }
            _ => None,
        }
    }
}

/// What a constant is, behind casts that keep values apart; nothing of it where nobody can tell.
fn content(node: &Node, graph: &ViewGraph) -> Option<Option<Content>> {
    let args = node.get("args").items();
    match node.kind() {
        "CONST" if node.get("constisnull").is_true() => None,
        "CONST" => Some(decoded(node, graph).filter(|_| graph.operators.is_little)),
        "RELABELTYPE" | "COERCEVIAIO" | "COLLATE" => content(node.get("arg"), graph),
        "FUNC" if WIDENING.contains(&node.get("funcid").number()) => content(args.first()?, graph),
        // A text that is not shortened.
        "FUNC" if node.get("funcid").number() == LENGTH => {
            let (whole, most) = (content(args.first()?, graph)?, content(args.get(1)?, graph)?);
            let fits = |bytes: usize, most: i64| i64::try_from(bytes).is_ok_and(|bytes| bytes <= most - 4);
            Some(match (whole, most) {
                (Some(Content::Bytes { class, bytes }), Some(Content::Whole { number, .. }))
                    if fits(bytes.len(), number) =>
                {
                    Some(Content::Bytes { class, bytes })
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// What the bytes of a constant say: `4 [ 1 0 0 0 0 0 0 0 ]`, of a server whose first byte is the smallest.
fn decoded(node: &Node, graph: &ViewGraph) -> Option<Content> {
    let (ty, value) = (node.get("consttype").number(), node.get("constvalue").items());
    let size = usize::try_from(value.first()?.number()).ok()?;
    let words = value.get(2..value.len().checked_sub(1)?)?;
    let bytes: Vec<u8> = words.iter().map(|word| word.number().to_le_bytes()[0]).take(size).collect();
    let whole = |class: i64| {
        let fill = if bytes.last().is_some_and(|last| *last > 127) { 255 } else { 0 };
        let mut all = [fill; 8];
        all.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        Some(Content::Whole { class, number: i64::from_le_bytes(all) })
    };
    match ty {
        _ if INTEGERS.contains(&ty) => whole(0),
        _ if WHOLE.contains(&ty) || graph.operators.enums.contains(&ty) => whole(ty),
        _ if FIXED.contains(&ty) => Some(Content::Bytes { class: ty, bytes }),
        _ if WORDS.contains(&ty) => {
            let own = if ty == 19 { bytes.split(|byte| *byte == 0).next()? } else { bytes.get(4..)? };
            Some(Content::Bytes { class: 0, bytes: own.to_vec() })
        }
        701 => Some(Content::Float(f64::from_le_bytes(bytes.try_into().ok()?))),
        NUMERIC => Some(Content::Float(digits(bytes.get(4..)?)?)),
        _ => None,
    }
}

/// A number of PostgreSQL: its header, and digits of four decimal places each.
fn digits(bytes: &[u8]) -> Option<f64> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let header = words.next()?;
    let (is_negative, weight) = match header & 0xC000 {
        0x8000 => (header & 0x2000 > 0, i32::from(header & 0x3F) - i32::from(header & 0x40)),
        0xC000 => return None,
        sign => (sign > 0, i32::from(i16::from_ne_bytes(words.next()?.to_ne_bytes()))),
    };
    let places = weight - i32::try_from(words.len()).ok()? + 1;
    let whole = words.fold(0.0, |sum, digit| sum * 10_000.0 + f64::from(digit));
    let value = whole * 10_000_f64.powi(places);
    Some(if is_negative { -value } else { value })
}

/// Whether an expression has one value in a statement, wherever it stands; `depth` is how many queries within it are
/// around.
fn is_steady(node: &Node, depth: i64, graph: &ViewGraph) -> bool {
    let Operators { steady, equal, less, greater, watermarks, .. } = &graph.operators;
    let (function, operator) = (node.get("funcid").number(), node.get("opno").number());
    let is_own = match node.kind() {
        "FUNC" => steady.contains(&function) || watermarks.contains(&function),
        "OP" => {
            [equal, less, greater].iter().any(|all| all.contains(&operator))
                || steady.contains(&node.get("opfuncid").number())
        }
        "AGGREF" => steady.contains(&node.get("aggfnoid").number()),
        "SUBLINK" => node.get("subLinkType").number() == EXPRESSION,
        "VAR" => node.get("varlevelsup").number() < depth,
        // A table, not a view; PostgreSQL 14 has a shorter word for it.
        "RANGETBLENTRY" | "RTE" => {
            let id = node.get("relid").number();
            return id > 0 && !graph.views.contains_key(&id) && !node.get("tablesample").is_some();
        }
        "QUERY" => {
            let fields = ["cteList", "limitCount", "limitOffset", "distinctClause", "setOperations"];
            !fields.iter().any(|field| node.get(field).is_some()) && !node.get("hasWindowFuncs").is_true()
        }
        kind => STRUCTURE.contains(&kind),
    };
    let depth = if node.kind() == "QUERY" { depth + 1 } else { depth };
    is_own && node.children().all(|child| is_steady(child, depth, graph))
}
