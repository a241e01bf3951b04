//! README's first minutes, block by block, beside a server that runs: a table, a panel, an alert rule.

use crate::cluster::Cluster;
use crate::program::{Answer, LONG, Program, eventually, ran};

/// The blocks of README of a kind, in order.
fn blocks(kind: &str) -> Vec<&'static str> {
    let parts = include_str!("../../README.md").split("\n```");
    parts.filter_map(|part| part.strip_prefix(kind)?.strip_prefix('\n')).collect()
}

/// Asks as a panel or a rule of Grafana's Prometheus source does.
async fn asked(program: &Program, path: &str, query: &str) -> Answer {
    let mut url = reqwest::Url::parse(&format!("{}/api/v1/{path}", program.base)).expect("a URL");
    url.query_pairs_mut().append_pair("query", query);
    crate::program::answer(program.client.get(url)).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_minutes_of_the_readme_lead_to_an_alert() {
    let cluster = Cluster::start();
    // As the demo does, whose role is called as its schema: a table without a schema would be made there.
    let made = ran(&cluster.directory, &[("DATABASE_URL", &cluster.url())], &["migrate"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let program = Program::serve(&cluster, &[]).await;
    for block in blocks("sql first") {
        cluster.sql(block).await;
    }
    // Well before the minute that the catalog is kept.
    let told = async || program.get("/search").await.body.to_string().contains("orders_amount").then_some(());
    eventually(LONG, "the notification brings the metric", told).await;
    let [panel, rule] = blocks("promql first")[..] else { panic!("a panel and a rule") };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let drawn = asked(&program, &format!("query_range?start={}&end={now}&step=60", now - 3600), panel).await;
    assert_eq!(drawn.body["data"]["result"].as_array().map(Vec::len), Some(2), "{}", drawn.body);
    let judged = asked(&program, "query", rule).await;
    let mut below = Vec::new();
    for series in judged.body["data"]["result"].as_array().expect("a vector") {
        let amount: f64 = series["value"][1].as_str().expect("a value").parse().expect("a number");
        // The condition that the page sets, as Grafana compares it with the value of each series.
        assert!(amount < 25.0, "{series}");
        below.push(&series["metric"]["shop"]);
    }
    assert_eq!(below, ["Brno", "Praha"], "{}", judged.body);
    let shown = ran(&cluster.directory, &[("DATABASE_URL", &cluster.url())], &["query", panel.trim(), "--from", "-1h"]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
}
