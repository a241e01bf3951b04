//! Days with a time of the day beside them, and the choice among several times of a row.

use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const DAYS: &str = "
    CREATE TABLE minutes AS SELECT n, timestamp '2025-06-02' + n * interval '1 min' AS ts FROM generate_series(0, 1199) AS n;
    CREATE TABLE readings (meter text, reading_date date, reading_time time, kwh float8);
    CREATE INDEX ON readings (meter, reading_date, reading_time);
    INSERT INTO readings SELECT 'm', ts::date, ts::time, 1 FROM minutes;
    CREATE TABLE posted (id serial PRIMARY KEY, posting_date date, posting_time time, amount numeric);
    INSERT INTO posted (posting_date, posting_time, amount) SELECT ts::date, ts::time, 1 FROM minutes;
    CREATE TABLE slots (d date, slot time, v float8);
    INSERT INTO slots SELECT ts::date, ts::time, 1 FROM minutes;
    CREATE TABLE mit_zone (d date, t timetz, meter text, kwh float8);
    CREATE TABLE ablesung (id serial PRIMARY KEY, datum date, uhrzeit time, wert numeric);
    CREATE TABLE with_midnight (reading_date timestamp, reading_time time, meter text, kwh float8);
    -- A day has one row of each station here, or the times are those of the day.
    CREATE TABLE weather (station text, day date, peak time, tmax real, PRIMARY KEY (station, day));
    CREATE TABLE suns (station text, day date, sunrise time, sunset time, tmax real);
    -- The time of the row is another.
    CREATE TABLE pickups (id serial PRIMARY KEY, created_at timestamptz, pickup_date date, pickup_time time, amount numeric);
    DROP TABLE minutes;";

#[sqlx::test(migrations = false)]
async fn a_day_with_a_time_beside_it_never_stands_at_midnight(pool: PgPool) {
    sql(&pool, DAYS).await;
    for analyzed in [false, true] {
        let (found, decisions) = read(&pool, "").await;
        let expected = [
            "pickups | created_at |  | pickups_amount",
            "suns | day | station | suns_tmax",
            "weather | day | station | weather_tmax",
        ];
        assert_eq!(offered(&found), expected, "analyzed: {analyzed}");
        for (relation, clock, day) in [
            ("readings", "reading_time", "reading_date"),
            ("posted", "posting_time", "posting_date"),
            ("slots", "slot", "d"),
            ("mit_zone", "t", "d"),
            ("ablesung", "uhrzeit", "datum"),
            ("with_midnight", "reading_time", "reading_date"),
        ] {
            let advice = "and both together are no time column: declare a view of the table with their sum";
            let why = format!("`{clock}` is the time of the day in `{day}`, {advice}");
            assert_eq!(left_out(&decisions, relation), why);
        }
        sql(&pool, "ANALYZE").await;
    }
}

const SEVERAL: &str = "
    CREATE TABLE minutes AS SELECT n, timestamp '2025-06-02' + n * interval '1 min' AS ts FROM generate_series(0, 599) AS n;
    -- All of them were made at once, and all run in the future.
    CREATE TABLE ir_cron (id serial PRIMARY KEY, cron_name text, nextcall timestamp NOT NULL, lastcall timestamp, create_date timestamp, calls int);
    INSERT INTO ir_cron (cron_name, nextcall, lastcall, create_date, calls) SELECT 'c' || n % 9, ts + interval '1 day', ts, '2025-06-01', n FROM minutes;
    CREATE TABLE timers (id serial PRIMARY KEY, next_fire_time timestamptz NOT NULL, nextrun timestamptz NOT NULL, created timestamptz, runs int);
    INSERT INTO timers (next_fire_time, nextrun, created, runs) SELECT ts + interval '1 day', ts + interval '1 day', ts, n FROM minutes;
    -- The last of several times is changed with each of them.
    CREATE TABLE log_visit (id bigserial PRIMARY KEY, visit_last_action_time timestamp NOT NULL, visit_first_action_time timestamp NOT NULL, actions int);
    CREATE INDEX ON log_visit (visit_last_action_time);
    INSERT INTO log_visit (visit_last_action_time, visit_first_action_time, actions) SELECT ts + interval '70 min', ts, 1 FROM minutes;
    CREATE TABLE visits (id serial PRIMARY KEY, last_seen timestamptz NOT NULL, first_seen timestamptz NOT NULL, hits int);
    INSERT INTO visits (last_seen, first_seen, hits) SELECT ts + interval '1 h', ts, 1 FROM minutes;
    -- What happened comes before the making of its row, if each row has it.
    CREATE TABLE hr_attendance (id serial PRIMARY KEY, employee_id int, check_in timestamp NOT NULL, check_out timestamp, create_date timestamp NOT NULL, worked_hours numeric);
    CREATE TABLE shifts (id serial PRIMARY KEY, employee_id int, create_date timestamp, clock_in timestamp NOT NULL, clock_out timestamp, mode text);
    INSERT INTO shifts (employee_id, create_date, clock_in, clock_out, mode) SELECT n % 5, ts, ts, ts + interval '30 s', 'm' FROM minutes;
    CREATE TABLE obs (obs_id serial PRIMARY KEY, date_created timestamp NOT NULL, obs_datetime timestamp NOT NULL, value_numeric float8);
    INSERT INTO obs (date_created, obs_datetime, value_numeric) SELECT ts + interval '1 day', ts, 1 FROM minutes;
    CREATE TABLE photos (id serial PRIMARY KEY, created_at timestamptz NOT NULL, taken_at timestamptz NOT NULL, bytes int);
    CREATE TABLE sale_orders (id serial PRIMARY KEY, created_at timestamp NOT NULL, order_date timestamp NOT NULL, total numeric);
    -- A day may be planned.
    CREATE TABLE bookings (id serial PRIMARY KEY, check_in date NOT NULL, check_out date NOT NULL, booked_on timestamptz NOT NULL, price numeric);
    -- What waits in a queue has no start yet.
    CREATE TABLE good_jobs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), performed_at timestamptz, finished_at timestamptz, created_at timestamptz, tries_cost int);
    INSERT INTO good_jobs (performed_at, finished_at, created_at, tries_cost) SELECT ts + interval '1 s', ts + interval '2 s', ts, 1 FROM minutes;
    CREATE TABLE runs (id serial PRIMARY KEY, status text, create_timestamp timestamp, update_timestamp timestamp, start_time float8, end_time float8);
    INSERT INTO runs (status, create_timestamp, update_timestamp, start_time, end_time)
        SELECT 'ok', ts, ts, extract(epoch FROM ts), extract(epoch FROM ts) + 9 FROM minutes;
    DROP TABLE minutes;";

#[sqlx::test(migrations = false)]
async fn of_several_times_the_one_of_the_event_is_chosen_before_and_after_analyze(pool: PgPool) {
    sql(&pool, SEVERAL).await;
    let expected = |seconds: &str| {
        [
            "bookings | booked_on |  | bookings_price".to_owned(),
            "good_jobs | created_at |  | good_jobs_tries_cost".to_owned(),
            "hr_attendance | check_in | employee_id | hr_attendance_worked_hours".to_owned(),
            "ir_cron | create_date | cron_name | ir_cron_calls".to_owned(),
            "log_visit | visit_first_action_time |  | log_visit_actions".to_owned(),
            "obs | obs_datetime |  | obs_value_numeric".to_owned(),
            "photos | taken_at |  | photos_bytes".to_owned(),
            // A number is an epoch by its statistics only.
            format!("runs | create_timestamp | status | runs_rows{seconds}"),
            "sale_orders | order_date |  | sale_orders_total".to_owned(),
            "shifts | clock_in | employee_id mode | shifts_rows shifts_seconds".to_owned(),
            "timers | created |  | timers_runs".to_owned(),
            "visits | first_seen |  | visits_hits".to_owned(),
        ]
    };
    assert_eq!(offered(&read(&pool, "").await.0), expected(""));
    sql(&pool, "ANALYZE").await;
    assert_eq!(offered(&read(&pool, "").await.0), expected(" runs_seconds"));
    sql(&pool, "UPDATE good_jobs SET performed_at = NULL, finished_at = NULL WHERE random() < 0.3; ANALYZE good_jobs")
        .await;
    assert_eq!(offered(&read(&pool, "").await.0), expected(" runs_seconds"));
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    for (target, expected) in [
        ("sum(sum_over_time(log_visit_actions[1h]))", 60.0),
        ("sum(sum_over_time(obs_value_numeric[1h]))", 60.0),
        ("avg(avg_over_time(shifts_seconds[1h]))", 30.0),
    ] {
        assert_eq!(values(&server, hour, target).await.into_values().collect::<Vec<_>>(), [expected], "{target}");
    }
}
