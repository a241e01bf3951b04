//! Question → SQL text and parameters, without a database. Each case is one snapshot, to be read when it changes.
#![expect(clippy::unwrap_used, reason = "tests stop at the first thing that is wrong")]

use datebin::ast::{Expr, OverTime};
use datebin::catalog::{
    Column, ColumnType, EpochStorage, EpochUnit, LabelDocument, LabelValue, Metric, MetricKind, MetricValue, Relation,
    Snapshot, Source, SourceLabel, SourceRow, TimeColumn, TimeKind,
};
use datebin::ident::Ident;
use datebin::language::{Dialect, parse};
use datebin::lower;
use datebin::pattern::Patterns;
use datebin::plan::{self, Context, Fetch, Limits};
use datebin::sql::{self, Statement};
use datebin::time::{Step, TimeRange, Zone};

const FROM: i64 = 1_743_206_400_000; // 2025-03-29T00:00:00Z, the day before Berlin's clocks go forward
const HOUR: i64 = 3_600_000;

fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

fn column(name: &str, ty: ColumnType, nullable: bool) -> Column {
    Column { name: ident(name), ty, nullable, row: SourceRow::Own }
}

fn label(name: &str, ty: ColumnType, nullable: bool) -> SourceLabel {
    SourceLabel::One { name: name.into(), value: LabelValue::Column(column(name, ty, nullable)) }
}

fn metric(name: &str, stored: Option<&str>, value: Column) -> Metric {
    Metric {
        name: name.into(),
        value: MetricValue::Column(value),
        adjustment: datebin::catalog::Adjustment::default(),
        filters: Vec::new(),
        stored_name: stored.map(str::to_owned),
        kind: MetricKind::Gauge,
        unit: None,
        help: None,
        over_time: OverTime::Avg,
    }
}

fn source(table: &str, time: TimeKind, labels: Vec<SourceLabel>, metrics: Vec<Metric>) -> Source {
    Source {
        relation: Relation { schema: ident("public"), name: ident(table) },
        joins: Vec::new(),
        filters: Vec::new(),
        time: TimeColumn { column: ident("ts"), row: SourceRow::Own, kind: time },
        interval_ms: None,
        lookback_ms: 86_400_000,
        labels,
        members: Vec::new(),
        metrics,
        elements: None,
        numbers: None,
        skip_nan: false,
        null_ends: true,
        one_per_instant: false,
        staleness_ms: None,
        end: None,
        name_column: None,
        name_path: Vec::new(),
        rollups: Vec::new(),
        indexes: vec![vec![ident("host"), ident("ts")]],
        children: 0,
        remote: None,
        sparse: Vec::new(),
        bytes: 0,
        settles: None,
        max_age: None,
        by_token: false,
        has_policies: false,
        version: 0,
    }
}

fn catalog() -> Snapshot {
    let float = |name: &str| column(name, ColumnType::Float8, true);
    let wide_labels = || vec![label("host", ColumnType::Text, false), label("region", ColumnType::Text, true)];
    let wide = source("host \"stats\"", TimeKind::Instant, wide_labels(), vec![metric("cpu", None, float("cpu_pct"))]);
    let mut narrow = source(
        "samples",
        TimeKind::Instant,
        vec![SourceLabel::Members {
            document: LabelDocument::Json { column: column("tags", ColumnType::Jsonb, true), path: Vec::new() },
        }],
        vec![metric("room.temp", Some("room.temp"), float("value"))],
    );
    narrow.name_column = Some(column("metric", ColumnType::Text, false));
    let mut far = source("far", TimeKind::Instant, wide_labels(), vec![metric("far", None, float("value"))]);
    far.remote = Some(vec![ident("host")]);
    let typed = [
        ("utc_clock", TimeKind::Local(Zone::UTC), "ints", ColumnType::Int8),
        ("berlin_clock", TimeKind::Local(Zone::parse("Europe/Berlin").unwrap()), "reals", ColumnType::Float4),
        ("dates", TimeKind::Date(Zone::UTC), "flags", ColumnType::Bool),
        (
            "epochs",
            TimeKind::Epoch { unit: EpochUnit::Millis, storage: EpochStorage::Int8 },
            "money",
            ColumnType::Numeric { bounded: false },
        ),
    ];
    let typed = typed.map(|(table, time, value, ty)| {
        let labels = vec![label("id", ColumnType::Int4, true), label("uid", ColumnType::Uuid, true)];
        source(table, time, labels, vec![metric(table, None, column(value, ty, true))])
    });
    let sources = [wide, narrow, far].into_iter().chain(typed).collect();
    Snapshot::new(sources, Vec::new(), Zone::UTC).unwrap()
}

fn translated(target: &str, step: Option<Step>) -> String {
    let snapshot = catalog();
    let expr: Expr = parse(target, Dialect::Json).unwrap();
    let patterns = Patterns::default();
    let lowered = lower::lower(&expr, &patterns).unwrap();
    let context = Context {
        snapshot: &snapshot,
        range: TimeRange::new(FROM, FROM + 72 * HOUR).unwrap(),
        interval_ms: Some(HOUR),
        max_points: 500,
        step,
        zone: &Zone::parse("Europe/Berlin").unwrap(),
        limits: Limits::default(),
        now: FROM + 72 * HOUR,
        ad_hoc: &[],
        pushes: true,
        patterns: &patterns,
    };
    let planned = plan::fetches(&context, &lowered.fetches).unwrap();
    let fetches = planned.groups.iter().flat_map(|group| &group.fetches);
    let statement =
        |fetch: &Fetch| if fetch.fold.function.is_of_samples() { sql::samples(fetch) } else { sql::fetch(fetch) };
    let statements = fetches.map(|fetch| shown(&statement(fetch)));
    statements.collect::<Vec<_>>().join("\n\n")
}

/// The text broken at its clauses, and the numbered parameters.
fn shown(statement: &Statement) -> String {
    let mut text = statement.text.clone();
    for clause in [" FROM ", " WHERE ", " AND ", " GROUP BY ", " LIMIT "] {
        text = text.replace(clause, &format!("\n{}", clause.trim_start()));
    }
    let params: Vec<String> =
        statement.params.iter().enumerate().map(|(at, param)| format!("${} {param:?}", at + 1)).collect();
    format!("{text}\n\n{}", params.join("\n"))
}

macro_rules! cases {
    ($($name:ident: $target:expr, $step:expr;)+) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(translated($target, $step));
        })+
    };
}

cases! {
    a_bare_selector: "cpu", None;
    matchers_of_every_kind: r#"cpu{host="a\.b", host!="(c|d)", region="", region!=""}"#, None;
    an_absent_label_may_be_either: r#"cpu{region="(eu|)", region!="us"}"#, None;
    extremes_pass_over_nan: "max_over_time(cpu[$__interval])", None;
    first_is_the_earliest_sample: "first_over_time(cpu[1h])", None;
    an_aggregation_is_a_second_level: "max by (region) (sum_over_time(cpu[1h]))", None;
    without_keeps_the_other_labels: "avg without (region) (cpu)", None;
    a_narrow_metric_groups_by_its_document: r#"{"room.temp", site="Prague"}"#, None;
    documents_are_merged_before_they_count: r#"count by (site) ({"room.temp"})"#, None;
    without_a_member: r#"sum without (site) ({"room.temp"})"#, None;
    days_are_cut_at_edges: "cpu", Some(Step::Days(1));
    a_utc_clock_is_bucketed_as_it_is: r#"utc_clock{id="7", uid="x"}"#, None;
    a_clock_with_changing_offset_is_checked_twice: "berlin_clock", None;
    a_date_is_bounded_by_dates: "sum(dates)", None;
    an_epoch_is_bounded_by_numbers: "epochs", None;
    a_window_that_reaches_back_is_cut_finer: "avg by (region) (avg_over_time(cpu[90m]))", None;
    an_offset_moves_what_is_read: "sum by (region) (cpu offset 1d)", Some(Step::Days(1));
    deviations_carry_their_moments: "stddev_over_time(cpu[1h])", None;
    other_servers_group_by_plain_columns: "avg by (region) (far)", None;
    counters_are_read_in_order_of_time: "rate(cpu[1h])", None;
    a_clock_that_jumps_is_ordered_by_its_instants: "increase(berlin_clock[1h])", None;
}

#[test]
fn a_quote_in_a_name_stays_inside_it() {
    assert!(translated("cpu", None).contains(r#"FROM "public"."host ""stats""" AS t"#));
}
