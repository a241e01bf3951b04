//! `POST /annotations` and `GET /annotations`.

use datebin::db::{DatabaseConfig, migrate};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql, url};

const EVENTS: &str = r"
    INSERT INTO datebin.annotations (time, time_end, title, text, tags) VALUES
        ('2024-01-01 00:00Z', NULL, 'on the first edge', '', '{edge}'),
        ('2024-01-01 01:00Z', NULL, 'on the last edge', '', '{edge}'),
        ('2023-12-31 23:59:59.999Z', NULL, 'too early', '', '{edge}'),
        ('2024-01-01 01:00:00.001Z', NULL, 'too late', '', '{edge}'),
        ('2023-12-31 23:00Z', '2024-01-01 00:00Z', 'ends on the edge', '', '{region}'),
        ('2023-12-31 23:30Z', '2024-01-01 00:10Z', 'over the first edge', '', '{region}'),
        ('2024-01-01 00:50Z', '2024-01-01 01:10Z', 'over the last edge', '', '{region}'),
        ('2023-12-31 00:00Z', '2024-01-02 00:00Z', 'over everything', '', '{region}'),
        ('2023-12-31 00:00Z', '2023-12-31 23:00Z', 'before', '', '{region}'),
        ('2024-01-01 02:00Z', '2024-01-01 03:00Z', 'after', '', '{region}'),
        ('2024-01-01 00:20Z', '2024-01-01 00:20Z', 'without length', '', '{region}'),
        ('2024-01-01 00:30Z', NULL, 'Deploy', 'Version 2.0', '{deploy,prod}'),
        ('2024-01-01 00:31Z', NULL, 'deploy', 'version 2.1', '{deploy,staging}'),
        ('2024-01-01 00:32Z', NULL, '', 'ROLLBACK of 2.1', '{rollback,prod}'),
        ('2024-01-01 00:40Z', NULL, '100% full', 'a_b C:\dir it''s', '{odd tag,x'',#hash}'),
        ('2024-01-01 00:41Z', NULL, '100 percent', 'axb', '{}'),
        ('2024-01-01 00:42Z', NULL, 'İstanbul', 'ÜBERLAST', '{größe}');
    ";

fn ms(minute: i64) -> i64 {
    1_704_067_200_000 + minute * 60_000
}

fn point(minute: i64, title: &str, text: &str, tags: &[&str]) -> Value {
    let mut event = json!({"time": ms(minute), "title": title, "text": text, "tags": tags});
    if title.is_empty() {
        event.as_object_mut().unwrap().remove("title");
    }
    event
}

fn region(from: i64, to: i64, id: u64, title: &str) -> Value {
    json!({
        "time": ms(from), "timeEnd": ms(to), "isRegion": true, "regionId": id,
        "title": title, "text": "", "tags": ["region"],
    })
}

async fn ask(server: &Server, query: &str) -> Answer {
    let body = json!({
        "range": {"from": "2024-01-01T00:00:00.000Z", "to": "2024-01-01T01:00:00.000Z", "raw": {"from": "now-1h", "to": "now"}},
        "rangeRaw": {"from": "now-1h", "to": "now"},
        "annotation": {"name": "events", "datasource": {"type": "x", "uid": "y"}, "enable": true, "iconColor": "red", "query": query},
    });
    let posted = server.post("/annotations", body).await;
    let url = format!("{}/annotations", server.base);
    let params = [
        ("from", ms(0).to_string()),
        ("to", ms(60).to_string()),
        ("query", query.to_owned()),
        ("format", "events".into()),
    ];
    let got = crate::support::answer(server.client.get(reqwest::Url::parse_with_params(&url, params).unwrap())).await;
    assert_eq!((got.status, got.body), (posted.status, posted.body.clone()), "GET and POST differ on {query:?}");
    posted
}

async fn titles(server: &Server, query: &str) -> Vec<String> {
    let answer = ask(server, query).await;
    assert_eq!(answer.status, 200, "{query:?}: {}", answer.body);
    let name = |event: &Value| {
        let title = event["title"].as_str().unwrap_or_default();
        if title.is_empty() { event["text"].as_str().unwrap().to_owned() } else { title.to_owned() }
    };
    answer.body.as_array().unwrap().iter().map(name).collect()
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn what_touches_the_range_is_shown_whole(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::start(&pool).await;
    let edges = json!([point(0, "on the first edge", "", &["edge"]), point(60, "on the last edge", "", &["edge"])]);
    assert_eq!(ask(&server, "#edge").await.body, edges);
    let regions = json!([
        region(-1440, 1440, 1, "over everything"),
        region(-60, 0, 2, "ends on the edge"),
        region(-30, 10, 3, "over the first edge"),
        point(20, "without length", "", &["region"]),
        region(50, 70, 5, "over the last edge"),
    ]);
    assert_eq!(ask(&server, "#region").await.body, regions);
    let rest = json!([
        point(30, "Deploy", "Version 2.0", &["deploy", "prod"]),
        point(31, "deploy", "version 2.1", &["deploy", "staging"]),
        point(32, "", "ROLLBACK of 2.1", &["rollback", "prod"]),
    ]);
    assert_eq!(ask(&server, "2. #{deploy,rollback}").await.body, rest);
    assert_eq!(ask(&server, "percent").await.body, json!([point(41, "100 percent", "axb", &[])]));
    assert_eq!(titles(&server, "").await.len(), 13);
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn tags_and_words_select(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::start(&pool).await;
    for (query, expected) in [
        ("#deploy", vec!["Deploy", "deploy"]),
        ("#prod", vec!["Deploy", "ROLLBACK of 2.1"]),
        ("#deploy #prod", vec!["Deploy"]),
        ("#prod  #deploy", vec!["Deploy"]),
        ("#Deploy", vec![]),
        ("#dep", vec![]),
        ("#{staging,rollback}", vec!["deploy", "ROLLBACK of 2.1"]),
        ("#{deploy,rollback} #prod", vec!["Deploy", "ROLLBACK of 2.1"]),
        ("#{odd tag,none}", vec!["100% full"]),
        ("#{odd tag}", vec!["100% full"]),
        ("#x'", vec!["100% full"]),
        ("##hash", vec!["100% full"]),
        ("#größe", vec!["İstanbul"]),
        ("deploy", vec!["Deploy", "deploy"]),
        ("DEPLOY", vec!["Deploy", "deploy"]),
        ("rollback", vec!["ROLLBACK of 2.1"]),
        ("version 2.1", vec!["deploy"]),
        ("2.1", vec!["deploy", "ROLLBACK of 2.1"]),
        ("{rollback,Version} #prod", vec!["Deploy", "ROLLBACK of 2.1"]),
        ("100%", vec!["100% full"]),
        ("%", vec!["100% full"]),
        ("a_b", vec!["100% full"]),
        ("_", vec!["100% full"]),
        (r"C:\dir", vec!["100% full"]),
        (r"\", vec!["100% full"]),
        ("it's", vec!["100% full"]),
        ("'", vec!["100% full"]),
        ("überlast", vec!["İstanbul"]),
        ("İstanbul", vec!["İstanbul"]),
        ("İSTANBUL", vec!["İstanbul"]),
        ("nothing\0", vec![]),
        ("#\0", vec![]),
        ("x'; drop table datebin.annotations; --", vec![]),
    ] {
        assert_eq!(titles(&server, query).await, expected, "{query:?}");
    }
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn a_url_may_name_tags_by_themselves(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let server = Server::start(&pool).await;
    for (tags, expected) in [
        ("deploy", 2),
        ("deploy,prod", 1),
        ("deploy, prod", 1),
        ("odd tag", 1),
        ("{staging,rollback}", 2),
        ("{staging,rollback},prod", 1),
        ("#deploy", 0),
        ("##hash", 0),
        ("", 13),
        (",", 13),
    ] {
        let params = [("from", ms(0).to_string()), ("to", ms(60).to_string()), ("tags", tags.to_owned())];
        let url = reqwest::Url::parse_with_params(&format!("{}/annotations", server.base), params).unwrap();
        let answer = crate::support::answer(server.client.get(url)).await;
        assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (200, Some(expected)), "{tags:?}");
    }
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn without_a_range_or_a_query_the_last_six_hours_are_shown(pool: PgPool) {
    sql(
        &pool,
        "INSERT INTO datebin.annotations (time, title) VALUES
            (now() - interval '1 h', 'now'), (now() - interval '7 h', 'long ago'), (now() + interval '1 h', 'to come');",
    )
    .await;
    let server = Server::start(&pool).await;
    let mut answers = vec![server.get("/annotations").await, server.get("/annotations?from=&to=&query=&x=1").await];
    for body in [
        "",
        "null",
        "{}",
        r#"{"annotation":null,"range":null}"#,
        r#"{"annotation":{"query":null}}"#,
        r#"{"annotation":"x"}"#,
        r#"{"annotation":{"query":{}}}"#,
    ] {
        answers.push(server.send("POST", "/annotations", &[], body).await);
    }
    for answer in answers {
        assert_eq!((answer.status, answer.body.as_array().map(Vec::len)), (200, Some(1)), "{}", answer.body);
        assert_eq!(answer.body[0]["title"], "now");
    }
    for body in [r#"{"range":{"from":"x"}}"#, r#"{"range":{"from":2,"to":1}}"#, r#"{"range":7}"#, "[]", "7"] {
        let answer = server.send("POST", "/annotations", &[], body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    assert_eq!(server.get("/annotations?from=x").await.status, 400);
}

#[sqlx::test(migrations = false)]
async fn without_migrations_there_are_none(pool: PgPool) {
    let server = Server::start(&pool).await;
    for answer in [server.get("/annotations").await, server.post("/annotations", json!({})).await] {
        assert_eq!((answer.status, answer.body), (200, json!([])));
    }
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn too_many_are_refused_rather_than_cut(pool: PgPool) {
    sql(&pool, "INSERT INTO datebin.annotations (time) SELECT '2024-01-01Z' FROM generate_series(1, 10000);").await;
    let server = Server::start(&pool).await;
    assert_eq!(ask(&server, "").await.body.as_array().map(Vec::len), Some(10_000));
    sql(&pool, "INSERT INTO datebin.annotations (time) VALUES ('2024-01-01Z');").await;
    let answer = ask(&server, "").await;
    let expected = json!({
        "message": "more than 10000 annotations in this range; narrow the range, or select by #tag",
        "error": {
            "code": "answer_too_large", "message": "more than 10000 annotations in this range",
            "hint": "narrow the range, or select by #tag",
        },
    });
    assert_eq!((answer.status, answer.body), (422, expected));
}

#[sqlx::test(migrations = false)]
async fn migrations_leave_the_owners_tables_alone(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE public.annotations (id int, note text);
         INSERT INTO public.annotations VALUES (1, 'mine');
         CREATE TABLE public._sqlx_migrations (version bigint, whose text);
         INSERT INTO public._sqlx_migrations VALUES (1, 'mine');",
    )
    .await;
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    for _twice in 0..2 {
        migrate(&config).await.unwrap();
        let state: String = sqlx::query_scalar(
            "SELECT concat_ws(' ', (SELECT string_agg(a::text, ',') FROM public.annotations AS a),
                (SELECT string_agg(m::text, ',') FROM public._sqlx_migrations AS m),
                (SELECT string_agg(schemaname || '.' || tablename, ',' ORDER BY schemaname, tablename) FROM pg_tables
                 WHERE schemaname IN ('public', 'datebin')))",
        )
        .fetch_one(&pool)
        .await
        .unwrap();
        let tables = "datebin._sqlx_migrations,datebin.annotations,public._sqlx_migrations,public.annotations";
        assert_eq!(state, format!("(1,mine) (1,mine) {tables}"));
    }
}
