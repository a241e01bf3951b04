//! The explorer: one page for browsers at `/`, and what its script asks.

mod answer;
mod catalog;
mod live;

use std::sync::OnceLock;

use axum::Router;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::{App, CallerApp, health};

const STYLE: &str = include_str!("page.css");
/// One script of several files, so that they share their names.
const SCRIPT: &str = concat!(
    include_str!("page/start.js"),
    include_str!("page/metrics.js"),
    include_str!("page/question.js"),
    include_str!("page/filters.js"),
    include_str!("page/asking.js"),
    include_str!("page/answer.js"),
    include_str!("page/copies.js"),
    include_str!("page/chart.js"),
    include_str!("page/catalog.js"),
    include_str!("page/page.js"),
);
const PAGE: &str = include_str!("page.html");

/// What the script asks.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/explorer/answer", get(answer::got))
        .route("/explorer/catalog", get(catalog::got))
        .route("/explorer/check", get(live::checked))
        .route("/explorer/discovered", get(live::discovered))
        .route("/explorer/undeclared", get(live::undeclared))
}

/// `GET /`: the page for browsers, for everything else whether questions can be answered.
pub(super) async fn root(asked: CallerApp, headers: HeaderMap) -> Response {
    let mut response = if wants_page(&headers) { page() } else { health::root(asked).await };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    response
}

/// Whether a browser shows what comes: nothing else names HTML as something that it takes.
fn wants_page(headers: &HeaderMap) -> bool {
    let named = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|kind| {
        let mut parts = kind.split(';').map(str::trim);
        parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("text/html")) && !parts.any(is_refusal)
    })
}

/// Whether a parameter of a kind says that it is not taken: a weight of 0.
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.trim().parse::<f64>().is_ok_and(|weight| weight <= 0.0))
}

/// The page, with style and script inside: a path of its own for each would depend on a slash at the end of the page's,
/// and on what a proxy takes away in front of it.
struct Page {
    html: String,
    policy: HeaderValue,
}

fn page() -> Response {
    static BUILT: OnceLock<Page> = OnceLock::new();
    let Page { html, policy } = BUILT.get_or_init(Page::build);
    let mut response = html.as_str().into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

impl Page {
    fn build() -> Self {
        let html = PAGE.replace("/*style*/", STYLE).replace("/*script*/", SCRIPT);
        let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
            hash(SCRIPT),
            hash(STYLE)
        );
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self { html, policy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_small() {
        let Page { html, policy } = Page::build();
        assert!(html.contains(SCRIPT) && html.contains(STYLE) && !html.contains("/*script*/"));
        assert!(html.len() < 48 * 1024, "{}", html.len());
        // What would end the element early, and what the policy forbids.
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style") && !PAGE.contains(" style="));
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval("));
        assert!(policy.to_str().unwrap().starts_with("default-src 'none'; script-src 'sha256-"));
    }

    #[test]
    fn only_who_names_html_is_shown_the_page() {
        let wants =
            |accept: &str| wants_page(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).unwrap())]));
        assert!(wants("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(wants("application/json, TEXT/HTML ; q=0.1") && !wants("application/json, text/html;q=0"));
        assert!(!wants("text/html;level=1; Q=0.000"));
        assert!(!wants("*/*") && !wants("application/json, text/plain, */*") && !wants_page(&HeaderMap::new()));
    }
}
