//! Annotations whose end says that they still go on.

use serde_json::Value;
use sqlx::PgPool;

use crate::support::{Server, sql};

/// For each form of an end: one that still goes on since long ago, one since within the range, one that is over, one that
/// was over before the range, and a point.
const TABLES: &str = "
    CREATE TABLE epochs (at bigint, until bigint, title text);
    INSERT INTO epochs VALUES (1685577600, 0, 'old open'), (1704067800, -1, 'new open'), (1704067800, 1704068400, 'over'),
        (1685577600, 1685664000, 'long over'), (1704067800, NULL, 'point');
    CREATE TABLE instants AS SELECT to_timestamp(at) AS at,
        CASE WHEN until <= 0 THEN '1970-01-01Z'::timestamptz ELSE to_timestamp(until) END AS until, title FROM epochs;
    CREATE TABLE clocks AS SELECT at AT TIME ZONE 'UTC' AS at,
        CASE title WHEN 'old open' THEN '9999-12-31' ELSE until AT TIME ZONE 'UTC' END AS until, title FROM instants;";

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[annotations]]
    name = "epochs"
    relation = "epochs"
    time = { column = "at", type = "epoch", unit = "s" }
    time_end = { column = "until", type = "epoch", unit = "s", open = ["0", "-1"] }
    title = "title"
    [[annotations]]
    name = "instants"
    relation = "instants"
    time = "at"
    time_end = { column = "until", open = "1970-01-01" }
    title = "title"
    [[annotations]]
    name = "clocks"
    relation = "clocks"
    time = { column = "at", zone = "UTC" }
    time_end = { column = "until", zone = "UTC", open = ["1970-01-01", "9999-12-31"] }
    title = "title"
"#;

#[sqlx::test(migrations = false)]
async fn an_annotation_that_still_goes_on_lasts_up_to_now(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::declared(&pool, FILE).await;
    let now = || chrono::Utc::now().timestamp_millis();
    let before = now();
    let answer = server.get("/annotations?from=2023-12-31T23:00:00Z&to=2024-01-01T01:00:00Z").await;
    let after = now();
    let events = answer.body.as_array().unwrap_or_else(|| panic!("{}", answer.body));
    let titled = |title: &str| -> Vec<&Value> { events.iter().filter(|event| event["title"] == title).collect() };
    for (title, start) in [("old open", 1_685_577_600_000_i64), ("new open", 1_704_067_800_000)] {
        let found = titled(title);
        assert_eq!(found.len(), 3, "{title}: {}", answer.body);
        for event in found {
            assert_eq!(event["time"], start, "{event}");
            let end = event["timeEnd"].as_i64().unwrap();
            assert!((before - 1..=after).contains(&end), "{before} {end} {after}");
        }
    }
    let over = titled("over");
    assert!(over.len() == 3 && over.iter().all(|event| event["timeEnd"] == 1_704_068_400_000_i64), "{}", answer.body);
    assert_eq!(titled("point").len(), 3, "{}", answer.body);
    assert_eq!(events.len(), 12, "what ended before the range is not in it: {}", answer.body);
    // The range lies ahead of what still goes on.
    let future = server.get("/annotations?from=2999-01-01T00:00:00Z&to=2999-01-02T00:00:00Z").await;
    assert_eq!(future.body.as_array().map(Vec::len), Some(0), "{}", future.body);
}

#[sqlx::test(migrations = false)]
async fn an_end_before_the_start_is_a_point_and_one_at_infinity_lasts(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE inc (opened timestamptz, closed timestamptz, title text);
         INSERT INTO inc VALUES ('2024-01-01 00:10Z', '1970-01-01Z', 'reversed'), ('2024-01-01 00:20Z', 'infinity', 'endless'),
             ('2024-01-01 00:30Z', '-infinity', 'before all'), ('2023-01-01Z', '1970-01-01Z', 'long ago');",
    )
    .await;
    let file = "[discovery]\nenabled = false\n[[annotations]]\nname = \"inc\"\nrelation = \"inc\"\ntime = \"opened\"\n\
                time_end = \"closed\"\ntitle = \"title\"\n";
    let server = Server::declared(&pool, file).await;
    let answer = server.get("/annotations?from=2024-01-01T00:00:00Z&to=2024-01-01T01:00:00Z").await;
    let said = |event: &Value| (event["title"].as_str().unwrap().to_owned(), event["timeEnd"].as_i64());
    let events: Vec<_> = answer.body.as_array().unwrap().iter().map(said).collect();
    let end = Some(1_704_070_800_000);
    let expected = [("reversed".to_owned(), None), ("endless".to_owned(), end), ("before all".to_owned(), None)];
    assert_eq!(events, expected, "{}", answer.body);
    let warning = answer.headers.get_all("warning").iter().map(|value| value.to_str().unwrap()).collect::<String>();
    assert!(warning.contains("1 annotations end before they begin"), "{warning}");
    // Also where only a later part of it is asked for.
    let later = server.get("/annotations?from=2025-01-01T00:00:00Z&to=2025-01-02T00:00:00Z").await;
    let events: Vec<_> = later.body.as_array().unwrap().iter().map(said).collect();
    assert_eq!(events, [("endless".to_owned(), Some(1_735_776_000_000))], "{}", later.body);
}
