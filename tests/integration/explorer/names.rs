//! Every name and every value that a database holds is written so that it finds its series.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::RANGE;
use super::driver::Browser;
use crate::support::{Server, sql};

const TABLE: &str = r#"
    CREATE TABLE odd (ts timestamptz NOT NULL, "Där är" text NOT NULL, "floor nr" text NOT NULL, value float8);
    CREATE TABLE odder (LIKE odd);"#;

const FILE: &str = r#"
[discovery]
enabled = false
[[source]]
relation = "odd"
time = "ts"
labels = ["Där är", { name = "floor nr", column = "floor nr" }, { name = "a \"b\" \\ ${c} [[d]]\n|*", column = "floor nr" }]
[source.metric.odd_val]
column = "value"
[[source]]
relation = "odder"
time = "ts"
labels = ["Där är", "floor nr"]
[source.metric."odd \"m\" \\ ${m} [[x]]\n(a|b)"]
column = "value"
[source.metric.offset]
column = "value"
"#;

/// What means something in a quoted text, in a pattern, or to Grafana.
const VALUES: [&str; 22] = [
    "plain",
    "new\nline\ttab",
    "say \"hi\", it's",
    r"back\slash\n",
    r"C:\",
    "$var",
    "${var}",
    "[[x]]",
    "(a|b)",
    "{a,b}",
    ".*",
    ".+",
    "a.b*c^d$",
    "re\rturn \\ \"q\"",
    "$__all",
    "${__all:regex}",
    "[[__all]]",
    "()",
    "# no, x=\"1\"}",
    "😀 ä “",
    " blanks ",
    "`tick` \u{1}",
];

/// Asks for each value of each label, for two of them, and for all but one; gives what did not find its series.
const ASKED: &str = r#"(async () => {
  const wrong = [];
  const answer = async (name, metric, filters) => {
    document.querySelector('[name=dialect][value=' + name + ']').checked = true;
    Object.assign(state, { metric, filters });
    $('text').value = selector(name, filters);
    try {
      const { json } = await get('explorer/answer', { ...parameters(), width: 400 });
      return json.series.map((series) => series.points[0][1]).sort((a, b) => a - b);
    } catch (error) { return error.message; }
  };
  for (const name of ['target', 'promql']) for (const [metric, labels] of METRICS) for (const label of labels) {
    const isWhole = metric === 'odd_val' && label === 'floor nr';
    await Promise.all(VALUES.map(async (value, at) => {
      if (!isWhole && at % 8 !== 1) return;
      const other = (at + 5) % VALUES.length, all = VALUES.map((_, number) => number);
      const cases = [
        [[{ label, values: [value], not: false }], [at]],
        [[{ label, values: [value, VALUES[other]], not: false }], [at, other].sort((a, b) => a - b)],
        [[{ label, values: [value], not: true }, { label, values: VALUES.slice(0, 16), not: false }], all.slice(0, 16).filter((one) => one !== at)],
      ];
      for (const [filters, expected] of isWhole ? cases : cases.slice(0, 1)) {
        const found = await answer(name, metric, filters);
        if (JSON.stringify(found) !== JSON.stringify(expected)) wrong.push([name, selector(name, filters), found]);
      }
    }));
  }
  return wrong;
})()"#;

#[sqlx::test(migrations = false)]
async fn any_text_finds_its_series_in_both_dialects(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    for (at, value) in VALUES.iter().enumerate() {
        let row = "INSERT INTO odd VALUES ('2024-01-01Z', $1, $1, $2)";
        sqlx::query(row).bind(value).bind(at as f64).execute(&pool).await.unwrap();
    }
    sql(&pool, "INSERT INTO odder SELECT * FROM odd").await;
    let server = Server::declared(&pool, FILE).await;
    browser.open(&format!("{}/?{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#metrics button').length === 3").await;
    let labels = json!(["Där är", "floor nr", "a \"b\" \\ ${c} [[d]]\n|*"]);
    let metrics =
        json!([["odd_val", labels], ["odd \"m\" \\ ${m} [[x]]\n(a|b)", ["floor nr"]], ["offset", ["floor nr"]],]);
    let asked = ASKED.replace("VALUES", &json!(VALUES).to_string()).replace("METRICS", &metrics.to_string());
    assert_eq!(browser.value(&asked).await, Value::Array(Vec::new()));
}

#[sqlx::test(migrations = false)]
async fn the_first_option_of_a_filter_takes_it_away(pool: PgPool) {
    let Some(browser) = Browser::start().await else { return };
    sql(&pool, TABLE).await;
    sql(&pool, "INSERT INTO odd VALUES ('2024-01-01Z', 'a', E'new\\nline', 1), ('2024-01-01Z', 'b', '${x}', 2)").await;
    let server = Server::declared(&pool, FILE).await;
    browser.open(&format!("{}/?{RANGE}", server.base)).await;
    browser.until("document.querySelectorAll('#metrics button').length === 3").await;
    browser.click("[data-key=odd_val]").await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 2").await;
    browser.click("#add-filter").await;
    let choose = |kind: &str, value: &str| {
        format!(
            "(() => {{ const s = document.querySelector('#filters [aria-label={kind}]'), value = {}; if (![...s.options].some((one) => one.value === value)) return false; \
             s.value = value; s.dispatchEvent(new Event('change')); return true; }})()",
            json!(value)
        )
    };
    browser.until(&choose("Label", "floor nr")).await;
    browser.until(&choose("Value", "new\nline")).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 1").await;
    assert_eq!(browser.value("document.getElementById('text').value").await, "odd_val{\"floor nr\"=\"new\nline\"}");
    browser.until(&choose("Value", "${x}")).await;
    browser.until("document.getElementById('status').textContent.startsWith('1 points')").await;
    assert_eq!(browser.value("document.getElementById('text').value").await, r#"odd_val{"floor nr"="\$\{x\}"}"#);
    let copies = browser.value("copies().map(([, text]) => text)").await;
    assert_eq!(copies[0], r#"{"refId":"A","target":"odd_val{\"floor nr\"=\"\\$\\{x\\}\"}","payload":{"step":"1m"}}"#);
    assert_eq!(copies[1], r#"odd_val{"floor nr"="${x}"}"#);
    browser.until(&choose("Value", "")).await;
    browser.until("document.querySelectorAll('#legend tbody tr').length === 2").await;
    assert_eq!(browser.value("document.getElementById('text').value").await, "odd_val");
    assert_eq!(browser.complaints(&server.base).await, Vec::<String>::new());
}
