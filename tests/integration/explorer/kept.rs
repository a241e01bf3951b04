//! What a link holds, how the chart zooms, and what a server with tokens shows.

use datebin::access::{Access, Secret};
use datebin::config::HttpConfig;
use serde_json::json;
use sqlx::PgPool;

use super::driver::Browser;
use super::{RANGE, TABLE, explored};
use crate::support::{Server, Setup, sql};

#[sqlx::test(migrations = false)]
async fn a_link_restores_all_that_was_chosen(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    let filters = "%5B%7B%22label%22%3A%22region%22%2C%22values%22%3A%5B%22us%22%5D%2C%22not%22%3Afalse%7D%5D";
    let link = format!(
        "{}/?promql=cpu%7Bregion%3D%22us%22%7D&metric=cpu&filters={filters}&from=2024-01-01T00:00:00Z&to=2024-01-01T00:30:00Z&step=2m&tz=Asia/Tokyo&annotations=off",
        server.base
    );
    let chosen = "[document.querySelector('[name=dialect]:checked').value, ...['text', 'from', 'to', 'step', 'tz'].map((id) => document.getElementById(id).value), \
        document.getElementById('annotations').checked, [...document.querySelectorAll('#filters select')].map((one) => one.value)]";
    let expected = json!([
        "promql",
        "cpu{region=\"us\"}",
        "2024-01-01T00:00:00Z",
        "2024-01-01T00:30:00Z",
        "2m",
        "Asia/Tokyo",
        false,
        ["region", "is", "us"],
    ]);
    browser.open(&link).await;
    for _ in 0..2 {
        browser.until("document.querySelectorAll('#legend tbody tr').length === 2").await;
        browser.until("document.querySelector('#filters [aria-label=Value]').value === 'us'").await;
        assert_eq!(browser.value(chosen).await, expected);
        // The link that the page makes of it, loaded anew.
        let made = browser.value("location.href").await;
        browser.open(&server.base).await;
        browser.open(made.as_str().unwrap()).await;
    }
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn the_chart_zooms_by_button_and_by_key(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?{RANGE}&target=cpu", server.base)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    let range = "['from', 'to'].map((id) => document.getElementById(id).value.slice(11, 16)).join() ";
    browser.click("#zoom-in").await;
    browser.until(&format!("{range} === '00:15,00:45'")).await;
    browser.until("location.search.includes('from=2024-01-01T00%3A15') && document.getElementById('status').textContent.includes('points')").await;
    browser.click("#zoom-out").await;
    browser.until(&format!("{range} === '00:00,01:00'")).await;
    browser.until("document.getElementById('status').textContent.includes('points')").await;
    browser.keys("#chart", "+").await;
    browser.until(&format!("{range} === '00:15,00:45'")).await;
}

#[sqlx::test(migrations = false)]
async fn a_server_with_tokens_asks_for_one_and_keeps_it_out_of_links(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    let file = std::env::temp_dir().join(format!("datebin-explorer-tokens-{}.toml", std::process::id()));
    let digits = Secret::of(b"s3cret").digits();
    std::fs::write(&file, format!("[[token]]\nname = \"a\"\nsha256 = \"{digits}\"\nmetrics = [\"cpu\"]\n")).unwrap();
    let access = Access::of(file.clone()).await.unwrap();
    let setup = Setup::default();
    let http = HttpConfig { access, base_path: "/below".into(), ..setup.http.clone() };
    let server = Server::with(&pool, Setup { http, ..setup }).await;
    browser.open(&format!("{}/?{RANGE}&target=cpu", server.base)).await;
    browser.until("document.getElementById('access').open && document.activeElement.id === 'token'").await;
    browser.until("document.getElementById('error').textContent === 'this server asks for a token'").await;
    browser.keys("#token", "wrong\u{e007}").await;
    browser.until("document.getElementById('error').textContent === 'the token is not valid'").await;
    browser.keys("#token", "s3cret\u{e007}").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    // Of two metrics the token sees one.
    browser.until("document.querySelectorAll('#metrics button').length === 1").await;
    let kept = browser.value("[localStorage.length, document.cookie, location.href.includes('s3cret')]").await;
    assert_eq!(kept, json!([0, "", false]));
    let complaints = browser.complaints(&server.base).await;
    assert!(complaints.iter().all(|one| one.contains("401 (Unauthorized)")), "{complaints:?}");
    std::fs::remove_file(&file).unwrap();
}
