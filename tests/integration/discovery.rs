//! What discovery makes of real tables.

use std::collections::BTreeMap;

use datebin::catalog::classify::{CatalogError, Decision, NameStrategy, Verdict, classify, finish};
use datebin::catalog::facts::{Facts, RelationKind};
use datebin::catalog::file::CatalogFile;
use datebin::catalog::{Snapshot, SourceLabel, TimeKind, toml_out};
use datebin::db::{introspect, names};
use datebin::time::Zone;
use sqlx::{Connection, Executor, PgConnection, PgPool};

const TABLES: &str = r#"
CREATE TABLE hosts (id serial PRIMARY KEY, name text NOT NULL UNIQUE, owner text);
CREATE TABLE host_stats (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ts timestamptz NOT NULL,
    host_id int NOT NULL REFERENCES hosts,
    region varchar(20),
    ok boolean,
    message text,
    api_token text,
    request_id uuid,
    status_code int,
    cpu double precision,
    mem numeric(10, 2),
    requests_total bigint
);
COMMENT ON COLUMN host_stats.cpu IS 'busy share';
CREATE INDEX ON host_stats (ts);
CREATE TABLE metrics (time timestamptz NOT NULL, name text, value double precision, source text, tags jsonb);
CREATE INDEX ON metrics (name, time);
CREATE TABLE parts (at timestamp NOT NULL, device text NOT NULL, volts real) PARTITION BY RANGE (at);
CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX ON parts (device, at);
CREATE TABLE "Order ""x"" Ünit" ("Time" timestamptz, "select" text, "Größe %" double precision);
CREATE TABLE history (itemid bigint, clock int DEFAULT 0, value numeric(20), ns int DEFAULT 0, PRIMARY KEY (itemid, clock, ns));
CREATE DOMAIN celsius AS double precision NOT NULL;
CREATE VIEW warm AS SELECT ts, host_id, region, cpu::celsius AS degrees FROM host_stats;
CREATE TABLE audit_log (at timestamptz, n int);

INSERT INTO hosts (name) SELECT 'h' || n FROM generate_series(1, 5) AS n;
INSERT INTO host_stats (ts, host_id, region, ok, message, request_id, cpu, mem, requests_total)
SELECT '2025-01-01'::timestamptz + n * interval '10 s', n % 5 + 1, 'r' || n % 2, true, 'said ' || n,
       gen_random_uuid(), n % 100, n, n FROM generate_series(1, 2000) AS n;
INSERT INTO metrics SELECT '2025-01-01'::timestamptz + n * interval '10 s', (ARRAY['cpu.load', 'mem', '', NULL, 'x''y'])[n % 5 + 1],
       n, 'agent', '{"dc": "a"}' FROM generate_series(1, 2000) AS n;
INSERT INTO metrics VALUES (now(), '', 1), (now(), repeat('n', 600), 1);
INSERT INTO parts SELECT '2024-12-31'::timestamp + n * interval '1 min', 'd' || n % 3, n FROM generate_series(1, 3000) AS n;
INSERT INTO history SELECT n % 4, 1700000000 + n, n FROM generate_series(1, 2000) AS n;
"#;

struct Found {
    facts: Facts,
    snapshot: Snapshot,
    decisions: Vec<Decision>,
}

async fn read(connection: &mut PgConnection, toml: &str) -> Result<Found, CatalogError> {
    let file = CatalogFile::parse(toml).unwrap();
    let facts = introspect::load(connection, &file.scope(), &mut Vec::new()).await.unwrap();
    let draft = classify(&facts, &file, Zone::UTC)?;
    let mut stored = BTreeMap::new();
    for (at, source) in draft.narrow() {
        stored.insert(at, names::stored_names(connection, source, draft.most_names()).await.unwrap());
    }
    let (snapshot, decisions) = finish(draft, &stored)?;
    Ok(Found { facts, snapshot, decisions })
}

async fn connection(pool: &PgPool) -> PgConnection {
    let mut connection = pool.acquire().await.unwrap().detach();
    connection.execute(TABLES).await.unwrap();
    connection
}

fn metric_names(found: &Found) -> Vec<&str> {
    found.snapshot.names().collect()
}

fn labels<'a>(found: &'a Found, metric: &str) -> Vec<&'a str> {
    let (source, _) = found.snapshot.metric(metric).unwrap();
    let one = |label: &'a SourceLabel| match label {
        SourceLabel::One { name, .. } => name.as_str(),
        SourceLabel::Members { document } => document.column().name.as_str(),
    };
    source.labels.iter().map(one).collect()
}

const EVERYTHING: [&str; 11] = [
    "Order \"x\" Ünit_Größe %",
    "audit_log_n",
    "cpu.load",
    "host_stats_cpu",
    "host_stats_mem",
    "host_stats_ok",
    "host_stats_requests_total",
    "mem",
    "parts_volts",
    "warm_degrees",
    "x'y",
];

#[sqlx::test(migrations = false)]
async fn tables_never_seen_before_offer_their_numbers_and_nothing_else(pool: PgPool) {
    let mut connection = connection(&pool).await;
    let found = read(&mut connection, "").await.unwrap();
    assert_eq!(metric_names(&found), EVERYTHING);
    assert_eq!(labels(&found, "host_stats_cpu"), ["host_id", "name", "owner", "region"]);
    assert_eq!(labels(&found, "mem"), ["source", "tags"]);
    assert_eq!(labels(&found, "parts_volts"), ["device"]);
    let (source, metric) = found.snapshot.metric("host_stats_cpu").unwrap();
    assert_eq!(metric.help.as_deref(), Some("busy share"));
    assert!(source.has_index_leading_with(&source.time.column) && source.bytes > 0);
    let history = found.decisions.iter().find(|d| d.relation.name.as_str() == "history").unwrap();
    assert!(history.verdict == Verdict::LeftOut && history.reason.contains("ANALYZE"), "{history:?}");
    let parts = &found.snapshot.metric("parts_volts").unwrap().0;
    assert_eq!(parts.time.kind, TimeKind::Local(Zone::UTC));
    assert!(parts.bytes >= 16_384, "both partitions count: {}", parts.bytes);
}

#[sqlx::test(migrations = false)]
async fn statistics_add_the_epoch_and_change_no_other_decision(pool: PgPool) {
    let mut connection = connection(&pool).await;
    connection.execute("ANALYZE").await.unwrap();
    let found = read(&mut connection, "").await.unwrap();
    let mut expected = EVERYTHING.to_vec();
    expected.insert(3, "history");
    assert_eq!(metric_names(&found), expected);
    assert_eq!(labels(&found, "history"), ["itemid"]);
    // Nobody owns a host: the statistics say that the column is dead.
    assert_eq!(labels(&found, "host_stats_cpu"), ["host_id", "name", "region"]);
    let history = found.snapshot.metric("history").unwrap().0;
    assert!(matches!(history.time.kind, TimeKind::Epoch { .. }));
    let written = toml_out::write(&found.snapshot, &found.decisions);
    let again = read(&mut connection, &written).await.unwrap();
    assert_eq!(found.snapshot.sources(), again.snapshot.sources(), "{written}");
}

#[sqlx::test(migrations = false)]
async fn a_column_without_select_is_left_out_and_the_rest_works(pool: PgPool) {
    let mut connection = connection(&pool).await;
    let role = "datebin_test_discovery";
    let grant = format!(
        "DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         GRANT USAGE ON SCHEMA public TO {role};
         GRANT SELECT (ts, region, cpu) ON host_stats TO {role};
         GRANT SELECT ON metrics TO {role};
         SET ROLE {role}"
    );
    connection.execute(sqlx::AssertSqlSafe(grant)).await.unwrap();
    let found = read(&mut connection, "").await.unwrap();
    assert_eq!(metric_names(&found), ["cpu.load", "host_stats_cpu", "mem", "x'y"]);
    let mem =
        found.decisions.iter().find(|d| d.column.as_ref().is_some_and(|column| column.as_str() == "mem")).unwrap();
    assert_eq!(mem.reason, "the role may not SELECT it");
    let toml = "[[source]]\nrelation = \"host_stats\"\n[source.metric.m]\ncolumn = \"mem\"";
    let error = read(&mut connection, toml).await.err().unwrap();
    assert!(matches!(error, CatalogError::Unreadable { .. }), "{error}");
    connection.execute("RESET ROLE; DROP OWNED BY datebin_test_discovery").await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn stored_names_come_along_the_index_or_from_the_rows(pool: PgPool) {
    let mut connection = connection(&pool).await;
    let file = CatalogFile::default();
    let facts = introspect::load(&mut connection, &file.scope(), &mut Vec::new()).await.unwrap();
    let draft = classify(&facts, &file, Zone::UTC).unwrap();
    let (_, source) = draft.narrow().next().unwrap();
    let by_index = names::stored_names(&mut connection, source, 100).await.unwrap();
    assert_eq!((by_index.names.len(), by_index.strategy), (3, NameStrategy::LooseScan));
    let mut bare = source.clone();
    bare.indexes.clear();
    let by_rows = names::stored_names(&mut connection, &bare, 100).await.unwrap();
    assert_eq!((&by_rows.names, by_rows.strategy), (&by_index.names, NameStrategy::AllRows));
    bare.bytes = u64::MAX;
    let some = names::stored_names(&mut connection, &bare, 100).await.unwrap();
    assert_eq!((&some.names, some.strategy), (&by_index.names, NameStrategy::SomeRows));
    bare.indexes = vec![vec![bare.time.column.clone()]];
    let newest = names::stored_names(&mut connection, &bare, 100).await.unwrap();
    assert_eq!((newest.names, newest.strategy), (by_index.names, NameStrategy::NewestRows));
}

#[sqlx::test(migrations = false)]
async fn members_that_only_recent_rows_have_are_found_in_a_large_relation(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap().detach();
    let table = "CREATE TABLE documents (ts timestamptz, data jsonb);
        INSERT INTO documents SELECT '2020-01-01Z'::timestamptz + n * interval '1 s', '{\"old\": 1}' FROM generate_series(1, 25000) AS n;
        INSERT INTO documents VALUES (now() - interval '1 h', '{\"new\": 1}')";
    connection.execute(table).await.unwrap();
    let text =
        "[[source]]\nrelation = \"documents\"\ntime = \"ts\"\nlabels = []\nvalue = { json = [\"data\"], all = true }";
    let file = CatalogFile::parse(text).unwrap();
    let facts = introspect::load(&mut connection, &file.scope(), &mut Vec::new()).await.unwrap();
    let draft = classify(&facts, &file, Zone::UTC).unwrap();
    let (_, source) = draft.narrow().next().unwrap();
    let large = datebin::catalog::Source { bytes: u64::MAX, ..source.clone() };
    let found = names::stored_names(&mut connection, &large, 20_000).await.unwrap();
    assert_eq!((found.names, found.strategy), (vec!["new".to_owned(), "old".to_owned()], NameStrategy::Members));
}

#[sqlx::test(migrations = false)]
async fn a_view_that_cannot_be_read_does_not_hide_the_others(pool: PgPool) {
    let mut connection = connection(&pool).await;
    let broken = "CREATE VIEW broken AS SELECT time, name AS own, source, name || (1 / (length(name) - length(name)))::text AS metric, value FROM metrics";
    connection.execute(broken).await.unwrap();
    let found = read(&mut connection, "").await.unwrap();
    assert_eq!(metric_names(&found), EVERYTHING);
    let mut said =
        found.decisions.iter().filter(|d| d.relation.name.as_str() == "broken" && d.verdict == Verdict::Name);
    assert!(said.next_back().unwrap().reason.starts_with("0 names"), "{:?}", found.decisions);
}

#[sqlx::test(migrations = false)]
async fn schemas_patterns_and_partitions_can_be_asked_for_by_name(pool: PgPool) {
    let mut connection = connection(&pool).await;
    let other = "CREATE SCHEMA telegraf; CREATE TABLE telegraf.cpu (time timestamp, host text, value double precision)";
    connection.execute(other).await.unwrap();
    let found = read(&mut connection, "[discovery]\nschemas = [\"telegraf\"]").await.unwrap();
    assert_eq!(metric_names(&found), ["telegraf_cpu"]);
    let toml = "[discovery]\nexclude = [\"audit_*\", \"h*\", \"metrics\", \"w*\", \"Order*\"]\n[[source]]\nrelation = \"parts_2025\"";
    let found = read(&mut connection, toml).await.unwrap();
    assert_eq!(metric_names(&found), ["parts_2025_volts", "parts_volts"]);
    let error = read(&mut connection, "[[source]]\nrelation = \"telegraf.cpus\"").await.err().unwrap().to_string();
    assert_eq!(error, "there is no relation telegraf.cpus; did you mean `telegraf.cpu`?");
}

#[sqlx::test(migrations = false)]
async fn a_thousand_tables_are_read_in_the_same_statements(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap().detach();
    let many = "DO $$ BEGIN FOR n IN 1..1000 LOOP
        EXECUTE format('CREATE TABLE t%s (ts timestamptz PRIMARY KEY, host text, x float8)', n); END LOOP; END $$";
    connection.execute(many).await.unwrap();
    let start = std::time::Instant::now();
    let found = read(&mut connection, "").await.unwrap();
    assert_eq!((found.facts.relations.len(), found.snapshot.names().count()), (1000, 1000));
    assert!(start.elapsed() < crate::patience::patience(std::time::Duration::from_secs(1)), "{:?}", start.elapsed());
    connection.close().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_thousand_views_are_read_each_by_itself(pool: PgPool) {
    let mut connection = pool.acquire().await.unwrap().detach();
    let many = "DO $$ DECLARE columns text; BEGIN
        SELECT string_agg('x AS x' || i, ', ') INTO columns FROM generate_series(1, 30) AS i;
        CREATE TABLE t (ts timestamptz, host text, x float8, PRIMARY KEY (host, ts));
        FOR n IN 1..1000 LOOP EXECUTE format('CREATE VIEW v%s AS SELECT ts, host, %s FROM t', n, columns); END LOOP; END $$";
    connection.execute(many).await.unwrap();
    let start = std::time::Instant::now();
    let facts = introspect::load(&mut connection, &CatalogFile::default().scope(), &mut Vec::new()).await.unwrap();
    let taken = start.elapsed();
    let views = facts.relations.iter().filter(|facts| facts.kind == RelationKind::View);
    assert_eq!(views.filter(|view| view.keys_behind.len() == 1).count(), 1000);
    assert!(taken < crate::patience::patience(std::time::Duration::from_secs(1)), "{taken:?}");
    connection.close().await.unwrap();
}
