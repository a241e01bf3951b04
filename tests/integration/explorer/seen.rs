//! What everybody can see and use: contrast, focus, names, narrow pages. The numbers come from what Chromium computed.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{RANGE, explored};

/// Texts whose contrast to what is behind them is below 4.5, as the WCAG computes it: each with its colours.
const FAINT: &str = r##"(() => {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (text) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => top.slice(0, 3).map((c, at) => c * top[3] / 255 + below[at] * (1 - top[3] / 255));
  const ground = (node) => {
    if (!node) return rgba(matchMedia('(prefers-color-scheme: dark)').matches ? '#121212' : '#fff');
    const own = rgba(getComputedStyle(node).backgroundColor);
    return own[3] === 255 ? own : over(own, ground(node.parentElement));
  };
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const faint = [];
  let looked = 0;
  const look = (text, colour, below, what) => {
    const found = ratio(over(rgba(colour), below), below);
    looked += 1;
    if (found < 4.5) faint.push(what + ' ' + JSON.stringify(text.trim().slice(0, 30)) + ' ' + colour + ': ' + found.toFixed(2));
  };
  for (const node of document.querySelectorAll('body *')) {
    const style = getComputedStyle(node);
    if (!node.checkVisibility({ visibilityProperty: true }) || node.closest('script, style, defs')) continue;
    const own = [...node.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data).join('');
    if (node instanceof SVGElement) {
      const plain = own.trim() && node.closest('text');
      if (plain) look(own, style.fill, ground(document.getElementById('picture')), 'the chart');
      continue;
    }
    if (own.trim()) look(own, style.color, ground(node), node.localName);
    if (node.placeholder) look(node.placeholder, getComputedStyle(node, '::placeholder').color, ground(node), 'placeholder');
  }
  return { looked, faint };
})()"##;

/// Controls without a name that a screen reader could say.
const NAMELESS: &str = "[...document.querySelectorAll('input, select, textarea, button, summary, figure, a')].filter((one) => \
    !(one.labels && one.labels.length) && !one.getAttribute('aria-label') && !one.textContent.trim()).map((one) => one.outerHTML)";

/// Opens everything that can be folded.
const UNFOLD: &str = "document.querySelectorAll('details').forEach((one) => { one.open = true; })";

#[sqlx::test(migrations = false)]
async fn every_text_has_contrast_in_light_and_dark(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    for scheme in ["light", "dark"] {
        browser.prefer(scheme).await;
        browser.open(&format!("{}/?{RANGE}&metric=cpu&target=cpu", server.base)).await;
        browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
        browser.until("document.querySelectorAll('#metrics button').length === 2").await;
        browser.value(UNFOLD).await;
        browser.click("#add-filter").await;
        browser.keys("#chart", "\u{e011}").await;
        browser.until("!document.getElementById('tip').hidden").await;
        let mut looks = vec![browser.value(FAINT).await];
        browser.open(&format!("{}/?{RANGE}&target=avg(cpu{{host=)", server.base)).await;
        browser.until("!document.getElementById('error').hidden").await;
        looks.push(browser.value(FAINT).await);
        browser.open(&format!("{}/?view=catalog", server.base)).await;
        browser.click("#check").await;
        browser.until("document.querySelector('#checked h2')").await;
        looks.push(browser.value(FAINT).await);
        for look in looks {
            assert_eq!(look["faint"], json!([]), "{scheme}");
            assert!(look["looked"].as_u64() > Some(20), "{scheme}: {look}");
        }
    }
}

/// How the focus shows: what has it, and the width and style of the line around it.
const FOCUS: &str = "(() => { const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect(); \
    return [one.id || one.textContent.trim().slice(0, 20), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 \
    && box.right > 0 && box.bottom > 0, one === document.body]; })()";

#[sqlx::test(migrations = false)]
async fn the_tab_key_reaches_everything_and_shows_where_it_is(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.open(&format!("{}/?{RANGE}&metric=cpu&target=cpu", server.base)).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 4").await;
    browser.until("document.querySelectorAll('#metrics button').length === 2").await;
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.press("\u{e004}").await;
        let Value::Array(found) = browser.value(FOCUS).await else { panic!("a list") };
        if found[2] == true {
            break;
        }
        assert_eq!(found[1], true, "the focus is not to be seen: {found:?}");
        reached.push(found[0].as_str().unwrap().to_owned());
    }
    let expected = [
        "Skip to the chart",
        "search",
        "text",
        "from",
        "to",
        "quick",
        "tz",
        "step",
        "annotations",
        "run",
        "chart",
        "zoom-in",
    ];
    for one in expected {
        assert!(reached.iter().any(|reached| reached == one), "{one}: {reached:?}");
    }
    // The first of them leads past the list of metrics.
    browser.open(&server.base).await;
    browser.press("\u{e004}").await;
    browser.press("\u{e007}").await;
    browser.until("document.activeElement.id === 'main'").await;
}

#[sqlx::test(migrations = false)]
async fn everything_has_a_name_and_fits_a_phone(pool: PgPool) {
    let Some((browser, server)) = explored(&pool).await else { return };
    browser.size(320, 640).await;
    let (wide, views) = (
        "document.documentElement.scrollWidth",
        [
            "metric=cpu&target=cpu",
            "target=avg(cpu{host%3D)%20by%20(a_label_with_a_long_name_that_is_not_there)",
            "view=catalog",
        ],
    );
    let done = [
        "document.querySelectorAll('#legend tbody tr').length === 4",
        "!document.getElementById('error').hidden",
        "document.querySelectorAll('section[data-relation]').length === 2",
    ];
    for (view, done) in views.into_iter().zip(done) {
        browser.open(&format!("{}/?{RANGE}&{view}", server.base)).await;
        browser.until(done).await;
        browser.until("document.querySelectorAll('#metrics button').length === 2").await;
        if view.starts_with("metric") {
            browser.click("#add-filter").await;
        }
        browser.value(UNFOLD).await;
        assert_eq!(browser.value(wide).await, 320, "{view} is wider than the phone");
        assert_eq!(browser.value(NAMELESS).await, json!([]), "{view}");
    }
}
