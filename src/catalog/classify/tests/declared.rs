//! What a file declares, beside what is discovered.

use super::*;

#[test]
fn declarations_that_do_not_fit_say_what_would() {
    let facts = || vec![table("stats", vec![column("ts", Timestamptz), column("cpu", Float8), column("host", Text)])];
    for (toml, expected) in [
        ("relation = \"statz\"", "there is no relation statz; did you mean `stats`?"),
        ("relation = \"stats\"\ntime = \"tss\"", "public.stats has no column `tss`; did you mean `ts`?"),
        (
            "relation = \"stats\"\nvalue = \"ts\"",
            "public.stats, column `ts` is timestamptz, not a number, a boolean, an interval or text",
        ),
        (
            "relation = \"stats\"\n[source.metric.up]\noverlap = \"s\"",
            "public.stats: `overlap` needs to know when a row ends",
        ),
        (
            "relation = \"stats\"\n[source.metric.up]\nrows = true\ncolumn = \"cpu\"",
            "public.stats: `metric` is \"up\", not one of `column`, `json`, `rows`, `overlap`, `lasts` and `product`",
        ),
        ("relation = \"stats\"\nnan = \"drop\"", "public.stats: `nan` is \"drop\", not keep or skip"),
        (
            "relation = \"stats\"\nvalue = { json = [\"cpu\", \"x\"] }",
            "public.stats, column `cpu` is double precision, not jsonb, json or JSON text",
        ),
        (
            "relation = \"stats\"\ninterval = \"10\"",
            "public.stats: `interval` is \"10\", not a length of time such as 10s",
        ),
        ("relation = \"stats\"\ntime = { column = \"cpu\" }", "say its unit"),
        ("relation = \"stats\"\nname = \"cpu\"", "public.stats, column `cpu` is double precision, not text"),
    ] {
        let error = catalog(facts(), &format!("[[source]]\n{toml}"), &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_declared_source_replaces_the_discovered_one() {
    let toml = r#"
        [[source]]
        relation = "metrics"
        prefix = "app_"
        name = "name"
        interval = "10s"
        labels = [{ name = "os", json = ["tags", "os"] }, { name = "from", column = "source" }]
        [source.metric.cpu]
        unit = "percent"
        over_time = "max"
    "#;
    let (snapshot, _) = catalog(vec![samples("metrics")], toml, &["cpu", "mem"]).unwrap();
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["app_cpu", "app_mem"]);
    let (source, metric) = snapshot.metric("app_cpu").unwrap();
    assert_eq!((metric.unit.as_deref(), metric.over_time.word()), (Some("percent"), "max"));
    assert_eq!(source.interval_ms, Some(10_000));
    assert!(
        matches!(&source.labels[1], SourceLabel::One { value: LabelValue::Member { path, .. }, .. } if path == &["os"])
    );
}

#[test]
fn what_discovery_writes_gives_the_same_catalog_when_read_again() {
    let mut odd =
        table("od d.Sel\"ect", vec![column("Time", Timestamp), column("a \"b\"\\", Float8), column("order", Text)]);
    odd.columns[1].comment = Some("two\nlines".into());
    let mut clock = table(
        "clock",
        vec![
            with_stats(column("clock", Int4), -1.0, 0.0, Some([1.7e9, 1.7e9, 1.7e9])),
            column("value_total", Int8),
            column("itemid", Int8),
        ],
    );
    clock.primary_key = vec![ident("itemid"), ident("clock")];
    let facts = vec![clock, samples("metrics"), samples("other"), odd];
    let (found, decisions) = catalog(facts.clone(), "", &["cpu", "mem_total"]).unwrap();
    let written = toml_out::write(&found, &decisions);
    let (again, _) = catalog(facts, &written, &["cpu", "mem_total"]).unwrap();
    assert_eq!(found.sources(), again.sources(), "{written}");
    assert_eq!(found.names().collect::<Vec<_>>(), again.names().collect::<Vec<_>>());
    assert!(again.metric("metrics_cpu").is_some() && again.metric("od d_Sel\"ect_a \"b\"\\").is_some());
}

#[test]
fn patterns_leave_relations_out() {
    for (pattern, name, matches) in [
        ("audit_*", "audit_log", true),
        ("audit_*", "log", false),
        ("*log", "audit_log", true),
        ("a*b*c", "aXbYc", true),
        ("a*b*c", "aXcYb", false),
        ("aa*aa", "aaa", false),
        ("x", "x", true),
    ] {
        assert_eq!(matches_glob(pattern, name), matches, "{pattern} {name}");
    }
}
