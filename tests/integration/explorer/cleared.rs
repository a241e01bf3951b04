//! Nothing of an answer stays under another question, another token or an error.

use datebin::access::{Access, Secret};
use datebin::config::HttpConfig;
use serde_json::json;
use sqlx::PgPool;

use super::driver::Browser;
use super::{RANGE, TABLE, explored};
use crate::support::{Server, Setup, sql};

/// What an answer shows: whether there is a chart, and the lengths of everything else.
const LEFT: &str = "[document.getElementById('chart').hidden, document.getElementById('zoom').hidden, \
    ...['#picture', '#legend', '#notices', '#rows > div', '#cost > div', '#copies > div'].map((box) => document.querySelector(box).childNodes.length)]";

fn nothing() -> serde_json::Value {
    json!([true, true, 0, 0, 0, 0, 0, 0])
}

#[sqlx::test(migrations = false)]
async fn an_error_and_an_earlier_view_take_the_answer_away(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#metrics button').length === 2").await;
    browser.click("[data-key=cpu]").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })").await;
    browser.until("document.querySelectorAll('#rows tbody tr').length > 10").await;
    browser.write("#text", "cpu{").await;
    browser.keys("#text", "\u{e009}\u{e007}").await;
    browser.until("!document.getElementById('error').hidden").await;
    assert_eq!(browser.value(LEFT).await, nothing());
    // Back to the question, then to the start.
    browser.value("history.back()").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    assert_eq!(browser.value("document.getElementById('error').hidden").await, true);
    browser.value("history.back()").await;
    browser.until("document.getElementById('text').value === '' && !document.getElementById('welcome').hidden").await;
    assert_eq!(browser.value(LEFT).await, nothing());
    assert_eq!(browser.value("document.querySelectorAll('#metrics [aria-pressed=true]').length").await, 0);
}

#[sqlx::test(migrations = false)]
async fn another_token_sees_nothing_of_the_one_before(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    let file = std::env::temp_dir().join(format!("datebin-explorer-cleared-{}.toml", std::process::id()));
    // No header of a browser holds the letters of the second one.
    let (wide, narrow) = ("wide", "узкий-ž");
    let token = |secret: &str, metrics: &str| {
        let digits = Secret::of(secret.as_bytes()).digits();
        format!("[[token]]\nname = \"{metrics}\"\nsha256 = \"{digits}\"\nmetrics = [\"{metrics}\"]\n")
    };
    std::fs::write(&file, token(wide, "*") + &token(narrow, "memory")).unwrap();
    let access = Access::of(file.clone()).await.unwrap();
    let setup = Setup::default();
    let http = HttpConfig { access, ..setup.http.clone() };
    let server = Server::with(&pool, Setup { http, ..setup }).await;
    let use_token = |secret: &str| {
        format!(
            "(() => {{ document.getElementById('token').value = {}; document.getElementById('token-form').requestSubmit(); \
             return document.querySelectorAll('#metrics button').length; }})()",
            json!(secret)
        )
    };
    browser.open(&format!("{}/?{RANGE}&target=cpu&metric=cpu", server.base)).await;
    browser.value(&use_token(wide)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4 && document.querySelectorAll('#metrics button').length === 2").await;
    assert_eq!(browser.value(&use_token(narrow)).await, 0);
    assert_eq!(browser.value(LEFT).await, nothing());
    browser.until("document.querySelectorAll('#metrics button').length === 1").await;
    browser.until("document.getElementById('error').textContent.includes('cpu')").await;
    assert_eq!(browser.value(LEFT).await, nothing());
    browser.click("[data-key=memory]").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 1").await;
    assert_eq!(browser.value(&use_token("")).await, 0);
    browser.until("document.getElementById('error').textContent === 'this server asks for a token'").await;
    assert_eq!(browser.value(LEFT).await, nothing());
    assert_eq!(browser.value("document.querySelectorAll('#metrics button').length").await, 0);
    std::fs::remove_file(&file).unwrap();
}
