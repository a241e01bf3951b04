//! Operators: on scalars, on series and scalars, and the ways in which series pair up.

use super::{check, failure};
use crate::evaluate::{EvaluateErrorKind, Side};

const X: &[&str] = &[r#"x{n="1"} 1 -3 _ NaN"#, r#"x{n="2"} Inf 0 4 5"#];

#[test]
fn scalars() {
    check(
        &[],
        &[
            ("1 + 2 * 3 - 4 / 8", &["scalar 6.5 6.5 6.5 6.5"]),
            ("2 ^ 3 ^ 2 % 500", &["scalar 12 12 12 12"]),
            ("-5 % 3", &["scalar -2 -2 -2 -2"]),
            ("1 / 0", &["scalar inf inf inf inf"]),
            ("-(0 / 0)", &["scalar NaN NaN NaN NaN"]),
            ("1 atan2 -1", &["scalar 2.35619449019 2.35619449019 2.35619449019 2.35619449019"]),
            ("1 < bool 2", &["scalar 1 1 1 1"]),
            ("NaN == bool NaN", &["scalar 0 0 0 0"]),
            ("NaN != bool NaN", &["scalar 1 1 1 1"]),
            ("(time() - 1709161200) / 60", &["scalar 0 30 60 90"]),
            ("time() >= bool 1709164800", &["scalar 0 0 1 1"]),
        ],
    );
}

#[test]
fn series_and_a_scalar() {
    check(
        X,
        &[
            ("x + 1", &[r#"{n="1"} 2 -2 _ NaN"#, r#"{n="2"} inf 1 5 6"#]),
            ("1 - x", &[r#"{n="1"} 0 4 _ NaN"#, r#"{n="2"} -inf 1 -3 -4"#]),
            ("-x", &[r#"{n="1"} -1 3 _ NaN"#, r#"{n="2"} -inf -0 -4 -5"#]),
            ("x % 2", &[r#"{n="1"} 1 -1 _ NaN"#, r#"{n="2"} NaN 0 0 1"#]),
            ("x ^ 2", &[r#"{n="1"} 1 9 _ NaN"#, r#"{n="2"} inf 0 16 25"#]),
            // A filter keeps the metric and the series' own value, on whichever side it stands.
            ("x > 0", &[r#"x{n="1"} 1 _ _ _"#, r#"x{n="2"} inf _ 4 5"#]),
            ("4 <= x", &[r#"x{n="2"} inf _ 4 5"#]),
            ("x != 4", &[r#"x{n="1"} 1 -3 _ NaN"#, r#"x{n="2"} inf 0 _ 5"#]),
            ("x > bool 0", &[r#"{n="1"} 1 0 _ 0"#, r#"{n="2"} 1 0 1 1"#]),
            ("x > 100 < 1", &[]),
        ],
    );
}

#[test]
fn one_to_one() {
    let two = &[
        r#"a{host="1",dc="x"} 6 6 6 _"#,
        r#"a{host="2",dc="x"} 1 2 3 4"#,
        r#"b{host="1",dc="x"} 2 _ 3 1"#,
        r#"b{host="3",dc="x"} 9 9 9 9"#,
        r#"c{host="1"} 6 7 _ 8"#,
    ];
    check(
        two,
        &[
            ("a / b", &[r#"{dc="x",host="1"} 3 _ 2 _"#]),
            ("a > b", &[r#"a{dc="x",host="1"} 6 _ 6 _"#]),
            ("a < bool b", &[r#"{dc="x",host="1"} 0 _ 0 _"#]),
            ("a - on (host) c", &[r#"{host="1"} 0 -1 _ _"#]),
            ("a == on (host) c", &[r#"{host="1"} 6 _ _ _"#]),
            ("a == ignoring (dc) c", &[r#"a{host="1"} 6 _ _ _"#]),
            ("a + c", &[]),
            ("a - a", &[r#"{dc="x",host="1"} 0 0 0 _"#, r#"{dc="x",host="2"} 0 0 0 0"#]),
        ],
    );
}

#[test]
fn many_to_one() {
    let stored = &[
        r#"used{host="1",disk="a"} 1 2 3 4"#,
        r#"used{host="1",disk="b"} 5 6 7 _"#,
        r#"used{host="2",disk="a"} 9 9 9 9"#,
        r#"size{host="1",model="m"} 10 10 _ _"#,
        r#"size{host="1",model="n"} _ _ 20 20"#,
    ];
    let shares: &[&str] = &[r#"{disk="a",host="1"} 0.1 0.2 0.15 0.2"#, r#"{disk="b",host="1"} 0.5 0.6 0.35 _"#];
    check(
        stored,
        &[
            ("used / on (host) group_left size", shares),
            ("used / ignoring (disk, model) group_left () size", shares),
            (
                "used / on (host) group_left (model) size",
                &[
                    r#"{disk="a",host="1",model="m"} 0.1 0.2 _ _"#,
                    r#"{disk="a",host="1",model="n"} _ _ 0.15 0.2"#,
                    r#"{disk="b",host="1",model="m"} 0.5 0.6 _ _"#,
                    r#"{disk="b",host="1",model="n"} _ _ 0.35 _"#,
                ],
            ),
            (
                "size / on (host) group_right used",
                &[
                    r#"{disk="a",host="1"} 10 5 6.66666666667 5"#,
                    r#"{disk="b",host="1"} 2 1.66666666667 2.85714285714 _"#,
                ],
            ),
            // A filter's value is the left one, even where the right side has many.
            (
                "size > on (host) group_right used",
                &[r#"used{disk="a",host="1"} 10 10 20 20"#, r#"used{disk="b",host="1"} 10 10 20 _"#],
            ),
            // A label that the one side lacks is taken away.
            ("used{disk=\"a\"} > on (host) group_left (disk) size{model=\"m\"}", &[]),
            ("used{disk=\"a\"} < on (host) group_left (disk) size{model=\"m\"}", &[r#"used{host="1"} 1 2 _ _"#]),
        ],
    );
}

#[test]
fn ambiguous_pairs_are_errors_only_where_they_meet() {
    let stored = &[
        r#"a{host="1",n="1"} 1 1 _ _"#,
        r#"a{host="1",n="2"} _ 1 1 _"#,
        r#"b{host="1"} 1 1 1 1"#,
        r#"c{host="1",m="1"} 1 1 _ _"#,
        r#"c{host="1",m="2"} _ _ 1 1"#,
    ];
    let host = || r#"{host="1"}"#.to_owned();
    for (text, kind, span) in [
        ("a + on (host) b", EvaluateErrorKind::ManyToOne, "+"),
        ("b * on (host) a", EvaluateErrorKind::ManyToMany(Side::Right), "*"),
        ("b * on (host) group_left a", EvaluateErrorKind::ManyToMany(Side::Right), "*"),
        ("a * on (host) group_right b", EvaluateErrorKind::ManyToMany(Side::Left), "*"),
    ] {
        assert_eq!(failure(stored, text), (kind, host(), span.to_owned()), "{text}");
    }
    let same = failure(stored, "a + on (host) group_left (n) b");
    assert_eq!(same, (EvaluateErrorKind::SameMatch, host(), "+".to_owned()));
    let shown = super::evaluated(stored, "a + on (host) b").unwrap_err().to_string();
    assert_eq!(shown, r#"many-to-one matching must be explicit: several series on the left side match {host="1"}"#);
    check(
        stored,
        &[
            // Two series on one side that never share a bucket are no ambiguity.
            ("b + on (host) c", &[r#"{host="1"} 2 2 2 2"#]),
            ("c + on (host) b", &[r#"{host="1"} 2 2 2 2"#]),
            // What a filter takes away cannot clash.
            ("a > on (host) b", &[]),
        ],
    );
}

#[test]
fn sets() {
    let stored = &[
        r#"a{host="1"} 1 2 _ _"#,
        r#"a{host="2"} _ NaN 4 _"#,
        r#"b{host="1"} 9 _ 9 _"#,
        r#"b{host="3"} _ _ 8 8"#,
        r#"c{dc="x"} _ 7 7 _"#,
    ];
    check(
        stored,
        &[
            ("a and b", &[r#"a{host="1"} 1 _ _ _"#]),
            ("a unless b", &[r#"a{host="1"} _ 2 _ _"#, r#"a{host="2"} _ NaN 4 _"#]),
            (
                "a or b",
                &[
                    r#"a{host="1"} 1 2 _ _"#,
                    r#"a{host="2"} _ NaN 4 _"#,
                    r#"b{host="1"} _ _ 9 _"#,
                    r#"b{host="3"} _ _ 8 8"#,
                ],
            ),
            ("a and on () c", &[r#"a{host="1"} _ 2 _ _"#, r#"a{host="2"} _ NaN 4 _"#]),
            ("a unless on () c", &[r#"a{host="1"} 1 _ _ _"#]),
            ("b or on () c", &[r#"b{host="1"} 9 _ 9 _"#, r#"b{host="3"} _ _ 8 8"#, r#"c{dc="x"} _ 7 _ _"#]),
            ("c and ignoring (dc, host) b", &[r#"c{dc="x"} _ _ 7 _"#]),
            // Equal labels that come from both sides at different buckets are one series.
            ("-a or -b", &[r#"{host="1"} -1 -2 -9 _"#, r#"{host="2"} _ NaN -4 _"#, r#"{host="3"} _ _ -8 -8"#]),
            ("a or vector(0)", &["{} 0 0 0 0", r#"a{host="1"} 1 2 _ _"#, r#"a{host="2"} _ NaN 4 _"#]),
        ],
    );
}

#[test]
fn names_that_alone_told_series_apart_are_missed() {
    let stored = &[r#"a{n="1"} 1 2 _ _"#, r#"b{n="1"} _ _ 3 4"#, r#"c{n="1"} _ _ _ 5"#];
    check(stored, &[("(a or b) * 2", &[r#"{n="1"} 2 4 6 8"#])]);
    let clash = failure(stored, "(a or on () b or on (__name__) c) * 2");
    assert_eq!(clash, (EvaluateErrorKind::SameLabels, r#"{n="1"}"#.to_owned(), "*".to_owned()));
    let clash = failure(stored, "abs(a or on () b or on (__name__) c)");
    assert_eq!(clash.2, "abs(a or on () b or on (__name__) c)");
}
