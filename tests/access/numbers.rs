//! `GET /metrics` with tokens: who asks how much, as far as the caller may know it.

use std::time::Duration;

use sqlx::PgPool;

use crate::patience::patience;
use crate::support::{Server, sql};
use crate::tokens::{File, token};

/// The lines of the page that count requests of tokens.
async fn counted(server: &Server, name: &str) -> Vec<String> {
    let bearer = format!("Bearer secret-of-{name}");
    let page = server.send("GET", "/metrics", &[("authorization", &bearer)], "").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let lines = page.body.as_str().expect("a text").lines();
    lines.filter_map(|line| line.strip_prefix("datebin_token_requests_total")).map(str::to_owned).collect()
}

#[sqlx::test(migrations = false)]
async fn requests_are_counted_by_token_and_told_to_whom_they_concern(pool: PgPool) {
    sql(&pool, "CREATE TABLE one (ts timestamptz NOT NULL, value float8); ANALYZE;").await;
    let tokens = [
        token("whole", ""),
        token("few", "metrics = [\"one\"]"),
        token("people", "user = \"header\""),
        token("roles", "user = \"header\"\nroles = { alice = \"analyst\" }"),
    ];
    let file = File::of(&tokens.concat());
    let server = Server::with(&pool, file.setup().await).await;
    for (name, path, status) in [
        ("few", "/search", 200),
        ("few", "/search", 200),
        ("few", "/nothing", 404),
        ("wrong", "/search", 401),
        ("roles", "/search", 403),
    ] {
        let bearer = format!("Bearer secret-of-{name}");
        assert_eq!(server.send("GET", path, &[("authorization", &bearer)], "").await.status, status, "{name} {path}");
    }
    // An answer is counted when its last byte was taken.
    let end = tokio::time::Instant::now() + patience(Duration::from_secs(2));
    let own = [
        "{token=\"few\",code=\"not_found\"} 1",
        "{token=\"few\",code=\"ok\"} 2",
        "{token=\"roles\",code=\"forbidden\"} 1",
    ];
    loop {
        let mut found = counted(&server, "whole").await;
        found.retain(|line| line.contains("few") || line.contains("roles"));
        found.sort();
        if found == own {
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{found:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // A token that is not shown everything is told of itself; nobody of wrong secrets.
    for name in ["few", "people"] {
        counted(&server, name).await;
        let told = counted(&server, name).await;
        assert!(told.iter().all(|line| line.contains(&format!("token=\"{name}\""))), "{told:?}");
    }
    assert!(counted(&server, "whole").await.iter().all(|line| !line.contains("wrong")));
}
