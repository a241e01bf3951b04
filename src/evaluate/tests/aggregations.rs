//! Aggregations, NaN, infinities and gaps among the values.

use super::check;

const CPU: &[&str] = &[
    r#"cpu{dc="x",host="a"} 1 NaN 2 _"#,
    r#"cpu{dc="x",host="b"} 3 5 _ _"#,
    r#"cpu{dc="y",host="c"} 8 NaN Inf 4"#,
    r#"cpu{host="d"} _ _ _ 6"#,
];

#[test]
fn simple_operators_work_per_bucket() {
    check(
        CPU,
        &[
            ("sum(cpu)", &["{} 12 NaN inf 10"]),
            ("avg(cpu)", &["{} 4 NaN inf 5"]),
            ("min(cpu)", &["{} 1 5 2 4"]),
            ("max(cpu)", &["{} 8 5 inf 6"]),
            ("count(cpu)", &["{} 3 3 2 2"]),
            ("group(cpu)", &["{} 1 1 1 1"]),
            ("stdvar(cpu)", &["{} 8.66666666667 NaN NaN 1"]),
            ("stddev by (dc) (cpu)", &["{} _ _ _ 0", r#"{dc="x"} 1 NaN 0 _"#, r#"{dc="y"} 0 NaN NaN 0"#]),
            ("count by (dc) (cpu)", &["{} _ _ _ 1", r#"{dc="x"} 2 2 1 _"#, r#"{dc="y"} 1 1 1 1"#]),
            ("max without (host) (cpu)", &["{} _ _ _ 6", r#"{dc="x"} 3 5 2 _"#, r#"{dc="y"} 8 NaN inf 4"#]),
            ("sum by (__name__, nothing) (cpu)", &["cpu{} 12 NaN inf 10"]),
            ("count(sum by (dc) (cpu))", &["{} 2 2 2 2"]),
            ("sum(nothing)", &[]),
        ],
    );
}

#[test]
fn sums_keep_what_rounding_loses_and_means_do_not_overflow() {
    let loss = &[r#"x{n="1"} 1e100 1.7e308 -1.7e308 Inf"#, r#"x{n="2"} 1 1.7e308 -1.7e308 -Inf"#, r#"x{n="3"} -1e100"#];
    check(loss, &[("sum(x)", &["{} 1 inf -inf NaN"])]);
    let means = super::answer(loss, "avg(x)");
    assert!(means[0].starts_with("{} 0.333333333333 17"), "{means:?}");
    assert!(means[0].ends_with("NaN") && !means[0].contains("inf"), "{means:?}");
}

#[test]
fn few_points_far_apart_come_to_the_same() {
    let far = |bucket| crate::series::Series {
        labels: super::labels(&format!("x{{n=\"{bucket}\"}}")),
        points: [0, bucket].map(|bucket| crate::series::Point { bucket, value: 2.0 }).into(),
    };
    let all = crate::ast::Grouping::By(Vec::new());
    let sum = super::aggregate(crate::ast::AggregateOp::Sum, &all, &[far(4_000_000_000), far(9)]);
    let points: Vec<(u32, f64)> = sum[0].points.iter().map(|point| (point.bucket, point.value)).collect();
    assert_eq!(points, [(0, 4.0), (9, 2.0), (4_000_000_000, 2.0)]);
}

#[test]
fn quantiles_interpolate() {
    let x = &[r#"x{n="1"} 1 1 -Inf NaN"#, r#"x{n="2"} 2 4 0 1"#, r#"x{n="3"} 3 _ 5 1"#, r#"x{n="4"} 4 _ Inf 1"#];
    check(
        x,
        &[
            ("quantile(0.5, x)", &["{} 2.5 2.5 2.5 NaN"]),
            ("quantile(0.9, x)", &["{} 3.7 3.7 inf NaN"]),
            ("quantile(0, x)", &["{} 1 1 -inf NaN"]),
            ("quantile(1, x)", &["{} 4 4 inf NaN"]),
            ("quantile(-1, x)", &["{} -inf -inf -inf NaN"]),
            ("quantile(2, x)", &["{} inf inf inf NaN"]),
            ("quantile(NaN, x)", &["{} NaN NaN NaN NaN"]),
            ("quantile by (n) (0.5, x{n=\"2\"})", &[r#"{n="2"} 2 4 0 1"#]),
            ("quantile(scalar(x{n=\"1\"}) / 2, x)", &["{} 2.5 2.5 -inf NaN"]),
        ],
    );
}

#[test]
fn values_are_counted_under_their_text() {
    let x = &[r#"x{n="1"} 1 NaN Inf 0.5"#, r#"x{n="2"} 1 NaN -Inf 1e21"#, r#"x{n="3"} 2 1 _ 0.5"#];
    check(
        x,
        &[(
            "count_values(\"v\", x)",
            &[
                r#"{v="+Inf"} _ _ 1 _"#,
                r#"{v="-Inf"} _ _ 1 _"#,
                r#"{v="0.5"} _ _ _ 2"#,
                r#"{v="1"} 2 1 _ _"#,
                r#"{v="1000000000000000000000"} _ _ _ 1"#,
                r#"{v="2"} 1 _ _ _"#,
                r#"{v="NaN"} _ 2 _ _"#,
            ],
        )],
    );
    // The label takes the place of a grouping label of that name, and the counts meet.
    check(
        x,
        &[(
            "count_values by (n) (\"n\", x) > 1",
            &[r#"{n="0.5"} _ _ _ 2"#, r#"{n="1"} 2 _ _ _"#, r#"{n="NaN"} _ 2 _ _"#],
        )],
    );
}

#[test]
fn ranking_takes_whole_series_by_their_mean() {
    let x = &[
        r#"x{dc="p",n="1"} 9 0 0 0"#,
        r#"x{dc="p",n="2"} 3 3 _ _"#,
        r#"x{dc="q",n="3"} _ 2 4 _"#,
        r#"x{dc="q",n="4"} NaN 99 99 99"#,
        r#"x{dc="q",n="5"} -Inf _ _ _"#,
    ];
    let [one, two, three, four, five] = [0, 1, 2, 3, 4].map(|at| super::shown_series(&super::series(x[at])));
    let cases: [(&str, &[&str]); 8] = [
        // 2 and 3 are equal in the mean: the labels decide.
        ("topk(1, x)", &[&two]),
        ("topk(2, x)", &[&two, &three]),
        ("bottomk(1, x)", &[&five]),
        ("bottomk(2.9, x)", &[&one, &five]),
        ("topk(5, x)", &[&one, &two, &three, &four, &five]),
        ("topk(4, x)", &[&one, &two, &three, &five]),
        ("topk by (dc) (1, x)", &[&two, &three]),
        ("topk without (n) (1e30, x{dc=\"p\"})", &[&one, &two]),
    ];
    check(x, &cases);
    check(x, &[("topk(0, x)", &[]), ("topk(-3, x)", &[]), ("sum(topk(1, x))", &["{} 3 3 _ _"])]);
}
