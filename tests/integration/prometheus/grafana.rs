//! What each client sends, with its body, and the whole data of the answer.

use datebin::time::Clock;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{FORM, TABLES};
use crate::support::{Server, Setup, sql};

/// 2026-01-05 00:10 UTC.
const AT: i64 = 1_767_571_800;

/// A request, and the data of its answer.
struct Call {
    client: &'static str,
    method: &'static str,
    path: String,
    body: &'static str,
    data: Value,
}

fn get(client: &'static str, path: impl Into<String>, data: Value) -> Call {
    Call { client, method: "GET", path: path.into(), body: "", data }
}

fn post(client: &'static str, path: &str, body: &'static str, data: Value) -> Call {
    Call { client, method: "POST", path: path.to_owned(), body, data }
}

fn host(name: &str, region: Option<&str>) -> Value {
    let mut metric = json!({"__name__": "host_stats_cpu", "host": name});
    region.iter().for_each(|region| metric["region"] = json!(region));
    metric
}

fn mem() -> Value {
    json!({"__name__": "host_stats_mem", "host": "web-0", "region": "eu"})
}

fn vector(series: &[(Value, &str)]) -> Value {
    let result: Vec<Value> =
        series.iter().map(|(metric, value)| json!({"metric": metric, "value": [AT, value]})).collect();
    json!({"resultType": "vector", "result": result})
}

/// The backend: panels, alert rules, health; and what the front end asks through it.
fn of_grafana() -> Vec<Call> {
    let backend = "Grafana's backend";
    let eu = json!({"resultType": "matrix", "result": [
        {"metric": {"region": "eu"}, "values": [[AT - 60, "16"], [AT, "19"]]}]});
    vec![
        post(
            backend,
            "/api/v1/query_range",
            "end=1767571800&query=sum+by%28region%29+%28host_stats_cpu%7Bregion%3D%22eu%22%7D%29&start=1767571740&step=60&timeout=30s",
            eu.clone(),
        ),
        get(
            backend,
            "/api/v1/query_range?end=1767571800.000&query=sum+by%28region%29+%28host_stats_cpu%7Bregion%3D%22eu%22%7D%29&start=1767571740.000&step=60.0",
            eu,
        ),
        post(
            backend,
            "/api/v1/query",
            "query=avg_over_time%28host_stats_cpu%7Bhost%3D%22web-1%22%7D%5B4m0s%5D%29&time=1767571800",
            vector(&[(json!({"host": "web-1", "region": "eu"}), "8.5")]),
        ),
        post(backend, "/api/v1/query", "query=1%2B1&time=4", json!({"resultType": "scalar", "result": [4, "2"]})),
        get("Grafana's front end", "/api/v1/rules", json!({"groups": []})),
        get(
            "Grafana's front end",
            "/api/v1/metadata?limit=1&metric=host_stats_cpu",
            json!({"host_stats_cpu": [{"type": "gauge", "help": "How busy it is.", "unit": ""}]}),
        ),
        post(
            "Grafana's front end",
            "/api/v1/query_exemplars",
            "query=test&start=1767571200000&end=1767574800000",
            json!([]),
        ),
        get(
            "Grafana's front end",
            "/api/v1/label/__name__/values?start=1767571200&end=1767574800&limit=40000",
            json!(["host_stats_cpu", "host_stats_mem", "requests_total", "room.temperature"]),
        ),
        get(
            "Grafana's front end",
            "/api/v1/label/U__gr_f6__df_e/values?start=1767571200&end=1767574800&match%5B%5D=%7B%22room.temperature%22%7D",
            json!([" e\u{301} <b>"]),
        ),
    ]
}

/// Query variables, ad hoc filters, and the series endpoint.
fn of_variables() -> Vec<Call> {
    let (variables, times) = ("Grafana's variables", "start=1767571200&end=1767574800");
    let filters = "Grafana's ad hoc filters";
    vec![
        get(
            variables,
            format!("/api/v1/label/host/values?match%5B%5D=host_stats_cpu%7Bregion%3D%22eu%22%7D&{times}"),
            json!(["web-0", "web-1"]),
        ),
        post(
            variables,
            "/api/v1/labels",
            "start=1767571200&end=1767574800",
            json!(["__name__", "größe", "host", "region", "site.name"]),
        ),
        post(
            variables,
            "/api/v1/labels",
            "match%5B%5D=%7B__name__%3D~%22.%2Astats.%2A%22%7D&start=1767571200&end=1767574800",
            json!(["__name__", "host", "region"]),
        ),
        get(
            variables,
            format!("/api/v1/label/__name__/values?match%5B%5D=%7B__name__%3D~%22.%2A_total%22%7D&{times}"),
            json!(["requests_total"]),
        ),
        post(variables, "/api/v1/query", "query=max%28host_stats_mem%29&time=1767571800", vector(&[(json!({}), "9")])),
        post(
            variables,
            "/api/v1/series",
            "match%5B%5D=%7Bhost%3D~%22%28web-0%7Cdb%5C%5C.1%29%22%7D&start=1767571200&end=1767574800",
            json!([host("web-0", Some("eu")), mem()]),
        ),
        get(
            filters,
            format!(
                "/api/v1/labels?match%5B%5D=%7B__name__%3D~%22host_stats_cpu%7Chost_stats_mem%22%2Chost%3D%22web-2%22%7D&{times}"
            ),
            json!(["__name__", "host"]),
        ),
        get(
            filters,
            format!(
                "/api/v1/label/region/values?match%5B%5D=%7B__name__%3D~%22host_stats_cpu%7Chost_stats_mem%22%2Chost%3D~%22web-0%7Cweb-2%22%7D&{times}"
            ),
            json!(["eu"]),
        ),
        get(
            "the series endpoint",
            format!("/api/v1/series?match%5B%5D=%7Bregion%21%3D%22%22%7D&limit=40000&{times}"),
            json!([host("web-0", Some("eu")), host("web-1", Some("eu")), mem()]),
        ),
    ]
}

/// The others.
fn of_others() -> Vec<Call> {
    vec![
        post("codemirror", "/api/v1/labels", "", json!(["__name__", "größe", "host", "job", "region", "site.name"])),
        get("codemirror", "/api/v1/label/region/values?match[]=host_stats_cpu", json!(["eu"])),
        post(
            "codemirror",
            "/api/v1/series",
            "start=2026-01-05T00%3A00%3A00.000Z&end=2026-01-05T12%3A00%3A00.000Z&match%5B%5D=host_stats_mem",
            json!([mem()]),
        ),
        post(
            "Perses",
            "/api/v1/query",
            "query=host_stats_cpu%7Bhost%3D%22web-1%22%7D&time=1767571800",
            vector(&[(host("web-1", Some("eu")), "10")]),
        ),
        get("KEDA", "/api/v1/query?query=count(host_stats_cpu)&time=2026-01-05T00:10:00Z", vector(&[(json!({}), "3")])),
        get("KEDA", "/api/v1/query?query=nothing&time=2026-01-05T00:10:00Z", vector(&[])),
        post(
            "vmalert",
            "/api/v1/query?query=host_stats_mem%20%3E%208&step=60s&time=1767571800",
            "",
            vector(&[(mem(), "9")]),
        ),
        get(
            "promql-http-api",
            "/api/v1/query_range?query=host_stats_mem&start=2026-01-05T00:10:00.000000Z&end=2026-01-05T00:10:00.000000Z&step=1.5",
            json!({"resultType": "matrix", "result": [{"metric": mem(), "values": [[AT, "9"]]}]}),
        ),
    ]
}

#[sqlx::test(migrations = false)]
async fn each_call_of_each_client_is_answered(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::with(&pool, Setup { clock: Clock::Fixed(AT * 1000), ..Setup::default() }).await;
    for call in of_grafana().into_iter().chain(of_variables()).chain(of_others()) {
        let headers = [FORM, ("accept-encoding", "gzip")];
        let headers = if call.method == "POST" { &headers[..] } else { &headers[1..] };
        let answer = server.send(call.method, &call.path, headers, call.body).await;
        let said = (answer.status, &answer.body);
        assert_eq!(
            said,
            (200, &json!({"status": "success", "data": call.data})),
            "{}: {} {}",
            call.client,
            call.path,
            call.body
        );
    }
}

#[sqlx::test(migrations = false)]
async fn a_scraping_prometheus_reads_the_newest_values(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::with(&pool, Setup { clock: Clock::Fixed(AT * 1000 + 30_000), ..Setup::default() }).await;
    let path =
        "/federate?match[]=host_stats_cpu&match[]=%7Bhost%3D%22web-0%22%7D&match[]=%7B__name__%3D~%22re.*|room.*%22%7D";
    let answer = server.get(path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain; version=0.0.4; charset=utf-8"));
    let cpu = "# TYPE host_stats_cpu gauge\n\
               host_stats_cpu{host=\"web-0\",region=\"eu\"} 9 1767571740000\n\
               host_stats_cpu{host=\"web-1\",region=\"eu\"} 10 1767571800000\n\
               host_stats_cpu{host=\"web-2\"} 8 1767571680000\n\
               # TYPE host_stats_mem gauge\n\
               host_stats_mem{host=\"web-0\",region=\"eu\"} 9 1767571740000\n";
    let site = "\"a\\\"b\\\\c\\nd\"";
    let classic = format!(
        "{cpu}# TYPE requests_total counter\nrequests_total{{site_name={site}}} 10 1767571800000\n\
         # TYPE room_temperature gauge\nroom_temperature{{gr__e=\" e\u{301} <b>\"}} 9 1767571740000\n"
    );
    assert_eq!(answer.body, Value::String(classic));
    let accept = (
        "accept",
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4",
    );
    let answer = server.send("GET", path, &[accept], "").await;
    let utf8 = format!(
        "{cpu}# TYPE requests_total counter\nrequests_total{{\"site.name\"={site}}} 10 1767571800000\n\
         # TYPE \"room.temperature\" gauge\n{{\"room.temperature\",\"größe\"=\" e\u{301} <b>\"}} 9 1767571740000\n"
    );
    assert_eq!(answer.body, Value::String(utf8));
    assert_eq!(answer.header("content-type"), "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
    for (path, status) in [
        ("/federate", 200),
        ("/federate?match[]=nothing", 200),
        ("/federate?match[]={}", 400),
        ("/federate?match[]=sum(up)", 400),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.body == Value::String(String::new()), status == 200, "{path}");
    }
}

/// Names that a scraper without UTF-8 takes for one: it would drop the whole answer.
#[sqlx::test(migrations = false)]
async fn names_that_are_one_with_underscores_are_left_out_with_a_word(pool: PgPool) {
    sql(
        &pool,
        r#"CREATE TABLE xl (ts timestamptz NOT NULL, metric text NOT NULL, value float8, labels jsonb);
           INSERT INTO xl SELECT '2026-01-05 00:10Z', m, v, l::jsonb FROM (VALUES
             ('xl', 1, '{"a b": "x", "a_b": "y"}'), ('xl', 2, '{"a b": "x"}'), ('xl', 3, '{"a_b": "x"}'), ('xl', 4, '{"a:b": "z"}'),
             ('a.b', 5, '{}'), ('a_b', 6, '{}'), ('a b', 7, '{"c": "1"}'), ('x.y', 8, '{"c": "1"}')) AS r (m, v, l)"#,
    )
    .await;
    let toml = "[[source]]\nrelation = \"xl\"\nname = \"metric\"\nvalue = \"value\"\nlabels = [{ json = [\"labels\"], all = true }]\n";
    let setup = Setup { clock: Clock::Fixed(AT * 1000 + 30_000), ..Setup::default() };
    let server = Server::declared_with(&pool, toml, setup).await;
    let path = "/federate?match[]=%7B__name__%3D~%22.%2B%22%7D";
    let ask = "ask with escaping=allow-utf-8";
    let expected = format!(
        "# TYPE a_b gauge\na_b 6 1767571800000\n\
         # 1 series left out of \"a b\", as another metric is a_b too: {ask}\n\
         # 1 series left out of \"a.b\", as another metric is a_b too: {ask}\n\
         # TYPE x_y gauge\nx_y{{c=\"1\"}} 8 1767571800000\n\
         # TYPE xl gauge\nxl{{a_b=\"x\"}} 3 1767571800000\nxl{{a_b=\"z\"}} 4 1767571800000\n\
         # 2 series left out of xl, as their labels are the same with underscores: {ask}\n"
    );
    assert_eq!(server.get(path).await.body, Value::String(expected));
    let accept = ("accept", "text/plain;version=1.0.0;escaping=allow-utf-8");
    let answer = server.send("GET", path, &[accept], "").await.body;
    let text = answer.as_str().unwrap();
    assert!(text.contains("xl{\"a b\"=\"x\",a_b=\"y\"} 1 ") && !text.contains("left out"), "{text}");
}
