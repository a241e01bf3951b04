//! Functions of values, of time and of labels.

use super::{answer, check, failure};
use crate::evaluate::EvaluateErrorKind;

#[test]
fn functions_of_a_value() {
    let x = &["x 2.5 -2.5 0 NaN"];
    check(
        x,
        &[
            ("abs(x)", &["{} 2.5 2.5 0 NaN"]),
            ("ceil(x)", &["{} 3 -2 0 NaN"]),
            ("floor(x)", &["{} 2 -3 0 NaN"]),
            ("sgn(x)", &["{} 1 -1 0 NaN"]),
            ("sqrt(x + 1.5)", &["{} 2 NaN 1.22474487139 NaN"]),
            ("exp(x)", &["{} 12.1824939607 0.0820849986239 1 NaN"]),
            ("ln(x)", &["{} 0.916290731874 NaN -inf NaN"]),
            ("log2(x + 5.5)", &["{} 3 1.58496250072 2.45943161864 NaN"]),
            ("log10(x * 40)", &["{} 2 NaN -inf NaN"]),
            ("deg(x * 0 + pi())", &["{} 180 180 180 NaN"]),
            ("rad(x * 72)", &["{} 3.14159265359 -3.14159265359 0 NaN"]),
            ("round(x)", &["{} 3 -2 0 NaN"]),
            ("round(x, 2)", &["{} 2 -2 0 NaN"]),
            ("round(x / 7, 0.1)", &["{} 0.4 -0.4 0 NaN"]),
            ("clamp(x, -1, 1)", &["{} 1 -1 0 NaN"]),
            ("clamp(x, 1, -1)", &[]),
            ("clamp(x, NaN, 1)", &["{} NaN NaN NaN NaN"]),
            ("clamp_min(x, 1)", &["{} 2.5 1 1 NaN"]),
            ("1 / clamp_min(x * 0, -0)", &["{} inf -inf inf NaN"]),
            ("1 / clamp_max(x * 0, -0)", &["{} -inf -inf -inf NaN"]),
            ("asinh(x * 4e307)", &["{} 709.889355823 -709.889355823 0 NaN"]),
            ("acosh(x * 4e307)", &["{} 709.889355823 NaN NaN NaN"]),
            ("clamp_max(x, scalar(x) - 1)", &["{} 1.5 -3.5 -1 NaN"]),
            ("sin(x) ^ 2 + cos(x) ^ 2", &["{} 1 1 1 NaN"]),
            ("tan(atan(x)) + sinh(asinh(x)) + tanh(atanh(x / 10)) * 10", &["{} 7.5 -7.5 0 NaN"]),
            ("asin(x / 5) + acos(x / 5)", &["{} 1.57079632679 1.57079632679 1.57079632679 NaN"]),
            ("cosh(acosh(x))", &["{} 2.5 NaN NaN NaN"]),
        ],
    );
}

#[test]
fn functions_of_time() {
    let x = &[r#"x{n="1"} 0 _ -1 NaN"#, r#"x{n="2"} 951782400 Inf 1735689599 4102444800.5"#];
    check(
        x,
        &[
            ("hour()", &["{} 23 23 0 0"]),
            ("minute()", &["{} 0 30 0 30"]),
            ("day_of_month()", &["{} 28 28 29 29"]),
            ("days_in_month()", &["{} 29 29 29 29"]),
            // 2024-02-28 is a Wednesday.
            ("day_of_week()", &["{} 3 3 4 4"]),
            ("day_of_year()", &["{} 59 59 60 60"]),
            ("month()", &["{} 2 2 2 2"]),
            ("year()", &["{} 2024 2024 2024 2024"]),
            // 1970-01-01, 1969-12-31T23:59:59; 2000-02-29, 2024-12-31T23:59:59, 2100-01-01.
            ("year(x)", &[r#"{n="1"} 1970 _ 1969 NaN"#, r#"{n="2"} 2000 NaN 2024 2100"#]),
            ("month(x)", &[r#"{n="1"} 1 _ 12 NaN"#, r#"{n="2"} 2 NaN 12 1"#]),
            ("day_of_month(x)", &[r#"{n="1"} 1 _ 31 NaN"#, r#"{n="2"} 29 NaN 31 1"#]),
            ("day_of_year(x)", &[r#"{n="1"} 1 _ 365 NaN"#, r#"{n="2"} 60 NaN 366 1"#]),
            ("day_of_week(x)", &[r#"{n="1"} 4 _ 3 NaN"#, r#"{n="2"} 2 NaN 2 5"#]),
            ("days_in_month(x)", &[r#"{n="1"} 31 _ 31 NaN"#, r#"{n="2"} 29 NaN 31 31"#]),
            ("minute(x)", &[r#"{n="1"} 0 _ 59 NaN"#, r#"{n="2"} 0 NaN 59 0"#]),
            ("timestamp(x) - time()", &[r#"{n="1"} 0 _ 0 0"#, r#"{n="2"} 0 0 0 0"#]),
            (
                "year(x * 0 + 1e300) > 0",
                &[r#"{n="1"} 292277026596 _ 292277026596 _"#, r#"{n="2"} 292277026596 _ 292277026596 292277026596"#],
            ),
        ],
    );
}

#[test]
fn scalars_and_vectors() {
    let x = &[r#"x{n="1"} 1 2 _ _"#, r#"x{n="2"} _ 5 6 _"#];
    check(
        x,
        &[
            ("scalar(x)", &["scalar 1 NaN 6 NaN"]),
            ("scalar(x{n=\"1\"}) + 1", &["scalar 2 3 NaN NaN"]),
            ("vector(1)", &["{} 1 1 1 1"]),
            ("vector(time()) - 1709161200", &["{} 0 1800 3600 5400"]),
            ("sort_desc(x)", &[r#"x{n="1"} 1 2 _ _"#, r#"x{n="2"} _ 5 6 _"#]),
            ("sort(-x)", &[r#"{n="1"} -1 -2 _ _"#, r#"{n="2"} _ -5 -6 _"#]),
        ],
    );
}

#[test]
fn absence() {
    let x = &[r#"x{n="1"} 1 _ _ _"#, r#"x{n="2"} _ NaN _ _"#];
    check(
        x,
        &[
            ("absent(x)", &["{} _ _ 1 1"]),
            ("absent(x{n=\"1\"})", &[r#"{n="1"} _ 1 1 1"#]),
            ("absent((x{n=\"7\",m=\"\"}))", &[r#"{n="7"} 1 1 1 1"#]),
            ("absent(x{n=\"1\",n=\"2\"})", &["{} 1 1 1 1"]),
            ("absent_over_time(x{n=\"2\"}[5m])", &[r#"{n="2"} 1 _ 1 1"#]),
            ("absent(sum(x{n=\"1\"}))", &["{} _ 1 1 1"]),
            ("absent(vector(1))", &[]),
        ],
    );
}

#[test]
fn labels_are_rewritten() {
    let x = &[r#"x{host="web-01:80"} 1 _ _ _"#, r#"x{host="db"} 2 _ _ _"#];
    check(
        x,
        &[
            (
                r#"label_replace(x, "name", "$1 of $port", "host", "([a-z-0-9]+):(?P<port>.*)")"#,
                &[r#"x{host="db"} 2 _ _ _"#, r#"x{host="web-01:80",name="web-01 of 80"} 1 _ _ _"#],
            ),
            // Anchored: a part of the value is no match.
            (
                r#"label_replace(x, "y", "z", "host", "web")"#,
                &[r#"x{host="db"} 2 _ _ _"#, r#"x{host="web-01:80"} 1 _ _ _"#],
            ),
            (
                r#"label_replace(x{host="db"}, "y", "a$$b${1}c", "host", "(d)b")"#,
                &[r#"x{host="db",y="a$bdc"} 2 _ _ _"#],
            ),
            (r#"label_replace(x{host="db"}, "host", "", "nothing", "")"#, &["x{} 2 _ _ _"]),
            (r#"label_replace(x{host="db"}, "__name__", "y", "", "")"#, &[r#"y{host="db"} 2 _ _ _"#]),
            (
                r#"label_join(x, "all", "/", "host", "nothing", "host")"#,
                &[r#"x{all="db//db",host="db"} 2 _ _ _"#, r#"x{all="web-01:80//web-01:80",host="web-01:80"} 1 _ _ _"#],
            ),
            (r#"label_join(x{host="db"}, "host", "")"#, &["x{} 2 _ _ _"]),
        ],
    );
    let text = r#"label_replace(x, "host", "", "", "")"#;
    assert_eq!(failure(x, text), (EvaluateErrorKind::SameLabels, "x{}".to_owned(), text.to_owned()));
}

#[test]
fn no_question_grows_without_bound() {
    let x = &[r#"x{a="0123456789"} 1 1 1 1"#];
    let mut doubled = "x".to_owned();
    for _ in 0..40 {
        doubled = format!(r#"label_replace({doubled}, "a", "$1$1$1$1", "a", "(.*)")"#);
    }
    assert_eq!(failure(x, &doubled).0, EvaluateErrorKind::TooLong);
    let joined = (0..20).fold("x".to_owned(), |inner, _| format!(r#"label_join({inner}, "a", "", "a", "a", "a")"#));
    assert_eq!(failure(x, &joined).0, EvaluateErrorKind::TooLong);
    // Forty thousand points are allowed here.
    let many: Vec<String> = (0..180).map(|n| format!(r#"label_replace(x, "b", "{n}", "", "")"#)).collect();
    assert_eq!(failure(x, &many.join(" or ")).0, EvaluateErrorKind::TooMuch);
    assert_eq!(answer(x, &many[..50].join(" or ")).len(), 50);
}
