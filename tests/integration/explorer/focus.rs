//! The keyboard keeps its place.

use sqlx::PgPool;

use super::{RANGE, explored};

const ENTER: &str = "\u{e007}";
const UP: &str = "\u{e013}";
const DOWN: &str = "\u{e015}";

#[sqlx::test(migrations = false)]
async fn enter_and_arrows_leave_the_focus_where_it_is(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    let series = |count: usize| format!("document.querySelectorAll('#legend tbody tr').length === {count}");
    let focus = "[document.activeElement.id, document.activeElement.dataset.key, document.activeElement.getAttribute('aria-label')].filter(Boolean)[0]";
    browser.open(&format!("{}/?{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#metrics button').length === 2").await;
    browser.value("document.querySelector('#metrics [data-key=cpu]').focus()").await;
    browser.press(ENTER).await;
    browser.until(&series(4)).await;
    assert_eq!(browser.value(focus).await, "cpu");
    browser.value("document.getElementById('add-filter').focus()").await;
    browser.press(ENTER).await;
    assert_eq!(browser.value(focus).await, "Label");
    browser.until("document.activeElement.options.length === 3").await;
    browser.press(DOWN).await;
    browser.press(DOWN).await;
    assert_eq!(browser.value("document.activeElement.value").await, "region");
    browser.value("document.querySelector('[aria-label=Value]').focus()").await;
    browser.until("document.activeElement.options.length === 3").await;
    for (key, value, count) in [(DOWN, "eu", 2), (DOWN, "us", 2), (UP, "eu", 2), (UP, "", 4)] {
        browser.press(key).await;
        browser.until(&series(count)).await;
        assert_eq!(browser.value(focus).await, "Value");
        assert_eq!(browser.value("document.activeElement.value").await, value);
    }
    browser.value("document.querySelector('[aria-label=\"Remove the filter\"]').focus()").await;
    browser.press(ENTER).await;
    assert_eq!(browser.value(focus).await, "add-filter");
    // Zooming, and back.
    browser.keys("#chart", "+").await;
    browser.until("document.getElementById('from').value.startsWith('2024-01-01T00:15') && document.getElementById('status').textContent.includes('points')").await;
    browser.value("history.back()").await;
    browser.until(&format!("document.getElementById('from').value === '2024-01-01T00:00:00Z' && {}", series(4))).await;
    assert_eq!(browser.value(focus).await, "chart");
    // What is gone with an error hands the focus on.
    browser.value("(() => { document.getElementById('text').value = 'cpu{'; ask(false); })()").await;
    browser.until("!document.getElementById('error').hidden").await;
    assert_eq!(browser.value(focus).await, "text");
    // From the catalog to the metric.
    browser.open(&format!("{}/?{RANGE}&view=catalog", server.base)).await;
    browser.until("document.querySelectorAll('section[data-relation]').length === 2").await;
    browser.value("document.querySelector('section[data-relation=\"public.memory\"] button').focus()").await;
    browser.press(ENTER).await;
    browser.until(&series(1)).await;
    assert_eq!(browser.value(focus).await, "memory");
    browser.value("history.back()").await;
    browser.until("!document.getElementById('catalog').hidden").await;
    assert_ne!(browser.value("document.activeElement === document.body").await, true);
}

#[sqlx::test(migrations = false)]
async fn a_swipe_over_the_chart_is_no_drag(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.size(320, 640).await;
    browser.open(&format!("{}/?{RANGE}&target=cpu", server.base)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    // As a phone sends it: the finger goes down, the browser takes it away to scroll, and a tap elsewhere follows.
    let touch = "((name, node, x) => { const box = document.getElementById('picture').getBoundingClientRect(); node.dispatchEvent(new PointerEvent(name, { \
        pointerId: 7, pointerType: 'touch', isPrimary: true, bubbles: true, button: 0, buttons: name === 'pointerup' ? 0 : 1, \
        clientX: box.left + box.width * x, clientY: box.top + 50 })); })";
    let chart = "document.getElementById('chart')";
    for (name, node, x) in [
        ("down", chart, "0.3"),
        ("move", chart, "0.35"),
        ("cancel", chart, "0.35"),
        ("down", "document.body", "0.8"),
        ("up", "document.body", "0.8"),
    ] {
        browser.value(&format!("{touch}('pointer{name}', {node}, {x})")).await;
    }
    assert_eq!(browser.value("location.search.includes('to=2024-01-01T01%3A00%3A00Z')").await, true);
    let kept = "['from', 'to'].map((id) => document.getElementById(id).value).join()";
    assert_eq!(browser.value(kept).await, "2024-01-01T00:00:00Z,2024-01-01T01:00:00Z");
    assert_eq!(browser.value("document.getElementById('brush').hidden").await, true);
    // A finger that is not taken away drags.
    for (name, x) in [("down", "0.4"), ("move", "0.5"), ("up", "0.6")] {
        browser.value(&format!("{touch}('pointer{name}', {chart}, {x})")).await;
    }
    browser.until("document.getElementById('from').value.startsWith('2024-01-01T00:2')").await;
}
