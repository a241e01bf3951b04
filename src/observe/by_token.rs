//! Requests by the token that they carry.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most tokens that are counted apart; the files of a long life may have named many.
const MOST: usize = 200;

/// How often a token's requests ended with a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRequests {
    /// The token's name; empty for those beyond the bound.
    pub token: Arc<str>,
    /// The code of the error; `ok` without one.
    pub code: &'static str,
    /// How many.
    pub count: u64,
}

/// The numbers by token and code.
#[derive(Debug, Default)]
pub(super) struct ByToken(Mutex<BTreeMap<Arc<str>, BTreeMap<&'static str, u64>>>);

impl ByToken {
    /// Counts a request.
    pub(super) fn count(&self, token: &Arc<str>, code: &'static str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if all.len() < MOST || all.contains_key(token) { Arc::clone(token) } else { "".into() };
        *all.entry(name).or_default().entry(code).or_default() += 1;
    }

    /// All numbers.
    pub(super) fn all(&self) -> Vec<TokenRequests> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |(token, codes): (&Arc<str>, &BTreeMap<&'static str, u64>)| {
            let token = Arc::clone(token);
            let one = move |(code, count): (&&'static str, &u64)| TokenRequests {
                token: Arc::clone(&token),
                code,
                count: *count,
            };
            codes.iter().map(one).collect::<Vec<_>>()
        };
        all.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_beyond_the_bound_are_one() {
        let numbers = ByToken::default();
        for number in 0..MOST + 50 {
            numbers.count(&format!("token-{number}").into(), "ok");
        }
        numbers.count(&"token-0".into(), "ok");
        let all = numbers.all();
        assert_eq!(all.len(), MOST + 1);
        let of = |name: &str| all.iter().find(|one| &*one.token == name).map(|one| one.count);
        assert_eq!((of("token-0"), of(""), of("token-249")), (Some(2), Some(50), None));
    }
}
