//! Statements in which every operator and every function is named with its schema.
//!
//! Statements are written as they are read: `a + b * c >= $1`. Where they run, names may also be found in schemas in which
//! others create operators and functions, and PostgreSQL takes what fits the types of the operands best, whichever schema
//! it stands in. So what is sent says `OPERATOR(pg_catalog.>=)`. Operators written so all bind alike, from the left
//! (PostgreSQL's manual, "Operator Precedence"): parentheses keep together what belongs together.
//!
//! The statements are our own and keep to this: words in capitals are syntax, all others are names. What compares and cannot
//! be spelled out, such as `IN`, is not used.

mod token;

use self::token::{Kind, Token, tokens};

/// What looks like a call, but is syntax.
const NO_FUNCTIONS: [&str; 5] = ["coalesce", "extract", "greatest", "least", "nullif"];
/// Words of syntax that begin an operand.
const OPERANDS: [&str; 7] = ["ALL", "ANY", "ARRAY", "CASE", "FALSE", "NULL", "TRUE"];
/// Words of syntax that look operators up by themselves.
const UNUSED: [&str; 6] = ["ILIKE", "IN", "LIKE", "NATURAL", "SIMILAR", "USING"];
/// Words that would be taken for names, did they not stand in capitals.
const LOST: [&str; 8] = ["and", "as", "from", "in", "is", "not", "or", "where"];
/// How strongly an operator binds that is spelled out already.
const SPELLED: u8 = 2;

/// Spells a statement out.
#[must_use]
pub fn spelled_out(text: &str) -> String {
    let mut speller = Speller { tokens: tokens(text), at: 0 };
    let mut out = String::with_capacity(text.len() * 2);
    while speller.at < speller.tokens.len() {
        speller.list(&mut out, "");
        // A bracket too many: PostgreSQL says so.
        speller.copy(&mut out);
    }
    out
}

struct Speller<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
}

/// An expression.
struct Expression {
    text: String,
    /// Whether it falls apart beside another operator.
    is_binary: bool,
}

/// What stands in brackets.
struct Arguments<'t, 'a> {
    commas: usize,
    /// The tokens behind them.
    after: &'t [Token<'a>],
}

impl Expression {
    fn together(self) -> String {
        if self.is_binary { format!("({})", self.text) } else { self.text }
    }
}

impl<'a> Speller<'a> {
    /// The text of a token, counted from the next one.
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    fn copy(&mut self, out: &mut String) {
        if let Some(token) = self.tokens.get(self.at) {
            // The space before an expression is written by whoever asks for it.
            out.push_str(if out.is_empty() { "" } else { token.space });
            out.push_str(token.text);
        }
        self.at += 1;
    }

    /// Expressions and the syntax between them, until a bracket or a word closes the list.
    fn list(&mut self, out: &mut String, closing: &str) {
        while let Some(&token) = self.tokens.get(self.at) {
            if matches!(token.text, ")" | "]") || token.text == closing {
                return;
            }
            let is_syntax = token.is_syntax() && !OPERANDS.contains(&token.text);
            debug_assert!(!is_syntax || !UNUSED.contains(&token.text), "{} cannot be spelled out", token.text);
            if is_syntax || matches!(token.text, "," | ";") {
                self.copy(out);
            } else {
                out.push_str(token.space);
                let expression = self.chain(0);
                out.push_str(&if self.text(0) == "BETWEEN" { self.between(expression) } else { expression.text });
            }
        }
    }

    /// `x BETWEEN a AND b`, which PostgreSQL reads as two comparisons.
    fn between(&mut self, what: Expression) -> String {
        self.at += 1;
        let least = self.chain(SPELLED).together();
        self.at += 1;
        let (most, what) = (self.chain(SPELLED).together(), what.together());
        format!("({what} OPERATOR(pg_catalog.>=) {least} AND {what} OPERATOR(pg_catalog.<=) {most})")
    }

    /// A list in brackets.
    fn bracketed(&mut self, out: &mut String) {
        self.copy(out);
        self.list(out, "");
        self.copy(out);
    }

    /// Operands, and operators between them that bind at least so strongly.
    fn chain(&mut self, least: u8) -> Expression {
        let mut left = self.operand();
        while let Some(strength) = self.strength().filter(|strength| *strength >= least) {
            let operator = self.operator();
            let right = self.chain(strength + 1);
            let text = format!("{} {operator} {}", left.together(), right.together());
            left = Expression { text, is_binary: true };
        }
        left
    }

    /// How strongly the operator binds that comes next.
    fn strength(&self) -> Option<u8> {
        let token = self.tokens.get(self.at)?;
        match (token.kind, token.text) {
            (Kind::Word, "OPERATOR") => Some(SPELLED),
            (Kind::Operator, "<" | ">" | "=" | "<=" | ">=" | "<>") => Some(1),
            (Kind::Operator, "+" | "-") => Some(3),
            (Kind::Operator, "*" | "/" | "%") => Some(4),
            (Kind::Operator, "^") => Some(5),
            (Kind::Operator, _) => Some(SPELLED),
            _ => None,
        }
    }

    fn operator(&mut self) -> String {
        let mut out = String::new();
        if self.text(0) != "OPERATOR" {
            out = format!("OPERATOR(pg_catalog.{})", self.text(0));
            self.at += 1;
            return out;
        }
        while !out.ends_with(')') && self.at < self.tokens.len() {
            out.push_str(self.text(0));
            self.at += 1;
        }
        out
    }

    /// What stands between operators, with everything that binds more strongly than they do.
    fn operand(&mut self) -> Expression {
        let mut out = String::new();
        self.primary(&mut out);
        loop {
            match self.text(0) {
                "(" | "[" => self.bracketed(&mut out),
                "." | "::" | "COLLATE" => self.several(&mut out, 2),
                "FILTER" => self.copy(&mut out),
                "OVER" => self.several(&mut out, 1 + usize::from(self.text(1) != "(")),
                "WITHIN" => self.several(&mut out, 2),
                "AT" => {
                    self.several(&mut out, 3);
                    out.push(' ');
                    out.push_str(&self.operand().text);
                }
                _ => return Expression { text: out, is_binary: false },
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
            (_, "(" | "[") => return,
            (Kind::Operator, "-") if self.tokens.get(self.at + 1).is_some_and(|next| next.kind == Kind::Number) => {
                out.push('-');
                self.at += 1;
            }
            (Kind::Operator, "*") => {}
            (Kind::Operator, sign) => {
                debug_assert!(false, "{sign} before an operand cannot be spelled out");
            }
            (Kind::Word, "CASE") => {
                out.push_str("CASE");
                self.at += 1;
                self.list(out, "END");
                return self.copy(out);
            }
            (Kind::Word, name) if self.is_call(name) => out.push_str("pg_catalog."),
            _ => {}
        }
        out.push_str(self.text(0));
        self.at += 1;
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
    fn arguments(&self) -> Arguments<'_, 'a> {
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
        Arguments { commas, after: end.and_then(|end| rest.get(end + 1..)).unwrap_or_default() }
    }
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
            assert_eq!(spelled_out(text), expected);
        }
    }

    #[test]
    fn what_is_no_statement_is_left_to_postgresql() {
        for text in ["", ")", "SELECT (", "'", "OPERATOR(", "a )) b"] {
            assert_eq!(spelled_out(text), text);
        }
    }
}
