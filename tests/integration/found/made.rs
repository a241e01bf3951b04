//! Rows that are made one by one without a number of their own: documents by name, relations of two things, open states.

use datebin::catalog::MetricKind;
use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const DOCUMENTS: &str = r#"
    CREATE TABLE minutes AS SELECT n, timestamp '2025-06-02' + n * interval '1 min' AS ts FROM generate_series(0, 599) AS n;
    CREATE TABLE "tabSales Invoice" (name varchar(140) PRIMARY KEY, creation timestamp, modified timestamp, posting_date date, posting_time time,
        customer text, grand_total numeric);
    INSERT INTO "tabSales Invoice" SELECT 'SINV-' || n, ts, ts + interval '1 h', ts::date, ts::time, 'c' || n % 4, 10 FROM minutes;
    CREATE TABLE "tabStock Ledger Entry" (name varchar(140) PRIMARY KEY, creation timestamp, modified timestamp, posting_date date, item_code text, actual_qty numeric);
    INSERT INTO "tabStock Ledger Entry" SELECT 'x' || n, ts, ts, ts::date, 'i' || n % 4, 1 FROM minutes;
    CREATE TABLE "tabGL Entry" (name varchar(140) PRIMARY KEY, creation timestamp, modified timestamp, account text, debit numeric, credit numeric);
    CREATE TABLE "tabVersion" (name varchar(140) PRIMARY KEY, creation timestamp, modified timestamp, ref_doctype text);
    CREATE TABLE receipts (name text PRIMARY KEY, posting_date date, customer text, contact_last_name text, grand_total numeric);
    CREATE TABLE vouchers (code text PRIMARY KEY, redeemed_at timestamptz, value_cents int);
    CREATE TABLE loans (loan text PRIMARY KEY, issued_at timestamptz, amount numeric);
    -- Things by name, and what is left of them.
    CREATE TABLE "tabCustomer" (name varchar(140) PRIMARY KEY, creation timestamp, modified timestamp, territory text, rank_points int);
    CREATE TABLE stock (code text PRIMARY KEY, created_at timestamptz, updated_at timestamptz, qty int);
    CREATE TABLE workers (name text PRIMARY KEY, started_at timestamptz, last_heartbeat timestamptz, jobs int);
    CREATE TABLE tags (name text PRIMARY KEY, created_at timestamptz);
    DROP TABLE minutes;"#;

#[sqlx::test(migrations = false)]
async fn documents_that_go_by_a_name_are_a_history(pool: PgPool) {
    sql(&pool, DOCUMENTS).await;
    for _ in 0..2 {
        let (found, decisions) = read(&pool, "").await;
        assert_eq!(
            offered(&found),
            [
                "loans | issued_at |  | loans_amount",
                "receipts | posting_date | customer | receipts_grand_total",
                "tabGL Entry | creation | account | tabGL Entry_credit tabGL Entry_debit",
                "tabSales Invoice | creation | customer | tabSales Invoice_grand_total",
                "tabStock Ledger Entry | creation | item_code | tabStock Ledger Entry_actual_qty",
                "tabVersion | creation | ref_doctype | tabVersion_rows",
                "vouchers | redeemed_at |  | vouchers_value_cents",
            ]
        );
        for (relation, why) in [
            ("tabCustomer", "each has a `name` of its own and is changed later"),
            ("stock", "one row for each code"),
            ("workers", "one row for each name"),
            ("tags", "one row for each name"),
        ] {
            assert!(left_out(&decisions, relation).contains(why), "{relation}: {}", left_out(&decisions, relation));
        }
        sql(&pool, "ANALYZE").await;
    }
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    let sum = values(&server, hour, "sum(sum_over_time({\"tabSales Invoice_grand_total\"}[1h]))").await;
    assert_eq!(sum.into_values().collect::<Vec<_>>(), [600.0]);
}

const RELATIONS: &str = "
    CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 599) AS n;
    CREATE TABLE likes (user_id int, post_id int, created_at timestamptz NOT NULL, PRIMARY KEY (user_id, post_id));
    INSERT INTO likes SELECT n % 20, n, ts FROM minutes;
    CREATE TABLE follows (follower_id int, followee_id int, followed_at timestamptz, PRIMARY KEY (follower_id, followee_id));
    CREATE TABLE enrollments (student_id int, course_id int, enrolled_on date NOT NULL, grade numeric(4,1), PRIMARY KEY (student_id, course_id));
    CREATE TABLE poll_votes (poll_id int, voter_id int, voted_at timestamptz, choice int, PRIMARY KEY (poll_id, voter_id));
    CREATE TABLE order_items (order_id int, product_id int, qty int, unit_price numeric, created_at timestamptz, PRIMARY KEY (order_id, product_id));
    CREATE TABLE views (user_id uuid, article_id bigint, viewed_at timestamptz, PRIMARY KEY (user_id, article_id));
    CREATE TABLE conversions (idvisit bigint, idgoal int, buster int, server_time timestamp, revenue float8, PRIMARY KEY (idvisit, idgoal, buster));
    -- Each of these is changed later.
    CREATE TABLE stock_items (product_id int, warehouse_id int, qty int, created_at timestamptz, updated_at timestamptz, PRIMARY KEY (product_id, warehouse_id));
    CREATE TABLE carts (user_id int, product_id int, qty int, created_at timestamptz, last_seen timestamptz, PRIMARY KEY (user_id, product_id));
    CREATE TABLE sensor_state (device_id int, sensor_id int, v float8, reported_at timestamptz, PRIMARY KEY (device_id, sensor_id));
    DROP TABLE minutes;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn rows_of_two_things_with_a_creation_time_are_counted(pool: PgPool) {
    sql(&pool, RELATIONS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "conversions | server_time | buster idgoal idvisit | conversions_revenue",
            "enrollments | enrolled_on | course_id student_id | enrollments_grade",
            "follows | followed_at | followee_id follower_id | follows_rows",
            "likes | created_at | post_id user_id | likes_rows",
            "order_items | created_at | order_id product_id | order_items_qty order_items_unit_price",
            "poll_votes | voted_at | poll_id voter_id | poll_votes_rows",
            "views | viewed_at | article_id user_id | views_rows",
        ]
    );
    for relation in ["stock_items", "carts", "sensor_state"] {
        assert!(left_out(&decisions, relation).contains("the latest state, no history"), "{relation}");
    }
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    assert_eq!(values(&server, hour, "sum(likes_rows)").await.into_values().collect::<Vec<_>>(), [60.0]);
}

const STATES: &str = r#"
    CREATE TABLE states (id serial PRIMARY KEY, state text NOT NULL, start_date timestamp NOT NULL, end_date timestamp, car_id smallint NOT NULL);
    CREATE UNIQUE INDEX ON states (car_id, (end_date IS NULL)) WHERE end_date IS NULL;
    INSERT INTO states (state, start_date, end_date, car_id)
        SELECT (array['online', 'asleep'])[1 + n % 2], timestamp '2025-06-02' + n * interval '1 min', CASE WHEN n < 599 THEN timestamp '2025-06-02 00:01' + n * interval '1 min' END, 1
        FROM generate_series(0, 599) AS n;
    CREATE TABLE quoted (id serial PRIMARY KEY, state text, started_at timestamptz, "Ended At" timestamptz, car_id int);
    CREATE UNIQUE INDEX ON quoted (car_id, ("Ended At" IS NULL)) WHERE "Ended At" IS NULL;
    CREATE TABLE replaced (id serial PRIMARY KEY, state text, started_at timestamptz, ended_at timestamptz, car_id int);
    CREATE UNIQUE INDEX ON replaced (car_id, coalesce(ended_at, 'infinity')) WHERE ended_at IS NULL;
    CREATE TABLE deleted (id serial PRIMARY KEY, slug text, created_at timestamptz, deleted_at timestamptz, amount int);
    CREATE UNIQUE INDEX ON deleted (slug, (deleted_at IS NOT NULL)) WHERE deleted_at IS NULL;
    CREATE TABLE ranges (id serial PRIMARY KEY, state text, starts timestamptz, ends timestamptz,
        EXCLUDE USING gist (tstzrange(starts, ends) WITH &&));
    CREATE TABLE during (id serial PRIMARY KEY, period tstzrange, price numeric, created_at timestamptz, EXCLUDE USING gist (period WITH &&));
    -- Here it tells rows apart.
    CREATE TABLE measured (ts timestamptz, other timestamptz, dev text, v float8);
    CREATE UNIQUE INDEX ON measured (ts, dev, coalesce(other, 'infinity'));
    CREATE TABLE either (ts timestamptz, other timestamptz, dev text, v float8);
    CREATE UNIQUE INDEX ON either (ts, dev, coalesce(other, 'infinity')) WHERE other IS NULL OR v > 0;
    ANALYZE;"#;

#[sqlx::test(migrations = false)]
async fn an_index_of_open_rows_leaves_none_out(pool: PgPool) {
    sql(&pool, STATES).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "deleted | created_at |  | deleted_amount",
            "during | created_at |  | during_price",
            "quoted | started_at | car_id state | quoted_rows quoted_seconds",
            "ranges | starts | state | ranges_rows ranges_seconds",
            "replaced | started_at | car_id state | replaced_rows replaced_seconds",
            "states | start_date | car_id state | states_rows states_seconds",
        ]
    );
    for relation in ["measured", "either"] {
        assert!(left_out(&decisions, relation).contains("its key has `other`"), "{relation}");
    }
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    let asleep = values(&server, hour, "sum(states_rows{state=\"asleep\"})").await;
    assert_eq!(asleep.into_values().collect::<Vec<_>>(), [30.0]);
}

const BUILDS: &str = "
    CREATE TABLE builds (id bigserial, partition_id int NOT NULL, token_encrypted text, created_at timestamptz, status text, coverage float8,
        PRIMARY KEY (id, partition_id), UNIQUE (token_encrypted, partition_id)) PARTITION BY LIST (partition_id);
    CREATE TABLE builds_1 PARTITION OF builds FOR VALUES IN (1);
    CREATE TABLE calls (id bigserial, created_at timestamptz, api_token text, kind text, ms int,
        PRIMARY KEY (id, created_at), UNIQUE (api_token, created_at)) PARTITION BY RANGE (created_at);
    CREATE TABLE calls_1 PARTITION OF calls DEFAULT;
    -- The secret tells the series apart here.
    CREATE TABLE meters (region text, ts timestamptz, token text, v float8, PRIMARY KEY (region, token, ts)) PARTITION BY LIST (region);
    CREATE TABLE meters_1 PARTITION OF meters DEFAULT;
    CREATE TABLE beats (ts timestamptz, token text, v float8, PRIMARY KEY (token, ts)) PARTITION BY RANGE (ts);
    CREATE TABLE beats_1 PARTITION OF beats DEFAULT;";

#[sqlx::test(migrations = false)]
async fn a_secret_that_is_unique_in_its_partition_tells_rows_apart(pool: PgPool) {
    sql(&pool, BUILDS).await;
    let (found, decisions) = read(&pool, "").await;
    let expected =
        ["builds | created_at | partition_id status | builds_coverage", "calls | created_at | kind | calls_ms"];
    assert_eq!(offered(&found), expected);
    for relation in ["meters", "beats"] {
        assert!(left_out(&decisions, relation).contains("its key has `token`, which is personal or secret"));
    }
}

const TOTALS: &str = "
    CREATE TABLE spree_orders (id bigserial PRIMARY KEY, created_at timestamptz, item_total numeric, total numeric, tax_total numeric, shipping_total numeric, payment_total int);
    CREATE TABLE invoices (id serial PRIMARY KEY, date date, net_total numeric, adjustment_total numeric);
    CREATE TABLE documents (code text PRIMARY KEY, issued_at timestamptz, amount_total numeric, discount_total numeric);
    -- What is measured adds up.
    CREATE TABLE scraped (ts timestamptz, host text, requests_total bigint, PRIMARY KEY (host, ts));
    CREATE TABLE logged (id bigserial PRIMARY KEY, time timestamptz, requests_total bigint);
    CREATE TABLE grows (id bigserial PRIMARY KEY, created_at timestamptz, requests_total bigint);
    INSERT INTO grows (created_at, requests_total) SELECT timestamptz '2025-06-02Z' + n * interval '1 min', n * 7 FROM generate_series(0, 599) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn totals_of_single_rows_are_no_counters(pool: PgPool) {
    sql(&pool, TOTALS).await;
    let (found, _) = read(&pool, "").await;
    let metrics = found.sources().iter().flat_map(|source| &source.metrics);
    let (counters, gauges): (Vec<_>, Vec<_>) = metrics.partition(|metric| metric.kind == MetricKind::Counter);
    let names = |of: Vec<&datebin::catalog::Metric>| of.iter().map(|metric| metric.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(counters), ["grows_requests_total", "logged_requests_total", "scraped_requests_total"]);
    assert_eq!(gauges.len(), 9);
}
