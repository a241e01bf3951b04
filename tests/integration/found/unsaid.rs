//! Numbers that may say which part of a thing is meant, and a name that does not say whether they do: nothing is mixed before
//! the first ANALYZE, and what was counted decides then.

use sqlx::PgPool;

use super::{left_out, offered, read, values};
use crate::support::{Server, sql};

const PARTS: &str = "
    CREATE TABLE minutes WITH (autovacuum_enabled = off) AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 239) AS n;
    CREATE TABLE gpus (ts timestamptz, host text, gpu int, temp real) WITH (autovacuum_enabled = off);
    INSERT INTO gpus SELECT ts, 'h' || h, p, p * 10 FROM minutes, generate_series(1, 2) AS h, generate_series(0, 3) AS p;
    CREATE TABLE disks (ts timestamptz, host text, disk smallint, used_pct real) WITH (autovacuum_enabled = off);
    INSERT INTO disks SELECT ts, host, gpu, temp FROM gpus;
    CREATE TABLE fans (ts timestamptz, site_id int, device_id int, fan int, rpm real) WITH (autovacuum_enabled = off);
    INSERT INTO fans SELECT ts, (d + 1) / 2, d, p, p * 10 FROM minutes, generate_series(1, 6) AS d, generate_series(0, 3) AS p;
    CREATE TABLE pumps (ts timestamptz, site_id int, device_id int, pump int, flow real) WITH (autovacuum_enabled = off);
    INSERT INTO pumps SELECT ts, s, d, p, p * 10 FROM minutes, generate_series(1, 2) AS s, generate_series(1, 2) AS d, generate_series(1, 3) AS p;
    CREATE TABLE valves (ts timestamptz, line_id int, plant_id int, valve int, flow real) WITH (autovacuum_enabled = off);
    INSERT INTO valves SELECT ts, site_id, device_id, pump, flow FROM pumps;
    -- The number of a part by its name, one after the other.
    CREATE TABLE numbered (ts timestamptz, host text, gpu_index int, util real) WITH (autovacuum_enabled = off);
    INSERT INTO numbered SELECT ts + p * interval '3 s', 'h' || h, p, p * 10 FROM minutes, generate_series(1, 2) AS h, generate_series(0, 1) AS p;
    CREATE TABLE cores (ts timestamptz, host text, core int, mhz real) WITH (autovacuum_enabled = off);
    INSERT INTO cores SELECT ts, host, gpu, temp FROM gpus;
    -- Numbers with a fraction.
    CREATE TABLE f_gpu (ts timestamptz, host text, gpu float8, temp real) WITH (autovacuum_enabled = off);
    INSERT INTO f_gpu SELECT ts, host, gpu, temp FROM gpus;
    CREATE TABLE f_core (ts timestamptz, host text, core numeric, mhz real) WITH (autovacuum_enabled = off);
    INSERT INTO f_core SELECT ts, host, gpu, temp FROM gpus;
    CREATE TABLE f_depth (ts timestamptz, station text, depth_m numeric(5,1), temp real) WITH (autovacuum_enabled = off);
    INSERT INTO f_depth SELECT ts, host, gpu * 0.5, temp FROM gpus;
    CREATE TABLE f_bucket (ts timestamptz, host text, le float8, hits bigint) WITH (autovacuum_enabled = off);
    INSERT INTO f_bucket SELECT minutes.ts, 'h' || h, p * 0.5, n * p FROM minutes, generate_series(1, 2) AS h, generate_series(1, 4) AS p;
    -- States and levels.
    CREATE TABLE s_room (ts timestamptz, room text, fan int, temp real) WITH (autovacuum_enabled = off);
    INSERT INTO s_room SELECT ts, 'r' || r, n / 10 % 4, 20 FROM minutes, generate_series(1, 3) AS r;
    CREATE TABLE s_door (ts timestamptz, room text, door int, temp real) WITH (autovacuum_enabled = off);
    INSERT INTO s_door SELECT ts, 'r' || r, n / 7 % 2, 20 FROM minutes, generate_series(1, 3) AS r;
    CREATE TABLE s_load (ts timestamptz, host text, cpu int, load real) WITH (autovacuum_enabled = off);
    INSERT INTO s_load SELECT ts, 'h' || r, n % 80, 20 FROM minutes, generate_series(1, 3) AS r;
    CREATE TABLE s_depth (ts timestamptz, ship text, depth real, temp real) WITH (autovacuum_enabled = off);
    INSERT INTO s_depth SELECT ts, 's' || r, n * 1.5, 20 FROM minutes, generate_series(1, 3) AS r;
    -- What stands beside says that these are loads and levels.
    CREATE TABLE l_host (ts timestamptz, host text, cpu int, mem int, disk real, load real) WITH (autovacuum_enabled = off);
    INSERT INTO l_host SELECT ts, 'h' || r, n % 80, 20, n % 7, 1 FROM minutes, generate_series(1, 3) AS r;
    CREATE TABLE l_house (ts timestamptz, house text, fan int, pump int, battery int, temp real) WITH (autovacuum_enabled = off);
    CREATE TABLE l_sensors (time timestamptz, sensor_id int, temperature float8, cpu float8) WITH (autovacuum_enabled = off);
    INSERT INTO l_sensors SELECT ts, r, 20, n % 80 FROM minutes, generate_series(1, 3) AS r;
    INSERT INTO l_house SELECT ts, 'h' || r, n / 50 % 4, n / 30 % 3, 100 - n / 10, 20 FROM minutes, generate_series(1, 3) AS r;
    DROP TABLE minutes;";

const SURE: [&str; 5] = [
    "cores | ts | core host | cores_mhz",
    "l_host | ts | host | l_host_cpu l_host_disk l_host_load l_host_mem",
    "l_house | ts | house | l_house_battery l_house_fan l_house_pump l_house_temp",
    "l_sensors | time | sensor_id | l_sensors_cpu l_sensors_temperature",
    "numbered | ts | gpu_index host | numbered_util",
];

#[sqlx::test(migrations = false)]
async fn what_may_be_a_part_or_its_state_waits_for_the_first_analyze(pool: PgPool) {
    sql(&pool, PARTS).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), SURE);
    for (table, column) in [
        ("gpus", "gpu"),
        ("disks", "disk"),
        ("fans", "fan"),
        ("pumps", "pump"),
        ("valves", "valve"),
        ("f_gpu", "gpu"),
        ("f_core", "core"),
        ("f_depth", "depth_m"),
        ("f_bucket", "le"),
        ("s_room", "fan"),
        ("s_door", "door"),
        ("s_load", "cpu"),
        ("s_depth", "depth"),
    ] {
        let why = "may tell its rows apart, and there are no statistics before ANALYZE: run ANALYZE, or declare it";
        assert_eq!(left_out(&decisions, table), format!("`{column}` {why}"));
    }
    sql(&pool, "ANALYZE").await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            SURE[0],
            "disks | ts | disk host | disks_used_pct",
            // Each site has devices of its own.
            "fans | ts | device_id fan site_id | fans_rpm",
            "gpus | ts | gpu host | gpus_temp",
            SURE[1],
            SURE[2],
            SURE[3],
            SURE[4],
            "pumps | ts | device_id pump site_id | pumps_flow",
            "s_depth | ts | ship | s_depth_depth s_depth_temp",
            "s_door | ts | room | s_door_door s_door_temp",
            "s_load | ts | host | s_load_cpu s_load_load",
            "s_room | ts | room | s_room_fan s_room_temp",
            "valves | ts | line_id plant_id valve | valves_flow",
        ]
    );
    for (table, column) in [("f_gpu", "gpu"), ("f_core", "core"), ("f_depth", "depth_m"), ("f_bucket", "le")] {
        let why = "(a number with a fraction) has as many values as an instant has rows and no key says otherwise: declare it";
        assert_eq!(left_out(&decisions, table), format!("`{column}` {why}"));
    }
    let server = Server::start(&pool).await;
    let hour = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");
    let fans = values(&server, hour, "max by (fan) (fans_rpm)").await;
    assert_eq!(fans.into_values().collect::<Vec<_>>(), [0.0, 10.0, 20.0, 30.0]);
    let numbered = values(&server, hour, "numbered_util{host=\"h1\"}").await;
    assert_eq!(numbered.into_values().collect::<Vec<_>>(), [0.0, 10.0]);
}

#[sqlx::test(migrations = false)]
async fn what_was_empty_when_it_was_analysed_is_not_counted(pool: PgPool) {
    let tables = "
        CREATE TABLE gpus (ts timestamptz, host text, gpu int, temp real) WITH (autovacuum_enabled = off);
        ANALYZE gpus;
        INSERT INTO gpus SELECT timestamptz '2025-06-02Z', 'h', p, p * 10 FROM generate_series(0, 3) AS p;";
    sql(&pool, tables).await;
    let (found, decisions) = read(&pool, "").await;
    assert_eq!(offered(&found), [""; 0]);
    assert!(left_out(&decisions, "gpus").starts_with("`gpu` may tell its rows apart"));
}
