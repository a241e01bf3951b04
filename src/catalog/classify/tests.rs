//! Classification over hand-made facts.

mod declared;
mod rollups;
mod vocabulary;

use std::collections::BTreeMap;

use super::*;
use crate::catalog::facts::{ColumnFacts, ColumnStats, ForeignKey, RelationKind};
use crate::catalog::{
    ColumnType, EpochUnit, LabelValue, MetricKind, MetricValue, Relation, Snapshot, SourceLabel, TimeKind, toml_out,
};
use crate::ident::Ident;
use ColumnType::{Float8, Int4, Int8, Jsonb, Text, Timestamp, Timestamptz};

fn ident(name: &str) -> Ident {
    Ident::new(name).unwrap()
}

fn column(name: &str, ty: ColumnType) -> ColumnFacts {
    ColumnFacts {
        name: ident(name),
        ty,
        whole: false,
        not_null: false,
        numbered: false,
        comment: None,
        readable: true,
        stats: None,
    }
}

fn with_stats(mut column: ColumnFacts, n_distinct: f64, null_frac: f64, span: Option<[f64; 3]>) -> ColumnFacts {
    column.stats = Some(ColumnStats { n_distinct, null_frac, correlation: None, kept: vec![], span });
    column
}

fn table(name: &str, columns: Vec<ColumnFacts>) -> RelationFacts {
    let (schema, name) = name.split_once('.').unwrap_or(("public", name));
    RelationFacts {
        relation: Relation { schema: ident(schema), name: ident(name) },
        kind: RelationKind::Table,
        discoverable: true,
        untrusted_owner: None,
        has_policies: false,
        version: String::new(),
        path_position: (schema == "public").then_some(1),
        comment: None,
        bytes: 0,
        rows: Some(1e6),
        is_parent: false,
        children: 0,
        hypertable: None,
        columns,
        primary_key: vec![],
        unique: vec![],
        partial_keys: vec![],
        keys_behind: vec![],
        dropped: vec![],
        rows_of: vec![],
        origins: vec![],
        foreign_keys: vec![],
        indexes: vec![],
        unordered: vec![],
        partition_key: vec![],
        divided_by: vec![],
        shards: vec![],
    }
}

fn catalog(
    mut relations: Vec<RelationFacts>,
    toml: &str,
    stored: &[&str],
) -> Result<(Snapshot, Vec<Decision>), CatalogError> {
    let file = CatalogFile::parse(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    relations.sort_by(|a, b| a.relation.cmp(&b.relation));
    let draft = classify(&Facts { relations, ..Facts::default() }, &file, Zone::UTC)?;
    let names = StoredNames {
        names: stored.iter().map(|name| (*name).to_owned()).collect(),
        strategy: NameStrategy::AllRows,
        cut: false,
    };
    let stored: BTreeMap<usize, StoredNames> = draft.narrow().map(|(at, _)| (at, names.clone())).collect();
    finish(draft, &stored)
}

fn names(relations: Vec<RelationFacts>) -> Vec<String> {
    catalog(relations, "", &["cpu", "mem"]).unwrap().0.names().map(str::to_owned).collect()
}

fn labels(snapshot: &Snapshot) -> Vec<&str> {
    let name = |label: &'_ SourceLabel| matches!(label, SourceLabel::One { .. });
    assert!(snapshot.sources()[0].labels.iter().any(name));
    snapshot.label_names().into_iter().collect()
}

fn reason<'a>(decisions: &'a [Decision], column: &str) -> &'a str {
    let found = decisions.iter().find(|d| d.column.as_ref().is_some_and(|own| own.as_str() == column));
    &found.unwrap_or_else(|| panic!("nothing about {column}")).reason
}

#[test]
fn a_wide_table_offers_its_numbers_and_neither_keys_nor_ids_nor_codes() {
    let mut stats = table(
        "stats",
        vec![
            ColumnFacts { numbered: true, ..column("id", Int8) },
            column("ts", Timestamptz),
            column("host", Text),
            column("sensor_id", Int4),
            column("rack_no", Int4),
            column("site", Int4),
            column("pid", Int4),
            column("status_code", Int4),
            column("message", Text),
            column("password_hash", Text),
            column("created_at", Timestamptz),
            column("cpu", Float8),
            column("requests_total", Int8),
            column("cost", ColumnType::Other("money".into())),
            with_stats(column("old", Float8), 0.0, 1.0, None),
            with_stats(column("order_id", Int8), -1.0, 0.0, None),
            with_stats(column("line", Text), -0.9, 0.0, None),
        ],
    );
    stats.foreign_keys = vec![ForeignKey { columns: vec![ident("site")], target: None, theirs: vec![] }];
    stats.primary_key = vec![ident("id")];
    let (snapshot, decisions) = catalog(vec![stats], "", &[]).unwrap();
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["stats_cpu", "stats_requests_total"]);
    assert_eq!(labels(&snapshot), ["host", "rack_no", "sensor_id", "site"]);
    assert_eq!(snapshot.sources()[0].time.column, ident("ts"));
    assert_eq!(snapshot.metric("stats_requests_total").unwrap().1.kind, MetricKind::Counter);
    assert!(reason(&decisions, "requests_total").contains("guess"));
    assert!(reason(&decisions, "old").contains("only NULLs"));
    assert!(reason(&decisions, "line").contains("free text"));
    assert!(reason(&decisions, "cost").contains("money"));
    // Every column has its decision.
    assert_eq!(decisions.iter().filter(|d| d.column.is_some()).count(), 17);
}

fn samples(name: &str) -> RelationFacts {
    table(
        name,
        vec![
            column("time", Timestamptz),
            column("name", Text),
            column("value", Float8),
            column("source", Text),
            column("tags", Jsonb),
        ],
    )
}

#[test]
fn a_narrow_table_offers_the_stored_names() {
    let (snapshot, _) = catalog(vec![samples("metrics")], "", &["cpu", "mem"]).unwrap();
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["cpu", "mem"]);
    let (source, metric) = snapshot.metric("cpu").unwrap();
    assert_eq!(source.name_column.as_ref().unwrap().name, ident("name"));
    assert_eq!(metric.stored_name.as_deref(), Some("cpu"));
    assert!(matches!(&metric.value, MetricValue::Column(column) if column.name == ident("value")));
    assert_eq!(labels(&snapshot), ["source"]);
    assert!(matches!(&source.labels[1], SourceLabel::Members { document } if document.column().name == ident("tags")));
}

#[test]
fn a_name_beside_a_number_of_another_name_is_only_a_label() {
    let products =
        table("products", vec![column("created_at", Timestamptz), column("name", Text), column("price", Float8)]);
    assert_eq!(names(vec![products]), ["products_price"]);
    let kpis = table("kpis", vec![column("day", ColumnType::Date), column("kpi", Text), column("amount", Float8)]);
    assert_eq!(names(vec![kpis]), ["cpu", "mem"]);
}

#[test]
fn names_are_short_until_two_would_be_the_same() {
    let one = |name: &str| table(name, vec![column("ts", Timestamptz), column("value", Float8)]);
    assert_eq!(names(vec![one("cpu")]), ["cpu"]);
    assert_eq!(names(vec![one("a.cpu")]), ["a_cpu"]);
    let wide = |name: &str| table(name, vec![column("ts", Timestamptz), column("x", Float8), column("y", Float8)]);
    assert_eq!(names(vec![wide("cpu"), wide("a.cpu")]), ["a_cpu_x", "a_cpu_y", "cpu_x", "cpu_y"]);
    let mut second = one("b.cpu");
    second.path_position = Some(2);
    assert_eq!(names(vec![one("cpu"), second]), ["b_cpu", "public_cpu"]);
    // All names of a narrow source are lengthened alike, and a wide one that is in the way too.
    assert_eq!(names(vec![one("cpu"), samples("m")]), ["m_cpu", "m_mem", "public_cpu"]);
    assert_eq!(names(vec![wide("a_b.c"), wide("a.b_c")]), ["a.b_c.x", "a.b_c.y", "a_b.c.x", "a_b.c.y"]);
}

#[test]
fn a_declared_name_that_is_taken_names_both_columns() {
    let toml = "[[source]]\nrelation = \"a\"\n[source.metric.b_y]\ncolumn = \"x\"";
    let wide = |name: &str| table(name, vec![column("ts", Timestamptz), column("x", Float8), column("y", Float8)]);
    let error = catalog(vec![wide("a"), wide("b")], toml, &[]).unwrap_err().to_string();
    assert!(error.contains("public.a, column x") && error.contains("public.b, column y"), "{error}");
}

#[test]
fn a_dead_timestamptz_loses_to_an_epoch_that_statistics_show() {
    let at = 1_700_000_000.0;
    let states = table(
        "states",
        vec![
            with_stats(column("last_updated", Timestamptz), 0.0, 1.0, None),
            with_stats(column("last_updated_ts", Float8), -1.0, 0.0, Some([-5.0, at, at * 9.0])),
            column("state", Float8),
        ],
    );
    let (snapshot, _) = catalog(vec![states.clone()], "", &[]).unwrap();
    assert!(matches!(snapshot.sources()[0].time.kind, TimeKind::Epoch { unit: EpochUnit::Seconds, .. }));
    let mut unknown = states;
    unknown.columns[1].stats = None;
    let (snapshot, decisions) = catalog(vec![unknown], "", &[]).unwrap();
    assert_eq!(snapshot.names().count(), 0);
    assert!(decisions[0].reason.contains("last_updated_ts"));
}

#[test]
fn the_time_that_an_index_leads_with_wins() {
    let mut events =
        table("events", vec![column("created_at", Timestamptz), column("time", Timestamp), column("n", Float8)]);
    let time_of = |facts: &RelationFacts| catalog(vec![facts.clone()], "", &[]).unwrap().0.sources()[0].time.clone();
    assert_eq!(time_of(&events).kind, TimeKind::Local(Zone::UTC));
    events.indexes = vec![vec![ident("created_at"), ident("n")]];
    assert_eq!(time_of(&events).kind, TimeKind::Instant);
}

#[test]
fn statistics_of_small_tables_do_not_hide_labels() {
    let mut small = table(
        "small",
        vec![
            column("ts", Timestamptz),
            with_stats(column("host", Text), -1.0, 0.0, None),
            with_stats(column("note", Text), -1.0, 0.0, None),
            column("x", Float8),
        ],
    );
    small.rows = Some(3.0);
    assert_eq!(labels(&catalog(vec![small], "", &[]).unwrap().0), ["host"]);
}

#[test]
fn a_column_that_is_added_or_dropped_takes_no_name_away() {
    let one = |more: Vec<ColumnFacts>| {
        let columns = [column("ts", Timestamptz), column("value", Float8)].into_iter().chain(more).collect();
        catalog(vec![table("volts", columns)], "", &[]).unwrap().0
    };
    let (alone, beside) = (one(vec![]), one(vec![column("low", Float8)]));
    assert_eq!(alone.names().collect::<Vec<_>>(), ["volts"]);
    assert_eq!(beside.names().collect::<Vec<_>>(), ["volts_low", "volts_value"]);
    for name in ["volts", "volts_value"] {
        assert_eq!(alone.metric(name).unwrap().1.name, "volts");
        assert_eq!(beside.metric(name).unwrap().1.name, "volts_value");
    }
}

#[test]
fn a_number_that_grows_with_the_time_is_a_counter_if_its_name_counts() {
    let grows = |name: &str, correlation: f64| {
        let mut column = with_stats(column(name, Int8), -1.0, 0.0, None);
        column.stats.as_mut().unwrap().correlation = Some(correlation);
        column
    };
    let mut ts = with_stats(column("ts", Timestamptz), -1.0, 0.0, None);
    ts.stats.as_mut().unwrap().correlation = Some(1.0);
    let columns = vec![ts, grows("requests", 1.0), grows("altitude", 1.0), grows("bytes_free", 0.2)];
    let (snapshot, decisions) = catalog(vec![table("m", columns)], "", &[]).unwrap();
    let kind = |name: &str| snapshot.metric(name).unwrap().1.kind;
    assert_eq!(kind("m_requests"), MetricKind::Counter);
    assert_eq!((kind("m_altitude"), kind("m_bytes_free")), (MetricKind::Gauge, MetricKind::Gauge));
    assert!(reason(&decisions, "requests").contains("by the statistics"));
}

#[test]
fn a_dead_timestamp_gives_way_to_the_epoch_that_lives() {
    let columns = vec![
        with_stats(column("last_updated", Timestamptz), 0.0, 1.0, None),
        with_stats(column("last_updated_ts", Float8), -1.0, 0.0, Some([1.6e9, 1.7e9, 1.8e9])),
        column("watts", Float8),
    ];
    let (snapshot, _) = catalog(vec![table("states", columns)], "", &[]).unwrap();
    assert_eq!(snapshot.sources()[0].time.column, ident("last_updated_ts"));
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["states_watts"]);
}

#[test]
fn what_foreign_keys_point_at_gives_labels_and_the_file_says_the_same() {
    let mut stats = table(
        "stats",
        vec![column("ts", Timestamptz), column("host", Int4), column("name", Text), column("cpu", Float8)],
    );
    let key = |column: &str, target: &str| ForeignKey {
        columns: vec![ident(column)],
        target: Some(Relation { schema: ident("public"), name: ident(target) }),
        theirs: vec![ident("id")],
    };
    stats.foreign_keys = vec![key("host", "hosts"), key("host", "stats")];
    let mut hosts =
        table("hosts", vec![column("id", Int4), column("name", Text), column("password", Text), column("cores", Int4)]);
    hosts.primary_key = vec![ident("id")];
    hosts.rows = Some(100.0);
    let (snapshot, decisions) = catalog(vec![stats.clone(), hosts.clone()], "", &[]).unwrap();
    assert_eq!(labels(&snapshot), ["host", "hosts_name", "name"]);
    assert_eq!(snapshot.names().collect::<Vec<_>>(), ["stats_cpu"]);
    let written = toml_out::write(&snapshot, &decisions);
    assert!(written.contains("joined to public.hosts by its foreign key"), "{written}");
    let again = catalog(vec![stats, hosts], &written, &[]).unwrap().0;
    assert_eq!(snapshot.sources(), again.sources(), "{written}");
}
