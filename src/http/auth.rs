//! Tokens: `Authorization: Bearer SECRET`, or `Basic` with the secret as the password.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use axum::http::{HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::respond;
use crate::access::{Access, AccessRefusal, AccessTarget, Credentials};
use crate::config::HttpConfig;
use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::observe::Record;

/// Whom Grafana asks for.
const LOGIN: HeaderName = HeaderName::from_static("x-grafana-user");
/// The same, signed by Grafana.
const ID_TOKEN: HeaderName = HeaderName::from_static("x-grafana-id");
/// Paths that say nothing of the catalog.
const OPEN: &[&str] = &["/", "/livez", "/readyz", "/-/healthy", "/-/ready", "/openapi.json"];

/// What a request must pass.
pub(super) struct Gate {
    access: Access,
    metrics_open: bool,
    wait: Duration,
}

impl Gate {
    pub(super) fn of(config: &HttpConfig, place: AccessTarget) -> Self {
        Self { access: config.access.at(place), metrics_open: config.metrics_open, wait: config.token_wait }
    }

    fn is_open(&self, request: &Request) -> bool {
        let path = request.uri().path();
        let is_metrics = self.metrics_open && path == "/metrics" && request.method() == Method::GET;
        self.access.is_open() || request.method() == Method::OPTIONS || is_metrics || OPEN.contains(&path)
    }
}

/// Lets a request pass whose token is known. The body is not read before, and no session of the database is taken.
pub(super) async fn admitted(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    if gate.is_open(&request) {
        return next.run(request).await;
    }
    let credentials = match credentials(request.headers()) {
        Ok(credentials) => credentials,
        Err(error) => return respond::error(&error),
    };
    let guard = match gate.access.admit(&credentials, gate.wait).await {
        Ok(guard) => guard,
        Err(refusal) => {
            record(&request, &refusal.who);
            return refused(refusal.why, request.headers());
        }
    };
    record(&request, guard.caller.identity());
    request.extensions_mut().insert(guard.caller.clone());
    let response = next.run(request).await;
    // The place of the request is its token's as long as it is worked on.
    drop(guard);
    response
}

/// Tells those who watch requests who asks.
fn record(request: &Request, who: &Identity) {
    if let Some(record) = request.extensions().get::<Record>() {
        record.caller(who);
    }
}

/// A refusal without the methods that the router adds: they would tell which paths there are.
pub(super) fn without_methods(mut response: Response) -> Response {
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().remove(ALLOW);
    }
    response
}

/// `Basic` is not offered to a script: the browser would ask for a login over the page, which has a field of its own.
fn refused(refusal: AccessRefusal, headers: &HeaderMap) -> Response {
    match refusal {
        AccessRefusal::Unknown => {
            let error = Error::new(Kind::Unauthorized, "a token is needed here, and none that is known was sent");
            let hint = "send it as Authorization: Bearer TOKEN, or with Basic authentication as the password";
            let mut response = respond::error(&error.hint(hint));
            let is_of_script = headers.get("sec-fetch-dest").is_some_and(|value| value == "empty");
            let ways = if is_of_script {
                "Bearer realm=\"datebin\""
            } else {
                "Bearer realm=\"datebin\", Basic realm=\"datebin\""
            };
            let ways = HeaderValue::from_static(ways);
            response.headers_mut().insert(WWW_AUTHENTICATE, ways);
            response
        }
        AccessRefusal::Person => respond::error(&Error::new(Kind::Forbidden, "this person may not ask here")),
        AccessRefusal::BadLogin => respond::error(&Error::new(Kind::BadRequest, "X-Grafana-User is no login")),
        AccessRefusal::Busy => {
            let error = Error::new(Kind::TooManyRequests, "this token has as many requests at work as it may have");
            respond::error(&error.hint("try again in a few seconds"))
        }
    }
}

fn credentials(headers: &HeaderMap) -> Result<Credentials, Error> {
    let secret = once(headers, &AUTHORIZATION)?.and_then(|value| secret(value.as_bytes()));
    let login = once(headers, &LOGIN)?.map(|value| value.as_bytes().to_vec());
    let id = once(headers, &ID_TOKEN)?.map(|value| value.as_bytes().to_vec());
    Ok(Credentials { secret, login, id })
}

/// The only value of a header: of two, nobody knows which one a proxy has looked at.
fn once<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Error> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Error::new(Kind::BadRequest, format!("the header {name} is there twice"))),
        (value, None) => Ok(value),
    }
}

fn secret(value: &[u8]) -> Option<Vec<u8>> {
    let at = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = (&value[..at], value[at + 1..].trim_ascii());
    if scheme.eq_ignore_ascii_case(b"bearer") {
        return Some(rest.to_vec());
    }
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let pair = STANDARD.decode(rest).ok()?;
    // A password may have colons, a user's name has none.
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_as_a_bearer_or_as_a_password() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text)).into_bytes();
        for (value, expected) in [
            (b"Bearer s3cret".to_vec(), Some("s3cret")),
            (b"bearer  s3cret ".to_vec(), Some("s3cret")),
            (basic("grafana:s3cret"), Some("s3cret")),
            (basic(":a:b"), Some("a:b")),
            (basic("s3cret"), None),
            (b"Basic ???".to_vec(), None),
            (b"Digest s3cret".to_vec(), None),
            (b"s3cret".to_vec(), None),
        ] {
            assert_eq!(secret(&value).as_deref(), expected.map(str::as_bytes), "{value:?}");
        }
    }

    #[test]
    fn a_stated_login_of_any_bytes_is_left_to_who_believes_it() {
        let mut headers = HeaderMap::new();
        headers.insert(LOGIN, HeaderValue::from_bytes(b"al\xff").unwrap());
        assert_eq!(credentials(&headers).unwrap().login.as_deref(), Some(&b"al\xff"[..]));
    }
}
