//! `POST /api/v1/read`: samples as they are, for a Prometheus that reads from here.

use std::io::{self, Write};

use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, HeaderValue};
use axum::response::Response;

use super::super::body::{self, BodyEncoding, LARGE};
use super::super::buffers::{Document, HeldDocument, answered};
use super::super::{App, CallerApp};
use crate::error::Error;
use crate::intake::prometheus::{RemoteBounds, RemoteForm, RemoteRead};
use crate::render::prometheus::{AllSamples, Chunks};

/// From here on samples and series take milliseconds to write.
const LARGE_ANSWER: usize = 20_000;

pub(super) async fn posted(CallerApp(app): CallerApp, request: Request) -> Response {
    answered(read(&app, request).await)
}

async fn read(app: &App, request: Request) -> Result<Response, Error> {
    let received = body::received_as(BodyEncoding::Snappy, request, app).await?;
    let scope = app.scope().await?;
    let bounds = RemoteBounds { bytes: app.body_limit, queries: scope.limits().targets };
    let RemoteRead { queries, form } = if received.bytes.len() < LARGE {
        RemoteRead::read(&received.bytes, bounds, scope.budget())?
    } else {
        let budget = scope.budget().clone();
        app.buffers.work(move || RemoteRead::read(&received.bytes, bounds, &budget)).await??
    };
    let answer = scope.remote_read(&queries).await?;
    let large = answer.work() > LARGE_ANSWER;
    match form {
        RemoteForm::Samples => {
            let make = move || Ok(HeldDocument(SamplesResponse(AllSamples(answer.results)), answer.held));
            let mut response = app.buffers.answer(large, make).await?;
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("snappy"));
            Ok(response)
        }
        RemoteForm::Chunks => {
            app.buffers
                .answer(large, move || Ok(HeldDocument(ChunkedResponse(Chunks(answer.results)), answer.held)))
                .await
        }
    }
}

struct SamplesResponse(AllSamples);

impl Document for SamplesResponse {
    const TYPE: &'static str = "application/x-protobuf";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(out)
    }
}

struct ChunkedResponse(Chunks);

impl Document for ChunkedResponse {
    const TYPE: &'static str = "application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.write(out)
    }
}
