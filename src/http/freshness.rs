//! `Cache-Control: no-cache`: the client wants what the database says now.

use axum::http::HeaderMap;
use axum::http::header::CACHE_CONTROL;

/// Whether nothing that is known already may answer.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let says = |directives: &str| directives.split(',').any(|one| one.trim().eq_ignore_ascii_case("no-cache"));
    headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).any(says)
}
