//! The page of a database in which nothing is found.

use sqlx::PgPool;

use super::driver::Browser;
use crate::support::{Server, sql};

#[sqlx::test(migrations = false)]
async fn a_page_without_metrics_says_where_datebin_looked_and_what_to_do(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, "CREATE SCHEMA iot; CREATE TABLE iot.rooms (ts timestamptz NOT NULL, degrees float8)").await;
    let server = Server::start(&pool).await;
    browser.size(320, 640).await;
    browser.open(&format!("{}/", server.base)).await;
    let shown = "document.getElementById('reasons').innerText";
    let told = browser.until(&format!("{shown} && document.getElementById('found').innerText && {shown}")).await;
    assert_eq!(
        told,
        "No metrics: datebin searched the schema public, which has no tables. The schema iot has 1 table that this role may read: \
         set [discovery] schemas = [\"iot\"], or the role's search_path."
    );
    assert_eq!(browser.value("document.documentElement.scrollWidth").await, 320, "the page is wider than the phone");
    browser.click("[data-view=catalog]").await;
    browser.until("document.getElementById('sources').innerText.startsWith('No metrics: ')").await;
    // The table of annotations is listed where it is.
    assert_eq!(browser.value("document.querySelectorAll('[data-part=Annotations]').length").await, 0);
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}
