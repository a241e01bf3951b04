//! Tables that applications keep: rows that are made one by one are histories, rows that are things are none.

use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const SHOP: &str = "
    CREATE TABLE orders (id serial PRIMARY KEY, order_number text, created_at timestamptz, total numeric(10,2), status text);
    CREATE TABLE order_lines (id serial PRIMARY KEY, order_id int REFERENCES orders, product_id int, qty int);
    CREATE TABLE payments (id serial PRIMARY KEY, reference text UNIQUE, amount numeric(10,2), created_at timestamptz, method text);
    CREATE TABLE refunds (id serial PRIMARY KEY, payment_id int REFERENCES payments, amount numeric);
    CREATE TABLE sale_order (id serial PRIMARY KEY, name varchar NOT NULL, access_token varchar, partner_id int, date_order timestamp,
        amount_total numeric, state varchar, create_date timestamp, write_date timestamp);
    CREATE TABLE sale_order_line (id serial PRIMARY KEY, order_id int REFERENCES sale_order, price numeric);
    CREATE TABLE llm_calls (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz, model text, prompt_tokens int);
    CREATE TABLE mailings (id serial PRIMARY KEY, created_at timestamptz, campaign text, emails_sent int);
    CREATE TABLE reviews (id serial PRIMARY KEY, user_id int, product_id int, rating int, created_at timestamptz, UNIQUE (user_id, product_id));
    CREATE TABLE topics (id serial PRIMARY KEY, title varchar, created_at timestamp, updated_at timestamp, views int, user_id int);
    CREATE TABLE replies (id serial PRIMARY KEY, topic_id int REFERENCES topics, post_number int, raw text, created_at timestamp, reads int,
        UNIQUE (topic_id, post_number));
    CREATE TABLE accounts (id serial PRIMARY KEY, email text UNIQUE, created_at timestamptz, balance numeric);
    CREATE TABLE products (id serial PRIMARY KEY, name text UNIQUE, price numeric, created_at timestamptz, updated_at timestamptz);
    CREATE TABLE device_status (id serial PRIMARY KEY, device_id int UNIQUE, battery float8, updated_at timestamptz);
    INSERT INTO orders (order_number, created_at, total, status)
        SELECT 'S' || n, timestamptz '2025-06-02Z' + n * interval '1 min', n, 'paid' FROM generate_series(0, 59) AS n;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn a_surrogate_key_and_a_creation_time_make_a_history(pool: PgPool) {
    sql(&pool, SHOP).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "llm_calls | created_at | model | llm_calls_prompt_tokens",
            "mailings | created_at | campaign | mailings_emails_sent",
            "orders | created_at | status | orders_total",
            "payments | created_at | method | payments_amount",
            "replies | created_at | topic_id | replies_reads",
            "reviews | created_at | product_id user_id | reviews_rating",
            "sale_order | date_order | partner_id state | sale_order_amount_total",
            "topics | created_at | user_id | topics_views",
        ]
    );
    assert!(left_out(&decisions, "accounts").contains("`email` is about somebody"));
    assert!(left_out(&decisions, "products").contains("each has a `name` of its own and is changed later"));
    assert!(left_out(&decisions, "device_status").contains("`updated_at` is when a row was changed"));
    let server = Server::start(&pool).await;
    let day = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    let sum = values(&server, day, "sum(sum_over_time(orders_total[1h]))").await;
    assert_eq!(sum.into_values().collect::<Vec<_>>(), [1770.0]);
}

const EVENTS: &str = r#"
    CREATE TABLE issue (id bigserial PRIMARY KEY, repo_id bigint, "index" bigint, poster_id bigint, name varchar, is_closed boolean,
        created_unix bigint, updated_unix bigint, closed_unix bigint, UNIQUE (repo_id, "index"));
    INSERT INTO issue SELECT i, i % 3, i, i % 5, 'n' || i, i % 2 = 0, 1748822400 + i * 60, 1748822400 + i * 90,
        CASE WHEN i % 2 = 0 THEN 1748822400 + i * 60 + 30 ELSE 0 END FROM generate_series(0, 499) AS i;
    CREATE TABLE repository (id bigserial PRIMARY KEY, owner_id bigint, lower_name varchar, num_stars int, created_unix bigint,
        updated_unix bigint, UNIQUE (owner_id, lower_name));
    INSERT INTO repository SELECT i, i, 'n' || i, i, 1748822400 + i * 60, 1748822400 + i * 90 FROM generate_series(1, 50) AS i;
    CREATE TABLE posts (id varchar(26) PRIMARY KEY, createat bigint, updateat bigint, deleteat bigint, userid varchar(26), message text);
    INSERT INTO posts SELECT 'p' || i, 1748822400000 + i * 60000, 1748822400000 + i * 60000, 0, 'u' || i % 5, 'm' || i FROM generate_series(0, 499) AS i;
    CREATE TABLE event_entity (id varchar(36) PRIMARY KEY, client_id varchar, event_time bigint, type varchar);
    INSERT INTO event_entity SELECT 'e' || i, 'c' || i % 2, 1748822400000 + i * 60000, 'LOGIN' FROM generate_series(0, 499) AS i;
    CREATE TABLE eventlog (event_id bigserial PRIMARY KEY, device_id int, datetime timestamp, message text, type varchar, severity smallint);
    CREATE TABLE logins (at timestamptz, outcome text);
    INSERT INTO logins SELECT timestamptz '2025-06-02Z' + n * interval '1 min', (array['ok', 'failed'])[n % 2 + 1] FROM generate_series(0, 59) AS n;
    CREATE TABLE sensors_l (sensor_id serial PRIMARY KEY, device_id int, sensor_current float8, lastupdate timestamp);
    CREATE TABLE loads (loaded_at timestamptz NOT NULL, measured timestamptz, meter_id int, temp float8);
    INSERT INTO loads SELECT '2025-07-01Z', timestamptz '2025-06-02Z' + i * interval '1 min', i % 3, i FROM generate_series(0, 99) AS i;
    ANALYZE;"#;

#[sqlx::test(migrations = false)]
async fn times_without_numbers_count_rows_and_the_time_is_the_one_that_varies(pool: PgPool) {
    sql(&pool, EVENTS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "event_entity | event_time | client_id type | event_entity_rows",
            "eventlog | datetime | device_id type | eventlog_rows",
            "issue | created_unix | poster_id repo_id | issue_is_closed issue_rows issue_seconds",
            "loads | measured | meter_id | loads_temp",
            "logins | at | outcome | logins_rows",
            "posts | createat | userid | posts_rows",
        ]
    );
    assert!(left_out(&decisions, "repository").contains("`lower_name` of its own"));
    assert!(left_out(&decisions, "sensors_l").contains("`lastupdate` is when a row was changed"));
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    for (target, expected) in [
        ("sum(logins_rows)", 60.0),
        ("sum(logins_rows{outcome=\"ok\"})", 30.0),
        ("sum(posts_rows)", 60.0),
        ("sum(issue_rows)", 60.0),
        ("sum(event_entity_rows)", 60.0),
        // Half of them are closed, each after 30 seconds.
        ("avg(avg_over_time(issue_seconds[1h]))", 30.0),
        ("sum(count_over_time(issue_seconds[1h]))", 30.0),
    ] {
        let drawn = values(&server, hour, target).await;
        assert_eq!(drawn.into_values().collect::<Vec<_>>(), [expected], "{target}");
    }
}
