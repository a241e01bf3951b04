//! Equal statements at the same time are one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use datebin::cache::Cache;
use datebin::error::Kind;
use futures_util::FutureExt as _;
use futures_util::future::join_all;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool, Postgres, Transaction};
use tokio::sync::Semaphore;

use super::{Answered, ROWS, answered, ask, at, body, cached, counted, statements};
use crate::patience::patience;
use crate::support::sql;

#[sqlx::test(migrations = false)]
async fn equal_questions_at_once_are_one_statement(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let Some(before) = counted(&pool, "load").await else { return };
    let answers = join_all((0..50).map(|_| ask(&server, "avg(load)", &[]))).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let asked = counted(&pool, "load").await.expect("a count").since(before).calls;
    assert!((1..=2).contains(&asked), "{asked} statements");
}

/// What is drawn.
pub(super) fn frames(answer: &Answered) -> String {
    format!("{:?}", answer.answered.iter().map(|target| &target.frames).collect::<Vec<_>>())
}

/// Twenty hosts.
const MORE: &str =
    "INSERT INTO load SELECT ts, 'h' || h, h * 1000 + value FROM load, generate_series(4, 20) h WHERE host = 'h1'";

#[sqlx::test(migrations = false)]
async fn a_dashboard_of_fifty_people_costs_its_panels(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(&pool, MORE).await;
    let server = cached(&pool, "").await;
    let Some(_) = counted(&pool, "load").await else { return };
    let panels: Vec<String> = (1..=20).map(|panel| format!("max(load{{host=\"h{panel}\"}})")).collect();
    let now = server.engine.clock.now();
    for refresh in 0..2 {
        let before = counted(&pool, "load").await.expect("a count");
        // Nobody is answered before everybody has asked.
        let mut lock = pool.begin().await.expect("a transaction");
        sqlx::query("LOCK TABLE load IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.expect("the lock");
        let engine = at(&server.engine, now + refresh * 60_000, &server.engine.cache);
        let came = Arc::new(Semaphore::new(0));
        let person = |number: usize| {
            let (engine, came, query) = (engine.clone(), Arc::clone(&came), body(&panels[number % panels.len()]));
            server.spawn(async move {
                let query = datebin::intake::body(query.to_string().as_bytes()).expect("a query");
                let scope = engine.scope().expect("a catalog");
                came.add_permits(1);
                let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
                scope.answer(&question).await.map(|answer| frames(&answer))
            })
        };
        let people: Vec<_> = (0..50 * panels.len()).map(person).collect();
        let all = u32::try_from(people.len()).expect("a number");
        drop(came.acquire_many(all).await.expect("they come"));
        lock.rollback().await.expect("the end of the lock");
        let answers = join_all(people).await;
        let asked = counted(&pool, "load").await.expect("a count").since(before).calls;
        assert!((20..=22).contains(&asked), "{asked} statements for 20 panels");
        let control = at(&server.engine, now + refresh * 60_000, &Cache::off());
        for (panel, target) in panels.iter().enumerate() {
            let expected = frames(&answered(control.clone(), body(target)).await.0);
            for answer in answers.iter().skip(panel).step_by(panels.len()) {
                assert_eq!(answer.as_ref().expect("a task").as_ref().expect("an answer"), &expected, "{target}");
            }
        }
    }
}

/// Nothing holds them up here: their statements take a millisecond, and end before most of the others have come.
#[sqlx::test(migrations = false)]
async fn fifty_people_share_the_newest_buckets_though_nobody_waits(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(&pool, MORE).await;
    let server = cached(&pool, "").await;
    let Some(_) = counted(&pool, "load").await else { return };
    let people: Vec<reqwest::Client> = (0..50).map(|_| reqwest::Client::new()).collect();
    let person = async |client: &reqwest::Client| {
        for panel in 1..=20 {
            let question = body(&format!("max(load{{host=\"h{panel}\"}})")).to_string();
            let answer = client.post(format!("{}/query", server.base)).body(question).send().await.expect("an answer");
            assert_eq!(answer.status().as_u16(), 200);
        }
    };
    let refresh = async || {
        let before = counted(&pool, "load").await.expect("a count");
        join_all(people.iter().map(person)).await;
        counted(&pool, "load").await.expect("a count").since(before).calls
    };
    refresh().await;
    let mut asked = [refresh().await, refresh().await, refresh().await, refresh().await, refresh().await];
    asked.sort_unstable();
    // On a busy machine some of a refresh come seconds after the others.
    assert!(asked[0] <= 22 && asked[4] <= 250, "{asked:?} statements a refresh for 20 panels");
}

/// One client sees what is there whenever it asks, however many others ask the same.
#[sqlx::test(migrations = false)]
async fn who_asks_again_is_told_what_is_there_now(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let newest = async |client: &reqwest::Client| {
        let question = body("max_over_time(load{host=\"h1\"}[1m])").to_string();
        let answer = client.post(format!("{}/query", server.base)).body(question).send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        let points = body[0]["datapoints"].as_array().expect("points").clone();
        points.iter().filter_map(|point| point[0].as_f64()).fold(0.0, f64::max)
    };
    let one = reqwest::Client::new();
    for value in [5_000, 6_000, 7_000] {
        let crowd: Vec<reqwest::Client> = (0..20).map(|_| reqwest::Client::new()).collect();
        join_all(crowd.iter().chain([&one]).map(&newest)).await;
        let row = format!("INSERT INTO load VALUES (now(), 'h1', {value})");
        sqlx::raw_sql(AssertSqlSafe(row)).execute(&pool).await.expect("a row");
        assert_eq!(newest(&one).await, f64::from(value));
    }
}

/// Waits until so many statements wait for a lock.
pub(super) async fn blocked(pool: &PgPool, number: i64) {
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let begun = Instant::now();
    loop {
        let now: i64 = sqlx::query_scalar(waiting).fetch_one(pool).await.expect("a count");
        if now == number {
            return;
        }
        assert!(begun.elapsed() < patience(Duration::from_secs(5)), "{now} wait for the lock, not {number}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Nobody reads tables until the transaction ends.
pub(super) async fn locked(pool: &PgPool, tables: &str) -> Transaction<'static, Postgres> {
    let mut lock = pool.begin().await.expect("a transaction");
    let statement = format!("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *lock).await.expect("the lock");
    lock
}

#[sqlx::test(migrations = false)]
async fn a_statement_ends_with_the_last_who_waits_for_it(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let lock = locked(&pool, "load").await;
    let blocked = async |number: i64| blocked(&pool, number).await;
    let one = server.spawn(answered(server.engine.clone(), body("load")));
    blocked(1).await;
    let other = server.spawn(answered(server.engine.clone(), body("load")));
    tokio::time::sleep(Duration::from_millis(300)).await;
    blocked(1).await;
    one.abort();
    tokio::time::sleep(Duration::from_millis(300)).await;
    // It goes on for the one who is left.
    blocked(1).await;
    other.abort();
    blocked(0).await;
    lock.rollback().await.expect("the end of the lock");
}

#[sqlx::test(migrations = false)]
async fn a_small_question_does_not_wait_for_what_else_another_client_asks(pool: PgPool) {
    sql(&pool, ROWS).await;
    sql(
        &pool,
        "CREATE TABLE held (ts timestamptz NOT NULL, a float8, b float8, c float8, d float8);
            INSERT INTO held SELECT now() - interval '30 min', 1, 2, 3, 4",
    )
    .await;
    let server = cached(&pool, "").await;
    let lock = locked(&pool, "held").await;
    // One client holds all of its four sessions, and then asks a small question as well.
    let scope = server.engine.scope().expect("a catalog");
    let asks = |target: &str| {
        let (scope, query) = (scope.clone(), body(target).to_string());
        async move {
            let query = datebin::intake::body(query.as_bytes()).expect("a query");
            let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
            scope.answer(&question).await.map(|answer| answer.points())
        }
    };
    let held = server.spawn(asks("max(held_a) + max(held_b) + max(held_c) + max(held_d)"));
    blocked(&pool, 4).await;
    let mut theirs = Box::pin(asks("max(load)"));
    let (answer, theirs) = server.run(async move { ((&mut theirs).now_or_never(), theirs) }).await;
    assert!(answer.is_none(), "it has no session");
    let small = tokio::time::timeout(Duration::from_secs(3), ask(&server, "max(load)", &[])).await;
    assert!(small.expect("an answer in time").body[0]["datapoints"].as_array().is_some_and(|all| all.len() > 50));
    blocked(&pool, 4).await;
    lock.rollback().await.expect("the end of the lock");
    assert!(server.run(theirs).await.is_ok_and(|points| points > 50));
    assert!(held.await.expect("a task").is_ok());
}

#[sqlx::test(migrations = false)]
async fn fifty_who_trust_nothing_that_is_known_cost_three_statements(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let Some(before) = counted(&pool, "load").await else { return };
    let lock = locked(&pool, "load").await;
    let came = Arc::new(Semaphore::new(0));
    let person = |_| {
        let (engine, came, query) = (server.engine.clone(), Arc::clone(&came), body("avg(load)"));
        server.spawn(async move {
            let query = datebin::intake::body(query.to_string().as_bytes()).expect("a query");
            let scope = engine.scope().expect("a catalog").fresh(true);
            let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
            came.add_permits(1);
            scope.answer(&question).await.map(|answer| frames(&answer))
        })
    };
    let people: Vec<_> = (0..50).map(person).collect();
    drop(came.acquire_many(50).await.expect("they come"));
    lock.rollback().await.expect("the end of the lock");
    let answers = join_all(people).await;
    let first = answers[0].as_ref().expect("a task").as_ref().expect("an answer");
    assert!(answers.iter().all(|answer| answer.as_ref().expect("a task").as_ref().is_ok_and(|own| own == first)));
    let asked = counted(&pool, "load").await.expect("a count").since(before).calls;
    assert!((1..=3).contains(&asked), "{asked} statements");
}

#[sqlx::test(migrations = false)]
async fn who_has_more_time_is_answered_by_the_statement_of_one_who_had_less(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = cached(&pool, "").await;
    let before = statements(&server).await;
    let lock = locked(&pool, "load").await;
    let asks = |timeout: Option<Duration>| {
        let (engine, query) = (server.engine.clone(), body("avg(load)"));
        server.spawn(async move {
            let query = datebin::intake::body(query.to_string().as_bytes()).expect("a query");
            let scope = engine.scope().expect("a catalog").within(timeout);
            let question = datebin::intake::question(&query, scope.moment(), scope.limits()).expect("a question");
            scope.answer(&question).await.map(|answer| answer.points()).map_err(|error| error.kind)
        })
    };
    // A statement waits for a lock for five seconds.
    let hasty = asks(Some(Duration::from_secs(3)));
    blocked(&pool, 1).await;
    let patient = asks(None);
    assert_eq!(hasty.await.expect("a task"), Err(Kind::Timeout));
    lock.rollback().await.expect("the end of the lock");
    assert_eq!(patient.await.expect("a task").map(|points| points > 50), Ok(true));
    assert_eq!(statements(&server).await - before, 1);
}
