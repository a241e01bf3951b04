//! The pictures of README and the book.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datebin::db::{DatabaseConfig, demo};
use datebin::time::Clock;
use sqlx::PgPool;

use super::driver::Browser;
use crate::support::{Server, url};

/// The most bytes of a picture in the repository.
const MOST: usize = 150_000;

/// Takes a picture of the page as it is.
async fn taken(browser: &Browser, name: &str) {
    let picture = STANDARD.decode(browser.screenshot().await).expect("base64");
    assert!(picture.len() < MOST, "{name}: {} bytes are too many for the repository", picture.len());
    let directory = std::env::var("DATEBIN_SCREENSHOTS").expect("a directory");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    std::fs::create_dir_all(&directory).expect("a directory");
    std::fs::write(directory.join(name), picture).expect("a picture");
}

/// Not a test: `make screenshots` names the directory that the pictures go to.
#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn screenshots(pool: PgPool) {
    if std::env::var_os("DATEBIN_SCREENSHOTS").is_none() {
        return;
    }
    let browser = Browser::start().await.expect("a browser");
    let config = DatabaseConfig::new(&url(&pool)).expect("a URL");
    demo::load(&config, Clock::System.now(), &mut |_, _| {}).await.expect("the demo");
    let server = Server::start(&pool).await;
    let (rows, metrics) = (
        "document.querySelectorAll('#legend tbody tr').length > 1",
        "document.querySelectorAll('#metrics button').length > 5",
    );
    let chart = "metric=demo_hosts_cpu&target=avg by (region) (demo_hosts_cpu)&from=now-24h&to=now";
    browser.size(1000, 640).await;
    browser.open(&server.base).await;
    browser.until(metrics).await;
    taken(&browser, "start.png").await;
    browser.open(&format!("{}/?{chart}", server.base)).await;
    browser.until(rows).await;
    browser.until(metrics).await;
    browser.keys("#chart", "\u{e012}").await;
    taken(&browser, "explorer.png").await;
    browser.open(&format!("{}/?target=avg by (region) (demo_hosts_cpux)", server.base)).await;
    browser.until("!document.getElementById('error').hidden").await;
    browser.until(metrics).await;
    taken(&browser, "error.png").await;
    browser.open(&format!("{}/?view=catalog", server.base)).await;
    browser.until("document.querySelectorAll('section[data-relation]').length > 1").await;
    taken(&browser, "catalog.png").await;
    browser.size(360, 720).await;
    browser.open(&format!("{}/?{chart}", server.base)).await;
    browser.until(rows).await;
    browser.value("document.getElementById('ask').scrollIntoView()").await;
    taken(&browser, "phone.png").await;
}
