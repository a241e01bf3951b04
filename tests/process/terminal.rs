//! The commands as a shell meets them: flags, the width of a terminal, a pipe that is closed, what is installed.

use std::process::{Command, Output, Stdio};

use crate::cluster::Cluster;
use crate::program::{command, ran};

const TABLE: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO cpu SELECT now() - n * interval '1 min', 'host-with-a-long-name-' || n % 2, n
    FROM generate_series(0, 59) AS n;";

fn asked(cluster: &Cluster, settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String, String) {
    let url = cluster.url();
    let Output { status, stdout, stderr } =
        ran(&cluster.directory, &[&[("DATABASE_URL", url.as_str())], settings].concat(), arguments);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_that_cannot_be_used_is_an_error_that_names_it() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    for (arguments, expected) in [
        (&["--step", "banana"][..], "--step cannot be used, as \"banana\" is unknown: expected a length such as 30s"),
        (&["--step", "0s"], "--step cannot be used"),
        (&["--step", "300"], "--step cannot be used"),
        (&["--step", ""], "--step is empty"),
        (&["--fill", "bogus"], "--fill cannot be used, as \"bogus\" is unknown: expected none, null"),
        (&["--tz", "Mars"], "--tz \"Mars\" is not an IANA time zone"),
        (&["--max-data-points", "0"], "--max-data-points must be 1 or more"),
        (&["--from", "yesterday"], "--from: cannot read \"yesterday\" as a time: expected ISO 8601"),
        (&["--to", "tomorrow"], "--to: cannot read \"tomorrow\" as a time"),
        (&["--from", "now", "--to", "-1h"], "--from and --to: the time range ends before it starts"),
        (&["--promql", "--step", "banana"], "--step \"banana\" is not a step; expected a duration"),
        (&["--width", "1"], "--width must be from 10 to 2000"),
    ] {
        let (code, printed, said) = asked(&cluster, &[], &[&["query", "cpu", "--format", "csv"], arguments].concat());
        assert_eq!((code, printed.as_str()), (Some(1), ""), "{arguments:?}: {said}");
        assert!(said.contains(expected) && said.matches("expected").count() < 2, "{arguments:?}: {said}");
    }
    let (code, _, said) = asked(&cluster, &[], &["query", "cpu", "--promql", "--step", "300"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, _, said) = asked(&cluster, &[], &["query", "--promql", "sum(cpu"]);
    assert!(code == Some(1) && said.contains("sum(cpu\n") && said.trim_end().ends_with('^'), "{said}");
    for target in ["zzzzzz", "(qqqqqq|wwwwww)"] {
        let (code, _, said) = asked(&cluster, &[], &["query", target]);
        assert!(code == Some(1) && said.contains("`datebin discover` prints") && !said.contains("POST"), "{said}");
    }
    let (code, _, said) = asked(&cluster, &[], &["query", "postgres://u:hunter2@h/d"]);
    assert!(code == Some(1) && said.contains("(a connection string)") && !said.contains("hunter2"), "{said}");
    let strange = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff".as_slice());
    let strange: &std::ffi::OsStr = strange;
    let ended = command(&cluster.directory, &[]).arg("query").arg(strange).output().expect("the program");
    assert_eq!(ended.status.code(), Some(2), "{}", String::from_utf8_lossy(&ended.stderr));
    let (code, _, said) = asked(&cluster, &[], &["serve", "--listen", "nowhere"]);
    assert!(code == Some(1) && said.contains("--listen cannot be read") && !said.contains("DATEBIN_LISTEN"), "{said}");
    let (code, _, said) = asked(&cluster, &[("DATEBIN_LISTEN", "nowhere")], &["serve"]);
    assert!(code == Some(1) && said.contains("DATEBIN_LISTEN cannot be read"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_fits_the_columns_that_there_are() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    for (columns, most) in [("60", 60), ("52", 52), ("500", 100), ("", 80)] {
        let (code, printed, said) = asked(&cluster, &[("COLUMNS", columns)], &["query", "cpu", "--from", "-1h"]);
        let widest = printed.lines().map(|line| line.chars().count()).max();
        assert!(code == Some(0) && widest <= Some(most) && widest > Some(most / 2), "{columns}: {printed}{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_is_no_failure() {
    let cluster = Cluster::start();
    cluster.sql(TABLE).await;
    let url = cluster.url();
    for arguments in [
        &["query", "cpu", "--format", "csv"][..],
        &["query", "cpu", "--format", "table"],
        &["query", "cpu", "--format", "json"],
        &["schema"],
        &["discover"],
        &["check"],
        &["config"],
        &["completions", "bash"],
        &["man"],
    ] {
        let mut child = command(&cluster.directory, &[("DATABASE_URL", &url), ("DATEBIN_LOG", "error")])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_that_cannot_be_loaded_makes_nothing() {
    let cluster = Cluster::start();
    cluster.sql("CREATE TABLE demo_hosts (note text)").await;
    let (code, _, said) = asked(&cluster, &[], &["demo", "--listen", "127.0.0.1:0"]);
    assert!(code == Some(1) && said.contains("nothing was changed"), "{said}");
    let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'datebin'";
    let made: i64 = sqlx::query_scalar(made).fetch_one(&mut cluster.connect().await).await.expect("a count");
    assert_eq!(made, 0);
    let (code, _, said) = asked(&cluster, &[], &["demo", "--remove"]);
    assert!(code == Some(0) && said.contains("demo_hosts stays: it is not the demo's"), "{said}");
}

#[test]
fn an_installation_has_the_completions_of_three_shells() {
    let place = std::env::temp_dir().join(format!("datebin-installed-{}", std::process::id()));
    let built = place.join("target/release");
    std::fs::create_dir_all(&built).expect("a directory");
    std::fs::copy(env!("CARGO_BIN_EXE_datebin"), built.join("datebin")).expect("the program");
    let made = Command::new("make")
        .args(["--silent", "install", "PREFIX=/usr"])
        .arg(format!("DESTDIR={}", place.display()))
        .env("CARGO_TARGET_DIR", place.join("target"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("make");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (file, word) in [
        ("bash-completion/completions/datebin", "complete -F"),
        ("zsh/site-functions/_datebin", "#compdef datebin"),
        ("fish/vendor_completions.d/datebin.fish", "complete -c datebin"),
    ] {
        let script = std::fs::read_to_string(place.join("usr/share").join(file)).expect("a script");
        assert!(script.contains(word), "{file}");
    }
    std::fs::remove_dir_all(place).expect("to tidy up");
}
