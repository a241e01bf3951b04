//! `GET /federate`: the newest value of each series, for a Prometheus that scrapes.

use std::collections::BTreeSet;
use std::io::{self, Write};

use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap};
use axum::response::Response;

use super::super::buffers::{Document, HeldDocument, answered};
use super::super::query::LARGE;
use super::super::{App, CallerApp};
use super::form::FormParameters;
use crate::error::Error;
use crate::intake::prometheus::{ListQuery, Parameters};
use crate::render::prometheus::Exposition;
use crate::series::METRIC_NAME;

/// The content type of names of any characters.
const UTF8: HeaderValue = HeaderValue::from_static("text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");

pub(super) async fn got(
    CallerApp(app): CallerApp,
    headers: HeaderMap,
    FormParameters(parameters): FormParameters,
) -> Response {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let is_utf8 = accepted.any(|value| value.contains("escaping=allow-utf-8"));
    answered(federated(&app, &parameters, is_utf8).await)
}

async fn federated(app: &App, parameters: &Parameters, is_utf8: bool) -> Result<Response, Error> {
    let listing = ListQuery::read(parameters)?;
    let scope = app.scope().await?;
    let found = scope.federate(&listing.selectors).await?;
    let large = found.series.len() > LARGE;
    let make = move || {
        let metrics: BTreeSet<&str> = found.series.keys().map(|labels| labels.get(METRIC_NAME)).collect();
        let kind = |name: &str| Some((name.to_owned(), scope.kind_of(name)?));
        let types = metrics.into_iter().filter_map(kind).collect();
        Ok(HeldDocument(FederatedText(Exposition { series: found.series, types, is_utf8 }), found.held))
    };
    let mut response = app.buffers.answer(large, make).await?;
    if is_utf8 {
        response.headers_mut().insert(CONTENT_TYPE, UTF8);
    }
    Ok(response)
}

struct FederatedText(Exposition);

impl Document for FederatedText {
    const TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(out)
    }
}
