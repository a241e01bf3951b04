//! Labels that are parts of one text, as in the topics of a message broker.

use std::fmt::Write as _;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use crate::oracle::check;
use crate::oracle::data::{Series, Table, Time, rows};
use crate::oracle::reference::{Labels, UNKNOWN};

const LABELS: [&str; 4] = ["house", "room", "kind", UNKNOWN];

const TOPICS: [&str; 14] = [
    "a/b/x",
    "a/b/1",
    "a//x",
    "/b/x",
    "a",
    "",
    "a/web.01/x",
    "a/web_01/30/more",
    "///",
    "it's/x\"y\\|z/-- 😀",
    "b/(a|b)/x",
    "a/b",
    "eu/us/a",
    "b/b/b",
];

fn labels_of(topic: &str) -> Labels {
    let mut parts = topic.split('/');
    let labels = ["house", "room", "kind"].into_iter().map(|name| (name, parts.next().unwrap_or_default()));
    labels.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[sqlx::test(migrations = false)]
async fn parts_of_a_topic_answer_as_defined(pool: PgPool) {
    let name = "topics";
    let mut toml = "[[source]]\nrelation = \"topics\"\ntime = \"ts\"\nlabels = [".to_owned();
    for (at, label) in ["house", "room", "kind"].into_iter().enumerate() {
        write!(toml, "{{ name = \"{label}\", column = \"topic\", split = \"/\", part = {} }}, ", at + 1).unwrap();
    }
    toml.push_str("]\n[source.metric.topics]\ncolumn = \"value\"\n");
    let create = "CREATE TABLE topics (ts timestamptz, topic text, value float8); CREATE INDEX ON topics (topic, ts);"
        .to_owned();
    let mut series: Vec<Series> = vec![("NULL, ".to_owned(), Labels::new())];
    series.extend(TOPICS.iter().map(|topic| (format!("'{}', ", topic.replace('\'', "''")), labels_of(topic))));
    let mut dice = StdRng::seed_from_u64(600);
    let (insert, samples) = rows(name, "ts, topic, value", Time::Timestamptz, "float8", &series, &mut dice);
    let table = Table { metric: name, create, insert, toml, samples, labels: &LABELS, always_aggregated: false };
    check(&pool, [table].iter()).await;
}
