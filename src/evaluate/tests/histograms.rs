//! `histogram_quantile`, with the answers that Prometheus gives.

use super::check;

#[test]
fn the_rank_is_interpolated_within_its_bucket() {
    let h = &[
        r#"h{job="a",le="0.1"} 10 0 5 _"#,
        r#"h{job="a",le="1"} 30 0 5 _"#,
        r#"h{job="a",le="2.0"} 40 0 5 _"#,
        r#"h{job="a",le="+Inf"} 50 0 10 7"#,
        r#"h{job="a",le="what"} 1 1 1 1"#,
        r#"h{job="b",le="1"} 1 1 1 1"#,
    ];
    check(
        h,
        &[
            // Of 50: the 25th lies 15/20 into (0.1, 1], the 5th halfway into [0, 0.1], the 45th beyond the last bound.
            ("histogram_quantile(0.5, h{job=\"a\"})", &[r#"{job="a"} 0.775 NaN 0.1 NaN"#]),
            ("histogram_quantile(0.1, h{job=\"a\"})", &[r#"{job="a"} 0.05 NaN 0.02 NaN"#]),
            ("histogram_quantile(0.9, h{job=\"a\"})", &[r#"{job="a"} 2 NaN 2 NaN"#]),
            ("histogram_quantile(0, h{job=\"a\"})", &[r#"{job="a"} 0 NaN 0 NaN"#]),
            ("histogram_quantile(1, h{job=\"a\"})", &[r#"{job="a"} 2 NaN 2 NaN"#]),
            ("histogram_quantile(-0.1, h{job=\"a\"})", &[r#"{job="a"} -inf -inf -inf -inf"#]),
            ("histogram_quantile(1.1, h{job=\"a\"})", &[r#"{job="a"} inf inf inf inf"#]),
            ("histogram_quantile(NaN, h{job=\"a\"})", &[r#"{job="a"} NaN NaN NaN NaN"#]),
            // No bucket up to infinity, no quantile.
            ("histogram_quantile(0.5, h{job=\"b\"})", &[r#"{job="b"} NaN NaN NaN NaN"#]),
            // The two spellings of one bound, and the two jobs, add up.
            ("histogram_quantile(0.5, sum by (le) (h))", &["{} 0.742857142857 0.55 0.1 1"]),
        ],
    );
}

#[test]
fn odd_buckets() {
    let h = &[
        // Counts that fall are raised: 10, 10, 20, 20.
        r#"h{le="1"} 10"#,
        r#"h{le="2"} 8"#,
        r#"h{le="3"} 20"#,
        r#"h{le="Inf"} 19"#,
        // The same bound spelt twice is one bucket: 4 up to 1, 8 in all.
        r#"same{le="1"} 2"#,
        r#"same{le="1.0"} 2"#,
        r#"same{le="+Inf"} 8"#,
        r#"below{le="-1"} 4"#,
        r#"below{le="0"} 6"#,
        r#"below{le="+Inf"} 8"#,
    ];
    check(
        h,
        &[
            ("histogram_quantile(0.5, h)", &["{} 1 _ _ _"]),
            ("histogram_quantile(0.75, h)", &["{} 2.5 _ _ _"]),
            ("histogram_quantile(0.25, same)", &["{} 0.5 _ _ _"]),
            ("histogram_quantile(0.25, below)", &["{} -1 _ _ _"]),
            ("histogram_quantile(0.625, below)", &["{} -0.5 _ _ _"]),
            ("histogram_quantile(0.5, h{le=\"Inf\"})", &["{} NaN _ _ _"]),
            // A histogram of each metric, one of which has no value.
            ("histogram_quantile(0.5, {__name__=~\"same|other\"})", &["{} 1 _ _ _"]),
        ],
    );
}

/// The answers are those of Prometheus 3.5.3.
#[test]
fn the_part_between_two_bounds_is_interpolated() {
    let h = &[
        r#"a{le="0.1"} 3"#,
        r#"a{le="0.5"} 5"#,
        r#"a{le="+Inf"} 9"#,
        r#"neg{le="-1"} 2"#,
        r#"neg{le="0"} 3"#,
        r#"neg{le="2"} 8"#,
        r#"neg{le="+Inf"} 10"#,
        r#"open{le="1"} 2"#,
        r#"open{le="2"} 3"#,
        r#"zero{le="1"} 0"#,
        r#"zero{le="+Inf"} 0"#,
        r#"all{le="+Inf"} 5"#,
        r#"torn{le="1"} NaN"#,
        r#"torn{le="2"} 3"#,
        r#"torn{le="+Inf"} 4"#,
    ];
    for (bounds, answers) in [
        ("0, 0.2", ["NaN", "0.05", "NaN", "NaN", "NaN", "NaN"]),
        ("0.1, 0.5", ["0.222222222222", "0.1", "NaN", "NaN", "NaN", "NaN"]),
        ("-Inf, 0.2", ["0.388888888889", "0.35", "NaN", "NaN", "NaN", "NaN"]),
        ("-Inf, Inf", ["1", "1", "NaN", "NaN", "1", "1"]),
        ("0.5, 0.1", ["0", "0", "NaN", "NaN", "0", "0"]),
        ("NaN, 1", ["NaN", "NaN", "NaN", "NaN", "NaN", "NaN"]),
        ("0.3, Inf", ["0.555555555556", "0.625", "NaN", "NaN", "NaN", "NaN"]),
        ("3, 5", ["0", "0", "NaN", "NaN", "NaN", "0"]),
        ("-2, -1", ["NaN", "NaN", "NaN", "NaN", "NaN", "NaN"]),
        ("-0.5, 1.5", ["NaN", "0.425", "NaN", "NaN", "NaN", "NaN"]),
    ] {
        for (metric, answer) in ["a", "neg", "open", "zero", "all", "torn"].into_iter().zip(answers) {
            let question = format!("histogram_fraction({bounds}, {metric})");
            check(h, &[(&question, &[&format!("{{}} {answer} _ _ _")])]);
        }
    }
}
