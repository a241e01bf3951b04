//! The members of a URL's query, as Infinity and people write them.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Map, Value};

use super::respond;
use crate::error::{Error, Kind};
use crate::nearest::nearest;

/// All members in the order of the URL; a name may repeat.
pub(super) struct Params(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let read = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        read.map(|Query(all)| Self(all))
            .map_err(|_| respond::error(&Error::new(Kind::BadRequest, "the URL's query cannot be read")))
    }
}

/// The most unknown names that are said.
const NOTICES: usize = 5;

fn notice(name: &str, known: &[&str]) -> String {
    let shown: String = name.chars().take(40).collect();
    match nearest(name, known.iter().copied()).first() {
        Some(near) => format!("the parameter {shown:?} is unknown and ignored: did you mean {near}?"),
        None => format!("the parameter {shown:?} is unknown and ignored"),
    }
}

impl Params {
    /// The values of a name. A blank one says nothing, nor does a variable that nobody replaced: in an alert rule
    /// `${__interval_ms}` arrives as it stands.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str());
        values.filter(|value| !value.trim().is_empty() && !value.trim_start().starts_with('$'))
    }

    /// The first value of a name.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The first value of a name as JSON: a text or null.
    pub(super) fn value(&self, name: &str) -> Value {
        self.first(name).map(Value::from).unwrap_or_default()
    }

    /// The first value of one of two spellings of a name.
    pub(super) fn either(&self, name: &str, other: &str) -> Value {
        if self.first(name).is_some() { self.value(name) } else { self.value(other) }
    }

    /// A notice for each name that is not among the known ones, with the nearest of them. Some clients add a parameter
    /// against caches: one that begins with `_` is passed over.
    pub(super) fn unknown(&self, known: &[&str]) -> Vec<String> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let unknown = names.into_iter().filter(|name| !known.contains(name) && !name.starts_with('_'));
        unknown.take(NOTICES).map(|name| notice(name, known)).collect()
    }

    /// `from` and `to`.
    pub(super) fn range(&self) -> Value {
        self.object(&["from", "to"])
    }

    /// An object of those that are there.
    pub(super) fn object(&self, names: &[&str]) -> Value {
        let said = names.iter().filter_map(|name| Some(((*name).to_owned(), self.first(name)?.into())));
        Value::Object(said.collect::<Map<String, Value>>())
    }
}
