//! An expression as text around its subexpressions.

use std::fmt;

/// What a subexpression comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Vector,
    Range,
}

#[derive(Clone, Debug)]
pub enum Part {
    Text(String),
    Sub(Node),
}

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: Kind,
    pub parts: Vec<Part>,
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Node> for Part {
    fn from(node: Node) -> Self {
        Self::Sub(node)
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Sub(node) => write!(f, "{node}"),
        })
    }
}

impl Node {
    pub fn new<const N: usize>(kind: Kind, parts: [Part; N]) -> Self {
        Self { kind, parts: parts.into() }
    }

    pub fn scalar(text: impl Into<String>) -> Self {
        Self::new(Kind::Scalar, [Part::Text(text.into())])
    }

    fn subs(&self) -> impl Iterator<Item = (usize, &Self)> {
        self.parts.iter().enumerate().filter_map(|(at, part)| match part {
            Part::Sub(node) => Some((at, node)),
            Part::Text(_) => None,
        })
    }

    /// Every subexpression below this one.
    fn below(&self) -> Vec<&Self> {
        let mut all = Vec::new();
        for (_, sub) in self.subs() {
            all.push(sub);
            all.extend(sub.below());
        }
        all
    }

    /// Smaller expressions of the same kind: a subexpression in place of the whole, or of a part of it.
    pub fn smaller(&self) -> Vec<Self> {
        let mut all: Vec<Self> = self.below().into_iter().filter(|node| node.kind == self.kind).cloned().collect();
        for (at, sub) in self.subs() {
            let mut instead = sub.smaller();
            if sub.kind == Kind::Scalar && sub.to_string() != "1" {
                instead.insert(0, Self::scalar("1"));
            }
            for smaller in instead {
                let mut whole = self.clone();
                whole.parts[at] = Part::Sub(smaller);
                all.push(whole);
            }
        }
        all.sort_by_key(|node| node.to_string().len());
        all
    }
}
