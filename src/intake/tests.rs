use serde_json::json;

use super::*;
use crate::ast::Format;

const NOW: i64 = 1_700_000_000_000;

fn read(body: Value) -> Result<Question, Error> {
    question(&super::body(body.to_string().as_bytes())?, Moment { now: NOW, zone: &Zone::UTC }, Limits::default())
}

#[test]
fn members_that_mean_nothing_are_named() {
    let of = |payload: Value| {
        let question = read(json!({"targets": [{"target": "cpu", "payload": payload}]})).unwrap();
        question.targets[0].notices.clone()
    };
    assert_eq!(
        of(json!({"fil": "zero", "by": "host", "aggregation": "sum", "label:host": "a", "zzzzzzz": 1})),
        [
            "the member \"fil\" of the payload is ignored: no option is called so; did you mean fill, filters?",
            "the member \"zzzzzzz\" of the payload is ignored: no option is called so",
        ]
    );
    for filters in [json!(["x"]), json!("host=a"), json!(7)] {
        let said = of(json!({"filters": filters}));
        assert_eq!(said, ["`filters` is ignored: it is an object with a member for each label"], "{filters}");
    }
    for payload in
        [json!({}), json!(null), json!("x"), json!({"format": "table", "type": "x", "filters": {"host": "a"}})]
    {
        assert!(of(payload.clone()).is_empty(), "{payload}");
    }
}

#[test]
fn only_targets_are_needed() -> Result<(), Error> {
    let question = read(json!({"targets": [{"target": "cpu"}]}))?;
    assert_eq!((question.range.from, question.range.to), (NOW - 6 * 3_600_000, NOW));
    assert_eq!((question.interval_ms, question.max_points), (None, 1000));
    assert_eq!(question.targets[0].text, Ok("cpu".to_owned()));
    Ok(())
}

#[test]
fn what_is_hidden_empty_or_not_picked_is_skipped() -> Result<(), Error> {
    let targets = json!([{"target": "a", "hide": true}, {"target": ""}, {"target": "select metric"}, {}, {"target": null},
        {"target": 42, "refId": "B", "type": "table"}, {"target": "c", "hide": false, "type": "timeserie"}]);
    let question = read(json!({"targets": targets, "unknown": {"deep": []}}))?;
    let read: Vec<_> =
        question.targets.iter().map(|t| (t.text.clone(), t.ref_id.as_deref(), t.options.format)).collect();
    let expected = [(Ok("42".to_owned()), Some("B"), Format::Table), (Ok("c".to_owned()), None, Format::TimeSeries)];
    assert_eq!(read, expected);
    Ok(())
}

#[test]
fn numbers_come_in_every_type() -> Result<(), Error> {
    for (given, expected) in [
        (json!("928"), 928),
        (json!(928.7), 928),
        (json!(0), 1000),
        (json!(-1), 1000),
        (json!(null), 1000),
        (json!("many"), 1000),
        (json!(1e12), u32::MAX),
    ] {
        assert_eq!(read(json!({"maxDataPoints": given}))?.max_points, expected, "{given}");
    }
    assert_eq!(read(json!({"intervalMs": "${__interval_ms}"}))?.interval_ms, None);
    assert_eq!(read(json!({"intervalMs": 18_446_744_073_709_551_615_u64}))?.interval_ms, Some(i64::MAX));
    Ok(())
}

#[test]
fn a_range_that_makes_no_sense_is_refused() {
    for range in [
        json!({"from": 2, "to": 1}),
        json!({"from": 1, "to": 1}),
        json!({"from": "yesterday"}),
        json!({"from": []}),
        json!({"from": "99999999999999999999"}),
    ] {
        assert_eq!(
            read(json!({"range": range.clone()})).map(|_| ()).map_err(|e| e.kind),
            Err(Kind::BadRange),
            "{range}"
        );
    }
}

#[test]
fn a_bare_number_is_seconds_or_milliseconds() -> Result<(), Error> {
    for (from, expected) in [
        (json!(1_735_732_800), 1_735_732_800_000),
        (json!("1735732800"), 1_735_732_800_000),
        (json!(1_735_732_800.25), 1_735_732_800_250),
        (json!(1_735_732_800_000_i64), 1_735_732_800_000),
        (json!(99_999_999_999_i64), 99_999_999_999_000),
        (json!(100_000_000_000_i64), 100_000_000_000),
        (json!(-86_400), -86_400_000),
    ] {
        let read = read(json!({"range": {"from": from, "to": "9999-01-01"}}))?;
        assert_eq!(read.range.from, expected, "{from}");
    }
    Ok(())
}

#[test]
fn a_variable_that_nobody_replaced_is_named() {
    let target = |payload: Value| json!({"targets": [{"target": "cpu", "payload": payload}]});
    for payload in [
        json!({"over_time": "$fn"}),
        json!({"aggregation": "${fn}"}),
        json!({"by": ["host", "[[fn]]"]}),
        json!({"fill": "$fn"}),
        json!({"step": "${fn:raw}"}),
        json!({"tz": "$fn"}),
        json!({"filters": {"host": ["a", "$fn"]}}),
        json!({"label:host": "web-$fn"}),
    ] {
        let read = read(target(payload.clone())).unwrap();
        let error = read.targets[0].text.clone().unwrap_err();
        assert!(error.kind == Kind::BadTarget && error.message.contains("`fn`"), "{payload}: {error:?}");
    }
    for payload in
        [json!({"step": "$__interval"}), json!({"label:host": "$__all"}), json!({"by": r"a\$b"}), json!({"x": "$x"})]
    {
        assert_eq!(read(target(payload.clone())).unwrap().targets[0].text, Ok("cpu".to_owned()), "{payload}");
    }
    let filter = |value: &str| json!({"key": "host", "operator": "=", "value": value});
    for list in ["adhocFilters", "filters"] {
        let error = read(json!({"targets": [], list: [filter("$host")]})).unwrap_err();
        assert_eq!((error.kind, error.message.contains("`host`")), (Kind::BadTarget, true));
        assert_eq!(read(json!({list: [filter("$__all")]})).unwrap().ad_hoc, []);
    }
}

#[test]
fn both_lists_of_filters_count_once() -> Result<(), Error> {
    let filter = json!({"key": "host", "operator": "=", "value": "a"});
    let all = json!({"key": "dc", "operator": "=~", "value": ".*"});
    let odd = json!({"key": "dc", "operator": "??", "value": "x"});
    let question = read(json!({"adhocFilters": [filter, all, odd], "filters": [filter]}))?;
    assert_eq!(question.ad_hoc.len(), 1);
    assert_eq!(question.notices, ["the filter on \"dc\" is ignored: its operator \"??\" is unknown"]);
    Ok(())
}

fn wishes(pairs: &[(&str, &str)]) -> (Options, Vec<String>) {
    let said: PayloadFields = pairs.iter().map(|(name, text)| ((*name).to_owned(), vec![(*text).to_owned()])).collect();
    let mut notices = Vec::new();
    (options(&said).of_panel(&mut notices), notices)
}

#[test]
fn options_read_alike_from_a_payload_and_a_url() {
    let (read, notices) = wishes(&[
        ("fill", "Previous"),
        ("reduce", "m4"),
        ("format", "instant"),
        ("legend", r"\{\{host\}\}"),
        ("step", "1mo"),
        ("tz", r"Europe\/Berlin"),
        ("from", "now-6h"),
    ]);
    let expected = Options {
        step: crate::time::Step::parse("1mo"),
        zone: Zone::parse("Europe/Berlin"),
        fill: crate::ast::Fill::Previous,
        reduce: crate::ast::Reduce::M4,
        format: Format::Instant,
        legend: Some("{{host}}".to_owned()),
    };
    assert_eq!((read, notices), (expected, Vec::new()));
}

#[test]
fn what_was_not_interpolated_or_is_blank_says_nothing() {
    let (read, notices) =
        wishes(&[("fill", " "), ("step", "$__interval"), ("tz", "${__timezone}"), ("legend", ""), ("format", "")]);
    assert_eq!((read, notices), (Options::default(), Vec::new()));
}
