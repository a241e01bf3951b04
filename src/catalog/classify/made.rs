//! Rows that are made one by one, and whose key is no number of their own: documents that go by a name, and relations of two
//! things.

use super::things::is_journal;
use super::words;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::ident::Ident;

/// What documents go by that have no number of their own.
const DOCUMENT_KEY: &[&str] = &["name", "code", "docname", "voucher", "coupon", "ticket", "order", "booking", "folio"];

/// Whether the rows of a key of several things were made at a time and are not changed: likes, votes, lines of orders.
pub(super) fn is_made_once(relation: &RelationFacts, key: &[Ident], time: &Ident) -> bool {
    is_made_at(relation, time) && key.iter().filter(|name| tells_other(relation, name)).count() > 1
}

/// Whether the column of a longer key refers to something else.
fn tells_other(relation: &RelationFacts, name: &Ident) -> bool {
    words::is_reference(name.as_str()) || relation.foreign_keys.iter().any(|key| key.columns.contains(name))
}

/// Whether a time is when rows were made or happened, and no other says when they were changed.
fn is_made_at(relation: &RelationFacts, time: &Ident) -> bool {
    let is_changed = |column: &ColumnFacts| {
        let name = column.name.as_str();
        column.ty.is_time() && column.name != *time && (words::is_change(name) || words::is_latest(name))
    };
    // A server writes down when it was told.
    let is_made = words::is_creation(time.as_str()) || words::is_one(time.as_str(), &["server_time"]);
    is_made && !relation.columns.iter().any(is_changed)
}

/// Whether a key is called like one row of its relation: `loan` of `loans`.
fn is_called_like(relation: &RelationFacts, key: &Ident) -> bool {
    words::is_many_of(&relation.relation.name.as_str().to_lowercase(), &key.as_str().to_lowercase())
}

/// Whether each row is a document that goes by a name or a code of its own: it was posted, sold or redeemed at a time, it is
/// about money or goods, or the relation keeps what became of others.
pub(super) fn is_document(relation: &RelationFacts, key: &[Ident], time: &Ident) -> bool {
    let [only] = key else { return false };
    // A text such as `last_name` says nothing of times.
    let names = || relation.columns.iter().filter(|own| !own.is_text()).map(|own| own.name.as_str());
    let is_made = words::is_creation(time.as_str()) && !names().any(words::is_latest);
    // A quantity that is changed later is what is left.
    let is_changed = names().any(words::is_change);
    let is_left =
        |name: &str| is_changed && words::words_of(name).iter().any(|word| word == "qty" || word == "quantity");
    let is_sum =
        |own: &ColumnFacts| own.is_number() && words::is_deal(own.name.as_str()) && !is_left(own.name.as_str());
    let is_event = |own: &ColumnFacts| own.ty.is_time() && words::is_event_of_deal(own.name.as_str());
    let is_kept = || {
        let words = words::words_of(relation.relation.name.as_str());
        is_journal(relation.relation.name.as_str()) || words.iter().any(|word| word.starts_with("version"))
    };
    let is_traded = || relation.columns.iter().any(|own| is_sum(own) || is_event(own));
    let is_called = words::is_one(only.as_str(), DOCUMENT_KEY);
    is_made && (is_called && (is_traded() || is_kept()) || is_called_like(relation, only) && is_traded())
}
