//! The windows of the Prometheus API that are computed of samples: what is settled is not read again.

use datebin::access::{Access, Secret};
use datebin::cache::{Cache, FetchOrigin};
use datebin::config::HttpConfig;
use datebin::engine::{Engine, PromQuestion};
use datebin::frame::PromValue;
use datebin::time::Steps;
use sqlx::PgPool;

use super::{BYTES, at, cached, pages, word};
use crate::support::{Server, Setup, Written, sql};

/// 2025-06-01 12:00 UTC.
const NOON: i64 = 1_748_779_200_000;
const MINUTE: i64 = 60_000;
const DAY: i64 = 1440 * MINUTE;

/// Twenty counters that begin anew now and then, four samples a minute for a day before noon.
const WORK: &str = "
    CREATE TABLE work (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    INSERT INTO work SELECT to_timestamp(1748779200 - 15 * n) + h * interval '1 ms', 'h' || h,
        ((5760 - n) * h) % 5000 / 8.0 FROM generate_series(0, 5760) n, generate_series(1, 20) h;
    CREATE INDEX ON work (ts); CREATE INDEX ON work (host, ts); ANALYZE work;";
const TOML: &str = "[[source]]\nrelation = \"work\"\ninterval = \"15s\"\n";

/// The times at which an expression is evaluated.
pub(super) fn steps(from: i64, to: i64, step_ms: i64) -> Steps {
    Steps::even(from, step_ms, u32::try_from((to - from) / step_ms + 1).expect("steps"))
}

/// An answer, where its values came from in one word, and read by read.
pub(super) struct Asked {
    pub(super) value: PromValue,
    pub(super) word: &'static str,
    origins: Vec<FetchOrigin>,
    pub(super) warnings: Vec<String>,
}

pub(super) async fn asked(engine: Engine, text: String, steps: Steps) -> Asked {
    fetched(engine, text, steps, false).await
}

pub(super) async fn fetched(engine: Engine, text: String, steps: Steps, is_fresh: bool) -> Asked {
    let scope = engine.scope().expect("a catalog").fresh(is_fresh);
    let question = PromQuestion { text, steps, lookback_ms: None, range_end_ms: Some(steps.end_ms()) };
    let answer = scope.promql(&question).await.unwrap_or_else(|error| panic!("{}: {error}", question.text));
    let (word, origins) = (scope.outcome().unwrap_or_default(), scope.origins());
    Asked { value: answer.value, word, origins, warnings: answer.warnings }
}

/// Whether two answers have the same series and points, and values that differ by so much.
pub(super) fn are_alike(a: &PromValue, b: &PromValue, by: f64) -> bool {
    let (PromValue::Matrix(a), PromValue::Matrix(b)) = (a, b) else { return false };
    let same = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= by * x.abs().max(y.abs());
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            let points = a.points.iter().zip(&b.points).all(|(a, b)| a.ms == b.ms && same(a.value, b.value));
            a.labels == b.labels && a.points.len() == b.points.len() && points
        })
}

/// Asks a server with its cache, and one without; both must say the same.
async fn both(server: &Server, now: i64, text: &str, steps: Steps) -> &'static str {
    let known = server.run(asked(at(&server.engine, now, &server.engine.cache), text.to_owned(), steps)).await;
    let plain = server.run(asked(at(&server.engine, now, &Cache::off()), text.to_owned(), steps)).await;
    assert!(!matches!(&plain.value, PromValue::Matrix(series) if series.is_empty()), "{text}: nothing");
    assert!(
        are_alike(&known.value, &plain.value, 1e-9),
        "{text}, {}:\n{:?}\n{:?}",
        known.word,
        known.value,
        plain.value
    );
    assert_eq!(known.warnings, plain.warnings, "{text}");
    known.word
}

/// The rows of what was asked of the database, with the five minutes that windows look back.
async fn rows(pool: &PgPool, origins: &[FetchOrigin]) -> i64 {
    let mut rows = 0;
    for range in origins.iter().flat_map(|origin| &origin.asked) {
        let text = "SELECT count(*) FROM work WHERE ts >= to_timestamp($1 / 1000.0) AND ts < to_timestamp($2 / 1000.0)";
        let count = sqlx::query_scalar::<_, i64>(text).bind(range.from - 5 * MINUTE).bind(range.to);
        rows += count.fetch_one(pool).await.expect("a count");
    }
    rows
}

#[sqlx::test(migrations = false)]
async fn a_refresh_of_rates_reads_a_fiftieth(pool: PgPool) {
    sql(&pool, WORK).await;
    let server = cached(&pool, TOML).await;
    let text = "sum by (host) (rate(work[5m]))";
    let ask = |now: i64, cache: &Cache| {
        server.run(asked(at(&server.engine, now, cache), text.to_owned(), steps(now - DAY, now, MINUTE)))
    };
    let before = pages(&pool, "work").await;
    let cold = ask(NOON, &server.engine.cache).await;
    let first = pages(&pool, "work").await;
    sql(
        &pool,
        "INSERT INTO work SELECT ts + interval '1 min', host, value + 7 FROM work WHERE ts > '2025-06-01 11:59:01Z'",
    )
    .await;
    let between = pages(&pool, "work").await;
    let warm = ask(NOON + MINUTE, &server.engine.cache).await;
    let second = pages(&pool, "work").await;
    let plain = ask(NOON + MINUTE, &Cache::off()).await;
    assert_eq!((cold.word, warm.word, plain.word), ("miss", "partial", "off"));
    assert!(are_alike(&warm.value, &plain.value, 1e-12), "{:?}\n{:?}", warm.value, plain.value);
    let (full, tail) = (rows(&pool, &cold.origins).await, rows(&pool, &warm.origins).await);
    assert!(full > 100_000 && tail > 0 && full >= 50 * tail, "{full} rows, then {tail}");
    if let (Some(before), Some(first), Some(between), Some(second)) = (before, first, between, second) {
        let (full, tail) = (first - before, second - between);
        assert!(tail > 0 && full >= 20 * tail, "{full} pages, then {tail}");
    }
}

#[sqlx::test(migrations = false)]
async fn ranges_on_one_grid_share_their_steps(pool: PgPool) {
    sql(&pool, WORK).await;
    let server = cached(&pool, TOML).await;
    let hours = |from: i64, to: i64| steps(NOON - from * 60 * MINUTE, NOON - to * 60 * MINUTE, MINUTE);
    let text = "rate(work{host=~\"h[1-4]\"}[5m])";
    for (range, expected) in [
        (hours(6, 4), "miss"),
        // Apart, beside, over, within and around what is known.
        (hours(10, 9), "miss"),
        (hours(4, 3), "partial"),
        (hours(5, 2), "partial"),
        (hours(9, 5), "partial"),
        (hours(8, 4), "hit"),
        (hours(12, 1), "partial"),
        (hours(12, 1), "hit"),
        // Another grid, and other windows.
        (steps(NOON - 120 * MINUTE + 30_000, NOON - 60 * MINUTE, MINUTE), "miss"),
        (steps(NOON - 120 * MINUTE, NOON - 60 * MINUTE, 2 * MINUTE), "miss"),
    ] {
        assert_eq!(both(&server, NOON, text, range).await, expected, "{range:?}");
    }
    assert_eq!(both(&server, NOON, "rate(work{host=~\"h[1-4]\"}[4m])", hours(3, 2)).await, "miss");
    assert_eq!(both(&server, NOON, "rate(work{host=~\"h[1-3]\"}[5m])", hours(3, 2)).await, "miss");
}

#[sqlx::test(migrations = false)]
async fn every_kind_of_window_is_kept_or_read(pool: PgPool) {
    sql(&pool, WORK).await;
    let server = cached(&pool, TOML).await;
    for (text, of_refresh) in [
        ("work", "partial"),
        ("work offset 10m", "hit"),
        ("timestamp(work)", "partial"),
        ("increase(work[5m])", "partial"),
        ("irate(work[2m]) + idelta(work[90s])", "partial"),
        ("delta(work[10m])", "partial"),
        ("deriv(work[10m])", "partial"),
        ("predict_linear(work[10m], 3600)", "partial"),
        ("double_exponential_smoothing(work[10m], 0.3, 0.4)", "partial"),
        ("quantile_over_time(0.9, work[10m])", "partial"),
        ("stddev_over_time(work[30m])", "partial"),
        ("changes(work[5m]) + resets(work[5m])", "partial"),
        // One read, windows of two lengths.
        ("rate(work[5m]) / avg_over_time(work[20m])", "partial"),
        ("work - work offset 1h", "partial"),
        // Times of their own.
        ("max_over_time(rate(work[5m])[30m:1m])", "partial"),
        ("max_over_time((work - work offset 5m)[10m:90s] offset 20m)", "hit"),
        ("work @ 1748770000", "hit"),
        ("rate(work[5m] @ 1748770000.5)", "hit"),
        // The newest time is settled at no question.
        ("rate(work[5m] @ end())", "miss"),
        // A number that is another one at each step: the samples themselves are wanted.
        ("quantile_over_time(scalar(work{host=\"h1\"}) / 1000, work[10m])", "miss"),
        ("absent(work{host=\"h99\"})", "partial"),
        ("topk(3, rate(work[5m]))", "partial"),
    ] {
        let range = |now: i64| steps(now - 120 * MINUTE, now, MINUTE);
        both(&server, NOON, text, range(NOON)).await;
        let (again, moved) = (range(NOON), range(NOON + MINUTE));
        let words = [both(&server, NOON, text, again).await, both(&server, NOON + MINUTE, text, moved).await];
        assert!(words.contains(&of_refresh), "{text}: {words:?}, not {of_refresh}");
    }
}

#[sqlx::test(migrations = false)]
async fn known_values_are_believed_until_somebody_knows_better(pool: PgPool) {
    sql(&pool, WORK).await;
    let server = cached(&pool, TOML).await;
    let (text, range) = ("rate(work{host=\"h1\"}[5m])", steps(NOON - 60 * MINUTE, NOON - 30 * MINUTE, MINUTE));
    let ask = |is_fresh: bool| {
        let engine = at(&server.engine, NOON, &server.engine.cache);
        server.run(fetched(engine, text.to_owned(), range, is_fresh))
    };
    let old = ask(false).await;
    // A late row in the middle of a window.
    sql(&pool, "INSERT INTO work VALUES ('2025-06-01 11:10:05Z', 'h1', 100000)").await;
    let known = ask(false).await;
    assert_eq!((old.word, known.word, &known.value), ("miss", "hit", &old.value));
    // A client that says so is answered by the database, and so are the others from then on.
    let fresh = ask(true).await;
    assert_ne!(fresh.value, old.value);
    let after = ask(false).await;
    assert_eq!((fresh.word, after.word, &after.value), ("miss", "hit", &fresh.value));
    // Who changed tables says so, and nothing that was read before is believed any more.
    sql(&pool, "DELETE FROM work WHERE value = 100000").await;
    server.catalog.refresh();
    let told = ask(false).await;
    assert_eq!((told.word, &told.value), ("miss", &old.value));
    for (declared, expected) in [
        ("settles = \"never\"", "miss"),
        ("max_age = \"1ms\"", "miss"),
        ("settles = \"10h\"", "miss"),
        ("settles = \"10m\"", "hit"),
    ] {
        let server = cached(&pool, &format!("{TOML}{declared}\n")).await;
        both(&server, NOON, text, range).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        assert_eq!(both(&server, NOON, text, range).await, expected, "{declared}");
    }
}

#[sqlx::test(migrations = false)]
async fn rows_without_a_number_are_named_as_often_as_without_a_cache(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE told (ts timestamptz NOT NULL, host text NOT NULL, value text);
         INSERT INTO told SELECT to_timestamp(1748779200 - 15 * n), 'h1', CASE n % 7 WHEN 3 THEN 'n/a' ELSE n::text END
            FROM generate_series(0, 960) n;
         CREATE INDEX ON told (ts);",
    )
    .await;
    let toml = "[[source]]\nrelation = \"told\"\nvalue = \"value\"\nlabels = [\"host\"]\ninterval = \"15s\"\n";
    let server = cached(&pool, toml).await;
    let mut words = Vec::new();
    for (from, to) in [(100, 60), (80, 40), (90, 50), (120, 0), (119, 0)] {
        let range = steps(NOON - from * MINUTE, NOON - to * MINUTE, MINUTE);
        words.push(both(&server, NOON, "max_over_time(told[5m])", range).await);
    }
    assert_eq!(words, ["miss", "partial", "hit", "partial", "partial"]);
}

#[sqlx::test(migrations = false)]
async fn equal_ranges_at_once_are_read_once(pool: PgPool) {
    sql(&pool, WORK).await;
    let server = cached(&pool, TOML).await;
    let range = steps(NOON - DAY, NOON, MINUTE);
    let mut lock = pool.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE work IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.expect("the lock");
    let engine = || at(&server.engine, NOON, &server.engine.cache);
    let one = || server.spawn(asked(engine(), "avg_over_time(work{host=\"h1\"}[5m])".to_owned(), range));
    let people: Vec<_> = (0..20).map(|_| one()).collect();
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    let begun = std::time::Instant::now();
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&pool).await.expect("a count") == 0 {
        assert!(begun.elapsed() < crate::patience::patience(std::time::Duration::from_secs(2)), "nobody asks");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    lock.rollback().await.expect("the end of the lock");
    let mut words = std::collections::BTreeMap::<&str, u32>::new();
    for person in people {
        *words.entry(person.await.expect("a task").word).or_default() += 1;
    }
    let saved = server.engine.cache.totals().expect("counts").statements_saved();
    // Who came late finds what is settled.
    assert!(saved >= 10, "{saved} statements saved, {words:?}");
}

#[sqlx::test(migrations = false)]
async fn the_header_tells_where_the_values_of_a_range_came_from(pool: PgPool) {
    sql(&pool, super::ROWS).await;
    let (server, control) = (cached(&pool, "").await, Server::start(&pool).await);
    let end: i64 = sqlx::query_scalar("SELECT extract(epoch FROM date_trunc('minute', now()))::int8")
        .fetch_one(&pool)
        .await
        .expect("a time");
    let path = format!("/api/v1/query_range?query=rate(load%5B5m%5D)&start={}&end={end}&step=60", end - 3000);
    let (first, again) = (server.get(&path).await, server.get(&path).await);
    let fresh = server.send("GET", &path, &[("cache-control", "no-cache")], "").await;
    let plain = control.get(&path).await;
    let words = [&first, &again, &fresh, &plain].map(word);
    assert_eq!(words, ["miss", "partial", "miss", "off"]);
    assert!(first.body == plain.body && again.body == plain.body && fresh.body == plain.body, "{}", plain.body);
}

#[sqlx::test(migrations = false)]
async fn what_was_read_for_one_token_answers_no_other(pool: PgPool) {
    sql(&pool, super::ROWS).await;
    let token = |name: &str, host: &str| {
        let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\nlabels = 'host=\"{host}\"'\n")
    };
    // The same rows for two of them, who are kept apart nevertheless.
    let tokens = [token("alice", "h1"), token("bob", "h2"), token("carol", "h1")].concat();
    let file = Written::new(&tokens);
    let access = Access::of(file.0.clone()).await.expect("tokens");
    let usual = Setup::default();
    let http = HttpConfig { access, ..usual.http.clone() };
    let server = Server::declared_with(&pool, "", Setup { cache: BYTES, http, ..usual }).await;
    let end: i64 = sqlx::query_scalar("SELECT extract(epoch FROM date_trunc('minute', now()))::int8")
        .fetch_one(&pool)
        .await
        .expect("a time");
    let path = format!("/api/v1/query_range?query=rate(load%5B5m%5D)&start={}&end={end}&step=60", end - 3000);
    for expected in ["miss", "partial"] {
        for (name, host) in [("alice", "h1"), ("bob", "h2"), ("carol", "h1")] {
            let bearer = format!("Bearer secret-of-{name}");
            let answer = server.send("GET", &path, &[("authorization", bearer.as_str())], "").await;
            let series = answer.body["data"]["result"].as_array().cloned().unwrap_or_default();
            let hosts: Vec<&str> = series.iter().filter_map(|one| one["metric"]["host"].as_str()).collect();
            assert_eq!((word(&answer).as_str(), hosts), (expected, vec![host]), "{name}: {}", answer.body);
        }
    }
}
