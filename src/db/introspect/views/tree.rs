//! The text in which PostgreSQL keeps the tree of a view's query: `{QUERY :hasAggs false :rtable ({…} {…}) …}`.

/// Deeper trees are not followed.
const DEEPEST: u32 = 400;

/// Whether nobody asks for a field: such fields are most of the text.
fn is_unasked(field: &str) -> bool {
    matches!(
        field,
        "alias"
            | "varnosyn"
            | "varattnosyn"
            | "vartypmod"
            | "location"
            | "selectedCols"
            | "insertedCols"
            | "updatedCols"
            | "extraUpdatedCols"
            | "requiredPerms"
            | "checkAsUser"
            | "rteperminfos"
            | "rellockmode"
            | "relkind"
            | "inFromCl"
            | "joinleftcols"
            | "joinrightcols"
            | "consttypmod"
            | "constlen"
    )
}

/// One value of a tree.
#[derive(Debug, PartialEq)]
pub(super) enum Node {
    /// A word or a number; `<>` is nothing.
    Word(String),
    /// What stands in parentheses, or several words of one field.
    List(Vec<Node>),
    /// What stands in braces: its kind, and its fields by name.
    Object(String, Vec<(String, Node)>),
}

static NOTHING: Node = Node::List(Vec::new());

impl Node {
    /// Reads a tree; none where it is none, or where it is too deep.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text };
        reader.node(0)
    }

    /// A field of an object; nothing where it has none of that name.
    pub(super) fn get(&self, field: &str) -> &Self {
        match self {
            Self::Object(_, fields) => fields.iter().find(|(name, _)| name == field).map_or(&NOTHING, |(_, node)| node),
            Self::Word(_) | Self::List(_) => &NOTHING,
        }
    }

    /// The first of several fields that the object has.
    pub(super) fn first_of(&self, fields: &[&str]) -> &Self {
        fields.iter().map(|field| self.get(field)).find(|node| **node != NOTHING).unwrap_or(&NOTHING)
    }

    /// The items of a list.
    pub(super) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Word(_) | Self::Object(..) => &[],
        }
    }

    /// What an object is: `VAR`. Versions of PostgreSQL differ in whether expressions are called so: `COALESCE`.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Object(kind, _) => kind.strip_suffix("EXPR").unwrap_or(kind),
            Self::Word(_) | Self::List(_) => "",
        }
    }

    /// The fields of an object, or the items of a list.
    pub(super) fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::Word(_) => Box::new(std::iter::empty()),
            Self::List(items) => Box::new(items.iter()),
            Self::Object(_, fields) => Box::new(fields.iter().map(|(_, node)| node)),
        }
    }

    /// A word; empty where it is none.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Word(word) if word != "<>" => word,
            _ => "",
        }
    }

    /// A word in quotes, without them.
    pub(super) fn unquoted(&self) -> &str {
        let word = self.word();
        word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or(word)
    }

    /// Whether a field says what one that is missing says.
    fn is_default(&self) -> bool {
        matches!(self, Self::Word(word) if ["<>", "0", "-1", "false"].contains(&word.as_str()))
    }

    /// A number; 0 where it is none.
    pub(super) fn number(&self) -> i64 {
        self.word().parse().unwrap_or(0)
    }

    /// Whether the word is `true`.
    pub(super) fn is_true(&self) -> bool {
        self.word() == "true"
    }

    /// Whether anything stands here.
    pub(super) fn is_some(&self) -> bool {
        match self {
            Self::Word(word) => word != "<>",
            Self::List(items) => !items.is_empty(),
            Self::Object(..) => true,
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<char> {
        let blanks = self.rest.bytes().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t')).count();
        self.rest = &self.rest[blanks..];
        self.rest.chars().next()
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn node(&mut self, depth: u32) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            '{' => self.object(depth),
            '(' => self.list(depth),
            _ => Some(Node::Word(self.word())),
        }
    }

    fn list(&mut self, depth: u32) -> Option<Node> {
        self.skip();
        let mut items = Vec::new();
        while self.peek()? != ')' {
            items.push(self.node(depth + 1)?);
        }
        self.skip();
        Some(Node::List(items))
    }

    fn object(&mut self, depth: u32) -> Option<Node> {
        self.skip();
        self.peek()?;
        let kind = self.word();
        let mut fields = Vec::new();
        while self.peek()? != '}' {
            let raw = self.raw();
            let name = raw.strip_prefix(':').unwrap_or(raw);
            if is_unasked(name) {
                self.pass()?;
                continue;
            }
            // A name behind a field's may begin as a field does.
            let mut value = vec![self.node(depth + 1)?];
            while !matches!(self.peek()?, '}' | ':') {
                value.push(self.node(depth + 1)?);
            }
            let value = if value.len() == 1 { value.remove(0) } else { Node::List(value) };
            if !value.is_default() {
                fields.push((name.to_owned(), value));
            }
        }
        self.skip();
        Some(Node::Object(kind, fields))
    }

    /// The characters up to a blank or a parenthesis; a backslash makes one of the word.
    fn word(&mut self) -> String {
        let word = self.raw();
        if !word.contains('\\') {
            return word.to_owned();
        }
        let (mut own, mut is_plain) = (String::with_capacity(word.len()), true);
        for c in word.chars() {
            if c == '\\' && is_plain {
                is_plain = false;
            } else {
                own.push(c);
                is_plain = true;
            }
        }
        own
    }

    fn raw(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'\\' => end += 2,
                b' ' | b'\n' | b'\t' | b'(' | b')' | b'{' | b'}' => break,
                _ => end += 1,
            }
        }
        // Nothing that a tree has, where the word is empty: the reader must go on.
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = if word.is_empty() { rest.get(1..).unwrap_or_default() } else { rest };
        word
    }

    /// Passes a value over.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 0_u32;
        loop {
            match self.peek()? {
                '{' | '(' => {
                    depth += 1;
                    self.skip();
                }
                '}' | ')' if depth > 0 => {
                    depth -= 1;
                    self.skip();
                }
                _ => {
                    self.raw();
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_names_that_look_like_its_syntax() {
        let text = "({QUERY :hasAggs false :limitCount <> :target ({TARGETENTRY :expr {CONST :constvalue 4 [ 16 0 -1 0 ] \
                    :location -1} :resname :x\\ y\\} :resno 2} {TARGETENTRY :names (\"a\\\"b\" \"\") :cols (b 8 9)})})";
        let tree = Node::parse(text).unwrap();
        let query = &tree.items()[0];
        assert_eq!(
            (query.kind(), query.get("hasAggs").is_true(), query.get("limitCount").is_some()),
            ("QUERY", false, false)
        );
        let [first, second] = query.get("target").items() else { panic!("{query:?}") };
        assert_eq!((first.get("resname").word(), first.get("resno").number()), (":x y}", 2));
        assert_eq!(first.get("expr").get("constvalue").items().len(), 7);
        assert_eq!(first.get("expr").get("location"), &NOTHING);
        assert_eq!(second.get("names").items().iter().map(Node::unquoted).collect::<Vec<_>>(), ["a\"b", ""]);
        assert_eq!(second.get("missing"), &NOTHING);
    }

    #[test]
    fn what_is_cut_off_or_too_deep_is_no_tree() {
        for text in ["", "({QUERY :a (1 2)", "{A :b", &"(".repeat(1_000)] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
        assert_eq!(Node::parse("}"), Some(Node::Word(String::new())));
    }
}
