//! Random texts of Prometheus' language: right ones in all spellings, and damaged ones.

use rand::prelude::*;
use rand::rngs::StdRng;

const METRICS: &[&str] = &[
    "up",
    "x",
    "job:rate:5m",
    "node_cpu_seconds_total",
    "sum",
    "by",
    "offset",
    "start",
    "and",
    ":",
    "Sum",
    "http_in_flight",
];
const LABELS: &[&str] = &["job", "le", "on", "by", "sum", "group_left", "bool", "atan2", "end", "instance"];
const VALUES: &[&str] = &[
    "",
    "a",
    "web-1",
    "a|b",
    "x.*",
    ".+",
    "ä",
    "it's",
    "say \"hi\"",
    "a\\b",
    "line\nbreak",
    "(a|b)c",
    "[a-z]+",
    "\u{301}\u{200b}",
    "😀",
    "\u{7f}\t",
];
const AGGREGATES: &[&str] = &["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "SUM", "Avg"];
const PARAMETRIC: &[&str] = &["topk", "bottomk", "quantile", "TOPK"];
const OF_VECTORS: &[&str] = &["abs", "ceil", "sgn", "absent", "sort", "timestamp", "histogram_count", "hour", "round"];
const OF_RANGES: &[&str] =
    &["rate", "increase", "avg_over_time", "absent_over_time", "changes", "deriv", "last_over_time"];
const NUMBERS: &[&str] = &[
    "0",
    "1",
    "2.5",
    ".5",
    "1.",
    "1e3",
    "1E-3",
    "1e+2",
    "0x1F",
    "0x_1",
    "0755",
    "089",
    "1_000",
    "1_0.2_5",
    "Inf",
    "nan",
    "inf",
    "NaN",
    "5m",
    "1h30m",
    "0s",
    "1d12h",
    "500ms",
    "1e999",
    "1_",
    "0x1e",
    "0b1",
    "1.e5",
    "00.5",
    "123456789012345678901",
];
const LENGTHS: &[&str] = &[
    "5m", "1m0s", "1h0m0s", "1y2w3d", "90d", "300", "0.5", "1e2", "+5m", "--5m", "7d", "12w6d", "500ms", "0x10",
    "1.5m", "5m1h", "0", "-5m", "1d1d", "300y", "(5m)", "5m+1m",
];
const ARITHMETIC: &[&str] = &["+", "-", "*", "/", "%", "^", "atan2", "ATAN2"];
const COMPARISONS: &[&str] = &["==", "!=", ">", "<", ">=", "<="];
const SETS: &[&str] = &["and", "or", "unless", "AND"];
const NOISE: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "'",
    "`",
    "\\",
    "=",
    "==",
    "=~",
    "!",
    "!~",
    "@",
    "#",
    "$",
    "&",
    "|",
    ";",
    ".",
    "-",
    "+",
    "^",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "bool",
    "offset",
    "and",
    "start",
    "end()",
    "5m",
    "1e",
    "0x",
    "[5m]",
    "[5m:]",
    "{a=\"b\"}",
    "ä",
    "“",
    "\n",
    " ",
    "é",
    "inf",
    "a:b",
    "{}",
    "()",
    "\"x\"",
    "limit",
    "5",
    "~",
    "\r",
    "\t",
    "@ 1",
    "offset 5m",
    "x",
    "_",
    "\"\\q\"",
];

/// Writes one text after the other.
pub(crate) struct Writer {
    dice: StdRng,
    tokens: Vec<String>,
}

impl Writer {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed), tokens: Vec::new() }
    }

    /// A text that is right but for its rarest parts, or a damaged one.
    pub(crate) fn text(&mut self) -> String {
        self.tokens.clear();
        let depth = self.dice.random_range(0..5);
        match self.dice.random_range(0..10) {
            0 => self.scalar(depth),
            1 => self.range(depth),
            2 => self.any(depth),
            _ => self.vector(depth),
        }
        match self.dice.random_range(0..10) {
            0..5 => self.joined(),
            5..8 => self.damaged_tokens(),
            _ => self.damaged_text(),
        }
    }

    fn one(&mut self, of: &[&str]) -> String {
        of.choose(&mut self.dice).copied().unwrap_or_default().to_owned()
    }

    fn is(&mut self, share: f64) -> bool {
        self.dice.random_bool(share)
    }

    fn push(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn any(&mut self, depth: usize) {
        match self.dice.random_range(0..4) {
            0 => self.scalar(depth),
            1 => self.range(depth),
            2 => {
                let value = self.one(VALUES);
                let text = self.quoted(&value);
                self.push(text);
            }
            _ => self.vector(depth),
        }
    }

    fn operand(&mut self, depth: usize) {
        match self.dice.random_range(0..40) {
            0 => self.any(depth),
            1..8 => self.scalar(depth),
            _ => self.vector(depth),
        }
    }

    fn vector(&mut self, depth: usize) {
        if depth == 0 {
            self.selector();
            return self.modifiers();
        }
        let below = depth - 1;
        match self.dice.random_range(0..12) {
            0..2 => self.vector(0),
            2..5 => self.binary(below),
            5..7 => self.aggregate(below),
            7..9 => self.call(below),
            9 => self.in_parentheses(|own| own.vector(below)),
            10 => {
                let sign = self.one(&["-", "+"]);
                self.push(sign);
                self.vector(below);
            }
            _ => self.call_of_strings(below),
        }
    }

    fn scalar(&mut self, depth: usize) {
        if depth == 0 || self.is(0.4) {
            for _ in 0..self.dice.random_range(0..6_usize).saturating_sub(3) {
                let sign = self.one(&["-", "+"]);
                self.push(sign);
            }
            let number = self.one(NUMBERS);
            return self.push(number);
        }
        match self.dice.random_range(0..4) {
            0 => {
                let name = self.one(&["time", "pi"]);
                self.push(name);
                self.in_parentheses(|_| {});
            }
            1 => {
                self.push("scalar");
                self.in_parentheses(|own| own.vector(depth - 1));
            }
            2 => {
                self.scalar(depth - 1);
                let op = self.one(ARITHMETIC);
                self.push(op);
                self.scalar(depth - 1);
            }
            _ => {
                self.scalar(depth - 1);
                let op = self.one(COMPARISONS);
                self.push(op);
                if self.is(0.9) {
                    self.push("bool");
                }
                self.scalar(depth - 1);
            }
        }
    }

    fn range(&mut self, depth: usize) {
        if depth == 0 || self.is(0.6) {
            self.selector();
            self.brackets(false);
        } else {
            match self.dice.random_range(0..3) {
                0 => self.in_parentheses(|own| own.vector(depth - 1)),
                1 => self.call(depth - 1),
                _ => self.vector(depth - 1),
            }
            self.brackets(true);
        }
        self.modifiers();
    }

    fn brackets(&mut self, has_colon: bool) {
        let blank = |own: &mut Self| if own.is(0.1) { own.one(&[" ", "\n", "  "]) } else { String::new() };
        let (before, range, behind) = (blank(self), self.one(LENGTHS), blank(self));
        let steps = match (has_colon || self.is(0.02), self.is(0.5)) {
            (false, _) => String::new(),
            (true, false) => format!(":{}", blank(self)),
            (true, true) => format!(":{}{}{}", blank(self), self.one(LENGTHS), blank(self)),
        };
        self.push(format!("[{before}{range}{behind}{steps}]"));
    }

    fn modifiers(&mut self) {
        for _ in 0..self.dice.random_range(0..8_usize).saturating_sub(5) {
            if self.is(0.5) {
                let word = self.one(&["offset", "OFFSET"]);
                self.push(word);
                let length = self.one(LENGTHS);
                self.push(length);
            } else {
                self.push("@");
                let time =
                    self.one(&["0", "1609746000.123", "-5", "+5m", "start()", "END()", "1e9", "end( )", "--1", "Inf"]);
                self.push(time);
            }
        }
    }

    fn selector(&mut self) {
        let is_named = self.is(0.8);
        if is_named {
            let name = self.one(METRICS);
            self.push(name);
        }
        if is_named && self.is(0.5) {
            return;
        }
        self.push("{");
        let mut count = self.dice.random_range(0..4);
        if !is_named && self.is(0.5) {
            let value = self.one(&["a.b", "x", "ä b", ""]);
            let name = self.quoted(&value);
            self.push(name);
            if count > 0 {
                self.push(",");
            }
        } else if !is_named {
            count += 1;
        }
        for at in 0..count {
            if at > 0 {
                self.push(",");
            }
            self.matcher();
        }
        if count > 0 && self.is(0.1) {
            self.push(",");
        }
        self.push("}");
    }

    fn matcher(&mut self) {
        let label = match self.dice.random_range(0..20) {
            0 => "__name__".to_owned(),
            1 => self.quoted("dotted.label"),
            2 => self.quoted(""),
            _ => self.one(LABELS),
        };
        self.push(label);
        let op = self.one(&["=", "!=", "=~", "!~"]);
        self.push(op);
        let value = self.one(VALUES);
        let value = self.quoted(&value);
        self.push(value);
    }

    fn labels(&mut self, is_quoted: bool) {
        self.push("(");
        let count = self.dice.random_range(0..3);
        for at in 0..count {
            if at > 0 {
                self.push(",");
            }
            let label = match self.dice.random_range(0..20) {
                0 if is_quoted => self.quoted("site.name"),
                1 => self.one(&["without", "inf", "a:b", "1"]),
                _ => self.one(LABELS),
            };
            self.push(label);
        }
        if count > 0 && self.is(0.1) {
            self.push(",");
        }
        self.push(")");
    }

    fn grouping(&mut self) {
        let word = self.one(&["by", "without", "BY"]);
        self.push(word);
        self.labels(true);
    }

    fn aggregate(&mut self, depth: usize) {
        let kind = self.dice.random_range(0..12);
        let op = match kind {
            0 => "count_values".to_owned(),
            1..4 => self.one(PARAMETRIC),
            _ => self.one(AGGREGATES),
        };
        self.push(op);
        let place = self.dice.random_range(0..3);
        if place == 1 {
            self.grouping();
        }
        self.in_parentheses(|own| {
            match kind {
                0 => {
                    let label = own.quoted("version");
                    own.push(label);
                    own.push(",");
                }
                1..4 => {
                    own.scalar(0);
                    own.push(",");
                }
                _ => {}
            }
            own.vector(depth);
        });
        if place == 2 {
            self.grouping();
        }
    }

    fn call(&mut self, depth: usize) {
        let is_range = self.is(0.5);
        let name = if is_range { self.one(OF_RANGES) } else { self.one(OF_VECTORS) };
        self.push(name);
        self.in_parentheses(|own| {
            if own.is(0.03) {
                own.any(depth);
            } else if is_range {
                own.range(depth);
            } else {
                own.vector(depth);
            }
            if own.is(0.02) {
                own.push(",");
                own.scalar(0);
            }
        });
    }

    fn call_of_strings(&mut self, depth: usize) {
        let count = if self.is(0.5) { 4 } else { self.dice.random_range(2..5) };
        let name = self.one(&["label_replace", "label_join"]);
        self.push(name);
        self.in_parentheses(|own| {
            own.vector(depth);
            for _ in 0..count {
                own.push(",");
                let value = own.one(VALUES);
                let value = own.quoted(&value);
                own.push(value);
            }
        });
    }

    fn binary(&mut self, depth: usize) {
        self.operand(depth);
        let kind = self.dice.random_range(0..6);
        let op = match kind {
            0 => self.one(SETS),
            1..3 => self.one(COMPARISONS),
            _ => self.one(ARITHMETIC),
        };
        self.push(op);
        if ((1..3).contains(&kind) && self.is(0.3)) || self.is(0.01) {
            self.push("bool");
        }
        if self.is(0.3) {
            let word = self.one(&["on", "ignoring", "ON"]);
            self.push(word);
            self.labels(false);
            if kind > 0 && self.is(0.4) {
                let word = self.one(&["group_left", "group_right"]);
                self.push(word);
                if self.is(0.7) {
                    self.labels(false);
                }
            }
        }
        self.operand(depth);
    }

    fn in_parentheses(&mut self, inside: impl FnOnce(&mut Self)) {
        self.push("(");
        inside(self);
        if self.is(0.01) {
            self.push(",");
        }
        self.push(")");
    }

    /// A string in one of the three forms, now and then with escapes that nothing needs.
    fn quoted(&mut self, value: &str) -> String {
        let quote = self.one(&["\"", "\"", "'", "`"]);
        if quote == "`" && !value.contains('`') {
            return format!("`{value}`");
        }
        let quote = if quote == "`" { "\"".to_owned() } else { quote };
        let mut text = quote.clone();
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                c if quote.starts_with(c) => text.extend(['\\', c]),
                c if self.is(0.05) => text.push_str(&format!("\\U{:08x}", u32::from(c))),
                c if c.is_ascii() && self.is(0.05) => text.push_str(&format!("\\{:03o}", u32::from(c))),
                c => text.push(c),
            }
        }
        if self.is(0.01) {
            let flaw = self.one(&["\\q", "\\x4", "\\777", "\\ud800", "\n", "\\'", "\\\"", "\\"]);
            text.push_str(&flaw);
        }
        text + &quote
    }

    /// The tokens with as little or as much between them as the language lets pass.
    fn joined(&mut self) -> String {
        let mut text = String::new();
        let tokens = std::mem::take(&mut self.tokens);
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '.');
        for token in tokens {
            let touches = text.ends_with(is_word) && token.starts_with(is_word);
            if self.is(0.3) {
                text.push_str(&self.one(&[" ", "  ", "\n", "\t", "\r\n", " # a comment, \"(\n"]));
            } else if touches || self.is(0.5) {
                text.push(' ');
            }
            text.push_str(&token);
        }
        text
    }

    fn damaged_tokens(&mut self) -> String {
        let at = self.dice.random_range(0..self.tokens.len().max(1)).min(self.tokens.len().saturating_sub(1));
        match self.dice.random_range(0..5) {
            0 => drop(self.tokens.remove(at)),
            1 => self.tokens.insert(at, self.tokens[at].clone()),
            2 => {
                let other = self.dice.random_range(0..self.tokens.len());
                self.tokens.swap(at, other);
            }
            3 => self.tokens[at] = self.one(NOISE),
            _ => {
                let noise = self.one(NOISE);
                self.tokens.insert(at, noise);
            }
        }
        self.joined()
    }

    fn damaged_text(&mut self) -> String {
        let mut text = self.joined();
        let at = text.floor_char_boundary(self.dice.random_range(0..=text.len()));
        match self.dice.random_range(0..3) {
            0 if at < text.len() => drop(text.remove(at)),
            1 => text.truncate(at),
            _ => {
                let noise = self.one(NOISE);
                text.insert_str(at, &noise);
            }
        }
        text
    }
}
