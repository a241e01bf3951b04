//! The tutorials' wide table, and sensors with a dimension row.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use super::{TEXTS, answers, found, literal, present, product};
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::UNKNOWN;

const TABLES: &str = "
    CREATE TABLE conditions (time timestamptz, location text, temperature double precision, humidity double precision);
    CREATE INDEX ON conditions (time DESC);
    CREATE TABLE sensors (id serial PRIMARY KEY, type varchar(50), location varchar(50));
    CREATE TABLE sensor_data (time timestamptz, sensor_id integer REFERENCES sensors, temperature double precision, cpu double precision);";

/// A column that only holds NULL is no metric.
const MORE: &str = "
    INSERT INTO conditions (time, humidity) VALUES ('2024-01-01Z', 50);
    INSERT INTO sensor_data (time, temperature) VALUES ('2024-01-01Z', 20);
    ANALYZE;";

fn table(metric: &'static str, name: &str, columns: &str, series: &[Series], labels: &'static [&'static str]) -> Table {
    let mut dice = StdRng::seed_from_u64(702);
    let (insert, samples) = rows(name, columns, Time::Timestamptz, "float8", series, &mut dice);
    let none = String::new;
    Table { metric, create: none(), insert, toml: none(), samples, labels, always_aggregated: false }
}

#[sqlx::test(migrations = false)]
async fn wide_tables_and_sensors_are_discovered(pool: PgPool) {
    let more = [Some("$1"), Some("{a,b}"), Some("É")];
    let texts = || TEXTS.iter().copied().chain(more);
    let series: Vec<Series> =
        texts().map(|text| (format!("{}, ", literal(text)), present(&[("location", text)]))).collect();
    let wide =
        table("conditions_temperature", "conditions", "time, location, temperature", &series, &["location", UNKNOWN]);
    let (mut sensors, mut series): (String, Vec<Series>) = (String::new(), Vec::new());
    for (id, (ty, location)) in texts().flat_map(|a| TEXTS.iter().map(move |b| (a, *b))).enumerate() {
        sensors.push_str(&format!("INSERT INTO sensors VALUES ({id}, {}, {});", literal(ty), literal(location)));
        let number = id.to_string();
        let labels = present(&[("type", ty), ("location", location), ("sensor_id", Some(&number))]);
        series.push((format!("{id}, "), labels));
    }
    series.push(("NULL, ".to_owned(), present(&[])));
    let labels = &["type", "location", "sensor_id", UNKNOWN];
    let joined = table("sensor_data_cpu", "sensor_data", "time, sensor_id, cpu", &series, labels);
    let server = product(&pool, &[TABLES, &wide.insert, &sensors, &joined.insert, MORE], "").await;
    let labels = |labels: &[&str]| labels.iter().map(|label| (*label).to_owned()).collect::<Vec<_>>();
    let expected = [
        ("conditions_humidity".to_owned(), labels(&["location"])),
        ("conditions_temperature".to_owned(), labels(&["location"])),
        ("sensor_data_cpu".to_owned(), labels(&["location", "sensor_id", "type"])),
        ("sensor_data_temperature".to_owned(), labels(&["location", "sensor_id", "type"])),
    ];
    assert_eq!(found(&server.catalog.current().expect("a catalog")), expected);
    answers(&pool, &server, &wide).await;
    answers(&pool, &server, &joined).await;
}
