//! The explorer in a real browser: `scripts/with-chromium` finds or fetches it.

mod cleared;
mod driver;
mod empty;
mod focus;
mod kept;
mod names;
mod pictures;
mod seen;
mod told;

use datebin::config::HttpConfig;
use serde_json::{Value, json};
use sqlx::PgPool;

use self::driver::Browser;
use crate::support::{Server, Setup, sql};

const TABLE: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, region text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    COMMENT ON COLUMN cpu.value IS 'how busy a host is';
    INSERT INTO cpu SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', 'h' || h, CASE WHEN h < 2 THEN 'eu' ELSE 'us' END, 10 * h + n % 7
        FROM generate_series(0, 59) AS n, generate_series(0, 3) AS h;
    CREATE TABLE memory (ts timestamptz NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    INSERT INTO memory VALUES ('2024-01-01Z', 'h0', 1);";

const RANGE: &str = "from=2024-01-01T00:00:00Z&to=2024-01-01T01:00:00Z&step=1m&tz=UTC";

/// The text of the picture and of the page around it.
const SHOWN: &str = "document.body.innerText";

/// The explorer of a server with these tables; none without a browser.
async fn explored(pool: &PgPool) -> Option<(Browser, Server)> {
    let browser = Browser::start().await?;
    sql(pool, TABLE).await;
    Some((browser, Server::start(pool).await))
}

#[sqlx::test(migrations = false)]
async fn a_metric_is_found_picked_narrowed_read_and_zoomed_into(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#metrics button').length === 2").await;
    browser.keys("#search", "busy").await;
    let found = browser.until("document.querySelectorAll('#metrics button').length === 1 && document.querySelector('#metrics button').innerText").await;
    assert_eq!(found, "cpu\ngauge · how busy a host is");
    browser.click("#metrics button").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    // A label, then the values that it has; the second filter offers what the first leaves.
    for (filter, label, value) in [(1, "region", "us"), (2, "host", "h3")] {
        let pick = format!("#filters .pick:nth-child({filter})");
        browser.click("#add-filter").await;
        browser.until(&format!("document.querySelector('{pick} select option[value={label}]') !== null")).await;
        browser.value(&format!("(() => {{ const s = document.querySelector('{pick} [aria-label=Label]'); s.value = '{label}'; s.dispatchEvent(new Event('change')); }})()")).await;
        browser.until(&format!("document.querySelector('{pick} option[value={value}]') !== null")).await;
        if filter == 2 {
            let offered = browser.value(&format!("[...document.querySelectorAll('{pick} [aria-label=Value] option')].map((one) => one.value).filter(Boolean)")).await;
            assert_eq!(offered, json!(["h2", "h3"]));
        }
        browser.value(&format!("(() => {{ const s = document.querySelector('{pick} [aria-label=Value]'); s.value = '{value}'; s.dispatchEvent(new Event('change')); }})()")).await;
        browser.until(&format!("document.querySelectorAll('#legend tbody tr').length === {}", 3 - filter)).await;
    }
    assert_eq!(browser.value("document.getElementById('text').value").await, r#"cpu{region="us", host="h3"}"#);
    let legend = browser.value("document.querySelector('#legend tbody').innerText").await;
    assert!(legend.as_str().unwrap().ends_with("33\t30\t36\t32.9"), "{legend}");
    // The cursor by keyboard.
    browser.keys("#chart", "\u{e011}").await;
    let tip = browser.until("!document.getElementById('tip').hidden && document.getElementById('tip').innerText").await;
    assert!(tip.as_str().unwrap().starts_with("2024-01-01 00:00:00\n30"), "{tip}");
    // The middle of the chart by mouse, and back.
    let place = browser.value("(() => { const b = document.getElementById('picture').getBoundingClientRect(); return [b.left, b.top, b.width, b.height].map(Math.round); })()").await;
    let at = |part: i64| {
        (place[0].as_i64().unwrap() + place[2].as_i64().unwrap() * part / 100, place[1].as_i64().unwrap() + 100)
    };
    browser.drag(at(40), at(60)).await;
    browser.until("document.getElementById('from').value.startsWith('2024-01-01T00:2')").await;
    browser.until("location.search.includes('from=2024-01-01T00%3A2')").await;
    browser.value("history.back()").await;
    browser.until("document.getElementById('from').value === '2024-01-01T00:00:00Z'").await;
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn an_error_stands_under_its_place_in_both_dialects(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    let wrong = "avg(cpu{host=})";
    browser.open(&format!("{}/?{RANGE}&target={wrong}", server.base)).await;
    let shown = "!document.getElementById('error').hidden && document.getElementById('error').textContent";
    let said = browser.until(shown).await;
    assert!(said.as_str().unwrap().ends_with(&format!("{wrong}\n             ^")), "{said}");
    browser.click("[value=promql]").await;
    let said = browser.until(&format!("location.search.includes('promql=') && {shown}")).await;
    assert!(said.as_str().unwrap().ends_with(&format!("{wrong}\n             ^")), "{said}");
    browser.write("#text", "rate(cpu[5m])").await;
    // Control and Enter.
    browser.keys("#text", "\u{e009}\u{e007}").await;
    browser
        .until("document.getElementById('error').hidden && document.querySelectorAll('#legend tbody tr').length === 4")
        .await;
    browser.click("#cost summary").await;
    assert!(browser.value(SHOWN).await.as_str().unwrap().contains("public.cpu"));
    browser.click("#copies summary").await;
    let copies = browser.value("[...document.querySelectorAll('#copies pre')].map((one) => one.textContent)").await;
    assert_eq!(copies[0], r#"{"refId":"A","expr":"rate(cpu[5m])","range":true}"#);
    assert_eq!(
        copies[4],
        "datebin query --promql --from '2024-01-01T00:00:00Z' --to '2024-01-01T01:00:00Z' --tz 'UTC' --step '1m' 'rate(cpu[5m])'"
    );
    // A question that fails is a request that fails: the console says so, and nothing else.
    let complaints = browser.complaints(&server.base).await;
    assert!(complaints.iter().all(|one| one.contains("400 (Bad Request)")), "{complaints:?}");
}

#[sqlx::test(migrations = false)]
async fn a_phone_below_a_base_path_shows_the_catalog_and_a_chart(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    let setup = Setup::default();
    let http = HttpConfig { base_path: "/metrics/of/us".into(), ..setup.http.clone() };
    let server = Server::with(&pool, Setup { http, ..setup }).await;
    browser.size(320, 640).await;
    // Without a slash at the end, where relative paths would miss.
    browser.open(&format!("{}?target=cpu&{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    let wide = "document.documentElement.scrollWidth";
    assert_eq!(browser.value(wide).await, 320, "the page is wider than the phone");
    browser.click("[data-view=catalog]").await;
    browser.until("document.querySelectorAll('section[data-relation]').length === 2").await;
    let catalog = browser.value("document.getElementById('sources').innerText").await;
    for told in ["public.cpu", "public.cpu, column value", "how busy a host is", "public.cpu, column region"] {
        assert!(catalog.as_str().unwrap().contains(told), "{told}: {catalog}");
    }
    assert_eq!(browser.value(wide).await, 320, "the catalog is wider than the phone");
    // Everything that can be used has a name, and is large enough for a finger's neighbourhood.
    let nameless = "[...document.querySelectorAll('input, select, textarea, button')].filter((one) => !(one.labels && one.labels.length) && !one.getAttribute('aria-label') && !one.textContent.trim()).map((one) => one.outerHTML)";
    assert_eq!(browser.value(nameless).await, Value::Array(Vec::new()));
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}

#[sqlx::test(migrations = false)]
async fn a_token_is_kept_for_the_tab_and_sent_with_every_request(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&server.base).await;
    browser.until("document.querySelectorAll('#metrics button').length === 2").await;
    browser.requests().await;
    browser.click("#access summary").await;
    browser.keys("#token", "s3cret\u{e007}").await;
    browser.until("!document.getElementById('access').open && document.getElementById('token').value === ''").await;
    browser.open(&format!("{}/?{RANGE}&target=cpu", server.base)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    let asked = browser.requests().await;
    let asked: Vec<&Value> = asked.iter().filter(|one| one["url"].to_string().contains("/explorer/")).collect();
    assert!(
        asked.len() >= 2 && asked.iter().all(|one| one["headers"]["Authorization"] == "Bearer s3cret"),
        "{asked:?}"
    );
    let kept = browser.value("[localStorage.length, document.cookie, location.href.includes('s3cret')]").await;
    assert_eq!(kept, json!([0, "", false]));
    browser.click("#copies summary").await;
    let copies = browser.value("document.getElementById('copies').innerText").await;
    assert!(copies.as_str().unwrap().contains(r#"-H "Authorization: Bearer $TOKEN""#), "{copies}");
    assert!(!copies.to_string().contains("s3cret"));
}

#[sqlx::test(migrations = false)]
async fn the_catalog_says_every_decision_and_what_would_help(pool: PgPool) {
    sql(&pool, "CREATE TABLE notes (id serial PRIMARY KEY, body text)").await;
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?view=catalog", server.base)).await;
    browser.until("document.querySelectorAll('section[data-relation]').length === 2").await;
    browser.click("#discover").await;
    let told = browser
        .until("document.querySelector('#checked pre') && document.querySelector('#checked pre').textContent")
        .await;
    let told = told.as_str().unwrap();
    assert!(told.contains("relation = \"public.cpu\"") && told.contains("public.notes"), "{told}");
    browser.click("#check").await;
    browser
        .until("document.querySelector('#checked h2').textContent.startsWith('2 sources, 2 metrics: 0 broken')")
        .await;
    // A metric of the catalog is drawn where it is picked.
    browser.click("section[data-relation='public.cpu'] button").await;
    browser
        .until("!document.getElementById('explore').hidden && document.getElementById('text').value === 'cpu'")
        .await;
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}
