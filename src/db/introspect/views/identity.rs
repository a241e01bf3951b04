//! Which column an expression is, and whether it keeps what the column takes for equal.

use super::scope::{Atom, Scope, TEXTS, type_of};
use super::tree::Node;

/// Functions that make another type of each value and never one value of two: `int4` to `int8` or `numeric`, `bpchar`
/// and `inet` to `text`, and such.
pub(super) const WIDENING: [i64; 19] =
    [311, 313, 314, 316, 235, 236, 401, 406, 480, 481, 714, 730, 754, 946, 1288, 1740, 1781, 1782, 2971];
/// What joins a text to another, or to anything.
const CONCATENATION: [i64; 3] = [654, 2779, 2780];
/// `"char"`, `bpchar`, and what is written in one way only: whole numbers, booleans, dates, ids and addresses. Equal
/// numbers with a fraction may be written differently.
const WRITTEN: [i64; 17] = [16, 18, 19, 20, 21, 23, 25, 26, 650, 774, 829, 869, 1042, 1043, 1082, 1114, 2950];
const BPCHAR: i64 = 1042;

/// How far an expression may be from its column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Distance {
    /// Each value is another value, also of those that the column takes for equal.
    Told,
    /// Values are equal where those of the column are.
    Kept,
    /// So are those of columns of different tables: nothing is put before or behind them.
    Plain,
}

impl<'a> Scope<'a> {
    /// The column of which an expression has each value as another value.
    pub(super) fn identity(&self, node: &Node) -> Option<Atom> {
        self.within(node, Distance::Told)
    }

    /// The column of which an expression has each value as another value, and equal values as equal ones.
    pub(super) fn kept(&self, node: &Node) -> Option<Atom> {
        self.within(node, Distance::Kept)
    }

    /// The column whose values an expression has, perhaps as another type.
    pub(super) fn valued(&self, node: &Node) -> Option<Atom> {
        self.within(node, Distance::Plain)
    }

    fn within(&self, node: &Node, most: Distance) -> Option<Atom> {
        let args = node.get("args").items();
        let is_told = most == Distance::Told;
        match node.kind() {
            "VAR" if node.get("varlevelsup").number() == 0 => match self.resolve(node)? {
                Ok(atom) => Some(atom),
                Err(expression) => self.within(expression, most),
            },
            "RELABELTYPE" | "COLLATE" => {
                let arg = node.get("arg");
                let is_kept = self.folds(node) == self.folds(arg) && self.is_folding(node) == self.is_folding(arg);
                self.within(arg, most).filter(|_| is_told || is_kept)
            }
            "COERCETODOMAIN" => self.within(node.get("arg"), most),
            "COERCEVIAIO" if TEXTS.contains(&node.get("resulttype").number()) => {
                self.within(node.get("arg"), most).filter(|_| is_told || self.is_written(node.get("arg")))
            }
            "FUNC" if WIDENING.contains(&node.get("funcid").number()) => self.within(args.first()?, most),
            "OP" if CONCATENATION.contains(&node.get("opno").number()) && most != Distance::Plain => match args {
                [fixed, other] | [other, fixed] if fixed.kind() == "CONST" && !fixed.get("constisnull").is_true() => {
                    self.within(other, most).filter(|_| is_told || self.is_written(other))
                }
                _ => None,
            },
            "COALESCE" => self.coalesced(args, most),
            _ => None,
        }
    }

    /// What is left of columns that a FULL JOIN merges, or of a column that is never NULL.
    fn coalesced(&self, args: &[Node], most: Distance) -> Option<Atom> {
        let (first, others) = args.split_first()?;
        let first = self.within(first, most)?;
        let merged = others.iter().try_fold(first, |one, other| self.ties.merged(one, self.within(other, most)?));
        merged.or_else(|| self.is_never_null(first).then_some(first))
    }

    /// The collation by which an expression takes different texts for equal; 0 where it takes none so.
    pub(super) fn folds(&self, node: &Node) -> i64 {
        let fields =
            ["varcollid", "collOid", "resultcollid", "funccollid", "opcollid", "coalescecollid", "constcollid"];
        let collation = node.first_of(&fields).number();
        if self.reading.graph.operators.folds.contains(&collation) { collation } else { 0 }
    }

    /// Whether the type of an expression takes different texts for equal: `citext`, `bpchar`.
    fn is_folding(&self, node: &Node) -> bool {
        self.reading.graph.operators.folding.contains(&type_of(node))
    }

    /// Whether equal values of an expression are written alike, and others otherwise.
    fn is_written(&self, node: &Node) -> bool {
        let (ty, operators) = (type_of(node), &self.reading.graph.operators);
        (WRITTEN.contains(&ty) || operators.enums.contains(&ty)) && self.folds(node) == 0
    }

    /// Whether an expression is the same for values that its columns take for equal, as far as anybody sees.
    pub(super) fn is_same_of_equal(&self, node: &Node) -> bool {
        let is_own = match node.kind() {
            "VAR" => {
                (!self.is_folding(node) || type_of(node) == BPCHAR)
                    && self.folds(node) == 0
                    && self
                        .resolve(node)
                        .is_none_or(|found| found.err().is_none_or(|behind| self.is_same_of_equal(behind)))
            }
            "COERCEVIAIO" => self.is_written(node.get("arg")),
            "OP" if CONCATENATION.contains(&node.get("opno").number()) => {
                node.get("args").items().iter().all(|arg| self.is_written(arg))
            }
            _ => true,
        };
        is_own && node.children().all(|child| self.is_same_of_equal(child))
    }
}
