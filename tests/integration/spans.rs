//! The span of a request is not entered for each of its rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datebin::intake;
use serde_json::json;
use sqlx::PgPool;
use tracing::span::Id;
use tracing::{Instrument as _, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use crate::support::{Server, sql};

/// Counts how often a span is entered.
#[derive(Clone, Default)]
struct Entered(Arc<AtomicUsize>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Entered {
    fn on_enter(&self, _id: &Id, _context: Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[sqlx::test(migrations = false)]
async fn a_thousand_rows_enter_no_span_a_thousand_times(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8, PRIMARY KEY (host, ts));
         INSERT INTO load SELECT to_timestamp(1748779200 + n), 'h1', n FROM generate_series(0, 999) n",
    )
    .await;
    let server = Server::start(&pool).await;
    let range = json!({"from": 1_748_779_200_000_i64, "to": 1_748_780_199_000_i64});
    let body =
        json!({"range": range, "maxDataPoints": 1000, "targets": [{"target": "load", "payload": {"step": "1s"}}]});
    let scope = server.engine.scope().expect("a catalog");
    let query = intake::body(body.to_string().as_bytes()).expect("a query");
    let question = intake::question(&query, scope.moment(), scope.limits()).expect("a question");
    let entered = Entered::default();
    let _told = tracing::subscriber::set_default(tracing_subscriber::registry().with(entered.clone()));
    let answer = scope.answer(&question).instrument(tracing::info_span!("request")).await.expect("an answer");
    assert_eq!(answer.points(), 999);
    let times = entered.0.load(Ordering::Relaxed);
    assert!((1..200).contains(&times), "entered {times} times");
}
