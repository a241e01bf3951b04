//! Whole numbers that are the state or the level of a part, and those that say which part is meant.

use sqlx::PgPool;

use super::{offered, read, values};
use crate::support::{Server, sql};

const LEVELS: &str = "
    CREATE TABLE minutes AS SELECT n, timestamptz '2025-06-02Z' + n * interval '1 min' AS ts FROM generate_series(0, 1199) AS n;
    -- It falls from 100 to 81: one device, three at once, three one after the other; and it never moves.
    CREATE TABLE battery_one (ts timestamptz, battery int, temperature real);
    INSERT INTO battery_one SELECT ts, 100 - n / 60, 20 FROM minutes ORDER BY n;
    CREATE TABLE battery_at_once (ts timestamptz, mac text, battery smallint, temperature real);
    INSERT INTO battery_at_once SELECT ts, 'm' || d, 100 - n / 60, 20 FROM minutes, generate_series(1, 3) AS d ORDER BY n, d;
    CREATE TABLE battery_in_turn (ts timestamptz, mac text, battery int, voltage real);
    INSERT INTO battery_in_turn SELECT ts + d * interval '7 s', 'm' || d, 20 - n / 60, 3 FROM minutes, generate_series(1, 3) AS d ORDER BY n, d;
    CREATE TABLE battery_full (ts timestamptz, mac text, battery int, temperature real);
    INSERT INTO battery_full SELECT ts, 'm' || d, 100, 20 FROM minutes, generate_series(1, 3) AS d ORDER BY n, d;
    -- The parts of a room, with their levels.
    CREATE TABLE room (ts timestamptz, room text, fan int, pump smallint, valve int, heater numeric(2,0), temp real);
    INSERT INTO room SELECT ts + r * interval '1 s', 'r' || r, n / 100 % 4, n / 50 % 3, n / 30 % 11, 1 + n / 70 % 3, 20
        FROM minutes, generate_series(1, 2) AS r ORDER BY n, r;
    CREATE TABLE fan_alone (ts timestamptz, fan int, temp real);
    INSERT INTO fan_alone SELECT ts, n / 50 % 4, 20 FROM minutes ORDER BY n;
    CREATE TABLE fan_at_once (ts timestamptz, room text, fan int, temp real);
    INSERT INTO fan_at_once SELECT ts, 'r' || r, 1 + n / 50 % 3, 20 FROM minutes, generate_series(1, 2) AS r ORDER BY n, r;
    CREATE TABLE tank_level (ts timestamptz, device_id int, tank int, temp real);
    INSERT INTO tank_level SELECT ts, d, 80 - n / 60, 10 FROM minutes, generate_series(1, 2) AS d ORDER BY n, d;
    CREATE TABLE door_state (ts timestamptz, room text, door int, gate smallint, temp real);
    INSERT INTO door_state SELECT ts, 'r' || r, n / 30 % 2, n / 20 % 2, 20 FROM minutes, generate_series(1, 2) AS r ORDER BY n, r;
    CREATE TABLE load (ts timestamptz, host text, cpu int, mem_used int, disk int, disk_used int);
    INSERT INTO load SELECT ts, 'h' || h, n % 20, 50, n % 15, 60 FROM minutes, generate_series(1, 2) AS h ORDER BY n, h;
    -- The numbers of parts.
    CREATE TABLE packs (ts timestamptz, battery int, voltage real);
    INSERT INTO packs SELECT ts, b, b * 10 FROM minutes, generate_series(1, 3) AS b ORDER BY n, b;
    CREATE TABLE packs_of_site (ts timestamptz, site text, battery int, voltage real);
    INSERT INTO packs_of_site SELECT ts, 's' || s, b, b * 10 FROM minutes, generate_series(1, 2) AS s, generate_series(1, 4) AS b ORDER BY n, s, b;
    CREATE TABLE pump_in_turn (ts timestamptz, station text, pump int, flow real);
    INSERT INTO pump_in_turn SELECT ts + (5 * p + s) * interval '1 s', 'st' || s, p, p * 10
        FROM minutes, generate_series(1, 2) AS s, generate_series(1, 3) AS p ORDER BY n, s, p;
    CREATE TABLE gpus (ts timestamptz, host text, gpu int, mem_used real);
    INSERT INTO gpus SELECT ts, 'h' || h, g, g FROM minutes, generate_series(1, 2) AS h, generate_series(0, 7) AS g WHERE h = 2 OR g < 4 ORDER BY n, h, g;
    CREATE TABLE tanks (ts timestamptz, tank int, temp real);
    INSERT INTO tanks SELECT ts, t, t FROM minutes, generate_series(1, 2) AS t ORDER BY n, t;
    CREATE TABLE sockets (ts timestamptz, socket int, watts real);
    INSERT INTO sockets SELECT ts, s, s FROM minutes, generate_series(0, 1) AS s ORDER BY n, s;
    CREATE TABLE fan_number (ts timestamptz, host text, fan_number int, rpm real);
    INSERT INTO fan_number SELECT ts, 'h' || h, f, f FROM minutes, generate_series(1, 2) AS h, generate_series(0, 2) AS f ORDER BY n, h, f;
    DROP TABLE minutes;
    ANALYZE;";

#[sqlx::test(migrations = false)]
async fn a_level_of_a_part_is_a_metric_and_splits_no_series(pool: PgPool) {
    sql(&pool, LEVELS).await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(
        offered(&found),
        [
            "battery_at_once | ts | mac | battery_at_once_battery battery_at_once_temperature",
            "battery_full | ts | mac | battery_full_battery battery_full_temperature",
            "battery_in_turn | ts | mac | battery_in_turn_battery battery_in_turn_voltage",
            "battery_one | ts |  | battery_one_battery battery_one_temperature",
            "door_state | ts | room | door_state_door door_state_gate door_state_temp",
            "fan_alone | ts |  | fan_alone_fan fan_alone_temp",
            "fan_at_once | ts | room | fan_at_once_fan fan_at_once_temp",
            "fan_number | ts | fan_number host | fan_number_rpm",
            "gpus | ts | gpu host | gpus_mem_used",
            "load | ts | host | load_cpu load_disk load_disk_used load_mem_used",
            "packs | ts | battery | packs_voltage",
            "packs_of_site | ts | battery site | packs_of_site_voltage",
            "pump_in_turn | ts | pump station | pump_in_turn_flow",
            "room | ts | room | room_fan room_heater room_pump room_temp room_valve",
            "sockets | ts | socket | sockets_watts",
            "tank_level | ts | device_id | tank_level_tank tank_level_temp",
            "tanks | ts | tank | tanks_temp",
        ]
    );
    let server = Server::start(&pool).await;
    let hours = ("2025-06-02T00:00:00Z", "2025-06-02T02:00:00Z");
    let battery = values(&server, hours, "avg(battery_at_once_battery)").await;
    assert_eq!(battery.into_values().collect::<Vec<_>>(), [99.5]);
    let temperature = values(&server, hours, "battery_at_once_temperature").await;
    assert_eq!(temperature.into_values().collect::<Vec<_>>(), [20.0, 20.0, 20.0]);
}
