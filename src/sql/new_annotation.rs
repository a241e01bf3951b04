//! An annotation that is added to datebin's own table: the only statement that writes.

use super::{Param, Statement, Writer};
use crate::time::Millis;

/// An annotation to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnotationInsert {
    /// When it is, or begins.
    pub time: Millis,
    /// When it ends; none for a point.
    pub time_end: Option<Millis>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Its tags.
    pub tags: Vec<String>,
}

/// The statement that adds one, and gives its id as text.
#[must_use]
pub fn add_annotation(annotation: &AnnotationInsert) -> Statement {
    let AnnotationInsert { time, time_end, title, text, tags } = annotation;
    let mut w = Writer::default();
    w.syntax("INSERT INTO datebin.annotations AS a (time, time_end, title, text, tags) VALUES (");
    w.param(Param::Instant(*time)).syntax(", ");
    match time_end {
        Some(end) => w.param(Param::Instant(*end)),
        None => w.syntax("NULL"),
    };
    w.syntax(", ").param(Param::Text(title.clone())).syntax(", ").param(Param::Text(text.clone()));
    w.syntax(", ").param(Param::Texts(tags.clone())).syntax(") RETURNING a.id::text");
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_a_parameter() {
        let title = "'); DROP TABLE x; --".to_owned();
        let point = AnnotationInsert {
            time: 1,
            time_end: None,
            title,
            text: String::new(),
            tags: vec!["a".into(), "b".into()],
        };
        let statement = add_annotation(&point);
        assert_eq!(
            statement.text,
            "INSERT INTO datebin.annotations AS a (time, time_end, title, text, tags) VALUES ($1, NULL, $2, $3, $4) \
             RETURNING a.id::text"
        );
        assert_eq!(statement.params.len(), 4);
        let region = add_annotation(&AnnotationInsert { time_end: Some(2), ..point });
        assert_eq!(region.params[1], Param::Instant(2));
    }
}
