//! Values of a variable with everything in them that means something to somebody, in every form that Grafana gives
//! them: exactly the right series are selected.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const TABLE: &str = r#"
    CREATE TABLE load (ts timestamptz NOT NULL, host text, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load SELECT '2024-01-01Z', host, 1 FROM unnest(ARRAY[
        'web.01', 'webx01', 'a/b', 'a-b', 'a|b', 'a', 'b', 'it''s', 'say "hi"', 'f(x)', 'c:\dir', 'c:dir', '[1]', '{x}', 'ü', NULL]) AS host;"#;

const HOSTS: &[&str] = &["web.01", "a/b", "a-b", "a|b", "it's", "say \"hi\"", "f(x)", "c:\\dir", "[1]", "{x}", "ü"];

/// What Grafana escapes for a regular expression: the slash too, the hyphen not.
fn escaped(value: &str) -> String {
    let escape = |c: char| if r"\^$*+?.()|[]{}/".contains(c) { format!(r"\{c}") } else { c.to_string() };
    value.chars().map(escape).collect()
}

fn regex(values: &[&str]) -> String {
    match values {
        [one] => escaped(one),
        many => format!("({})", many.iter().map(|value| escaped(value)).collect::<Vec<_>>().join("|")),
    }
}

fn glob(values: &[&str]) -> String {
    match values {
        [] => String::new(),
        [one] => (*one).to_owned(),
        many => format!("{{{}}}", many.join(",")),
    }
}

/// Every selection that is tried: none, each alone, neighbours, all.
fn selections() -> Vec<&'static [&'static str]> {
    let mut selections = vec![&[][..], HOSTS];
    selections.extend(HOSTS.chunks(1));
    selections.extend(HOSTS.windows(2));
    selections
}

async fn selected(server: &Server, body: Value, values: &[&str]) {
    let answer = server.post("/query", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    let host = |element: &Value| element["tags"]["host"].as_str().unwrap_or_default().to_owned();
    let mut drawn: Vec<String> = answer.drawn().into_iter().map(host).collect();
    // Nothing selected is the series without the label.
    let mut expected = if values.is_empty() { vec![""] } else { values.to_vec() };
    drawn.sort_unstable();
    expected.sort_unstable();
    assert_eq!(drawn, expected, "{body}");
}

fn question(target: &str) -> Value {
    let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"});
    json!({"range": range, "intervalMs": 60_000, "targets": [{"target": target, "refId": "A"}]})
}

/// Whether a value can stand between double quotes without being escaped for them.
fn fits_quotes(values: &[&str]) -> bool {
    values.iter().all(|value| !value.contains('"'))
}

#[sqlx::test(migrations = false)]
async fn in_a_target_as_regex_and_glob(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    for values in selections() {
        // Backticks take every value, quotes those without quotes.
        let quotes: &[char] = if fits_quotes(values) { &['"', '`'] } else { &['`'] };
        for quote in quotes {
            for operator in ["=", "=~"] {
                let target = format!("load{{host{operator}{quote}{}{quote}}}", regex(values));
                selected(&server, question(&target), values).await;
            }
            // Without escapes, a value with the list's own signs cannot be told from a list.
            let plain = values.iter().all(|value| !value.contains(['{', '}', ',', '\\', '(', '|', '[', ']']));
            if plain {
                selected(&server, question(&format!("load{{host={quote}{}{quote}}}", glob(values))), values).await;
            }
            if plain && values.len() > 1 {
                let csv = format!("load{{host={quote}{{{}}}{quote}}}", values.join(","));
                selected(&server, question(&csv), values).await;
                let pipe = format!("load{{host={quote}({}){quote}}}", values.join("|"));
                selected(&server, question(&pipe), values).await;
            }
            if plain && values.len() == 1 {
                selected(&server, question(&format!("load{{host={quote}{}{quote}}}", values[0])), values).await;
            }
        }
    }
}

#[sqlx::test(migrations = false)]
async fn in_ad_hoc_filters_as_values_and_as_regex(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    for values in selections() {
        let mut filters = vec![json!({"key": "host", "operator": "=~", "value": regex(values)})];
        if let [one] = values {
            filters.push(json!({"key": "host", "operator": "=", "value": one}));
        }
        if let [first, ..] = values {
            filters.push(json!({"key": "host", "operator": "=|", "value": first, "values": values}));
        } else {
            filters.push(json!({"key": "host", "operator": "=", "value": ""}));
        }
        for filter in filters {
            for list in ["filters", "adhocFilters"] {
                let mut body = question("load");
                body[list] = json!([filter]);
                selected(&server, body, values).await;
            }
        }
    }
}

#[sqlx::test(migrations = false)]
async fn in_variables_and_pickers(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    let range = json!({"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T00:01:00Z"});
    for values in selections().into_iter().filter(|values| !values.is_empty()) {
        let target = format!("label_values(load{{host=~`{}`}}, host)", regex(values));
        let answer = server.post("/variable", json!({"payload": {"target": target}, "range": range})).await;
        let mut expected = values.to_vec();
        expected.sort_unstable();
        let expected: Value = expected.iter().map(|value| json!({"__text": value, "__value": value})).collect();
        assert_eq!((answer.status, answer.body), (200, expected), "{target}");
        // What is picked in the builder arrives raw when it was typed, escaped when a variable stood there.
        for picked in [json!(values.iter().map(|value| escaped(value)).collect::<Vec<_>>()), json!(regex(values))] {
            let body = json!({"metric": "load", "payload": {"label:host": picked}, "name": "label:none"});
            let answer = server.post("/metric-payload-options", body).await;
            assert_eq!((answer.status, answer.body), (200, json!([])), "{values:?}");
        }
    }
}

/// A question whose payload filters `host`: as a member of its own, as the builder sends it, and within `filters`.
fn filtered(picked: &Value) -> [Value; 2] {
    let with = |payload: Value| {
        let mut body = question("load");
        body["targets"][0]["payload"] = payload;
        body
    };
    [with(json!({"label:host": picked})), with(json!({"filters": {"host": picked}}))]
}

#[sqlx::test(migrations = false)]
async fn in_payloads_as_lists_and_as_texts(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::start(&pool).await;
    for values in selections().into_iter().filter(|values| !values.is_empty()) {
        // Code mode sends a list as it is; builder mode escapes each member, or the whole for one variable.
        let mut picked = vec![json!(regex(values))];
        if values.iter().all(|value| !value.contains('\\') && !value.starts_with(['{', '(', '['])) {
            picked.push(json!(values));
            picked.push(json!(json!(values).to_string()));
        }
        picked.push(json!(values.iter().map(|value| escaped(value)).collect::<Vec<_>>()));
        let plain = values.iter().all(|value| !value.contains(['{', '}', ',', '\\', '(', '|', '[', ']', '"']));
        if plain && values.len() > 1 {
            picked.extend([json!(glob(values)), json!(values.join(",")), json!(values.join("|"))]);
        }
        for body in picked.iter().flat_map(filtered) {
            selected(&server, body, values).await;
        }
    }
    // A builder in which nothing is picked narrows nothing; a variable of which nothing is selected leaves the series
    // without the label.
    for nothing in [json!([]), json!(""), json!([""]), json!(null)] {
        for body in filtered(&nothing) {
            let answer = server.post("/query", body.clone()).await;
            assert_eq!((answer.status, answer.drawn().len()), (200, 16), "{body}");
        }
    }
    for body in filtered(&json!("()")) {
        selected(&server, body, &[]).await;
    }
}
