//! The demo, taken out of a database that has tables and annotations of somebody's own.

use datebin::db::demo::{load_since, remove};
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
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    let loaded = load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.unwrap();
    let with_demo = tables(&pool).await;
    assert!(with_demo.len() > 1 && loaded.annotations > 0, "{with_demo:?}");
    let removed = remove(&config).await.unwrap();
    assert_eq!((removed.tables, removed.annotations), (with_demo.len() - 1, loaded.annotations));
    assert_eq!(tables(&pool).await, ["mine"]);
    let left: Vec<String> = sqlx::query_scalar("SELECT title FROM datebin.annotations").fetch_all(&pool).await.unwrap();
    assert_eq!(left, ["mine"]);
    // Where there is nothing of it, nothing goes.
    let removed = remove(&config).await.unwrap();
    assert_eq!((removed.tables, removed.annotations), (0, 0));
}

#[sqlx::test(migrations = false)]
async fn a_table_of_the_same_name_that_is_not_the_demos_stays(pool: PgPool) {
    MIGRATOR.run(&pool).await.unwrap();
    sql(&pool, "CREATE TABLE public.demo_hosts (note text)").await;
    let config = DatabaseConfig::new(&url(&pool)).unwrap();
    assert!(remove(&config).await.is_err());
    assert!(load_since(&config, NOW - 600_000, NOW, &mut |_, _| {}).await.is_err());
    assert_eq!(tables(&pool).await, ["demo_hosts"]);
}
