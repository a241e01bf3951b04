//! Rows that are created one by one: what tells single rows apart is no label in a young table that a grown one takes back,
//! texts for people are none, and numbers of other rows are no metrics.

use sqlx::PgPool;

use super::{make, offered, read};
use crate::support::sql;

/// Documents as shops, trackers and builders write them, with rows of the given numbers.
fn rows(from: u32, to: u32) -> String {
    let tables = "
        INSERT INTO sale_order (name, client_order_ref, state, note, customer_note, internal_comment, create_date, partner_id, amount_total)
            SELECT 'SO' || n, 'C' || n, 'sale', 'n' || n % 3, 'n' || n % 4, 'x' || n % 3, ts, n % 9, n FROM minutes;
        INSERT INTO payment (reference, created_at, provider, request_uuid, uid, external_id, status, error, amount)
            SELECT 'p' || n, ts, 'stripe', md5(n::text)::uuid, md5(n::text), 'e' || n, 'ok', 'e' || n % 4, n FROM minutes;
        INSERT INTO build (ref, commit_sha, created_at, status, duration) SELECT 'b' || n % 3, md5(n::text), ts, 'ok', n FROM minutes;
        INSERT INTO mail (created_at, kind, message_body, raw_payload, \"messageBody\", raw_event, job_title, size)
            SELECT ts, 'k' || n % 3, 'b' || n % 3, 'p' || n % 3, 'x' || n % 3, 'y' || n % 3, 'j' || n % 3, n FROM minutes;
        INSERT INTO reading (created_at, name, sensor, value) SELECT ts, 'metric_' || n % 2, 's' || n % 3, n FROM minutes;";
    let minutes = format!(
        "(SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series({from}, {to}) AS n) AS minutes"
    );
    tables.replace("FROM minutes", &format!("FROM {minutes}"))
}

const DOCUMENTS: &str = "
    CREATE TABLE sale_order (id serial PRIMARY KEY, name varchar NOT NULL, client_order_ref varchar, state varchar, note text, customer_note text,
        internal_comment text, create_date timestamp, partner_id int, amount_total numeric) WITH (autovacuum_enabled = off);
    CREATE TABLE payment (id serial PRIMARY KEY, reference text, created_at timestamptz, provider text, request_uuid uuid, uid text, external_id text,
        status text, error text, amount numeric) WITH (autovacuum_enabled = off);
    CREATE TABLE build (id serial PRIMARY KEY, ref text, commit_sha text, created_at timestamptz, status text, duration int) WITH (autovacuum_enabled = off);
    CREATE TABLE mail (id bigserial PRIMARY KEY, created_at timestamptz, kind text, message_body text, raw_payload text, \"messageBody\" text, raw_event text,
        job_title text, size int) WITH (autovacuum_enabled = off);
    CREATE TABLE reading (id bigserial PRIMARY KEY, created_at timestamptz, name text, sensor text, value float8) WITH (autovacuum_enabled = off);";

#[sqlx::test(migrations = false)]
async fn what_a_document_goes_by_is_no_label_at_any_size(pool: PgPool) {
    sql(&pool, DOCUMENTS).await;
    let documents = [
        "build | created_at | ref status | build_duration",
        "mail | created_at | job_title kind | mail_size",
        "payment | created_at | provider status | payment_amount",
    ];
    let orders = "sale_order | create_date | partner_id state | sale_order_amount_total";
    let names = ["", "metric_0 metric_1"];
    let of = |names: &str| {
        let reading = format!("reading | created_at | sensor | {names}");
        [documents.map(str::to_owned).to_vec(), vec![reading, orders.to_owned()]].concat()
    };
    assert_eq!(offered(&read(&pool, "").await.0), of(names[0]));
    let mut before = 0;
    for count in [10, 60, 900, 1500, 12_000] {
        make(&pool, rows(before + 1, count)).await;
        before = count;
        // Those of the last ANALYZE, or none, say the same.
        assert_eq!(offered(&read(&pool, "").await.0), of(names[1]), "{count} rows");
        sql(&pool, "ANALYZE").await;
        assert_eq!(offered(&read(&pool, "").await.0), of(names[1]), "{count} rows, analysed");
    }
}

#[sqlx::test(migrations = false)]
async fn the_name_of_an_event_is_a_label_once_it_comes_again(pool: PgPool) {
    let made = "
        CREATE TABLE event (id bigserial PRIMARY KEY, name text, created_at timestamptz, visitor text) WITH (autovacuum_enabled = off);
        INSERT INTO event (name, created_at, visitor) SELECT 'e' || n % 5, timestamptz '2025-06-02Z' + n * interval '1 min', 'v' || n % 7 FROM generate_series(1, 60) AS n;";
    sql(&pool, made).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), ["event | created_at | visitor | event_rows"]);
    let name = decisions.iter().find(|one| one.column.as_ref().is_some_and(|column| column.as_str() == "name"));
    let why = "perhaps the name of a single row: too few rows were counted to say whether it comes again";
    assert_eq!(name.map(|one| one.reason.as_str()), Some(why));
    sql(&pool, "ANALYZE").await;
    assert_eq!(offered(&read(&pool, "").await.0), ["event | created_at | name visitor | event_rows"]);
}

const IN_KEYS: &str = "
    CREATE TABLE usage (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), organization_id uuid NOT NULL, transaction_id varchar NOT NULL, code varchar,
        timestamp timestamp, external_subscription_id varchar, UNIQUE (organization_id, external_subscription_id, transaction_id));
    CREATE TABLE invoices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamp, tenant_id int, sequential_id int, total numeric,
        organization_sequential_id int, UNIQUE (tenant_id, sequential_id));
    CREATE TABLE ce_activity (uuid varchar(40) PRIMARY KEY, task_type varchar(40), component_uuid varchar(40), analysis_uuid varchar(50), execution_count int,
        execution_time_ms bigint, created_at timestamptz);
    -- Without a key: its id is of the row beside a name of the thing.
    CREATE TABLE audit_log (id uuid NOT NULL, created_time timestamptz NOT NULL, entity_id uuid, action_type varchar(255));
    CREATE TABLE assets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid, checksum bytea, \"createdAt\" timestamptz, type text, logs text, raw_code text);
    CREATE UNIQUE INDEX ON assets (owner_id, checksum) WHERE type IS NOT NULL;
    -- A key of the time tells a transaction apart.
    CREATE TABLE steps (transaction_id text, ts timestamptz, v float8, PRIMARY KEY (transaction_id, ts));";

#[sqlx::test(migrations = false)]
async fn ids_of_single_rows_in_keys_are_no_labels(pool: PgPool) {
    sql(&pool, IN_KEYS).await;
    assert_eq!(
        offered(&read(&pool, "").await.0),
        [
            "assets | createdAt | owner_id type | assets_rows",
            "audit_log | created_time | action_type entity_id | audit_log_rows",
            "ce_activity | created_at | component_uuid task_type | ce_activity_execution_time_ms",
            "invoices | created_at | tenant_id | invoices_total",
            "steps | ts | transaction_id | steps_v",
            "usage | timestamp | code external_subscription_id organization_id | usage_rows",
        ]
    );
}

const NUMBERS: &str = "
    CREATE TABLE jiraissue (id numeric(18,0) PRIMARY KEY, issuenum numeric(18,0), project numeric(18,0), reporter varchar(255), created timestamptz,
        votes numeric(18,0), workflow_id numeric(18,0), security numeric(18,0), fixfor numeric(18,0), component numeric(18,0));
    -- A database that knows one type of numbers.
    CREATE TABLE moved_issue (id numeric PRIMARY KEY, project numeric, security numeric, reporter numeric, owner numeric, assignee numeric,
        created timestamptz, estimate numeric, price numeric);
    INSERT INTO moved_issue SELECT n, n % 4, n % 2, n % 5, n % 6, n % 7, timestamptz '2025-06-02Z' + n * interval '1 h', n, n * 1.5 FROM generate_series(1, 300) AS n;
    CREATE TABLE orders (order_id serial PRIMARY KEY, concept_id int, orderer int, provider int, date_created timestamp, dose float8, urgency int);
    CREATE TABLE dashboard_version (id bigserial PRIMARY KEY, dashboard_id bigint, restored_from int, created timestamp, size int);
    -- These are measured.
    CREATE TABLE measured (ts timestamptz, host text, product numeric, operator float8, impact int, PRIMARY KEY (host, ts));";

#[sqlx::test(migrations = false)]
async fn numbers_of_other_rows_are_no_metrics(pool: PgPool) {
    sql(&pool, NUMBERS).await;
    for _ in 0..2 {
        assert_eq!(
            offered(&read(&pool, "").await.0),
            [
                "dashboard_version | created | dashboard_id restored_from | dashboard_version_size",
                "jiraissue | created | component fixfor project reporter security workflow_id | jiraissue_votes",
                "measured | ts | host | measured_impact measured_operator measured_product",
                "moved_issue | created | assignee owner project reporter security | moved_issue_estimate moved_issue_price",
                "orders | date_created | concept_id orderer provider | orders_dose",
            ]
        );
        sql(&pool, "ANALYZE").await;
    }
}
