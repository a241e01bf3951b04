//! No output of any command has the password, whatever goes wrong.

use std::fs;
use std::path::PathBuf;

use crate::cluster::{Cluster, free_port};
use crate::program::{Program, ran};

/// Every character that means something in a URL, a shell or a log.
const PASSWORD: &str = "hun:ter@2/?#[]%&=+ ;'\"\\$`!<>|ö";
/// A part of it that is the same in every spelling.
const PARTS: &[&str] = &["hun:ter", "hun%3Ater", "ter@2", "ter%402", "hunter2-plain", "%68%75%6E"];

fn encoded(password: &str) -> String {
    password.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn assert_silent(what: &str, directory: &PathBuf, settings: &[(&str, &str)]) {
    // Nobody has this address, so that what would serve ends.
    let usual = [("DATEBIN_LISTEN", "192.0.2.1:1"), ("DATEBIN_LOG", "trace"), ("DATEBIN_CONNECT_TIMEOUT", "200ms")];
    let settings = [&usual, settings].concat();
    for arguments in [
        &["serve"][..],
        &["demo"],
        &["migrate"],
        &["query", "cpu"],
        &["discover"],
        &["check"],
        &["health"],
        &["schema"],
        &["--help"],
        &["serve", "--help"],
        &["query"],
        &["nothing"],
    ] {
        let output = ran(directory, &settings, arguments);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        for part in PARTS {
            assert!(!said.contains(part), "{what}: {arguments:?} prints {part}: {said}");
        }
    }
}

#[test]
fn a_password_is_printed_by_no_command_under_any_error() {
    let directory = std::env::temp_dir().join(format!("datebin-secrets-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let port = free_port();
    let good = format!("postgres://datebin:{}@127.0.0.1:{port}/metrics", encoded(PASSWORD));
    let plain = format!("postgres://datebin:hunter2-plain@127.0.0.1:{port}/metrics");
    let urls = [
        good.clone(),
        format!("{good}?sslmode=hunter2-plain&nothing=hunter2-plain"),
        format!("{plain}?password=hunter2-plain"),
        format!("postgres://datebin:{PASSWORD}@127.0.0.1:{port}/metrics"),
        "hunter2-plain".to_owned(),
        "mysql://datebin:hunter2-plain@127.0.0.1/metrics".to_owned(),
        "postgres://datebin:hunter2-plain@127.0.0.1:notaport/metrics".to_owned(),
    ];
    let file = directory.join("url");
    let path = file.display().to_string();
    for url in &urls {
        assert_silent("a URL", &directory, &[("DATABASE_URL", url)]);
        fs::write(&file, url).expect("a file");
        assert_silent("a file", &directory, &[("DATABASE_URL_FILE", &path)]);
    }
    assert_silent("both", &directory, &[("DATABASE_URL", &plain), ("DATABASE_URL_FILE", &path)]);
    for text in [
        format!("DATABASE_URL={plain}"),
        "DATABASE_URL='postgres://datebin:hunter2-plain@h/d".to_owned(),
        "hunter2-plain".to_owned(),
        "A B=hunter2-plain".to_owned(),
        format!("# fine\nDATABASE_URL=postgres://datebin:{PASSWORD}@h/d"),
    ] {
        fs::write(directory.join(".env"), text).expect("a file");
        assert_silent(".env", &directory, &[]);
    }
    fs::remove_file(directory.join(".env")).expect("the file goes");
    // As psql takes it, and as a flag's value that it is not.
    for (command, text) in
        ["serve", "check", "discover", "migrate", "config", "health", "demo", "man", "schema", "completions"]
            .into_iter()
            .flat_map(|command| [plain.as_str(), "host=h password=hunter2-plain"].map(|text| (command, text)))
    {
        for arguments in [vec![command, text], vec![text], vec![command, "--pool-size", text]] {
            let output = ran(&directory, &[("DATEBIN_LISTEN", "192.0.2.1:1")], &arguments);
            let said =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(!said.contains("hunter2-plain"), "{arguments:?}: {said}");
        }
    }
    fs::write(directory.join(".env"), "A=1\n\nB hunter2-plain\n").expect("a file");
    let output = ran(&directory, &[], &["schema"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(".env: line 3 is no assignment"), "{said}");
    fs::remove_dir_all(&directory).expect("the directory goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_url_of_a_file_serves_and_may_change() {
    let cluster = Cluster::start();
    cluster.sql(crate::database::CPU).await;
    let file = cluster.directory.join("url");
    fs::write(&file, format!("{}\n", cluster.url())).expect("a file");
    let path = file.display().to_string();
    let program = Program::serve(&cluster, &[("DATABASE_URL", ""), ("DATABASE_URL_FILE", &path)]).await;
    assert_eq!(program.ask("cpu").await.status, 200);
    // Whoever rotates a password changes the file first; sessions that are opened later take it from there.
    cluster.sql("CREATE ROLE other SUPERUSER LOGIN PASSWORD 'other'").await;
    fs::write(&file, cluster.url().replace("datebin:", "other:").replace(crate::cluster::PASSWORD, "other"))
        .expect("a file");
    cluster.sql("ALTER ROLE datebin PASSWORD 'changed'").await;
    let other = cluster.url().replace("datebin:", "other:").replace(crate::cluster::PASSWORD, "other");
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&other).await.expect("a session");
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'other' AND application_name = 'datebin'";
    program.signal("-HUP");
    crate::program::eventually(crate::program::LONG, "sessions are opened with what the file says", async || {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'datebin'";
        let _ended = sqlx::query(end).execute(&mut connection).await;
        let count: i64 = sqlx::query_scalar(ours).fetch_one(&mut connection).await.expect("a count");
        (count > 0 && program.ask("cpu").await.status == 200).then_some(())
    })
    .await;
}
