//! What the page says of series, costs and sources, and how long texts fit.

use serde_json::json;
use sqlx::PgPool;

use super::driver::Browser;
use super::{RANGE, TABLE, explored};
use crate::support::{Server, sql};

#[sqlx::test(migrations = false)]
async fn long_texts_and_the_caption_fit_every_width(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    sql(&pool, "INSERT INTO cpu SELECT '2024-01-01T00:30:00Z', repeat('long', 125), 'eu', 1").await;
    let server = Server::start(&pool).await;
    let filters = "%5B%7B%22label%22%3A%22host%22%2C%22values%22%3A%5B%5D%7D%5D";
    for width in [320, 1280] {
        browser.size(width, 800).await;
        for zone in ["UTC", "America/Argentina/Buenos_Aires"] {
            let range = RANGE.replace("UTC", zone);
            browser.open(&format!("{}/?{range}&target=cpu&metric=cpu&filters={filters}", server.base)).await;
            browser.until("document.querySelectorAll('#legend tbody tr').length === 5").await;
            browser.until("document.querySelectorAll('#filters [aria-label=Value] option').length === 6").await;
            browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })").await;
            browser.until("document.querySelectorAll('#rows tbody tr').length > 10").await;
            assert_eq!(
                browser.value("document.documentElement.scrollWidth <= innerWidth").await,
                true,
                "{width} {zone}"
            );
            let cut = "[...document.querySelectorAll('#picture text')].filter((one) => one.getBoundingClientRect().left < document.getElementById('picture').getBoundingClientRect().left).map((one) => one.textContent)";
            assert_eq!(browser.value(cut).await, json!([]), "{width} {zone}");
            let titles = "[...document.querySelectorAll('#legend td.name')].filter((one) => one.title.includes('long'.repeat(125))).length";
            assert_eq!(browser.value(titles).await, 1);
            if width == 1280 {
                let right = "Math.max(...[...document.querySelectorAll('#legend td.n')].map((one) => one.getBoundingClientRect().right)) <= innerWidth";
                assert_eq!(browser.value(right).await, true);
            }
        }
    }
}

#[sqlx::test(migrations = false)]
async fn series_without_a_number_and_rows_are_told(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?{RANGE}&target=memory%20*%20NaN", server.base)).await;
    let told =
        browser.until("document.querySelector('#undrawn li') && document.querySelector('#undrawn').innerText").await;
    let told = told.as_str().unwrap();
    assert!(
        told.starts_with("1 more series, not drawn") && told.ends_with(": it has no number in this range"),
        "{told}"
    );
    browser.click("#cost summary").await;
    let cost = browser.value("document.getElementById('cost').innerText").await;
    assert!(cost.as_str().unwrap().contains("Rows\t1 read from the database"), "{cost}");
    // Where all series are drawn, none is listed.
    let many = "label_replace(cpu, \"x\", \"1\", \"\", \"\")";
    let other = server.get(&format!("/explorer/answer?target={many}&{RANGE}")).await;
    assert_eq!(other.body["undrawn"], json!([]), "{}", other.body);
    // Seconds are a step of Prometheus.
    browser.open(&format!("{}/?{}&promql=cpu", server.base, RANGE.replace("step=1m", "step=300"))).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    let copy = browser.value("copies()[4][1]").await;
    assert!(copy.as_str().unwrap().contains("--promql") && copy.as_str().unwrap().contains("--step '300'"), "{copy}");
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}

/// Four hundred series with long names, of which three have no number.
const MANY: &str = "
    CREATE TABLE many (ts timestamptz NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    INSERT INTO many SELECT '2024-01-01Z'::timestamptz + m * interval '1 min', 'a-rather-long-name-of-a-host-in-a-rack-' || n,
        CASE WHEN n <= 3 THEN 'NaN'::float8 ELSE n END FROM generate_series(1, 400) AS n, generate_series(0, 1) AS m;";

#[sqlx::test(migrations = false)]
async fn hundreds_of_series_that_are_not_drawn_keep_the_page_short(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, MANY).await;
    let server = Server::start(&pool).await;
    for width in [320, 1280] {
        browser.size(width, 800).await;
        browser.open(&format!("{}/?{RANGE}&target=many", server.base)).await;
        browser.until("document.querySelectorAll('#legend tbody tr').length === 20").await;
        let summary = browser.value("document.querySelector('#undrawn summary').innerText").await;
        assert_eq!(summary, "380 more series, not drawn", "{width}");
        let height = "document.documentElement.scrollHeight";
        let before = browser.value(height).await.as_u64().unwrap();
        browser.click("#undrawn summary").await;
        browser.until("document.querySelector('#undrawn').open").await;
        let listed = browser
            .value("[document.querySelectorAll('#undrawn li').length, document.querySelector('#undrawn p').innerText]")
            .await;
        assert_eq!(listed, json!([200, "and 180 more"]), "{width}");
        let after = browser.value(height).await.as_u64().unwrap();
        assert!(after > before && after - before < 450, "{width}: {before} → {after}");
        // Every line can be read: it wraps, and the list scrolls, with the keyboard too.
        let read = "(() => { const list = document.querySelector('#undrawn ul'); list.focus(); list.scrollTop = list.scrollHeight; \
            const last = list.lastElementChild.getBoundingClientRect(), box = list.getBoundingClientRect(); \
            return [document.activeElement === list, last.bottom <= box.bottom + 1, list.scrollWidth <= list.clientWidth, \
            list.lastElementChild.textContent.endsWith(': a chart draws 20 series'), document.documentElement.scrollWidth <= innerWidth]; })()";
        assert_eq!(browser.value(read).await, json!([true, true, true, true, true]), "{width}");
    }
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn the_catalog_says_where_each_source_is_from_and_what_is_left_out(pool: PgPool) {
    sql(&pool, "CREATE TABLE notes (id serial PRIMARY KEY, body text)").await;
    let Some((browser, server)) = explored(&pool).await else { return };
    let left_out = "document.querySelector('[data-part=\"Left out\"]') && document.querySelector('[data-part=\"Left out\"]').innerText";
    let origin = "document.querySelector('section[data-relation=\"public.cpu\"] .faint').textContent";
    browser.open(&format!("{}/?view=catalog", server.base)).await;
    let told = browser.until(left_out).await;
    assert!(told.as_str().unwrap().starts_with("public.notes: "), "{told}");
    let from = browser.value(origin).await;
    assert!(from.as_str().unwrap().starts_with("found by discovery: a wide table · time ts"), "{from}");
    browser.keys("#sift", "notes").await;
    browser.until("document.querySelectorAll('section[data-relation]').length === 0").await;
    assert_eq!(browser.value(left_out).await, told);
    let file = "[discovery]\nenabled = false\n[[source]]\nrelation = \"cpu\"\n";
    let declared = Server::declared(&pool, file).await;
    browser.open(&format!("{}/?view=catalog", declared.base)).await;
    let told = browser.until(left_out).await;
    assert!(told.as_str().unwrap().starts_with("public.memory is not in the file, and discovery is off"), "{told}");
    let from = browser.value(origin).await;
    assert!(from.as_str().unwrap().starts_with("declared in datebin.toml · time ts"), "{from}");
}
