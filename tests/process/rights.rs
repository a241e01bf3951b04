//! A role that may not use datebin's own schema, or not read its table.

use serde_json::json;

use crate::cluster::{Cluster, PASSWORD};
use crate::program::{Program, ran};

const DEPLOYS: &str = "
    CREATE TABLE deploys (at timestamptz NOT NULL, title text);
    INSERT INTO deploys VALUES ('2024-01-01 00:30Z', 'one');
    CREATE ROLE least LOGIN PASSWORD 'least';
    GRANT SELECT ON deploys TO least;";

#[tokio::test(flavor = "multi_thread")]
async fn without_rights_on_its_own_schema_other_annotations_are_served() {
    let cluster = Cluster::start();
    cluster.sql(DEPLOYS).await;
    let made = ran(&cluster.directory, &[("DATABASE_URL", &cluster.url())], &["migrate"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = "[[annotations]]\nname = \"deploys\"\nrelation = \"deploys\"\ntime = \"at\"\ntitle = \"title\"\n";
    std::fs::write(cluster.directory.join("datebin.toml"), file).expect("the catalog's file");
    let url = cluster.url().replace("datebin:", "least:").replace(PASSWORD, "least");
    let program = Program::serve(&cluster, &[("DATABASE_URL", &url)]).await;
    let body = json!({"range": {"from": "2024-01-01T00:00:00Z", "to": "2024-01-01T01:00:00Z"},
        "targets": [{"refId": "Anno", "target": ""}]});
    let said = async || {
        let answer = program.post("/query", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = answer.body[0]["rows"].as_array().expect("rows").len();
        assert_eq!(rows, 1, "{}", answer.body);
        answer.body[0]["meta"]["notices"][0]["text"].as_str().map(str::to_owned)
    };
    let notice = said().await.expect("a notice");
    assert!(notice.starts_with("the annotations of datebin are left out: "), "{notice}");
    cluster.sql("GRANT USAGE ON SCHEMA datebin TO least").await;
    let notice = said().await.expect("a notice");
    assert!(notice.starts_with("the annotations of datebin are left out: "), "{notice}");
    cluster.sql("GRANT SELECT ON datebin.annotations TO least").await;
    assert_eq!(said().await, None);
}

const HIDDEN: &str = "
    CREATE SCHEMA hidden;
    CREATE TYPE hidden.state AS ENUM ('on', 'off');
    CREATE TABLE lamps (ts timestamptz NOT NULL, state hidden.state NOT NULL, value float8);
    INSERT INTO lamps VALUES ('2018-04-15 04:58Z', 'on', 1), ('2018-04-15 04:58Z', 'off', 2);
    CREATE ROLE least LOGIN PASSWORD 'least';
    GRANT SELECT ON lamps TO least;";

#[tokio::test(flavor = "multi_thread")]
async fn a_label_whose_type_may_not_be_named_is_compared_by_its_text() {
    let cluster = Cluster::start();
    cluster.sql(HIDDEN).await;
    let url = cluster.url().replace("datebin:", "least:").replace(PASSWORD, "least");
    let program = Program::serve(&cluster, &[("DATABASE_URL", &url)]).await;
    let answer = program.ask("sum(lamps{state=\"off\"})").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.body.to_string().contains("[[2.0,"), "{}", answer.body);
}
