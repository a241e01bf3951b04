//! Annotations beside rows that have no time, relations that cannot be read, and texts that are too long.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

const TABLES: &str = "
    CREATE TABLE marks (at bigint, until bigint, title text);
    INSERT INTO marks VALUES
        (1704067800, NULL, 'good'), (9223372036854775807, NULL, 'never'), (-9223372036854775807, NULL, 'long ago'),
        (1704068400, 9223372036854775807, 'open');
    CREATE TABLE clocks (at timestamp, title text);
    INSERT INTO clocks VALUES ('2024-01-01 00:30', 'good'), ('294276-12-31', 'far'), ('infinity', 'endless');
    CREATE TABLE days (at date, title text);
    INSERT INTO days VALUES ('2024-01-01', 'good'), ('5874897-12-31', 'far');
    CREATE TABLE gone (at timestamptz, title text);
    CREATE TABLE long (at timestamptz, title text, text text, tags text[]);
    INSERT INTO long SELECT '2024-01-01 00:40Z', 'long', repeat('x', 60000), (SELECT array_agg(chr(20000 + n)) FROM generate_series(1, 9000) AS n)
    FROM generate_series(1, 300);";

const FILE: &str = r#"
    [discovery]
    enabled = false
    [[annotations]]
    name = "marks"
    relation = "marks"
    time = { column = "at", type = "epoch", unit = "s" }
    time_end = { column = "until", type = "epoch", unit = "s" }
    title = "title"
    [[annotations]]
    name = "clocks"
    relation = "clocks"
    time = { column = "at", zone = "Europe/Prague" }
    title = "title"
    [[annotations]]
    name = "days"
    relation = "days"
    time = { column = "at", zone = "UTC" }
    title = "title"
    [[annotations]]
    name = "gone"
    relation = "gone"
    time = "at"
    title = "title"
    [[annotations]]
    name = "long"
    relation = "long"
    time = "at"
    title = "title"
    text = "text"
    tags = ["tags"]
"#;

async fn serve(pool: &PgPool) -> Server {
    sql(pool, TABLES).await;
    let database = pool.connect_options().get_database().unwrap().to_owned();
    let file = std::env::temp_dir().join(format!("datebin-annotations-{database}.toml"));
    std::fs::write(&file, FILE).unwrap();
    let server = Server::with(pool, Setup { file: Some(file.clone()), ..Setup::default() }).await;
    std::fs::remove_file(file).unwrap();
    sql(pool, "DROP TABLE gone").await;
    server
}

const RANGE: &str = "from=2023-12-31T23:00:00Z&to=2024-01-01T01:00:00Z";

#[sqlx::test(migrations = false)]
async fn bad_rows_and_relations_are_left_out_with_a_notice(pool: PgPool) {
    let server = serve(&pool).await;
    let answer = server.get(&format!("/annotations?{RANGE}&query={{good,open}}")).await;
    let titles: Vec<(&str, i64)> = answer
        .body
        .as_array()
        .unwrap_or_else(|| panic!("{}", answer.body))
        .iter()
        .map(|event| (event["title"].as_str().unwrap(), event["time"].as_i64().unwrap()))
        .collect();
    let hour = 1_704_067_200_000;
    // A clock in Prague is an hour ahead.
    let expected = [("good", hour - 1_800_000), ("good", hour), ("good", hour + 600_000), ("open", hour + 1_200_000)];
    assert_eq!(titles, expected, "{}", answer.body);
    assert_eq!(answer.body[3]["timeEnd"], 1_704_070_800_000_i64, "{}", answer.body);
    let said: Vec<&str> = answer.headers.get_all("warning").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(said[0].contains("the annotations of gone are left out: "), "{said:?}");
    assert_eq!(said.len(), 1, "the words are in none of the others: {said:?}");
    let all = server.get(&format!("/annotations?{RANGE}")).await;
    let said: Vec<&str> = all.headers.get_all("warning").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(said.iter().any(|said| said.contains("5 annotations are left out: their time is outside")), "{said:?}");
    let body = json!({"range": {"from": "2023-12-31T23:00:00Z", "to": "2024-01-01T01:00:00Z"},
        "targets": [{"refId": "Anno", "target": "good"}]});
    let table = server.post("/query", body).await;
    assert_eq!(table.body[0]["rows"].as_array().map(Vec::len), Some(3), "{}", table.body);
    let notice = table.body[0]["meta"]["notices"][0]["text"].as_str().unwrap();
    assert!(notice.contains("the annotations of gone are left out"), "{notice}");
}

#[sqlx::test(migrations = false)]
async fn long_texts_are_cut_with_a_notice(pool: PgPool) {
    let server = serve(&pool).await;
    let answer = server.get(&format!("/annotations?{RANGE}&query=long")).await;
    let events = answer.body.as_array().unwrap();
    assert_eq!(events.len(), 300);
    let length = |event: &Value| event["text"].as_str().unwrap().chars().count();
    assert!(events.iter().all(|event| length(event) == 8193), "{}", length(&events[0]));
    // 4096 bytes of three each.
    assert!(events.iter().all(|event| event["tags"].as_str().unwrap().split(',').count() == 1365));
    let said: Vec<&str> = answer.headers.get_all("warning").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(said.iter().any(|said| said.contains("the texts of 300 annotations are cut")), "{said:?}");
}
