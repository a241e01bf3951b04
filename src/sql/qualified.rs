//! Qualifies every operator and function of a statement with its schema.
//!
//! Statements are written plainly: `a + b * c >= $1`. The search path of a session may contain schemas in which others create
//! operators and functions, and PostgreSQL prefers the best match of the operands' types in any of these schemas. The
//! statement that is sent therefore says `OPERATOR(pg_catalog.>=)`. All operators in this form have the same precedence and
//! associate to the left (PostgreSQL's manual, "Operator Precedence"), so parentheses are added.
//!
//! Two conventions of our own statements make this possible: syntax is written in capitals and names are not; `IN` and other
//! syntax that looks up an operator but cannot be qualified is not used.

mod token;

use self::token::{SqlToken, SqlTokenKind, tokens};

/// Syntax that looks like a function call.
const NO_FUNCTIONS: [&str; 5] = ["coalesce", "extract", "greatest", "least", "nullif"];
/// Keywords that begin an operand.
const OPERANDS: [&str; 7] = ["ALL", "ANY", "ARRAY", "CASE", "FALSE", "NULL", "TRUE"];
/// Keywords that look up an operator and cannot be qualified.
const UNUSED: [&str; 6] = ["ILIKE", "IN", "LIKE", "NATURAL", "SIMILAR", "USING"];
/// Keywords that would be read as names if they were not in capitals.
const LOST: [&str; 8] = ["and", "as", "from", "in", "is", "not", "or", "where"];
/// The precedence of an operator that is qualified already.
const QUALIFIED: u8 = 2;

/// Qualifies a statement.
#[must_use]
pub fn qualified(text: &str) -> String {
    let mut qualifier = Qualifier { tokens: tokens(text), at: 0 };
    let mut out = String::with_capacity(text.len() * 2);
    while qualifier.at < qualifier.tokens.len() {
        qualifier.list(&mut out, "");
        // A bracket too many: PostgreSQL says so.
        qualifier.copy(&mut out);
    }
    out
}

struct Qualifier<'a> {
    tokens: Vec<SqlToken<'a>>,
    at: usize,
}

/// What stands in brackets.
struct BracketContent<'t, 'a> {
    commas: usize,
    /// The tokens behind them.
    after: &'t [SqlToken<'a>],
}

impl<'a> Qualifier<'a> {
    /// The text of a token, counted from the next one.
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn copy(&mut self, out: &mut String) {
        out.push_str(self.tokens.get(self.at).map_or("", |token| token.space));
        self.take(out);
    }

    /// Copies a token without the space before it.
    fn take(&mut self, out: &mut String) {
        out.push_str(self.text(0));
        self.at += 1;
    }

    /// Expressions and the syntax between them, until a bracket or a keyword closes the list.
    fn list(&mut self, out: &mut String, closing: &str) {
        while let Some(&token) = self.tokens.get(self.at) {
            if matches!(token.text, ")" | "]") || token.text == closing {
                return;
            }
            let is_syntax = token.is_syntax() && !OPERANDS.contains(&token.text);
            debug_assert!(!is_syntax || !UNUSED.contains(&token.text), "{} cannot be qualified", token.text);
            if is_syntax || matches!(token.text, "," | ";") {
                self.copy(out);
            } else {
                out.push_str(token.space);
                self.expression(out);
            }
        }
    }

    /// The rest of a list in brackets.
    fn closed(&mut self, out: &mut String) {
        self.list(out, "");
        self.copy(out);
    }

    fn expression(&mut self, out: &mut String) {
        let start = out.len();
        let is_binary = self.chain(out, 0);
        if self.text(0) == "BETWEEN" {
            self.between(out, start, is_binary);
        }
    }

    /// `x BETWEEN a AND b`, which PostgreSQL reads as two comparisons.
    fn between(&mut self, out: &mut String, start: usize, is_binary: bool) {
        if is_binary {
            enclose(out, start);
        }
        let value = out[start..].to_owned();
        self.at += 1;
        out.push_str(" OPERATOR(pg_catalog.>=) ");
        self.part(out, QUALIFIED);
        self.at += 1;
        out.push_str(" AND ");
        out.push_str(&value);
        out.push_str(" OPERATOR(pg_catalog.<=) ");
        self.part(out, QUALIFIED);
        enclose(out, start);
    }

    /// A chain that is an operand itself.
    fn part(&mut self, out: &mut String, least: u8) {
        let start = out.len();
        if self.chain(out, least) {
            enclose(out, start);
        }
    }

    /// Operands, and operators of at least this precedence between them; whether there is an operator.
    fn chain(&mut self, out: &mut String, least: u8) -> bool {
        let (start, mut is_binary) = (out.len(), false);
        self.operand(out);
        while let Some(precedence) = self.precedence().filter(|precedence| *precedence >= least) {
            if is_binary {
                enclose(out, start);
            }
            out.push(' ');
            self.operator(out);
            out.push(' ');
            self.part(out, precedence + 1);
            is_binary = true;
        }
        is_binary
    }

    /// The precedence of the operator that comes next.
    fn precedence(&self) -> Option<u8> {
        let token = self.tokens.get(self.at)?;
        match (token.kind, token.text) {
            (SqlTokenKind::Word, "OPERATOR") => Some(QUALIFIED),
            (SqlTokenKind::Operator, "<" | ">" | "=" | "<=" | ">=" | "<>") => Some(1),
            (SqlTokenKind::Operator, "+" | "-") => Some(3),
            (SqlTokenKind::Operator, "*" | "/" | "%") => Some(4),
            (SqlTokenKind::Operator, "^") => Some(5),
            (SqlTokenKind::Operator, _) => Some(QUALIFIED),
            _ => None,
        }
    }

    fn operator(&mut self, out: &mut String) {
        if self.text(0) != "OPERATOR" {
            out.push_str("OPERATOR(pg_catalog.");
            self.take(out);
            return out.push(')');
        }
        while !out.ends_with(')') && self.at < self.tokens.len() {
            self.take(out);
        }
    }

    /// A value between operators, with the syntax that has a higher precedence.
    fn operand(&mut self, out: &mut String) {
        self.primary(out);
        loop {
            match self.text(0) {
                "(" | "[" => {
                    self.copy(out);
                    self.closed(out);
                }
                "." | "::" | "COLLATE" => self.several(out, 2),
                "FILTER" => self.several(out, 1),
                "OVER" => self.several(out, 1 + usize::from(self.text(1) != "(")),
                "WITHIN" => self.several(out, 2),
                "AT" => {
                    self.several(out, 3);
                    out.push(' ');
                    self.operand(out);
                }
                _ => return,
            }
        }
    }

    fn several(&mut self, out: &mut String, count: usize) {
        for _ in 0..count {
            self.copy(out);
        }
    }

    fn primary(&mut self, out: &mut String) {
        let Some(&token) = self.tokens.get(self.at) else { return };
        debug_assert!(!LOST.contains(&token.text), "{} is syntax and belongs in capitals", token.text);
        match (token.kind, token.text) {
            (_, "(" | "[") => {
                self.take(out);
                return self.closed(out);
            }
            (SqlTokenKind::Operator, "-")
                if self.tokens.get(self.at + 1).is_some_and(|next| next.kind == SqlTokenKind::Number) =>
            {
                self.take(out);
            }
            (SqlTokenKind::Operator, "*") => {}
            (SqlTokenKind::Operator, sign) => {
                debug_assert!(false, "a prefix {sign} cannot be qualified");
            }
            (SqlTokenKind::Word, "CASE") => {
                self.take(out);
                self.list(out, "END");
                return self.copy(out);
            }
            (SqlTokenKind::Word, name) if self.is_call(name) => out.push_str("pg_catalog."),
            _ => {}
        }
        self.take(out);
    }

    /// Whether the word that comes next is a function that is called.
    fn is_call(&self, name: &str) -> bool {
        let follows_as =
            self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).is_some_and(|before| before.text == "AS");
        let is_name = !OPERANDS.contains(&name) && !NO_FUNCTIONS.contains(&name);
        if !is_name || self.text(1) != "(" || follows_as {
            return false;
        }
        let arguments = self.arguments();
        // That of several arrays is syntax, for PostgreSQL's own function.
        let is_several = name == "unnest" && arguments.commas > 0;
        // The columns of a query: `WITH v(x) AS (…)`.
        let is_query = matches!(arguments.after, [word, next, ..]
            if word.text == "AS" && matches!(next.text, "(" | "MATERIALIZED" | "NOT"));
        !is_several && !is_query
    }

    /// The brackets after the word that comes next.
    fn arguments(&self) -> BracketContent<'_, 'a> {
        let rest = self.tokens.get(self.at + 1..).unwrap_or_default();
        let (mut depth, mut commas) = (0_usize, 0);
        let end = rest.iter().position(|token| {
            match token.text {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                "," => commas += usize::from(depth == 1),
                _ => {}
            }
            depth == 0
        });
        BracketContent { commas, after: end.and_then(|end| rest.get(end + 1..)).unwrap_or_default() }
    }
}

/// Puts parentheses around the end of a text.
fn enclose(out: &mut String, start: usize) {
    out.insert(start, '(');
    out.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_and_functions_are_named_with_their_schema() {
        for (text, expected) in [
            ("SELECT t.* FROM \"a\".\"b\" AS t", "SELECT t.* FROM \"a\".\"b\" AS t"),
            ("SELECT count(*), -1 FROM x", "SELECT pg_catalog.count(*), -1 FROM x"),
            (
                "t.\"a\" >= $1 AND NOT x = ANY($2::text[])",
                "t.\"a\" OPERATOR(pg_catalog.>=) $1 AND NOT x OPERATOR(pg_catalog.=) ANY($2::text[])",
            ),
            (
                "a + b * c < d - 1 - 2",
                "(a OPERATOR(pg_catalog.+) (b OPERATOR(pg_catalog.*) c)) OPERATOR(pg_catalog.<) \
              ((d OPERATOR(pg_catalog.-) 1) OPERATOR(pg_catalog.-) 2)",
            ),
            (
                "NOT x BETWEEN -1 AND 2 + 3 OR y",
                "NOT (x OPERATOR(pg_catalog.>=) -1 AND x OPERATOR(pg_catalog.<=) (2 OPERATOR(pg_catalog.+) 3)) OR y",
            ),
            (
                "SELECT 1 FROM unnest($1, f(2)) AS x(a, b) WHERE  (a > 1)",
                "SELECT 1 FROM unnest($1, pg_catalog.f(2)) AS x(a, b) WHERE  (a OPERATOR(pg_catalog.>) 1)",
            ),
            ("x ->> 'a' = 'b'", "(x OPERATOR(pg_catalog.->>) 'a') OPERATOR(pg_catalog.=) 'b'"),
            (
                "x::\"s\".\"t\" OPERATOR(\"s\".=) ANY($1::\"s\".\"t\"[])",
                "x::\"s\".\"t\" OPERATOR(\"s\".=) ANY($1::\"s\".\"t\"[])",
            ),
            (
                "CASE WHEN abs(x) < 1 THEN 0 ELSE x / 2 END * 3",
                "CASE WHEN pg_catalog.abs(x) OPERATOR(pg_catalog.<) 1 THEN 0 ELSE x OPERATOR(pg_catalog./) 2 END OPERATOR(pg_catalog.*) 3",
            ),
            (
                "WITH RECURSIVE v(x) AS (SELECT 1), w AS MATERIALIZED (SELECT 2) SELECT e.v FROM unnest($1) WITH ORDINALITY AS e(v)",
                "WITH RECURSIVE v(x) AS (SELECT 1), w AS MATERIALIZED (SELECT 2) SELECT e.v FROM pg_catalog.unnest($1) WITH ORDINALITY AS e(v)",
            ),
            (
                "lag(x) OVER o - max(y) FILTER (WHERE y <> 'NaN')",
                "pg_catalog.lag(x) OVER o OPERATOR(pg_catalog.-) pg_catalog.max(y) FILTER (WHERE y OPERATOR(pg_catalog.<>) 'NaN')",
            ),
            (
                "coalesce(a AT TIME ZONE 'x' COLLATE \"C\" || b, '= (')",
                "coalesce(a AT TIME ZONE 'x' COLLATE \"C\" OPERATOR(pg_catalog.||) b, '= (')",
            ),
        ] {
            assert_eq!(qualified(text), expected);
        }
    }

    #[test]
    fn what_is_no_statement_is_left_to_postgresql() {
        for text in ["", ")", "SELECT (", "'", "OPERATOR(", "a )) b"] {
            assert_eq!(qualified(text), text);
        }
    }
}
