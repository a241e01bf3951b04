//! The demo, taken out of a database that has tables and annotations of somebody's own.

use datebin::db::demo::{check, load_since, remove};
use datebin::db::{DatabaseConfig, MIGRATOR};
use sqlx::PgPool;

use crate::support::{sql, url};

const NOW: i64 = 1_736_942_400_000;

async fn tables(pool: &PgPool) -> Vec<String> {
    let all = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1";
    sqlx::query_scalar(all).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn the_demo_goes_and_leaves_what_is_not_its_own(pool: PgPool) {
    MIGRATOR.run(&pool).await.unwrap();
    sql(&pool, "CREATE TABLE public.mine (time timestamptz, value float8)").await;
    sql(&pool, "INSERT INTO datebin.annotations (time, title, tags) VALUES (now(), 'mine', '{deploy}')").await;
    // A tag is anybody's, also the demo's, and no time is too far.
    sql(
        &pool,
        "INSERT INTO datebin.annotations (time, title, tags) VALUES (now(), 'of sales', '{demo,sales}'),
            ('4713-01-01 BC', 'of old', '{demo}'), ('294276-12-31', 'to come', '{demo}')",
    )
    .await;
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let loaded = load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.unwrap();
    let with_demo = tables(&pool).await;
    assert!(with_demo.len() > 1 && loaded.annotations > 0, "{with_demo:?}");
    let again = load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.unwrap();
    assert_eq!(again.annotations, 0);
    // What somebody made of one of the demo's is somebody's.
    let edit = "INSERT INTO datebin.annotations (time, time_end, title, text, tags)
        SELECT time, time_end, 'edited', text, tags FROM datebin.annotations WHERE title LIKE 'Traffic surge%' LIMIT 1";
    sql(&pool, edit).await;
    let removed = remove(&config).await.unwrap();
    assert_eq!((removed.tables, removed.annotations), (with_demo.len() - 1, loaded.annotations));
    assert_eq!(tables(&pool).await, ["mine"]);
    let titles = "SELECT title FROM datebin.annotations ORDER BY id";
    let left: Vec<String> = sqlx::query_scalar(titles).fetch_all(&pool).await.unwrap();
    assert_eq!(left, ["mine", "of sales", "of old", "to come", "edited"]);
    // Where there is nothing of it, nothing goes.
    let removed = remove(&config).await.unwrap();
    assert_eq!((removed.tables, removed.annotations), (0, 0));
}

#[sqlx::test(migrations = false)]
async fn a_table_of_the_same_name_that_is_not_the_demos_stays(pool: PgPool) {
    MIGRATOR.run(&pool).await.unwrap();
    sql(&pool, "CREATE TABLE public.demo_hosts (note text)").await;
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let removed = remove(&config).await.unwrap();
    assert_eq!((removed.tables, removed.foreign), (0, vec!["demo_hosts".to_owned()]));
    for refused in [check(&config).await.err(), load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.err()] {
        assert!(refused.unwrap().to_string().contains("nothing was changed"));
    }
    assert_eq!(tables(&pool).await, ["demo_hosts"]);
}

#[sqlx::test(migrations = false)]
async fn what_depends_on_the_demo_is_named_and_keeps_all_of_it(pool: PgPool) {
    MIGRATOR.run(&pool).await.unwrap();
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let loaded = load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.unwrap();
    sql(&pool, "CREATE VIEW public.hot AS SELECT * FROM public.demo_hosts WHERE cpu > 90").await;
    let said = remove(&config).await.unwrap_err().to_string();
    assert!(said.contains("nothing was removed: view hot depends on table demo_hosts"), "{said}");
    assert_eq!(tables(&pool).await, ["demo_hosts", "demo_readings"]);
    sql(&pool, "DROP VIEW public.hot").await;
    assert_eq!(remove(&config).await.unwrap().annotations, loaded.annotations);
}
