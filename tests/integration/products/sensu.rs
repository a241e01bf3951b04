//! Sensu: names in a column, labels in a column and in JSON.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

#[sqlx::test(migrations = false)]
async fn a_narrow_table_with_tags_is_discovered(pool: PgPool) {
    let tags = [
        ("NULL", None),
        ("'{}'", None),
        (r#"'{"region": "eu", "n": ""}'"#, Some("eu")),
        (r#"'{"region": null}'"#, None),
    ];
    let series: Vec<Series> = TEXTS
        .iter()
        .flat_map(|source| tags.map(|(tags, region)| (*source, tags, region)))
        .map(|(source, tags, region)| {
            let labels = present(&[("source", source), ("region", region)]);
            (format!("'cpu.idle', {}, {tags}, ", literal(source)), labels)
        })
        .collect();
    let mut dice = StdRng::seed_from_u64(703);
    let (insert, samples) =
        rows("metrics", "time, name, source, tags, value", Time::Timestamptz, "float8", &series, &mut dice);
    let create = "CREATE TABLE metrics (time timestamptz, name text, value double precision, source text, tags jsonb);
        CREATE INDEX ON metrics (name, time DESC);"
        .to_owned();
    let labels = &["source", "region", UNKNOWN];
    let table =
        Table { metric: "cpu.idle", create, insert, toml: String::new(), samples, labels, always_aggregated: false };
    let server = product(&pool, &[&table.create, &table.insert, "ANALYZE"], "").await;
    let expected = [("cpu.idle".to_owned(), vec!["source".to_owned(), "tags.*".to_owned()])];
    assert_eq!(found(&server.catalog.current().expect("a catalog")), expected);
    answers(&pool, &server, &table).await;
}
