use super::*;
use crate::pattern::Patterns;

fn parameters(form: &str) -> Parameters {
    Parameters::read(&[form.as_bytes()], 10).unwrap()
}

#[test]
fn a_range_is_checked_before_anything_is_read() {
    let range = |form: &str| EvaluationQuery::range(&parameters(&format!("query=up&{form}")), 11_000);
    let one = range("start=10&end=10&step=60").unwrap();
    assert_eq!((one.steps, one.range_end_ms), (Steps::even(10_000, 60_000, 1), Some(10_000)));
    let most = range("start=0&end=11000&step=1").unwrap();
    assert_eq!(most.steps.len, 11_001);
    assert_eq!(range("start=0&end=11000.9&step=1").unwrap().steps.len, 11_001);
    assert_eq!(range("start=0&end=9.9&step=0.5").unwrap().steps.len, 20);
    let step = "invalid parameter \"step\": ";
    let zero = format!("{step}zero or negative query resolution step widths are not accepted. Try a positive integer");
    let resolution =
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)";
    let reversed = "invalid parameter \"end\": end timestamp must not be before start time";
    for (form, message) in [
        ("start=10&end=9&step=60", reversed.to_owned()),
        ("start=0&end=11001&step=1", resolution.to_owned()),
        ("start=-1e30&end=1e30&step=1e9", resolution.to_owned()),
        ("start=0&end=1&step=0", zero.clone()),
        ("start=0&end=1&step=-1", zero),
        ("start=0&end=1&step=NaN", format!("{step}cannot parse \"NaN\" to a valid duration")),
        ("start=0&end=1&step=1e30", format!("{step}cannot parse \"1e30\" to a valid duration. It overflows int64")),
        ("start=0&end=1&step=x", format!("{step}cannot parse \"x\" to a valid duration")),
        ("start=0&end=1", format!("{step}cannot parse \"\" to a valid duration")),
        (
            "start=0&end=1&step=0.0005",
            format!("{step}query resolution step widths below 1 millisecond are not accepted"),
        ),
        ("end=1&step=1", "invalid parameter \"start\": cannot parse \"\" to a valid timestamp".to_owned()),
        ("start=0&step=1", "invalid parameter \"end\": cannot parse \"\" to a valid timestamp".to_owned()),
        (
            "start=0&end=1&step=1&timeout=x",
            "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration".to_owned(),
        ),
        ("start=0&end=1&step=1&limit=-1", "invalid parameter \"limit\": limit must be non-negative".to_owned()),
    ] {
        let error = range(form).unwrap_err();
        assert_eq!((error.kind.status(), error.message), (400, message), "{form}");
    }
}

#[test]
fn an_instant_is_now_where_nothing_is_said() {
    let instant = |form: &str| EvaluationQuery::instant(&parameters(form), 77).unwrap();
    assert_eq!(instant("query=up").steps.start_ms, 77);
    assert_eq!(instant("query=up&time=").steps.start_ms, 77);
    let all = instant("query=up&time=4&timeout=1m&lookback_delta=15m&limit=3&step=15&stats=all");
    assert_eq!((all.steps, all.range_end_ms), (Steps::instant(4000), None));
    let settings = (all.timeout, all.lookback_ms, all.limit);
    assert_eq!(settings, (Some(Duration::from_secs(60)), Some(900_000), Some(3)));
    let none = instant("query=up&timeout=&lookback_delta=0&limit=0");
    assert_eq!((none.timeout, none.lookback_ms, none.limit), (None, None, None));
}

#[test]
fn a_listing_is_of_ever_unless_it_names_a_time() {
    let within = |form: &str| ListQuery::read(&parameters(form)).unwrap().within;
    let range = |from, to| ListingTimes::Range(TimeRange::new(from, to).unwrap());
    assert_eq!(within("start=&end="), ListingTimes::Ever);
    assert_eq!(within("start=1&end=2"), range(1000, 2001));
    assert_eq!(within("start=2&end=2"), range(2000, 2001));
    assert_eq!(within("start=3&end=2"), ListingTimes::Never);
    assert_eq!(within("end=2"), range(TimeRange::EARLIEST, 2001));
    assert_eq!(within("start=2&end=Inf"), range(2000, TimeRange::LATEST));
    // Milliseconds are seconds of a far future.
    assert_eq!(within("start=1767573817500&end=1767573817600"), ListingTimes::Never);
    assert!(ListQuery::read(&parameters("start=x")).is_err());
}

#[test]
fn a_selector_is_no_expression_and_selects_something() {
    for text in
        ["up", "up{a=\"b\"}", "{a=\"b\"}", "{a!=\"\"}", "{a=~\".+\"}", "{__name__=~\"a|b\",c=~\".*\"}", "{\"a.b\"}"]
    {
        assert!(selector(text, &Patterns::default()).is_ok(), "{text}");
    }
    let empty = "parse error: a selector needs a matcher that does not accept the empty string";
    for (text, expected) in [
        ("{}", empty),
        ("{a=~\".*\"}", empty),
        ("{a=\"\"}", empty),
        ("{a!=\"x\"}", empty),
        ("sum(up)", "1:1: parse error: \"sum(up)\" is not a selector"),
        ("up[5m]", "1:1: parse error: \"up[5m]\" is not a selector"),
        ("up offset 5m", "is not a selector"),
        ("up{a=~\"(\"}", "parse error: "),
        ("up{", "invalid parameter \"match[]\": 1:"),
        ("", "invalid parameter \"match[]\": unknown position: parse error: "),
    ] {
        let error = selector(text, &Patterns::default()).unwrap_err();
        assert_eq!(error.kind, Kind::BadTarget, "{text}");
        assert!(error.message.contains(expected), "{text}: {}", error.message);
    }
}

#[test]
fn places_are_counted_in_lines_and_columns() {
    let at = |start| Error::new(Kind::BadTarget, "no").at(crate::ast::Span { start, end: start });
    assert_eq!(query_error("query", "sum(\n  up", at(7)).message, "invalid parameter \"query\": 2:3: parse error: no");
    assert_eq!(query_error("query", "up", at(0)).message, "invalid parameter \"query\": 1:1: parse error: no");
}
