//! Annotations that tokens add.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};
use crate::tokens::{File, token};

const JSON: (&str, &str) = ("content-type", "application/json");

async fn posted(server: &Server, name: &str, body: &str) -> Answer {
    let bearer = format!("Bearer secret-of-{name}");
    server
        .send("POST", "/annotation", &[JSON, ("authorization", &bearer), ("x-grafana-user", "alice")], body.to_owned())
        .await
}

async fn listed(server: &Server, name: &str) -> Value {
    let bearer = format!("Bearer secret-of-{name}");
    let path = "/annotations?from=2024-01-01T00:00:00Z&to=2024-01-01T01:00:00Z";
    server.send("GET", path, &[("authorization", &bearer)], "").await.body
}

async fn rows(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM datebin.annotations").fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn a_token_that_may_write_adds_what_lists_show(pool: PgPool) {
    let file = File::of(&(token("writer", "write = true") + &token("reader", "")));
    let server = Server::with(&pool, file.setup().await).await;
    let deploy =
        json!({"time": "2024-01-01T00:10:00Z", "title": "deploy 1.4", "text": "it's 100%", "tags": ["deploy", "prod"]});
    let added = posted(&server, "writer", &deploy.to_string()).await;
    assert_eq!((added.status, &added.body), (201, &json!({"id": "datebin:1"})));
    let region = json!({"time": 1_704_068_400, "time_end": 1_704_068_460_000_i64, "title": "", "tags": ["night"]});
    let added = posted(&server, "writer", &region.to_string()).await;
    assert_eq!((added.status, &added.body), (201, &json!({"id": "datebin:2"})));
    let expected = json!([
        {"time": 1_704_067_800_000_i64, "timeEnd": null, "title": "deploy 1.4", "text": "it's 100%", "tags": "deploy,prod", "id": "datebin:1"},
        {"time": 1_704_068_400_000_i64, "timeEnd": 1_704_068_460_000_i64, "title": "", "text": "", "tags": "night", "id": "datebin:2"},
    ]);
    assert_eq!(listed(&server, "reader").await, expected);
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn nobody_else_adds_anything(pool: PgPool) {
    let file = File::of(&(token("writer", "write = true") + &token("reader", "write = false") + &token("plain", "")));
    let server = Server::with(&pool, file.setup().await).await;
    let body = json!({"time": "now", "title": "x"}).to_string();
    for (name, status, code) in
        [("reader", 403, "forbidden"), ("plain", 403, "forbidden"), ("nobody", 401, "unauthorized")]
    {
        let answer = posted(&server, name, &body).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &json!(code)), "{name}");
        // Known before the body is read.
        let broken = posted(&server, name, "{").await;
        assert_eq!((broken.status, broken.body), (answer.status, answer.body), "{name}");
    }
    // A form of a page elsewhere, to which a browser adds the password that it knows.
    let bearer = ("authorization", "Bearer secret-of-writer");
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = server.send("POST", "/annotation", &[bearer, ("content-type", kind)], body.clone()).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (400, &json!("bad_request")), "{kind:?}");
    }
    for wrong in [json!({"time": "now", "name": "x"}), json!({"title": "x"}), json!({"time": "now"}), json!([1])] {
        assert_eq!(posted(&server, "writer", &wrong.to_string()).await.status, 400, "{wrong}");
    }
    assert_eq!(posted(&server, "writer", "{\"time\": 1").await.status, 400);
    assert_eq!(server.send("GET", "/annotation", &[bearer], "").await.status, 405);
    let open = Server::start(&pool).await;
    let answer = open.send("POST", "/annotation", &[JSON], body).await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (403, &json!("forbidden")), "{}", answer.body);
    assert_eq!(rows(&pool).await, 0);
}

/// What a trigger sees of the transaction that adds an annotation.
const WITNESS: &str = "
    CREATE TABLE public.witness (said text);
    CREATE FUNCTION public.witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.witness VALUES (concat_ws(' ', current_setting('datebin.user'), current_setting('datebin.token'),
            current_setting('transaction_read_only'), current_setting('default_transaction_read_only'),
            current_setting('search_path')));
        RETURN new; END $$;
    CREATE TRIGGER witness BEFORE INSERT ON datebin.annotations FOR EACH ROW EXECUTE FUNCTION public.witness();";

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn an_annotation_is_added_as_its_person_in_the_one_transaction_that_writes(pool: PgPool) {
    sql(&pool, WITNESS).await;
    let file = File::of(&token("writer", "write = true\nuser = \"header\""));
    let server = Server::with(&pool, file.setup().await).await;
    let answer = posted(&server, "writer", "{\"time\": \"now\", \"title\": \"x\"}").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let said: Vec<String> = sqlx::query_scalar("SELECT said FROM public.witness").fetch_all(&pool).await.unwrap();
    assert_eq!(said, ["alice writer off on pg_catalog, \"$user\", public"]);
    let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'datebin' \
                AND query LIKE '%COMMIT%'";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&pool).await.unwrap();
    assert_eq!(left, 0, "the session that wrote is gone");
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn a_rule_of_the_table_refuses_without_its_words(pool: PgPool) {
    sql(&pool, "ALTER TABLE datebin.annotations ADD CONSTRAINT hidden_name CHECK (title <> 'no')").await;
    let file = File::of(&token("writer", "write = true"));
    let server = Server::with(&pool, file.setup().await).await;
    let answer = posted(&server, "writer", "{\"time\": \"now\", \"title\": \"no\"}").await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &json!("bad_data")), "{}", answer.body);
    assert!(answer.body.to_string().contains("23514") && !answer.body.to_string().contains("hidden_name"));
}

#[sqlx::test(migrations = false)]
async fn without_the_table_the_error_names_the_command_that_makes_it(pool: PgPool) {
    let file = File::of(&token("writer", "write = true"));
    let server = Server::with(&pool, file.setup().await).await;
    let answer = posted(&server, "writer", "{\"time\": \"now\", \"title\": \"x\"}").await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (503, &json!("database_unavailable")));
    assert_eq!(answer.body["message"], "there is no table datebin.annotations; the operator runs `datebin migrate`");
}
