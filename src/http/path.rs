//! Paths as clients spell them: any base path, with and without a slash at the end, slashes doubled.

use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// The request with its path in the one form that the routes know: the base path removed, repeated slashes
/// collapsed, none at the end. No redirect: through Grafana's proxy it would point the browser at the wrong host.
pub(super) fn normalised(mut request: Request, base: &str) -> Request {
    let path = simple(request.uri().path(), base);
    if path != request.uri().path() {
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        if let Ok(path_and_query) = PathAndQuery::try_from(format!("{path}{query}")) {
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = Some(path_and_query);
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
    request
}

fn simple(path: &str, base: &str) -> String {
    let mut simple = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        simple.push('/');
        simple.push_str(segment);
    }
    let rest = match simple.strip_prefix(base) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => &simple,
    };
    if rest.is_empty() { "/".to_owned() } else { rest.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::simple;

    #[test]
    fn one_form_for_every_spelling() {
        for (given, base, expected) in [
            ("/", "", "/"),
            ("//", "", "/"),
            ("", "", "/"),
            ("//query", "", "/query"),
            ("/query/", "", "/query"),
            ("/api/json", "/api/json", "/"),
            ("/api/json/", "/api/json", "/"),
            ("/api//json//query", "/api/json", "/query"),
            ("/query", "/api/json", "/query"),
            ("/api/jsonquery", "/api/json", "/api/jsonquery"),
        ] {
            assert_eq!(simple(given, base), expected, "{given} under {base:?}");
        }
    }
}
