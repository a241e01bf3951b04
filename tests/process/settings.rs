//! The environment, the file, and the commands that are not `serve`.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::{Cluster, free_port};
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{LONG, Program, eventually, ran};

const NARROW: &str = "
    CREATE TABLE samples (at timestamptz NOT NULL, metric text NOT NULL, labels jsonb, value double precision);
    CREATE INDEX ON samples (metric, at);
    INSERT INTO samples SELECT t, 'load', '{\"zone\": \"eu\"}', 1
    FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 04:59:59Z', '10 s') AS t;";

#[tokio::test(flavor = "multi_thread")]
async fn a_hangup_reads_the_catalog_anew_and_a_broken_file_keeps_the_old_one() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let file = cluster.directory.join("catalog.toml");
    fs::write(&file, "").expect("a file");
    let program = Program::serve(&cluster, &[("DATEBIN_CONFIG", &file.display().to_string())]).await;
    let listed = async |name: &str| {
        let names = program.post("/search", &json!({"target": ""})).await.body;
        names.as_array().expect("names").contains(&json!(name))
    };
    assert!(listed("cpu").await && !listed("fresh").await);
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM cpu; CREATE INDEX ON fresh (ts)").await;
    program.signal("-HUP");
    eventually(LONG, "the new table is listed", async || listed("fresh").await.then_some(())).await;
    assert_eq!(program.complaints(), Vec::<serde_json::Value>::new());

    fs::write(&file, "this is = = not TOML").expect("a file");
    for _ in 0..2 {
        program.signal("-HUP");
        let said = async || program.get("/readyz").await.body["refresh"].is_string().then_some(());
        eventually(LONG, "/readyz says that the refresh failed", said).await;
        assert_eq!(program.get("/readyz").await.status, 200);
        assert!(listed("fresh").await);
        assert_eq!(program.ask("fresh").await.status, 200);
    }
    assert_eq!(program.complaints().len(), 1, "{:?}", program.complaints());

    fs::write(&file, "").expect("a file");
    program.signal("-HUP");
    let mended = async || program.get("/readyz").await.body["refresh"].is_null().then_some(());
    eventually(LONG, "the file is good again", mended).await;
    let is_said = |line: &serde_json::Value| line["fields"]["message"] == "the catalog is refreshed again";
    eventually(LONG, "the log says so, too", async || program.log().iter().any(is_said).then_some(())).await;
}

#[test]
fn a_bad_setting_ends_the_program_and_is_named() {
    let cluster = Cluster::stopped();
    let url = cluster.url();
    for (name, value) in [
        ("DATABASE_URL", "mysql://u:hunter2@h/d"),
        ("DATABASE_URL", ""),
        ("DATEBIN_LISTEN", "nowhere"),
        ("DATEBIN_POOL_SIZE", "0"),
        ("DATEBIN_POOL_SIZE", "18446744073709551615"),
        ("DATEBIN_MAX_CONNECTIONS", "18446744073709551615"),
        ("DATEBIN_QUEUE", "-1"),
        ("DATEBIN_STATEMENT_TIMEOUT", "0s"),
        ("DATEBIN_STATEMENT_TIMEOUT", "30d"),
        ("DATEBIN_REQUEST_TIMEOUT", "soon"),
        ("DATEBIN_REFRESH", "0s"),
        ("DATEBIN_TIME_ZONE", "Mars/Olympus"),
        ("DATEBIN_BODY_LIMIT", "much"),
        ("DATEBIN_LOG", "a=b=c"),
        ("DATEBIN_LOG", "inof"),
        ("DATEBIN_LOG", "info,sqlx"),
        ("DATEBIN_LOG_FORMAT", "xml"),
        ("DATEBIN_CONFIG", "missing.toml"),
    ] {
        let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_LISTEN", "127.0.0.1:0"), (name, value)];
        let mut child = crate::program::command(&cluster.directory, &settings);
        let mut child = child.stderr(std::process::Stdio::piped()).spawn().expect("the program");
        let begun = Instant::now();
        while child.try_wait().expect("the child").is_none() && begun.elapsed() < patience(Duration::from_millis(500)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _dead = child.kill();
        let output = child.wait_with_output().expect("the program");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code != 0), "{name}={value}: {} {said}", output.status);
        assert!(
            said.contains(name) && !said.contains("hunter2") && !said.contains("panicked"),
            "{name}={value}: {said}"
        );
    }
}

#[test]
fn help_names_every_command() {
    let cluster = std::env::temp_dir();
    let output = ran(&cluster, &[], &["--help"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    let commands = [
        "serve",
        "demo",
        "config",
        "migrate",
        "query",
        "discover",
        "check",
        "schema",
        "health",
        "token",
        "completions",
        "man",
    ];
    let listed: Vec<&str> = said.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for command in commands {
        assert!(listed.contains(&command), "{command}: {said}");
    }
    let serve = ran(&cluster, &[], &["serve", "--help"]);
    let said = String::from_utf8_lossy(&serve.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    for setting in datebin::config::settings() {
        let default = setting.default.filter(|default| !default.is_empty());
        let shown = default.map_or_else(String::new, |default| format!(", default {default}]"));
        assert!(said.contains(&format!("--{} <VALUE>", setting.flag())), "{setting:?}: {said}");
        assert!(said.contains(&format!("[{}{shown}", setting.name)), "{setting:?}: {said}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = ran(&cluster, &[], &["completions", shell]);
        assert!(script.status.success() && String::from_utf8_lossy(&script.stdout).contains("pool-size"), "{shell}");
    }
    let page = ran(&cluster, &[("DATEBIN_LOG", "nonsense")], &["man"]);
    assert!(page.status.success() && String::from_utf8_lossy(&page.stdout).contains(".TH datebin 1"));
    assert!(!ran(&cluster, &[], &["nonsense"]).status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_discover_prints_is_a_file_that_discovers_the_same() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(NARROW).await;
    let url = cluster.url();
    let first = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["discover"]);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    assert!(String::from_utf8_lossy(&first.stdout).contains("cpu"));
    let file = cluster.directory.join("found.toml");
    fs::write(&file, &first.stdout).expect("a file");
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_CONFIG", file.to_str().expect("a path"))];
    let second = ran(&cluster.directory, &settings, &["discover"]);
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(settings_of(&first.stdout), settings_of(&second.stdout));
}

/// The file without its comments: what was found says why, what was declared need not.
fn settings_of(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#') && !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn health_finds_the_server_by_the_address_it_listens_on() {
    let cluster = Cluster::stopped();
    let mut addresses = vec!["127.0.0.1", "0.0.0.0"];
    if std::net::TcpListener::bind("[::1]:0").is_ok() {
        addresses.extend(["[::]", "[::1]"]);
    }
    for address in addresses {
        let listen = format!("{address}:{}", free_port());
        let health = || {
            let begun = Instant::now();
            let status = ran(&cluster.directory, &[("DATEBIN_LISTEN", &listen)], &["health"]).status;
            assert!(begun.elapsed() < patience(Duration::from_secs(2)), "took {:?}", begun.elapsed());
            status.code()
        };
        assert_eq!(health(), Some(1), "nobody listens on {listen}");
        let _program = Program::start(&cluster, &[("DATEBIN_LISTEN", &listen)]).await;
        assert_eq!(health(), Some(0), "{listen}");
    }
    // Somebody else, who never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    let begun = Instant::now();
    let status = ran(&cluster.directory, &[], &["health", "--address", &address]).status;
    assert_eq!(status.code(), Some(1));
    assert!(begun.elapsed() < patience(Duration::from_secs(2)), "took {:?}", begun.elapsed());
}

#[test]
fn the_settings_in_force_are_shown_without_what_is_secret() {
    let directory = std::env::temp_dir();
    let url = "host=db.example dbname=metrics user=reader password=hunter2";
    let settings =
        [("DATABASE_URL", url), ("DATEBIN_POOL_SIZE", "7"), ("DATEBIN_POOLSIZE", "8"), ("DATEBIN_QUEUE", "9")];
    let shown = ran(&directory, &settings, &["config", "--queue", "11"]);
    let (said, warned) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
    assert!(shown.status.success(), "{warned}");
    for line in [
        "DATABASE_URL=postgres://reader@db.example:5432/metrics (the rest is hidden)",
        "DATEBIN_POOL_SIZE=7",
        "DATEBIN_QUEUE=11",
        "# DATEBIN_LISTEN=127.0.0.1:8080",
    ] {
        assert!(said.lines().any(|own| own == line), "{line}: {said}");
    }
    assert!(!said.contains("hunter2") && !warned.contains("hunter2"));
    assert!(
        warned.contains("DATEBIN_POOLSIZE is not a setting and is ignored; did you mean DATEBIN_POOL_SIZE?"),
        "{warned}"
    );
    let wrong = ran(&directory, &[("DATABASE_URL", url)], &["config", "--pool-size", "none"]);
    let warned = String::from_utf8_lossy(&wrong.stderr);
    assert!(!wrong.status.success() && warned.contains("--pool-size cannot be read"), "{warned}");
}

#[test]
fn a_parameter_of_the_database_is_carried_out_or_refused() {
    let directory = std::env::temp_dir();
    let said = |text: &str| {
        let shown = ran(&directory, &[("DATABASE_URL", text)], &["config"]);
        let (out, errors) = (String::from_utf8_lossy(&shown.stdout), String::from_utf8_lossy(&shown.stderr));
        assert!(!out.contains("hunter2") && !errors.contains("hunter2"), "{text}: {out}{errors}");
        match shown.status.success() {
            true => out.lines().find(|line| line.starts_with("DATABASE_URL=")).expect("the place").to_owned(),
            false => errors.lines().next().expect("a reason").to_owned(),
        }
    };
    let place = "DATABASE_URL=postgres://u@db.example:5432/metrics (the rest is hidden)";
    let harmless = "application_name=x&fallback_application_name=y&connect_timeout=10&keepalives=1&client_encoding=utf8&gssencmode=prefer";
    let url = |parameters: &str| format!("postgres://u:hunter2@db.example/metrics?{parameters}");
    assert_eq!(said(&url(harmless)), place);
    assert_eq!(
        said(&format!("host=db.example dbname=metrics user=u password=hunter2 {}", harmless.replace('&', " "))),
        place
    );
    let wrong = "datebin: DATABASE_URL cannot be read: expected";
    for (parameters, expected) in [
        ("sslmod=require", "known parameters only, and `sslmod` is not: did you mean `sslmode`?"),
        ("pgbouncer=true", "known parameters only, and `pgbouncer` is not: leave it out"),
        (
            "service=metrics",
            "`service` to be left out: datebin reads no service files: write host, port, dbname and user here",
        ),
        ("passfile=/etc/passwd", "`passfile` to be left out: set the variable PGPASSFILE to the file instead"),
        (
            "require_auth=scram-sha-256",
            "`require_auth` to be left out: datebin logs in as the server asks, and sslmode=verify-full proves who the server is",
        ),
        (
            "gssencmode=require",
            "`gssencmode` to be left out: datebin knows no GSSAPI, and sslmode=verify-full encrypts with TLS",
        ),
    ] {
        assert_eq!(said(&url(parameters)), format!("{wrong} {expected}"));
        let pairs = format!("host=db.example password=hunter2 dbname=metrics user=u {parameters}");
        assert_eq!(said(&pairs), format!("{wrong} {expected}"));
    }
    // What stands behind a password may be a part of it, and is not repeated.
    let unnamed = said("host=db.example password=a hunter2=b");
    assert!(unnamed.starts_with(&format!("{wrong} known parameters only, and one is not: in a password")), "{unnamed}");
}

#[test]
fn the_role_is_that_of_the_url_then_of_the_environment_then_of_the_system() {
    let directory = std::env::temp_dir().join(format!("datebin-users-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory");
    let role = |settings: &[(&str, &str)]| {
        let shown = ran(&directory, settings, &["config"]);
        let said = String::from_utf8_lossy(&shown.stdout).into_owned();
        let place = said.lines().find_map(|line| line.strip_prefix("DATABASE_URL=postgres://")).expect("the place");
        place.split('@').next().expect("a role").to_owned()
    };
    let (none, own) = (("DATABASE_URL", "postgres://localhost/metrics"), ("DATABASE_URL", "host=localhost user=own"));
    let system = std::process::Command::new("id").arg("-un").output().expect("id").stdout;
    let system = String::from_utf8(system).expect("a name").trim().to_owned();
    assert_eq!(role(&[own, ("PGUSER", "pg")]), "own");
    assert_eq!(role(&[none, ("PGUSER", "pg"), ("USER", "other")]), "pg");
    assert_eq!(role(&[none, ("USER", "other")]), system);
    fs::write(directory.join(".env"), "PGUSER=written\n").expect("a file");
    assert_eq!(role(&[none]), "written");
    fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn who_cannot_reach_the_database_is_told_where_it_is_and_what_to_do() {
    let directory = std::env::temp_dir();
    let url = format!("postgres://reader:hunter2@127.0.0.1:{}/metrics", free_port());
    for command in [&["query", "cpu"][..], &["discover"], &["check"], &["migrate"]] {
        let output = ran(&directory, &[("DATABASE_URL", &url)], command);
        let said = String::from_utf8_lossy(&output.stderr);
        let place = url.rsplit_once('@').expect("a place").1;
        assert!(!output.status.success() && !said.contains("hunter2"), "{command:?}: {said}");
        assert!(said.contains(&format!("the database is {place} (role reader)")), "{command:?}: {said}");
        assert!(said.contains("does PostgreSQL run there"), "{command:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_the_file_does_not_name_is_told() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let url = cluster.url();
    let file = cluster.directory.join("other.toml");
    let written = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["discover"]);
    fs::write(&file, &written.stdout).expect("a file");
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM cpu; CREATE INDEX ON fresh (ts)").await;
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_CONFIG", file.to_str().expect("a path"))];
    let told = "public.fresh is not in the file, and discovery is off";
    for command in [&["discover"][..], &["check"]] {
        let output = ran(&cluster.directory, &settings, command);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.matches(told).count() == 1, "{command:?}: {said}");
        assert!(!said.contains("public.cpu is not in the file"), "{command:?}: {said}");
    }
    let program = Program::serve(&cluster, &settings[1..]).await;
    let logged = async || program.log().iter().any(|line| line.to_string().contains(told)).then_some(());
    eventually(LONG, "the log tells of the table", logged).await;

    fs::write(&file, "[[source]]\nrelatoin = 'cpu'").expect("a file");
    let output = ran(&cluster.directory, &settings, &["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("other.toml, line 2: unknown field `relatoin`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_of_the_file_wins_over_that_of_the_environment() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_TIME_ZONE", "America/New_York")];
    for (file, expected) in [("", "America/New_York"), ("time_zone = \"Europe/Prague\"\n", "Europe/Prague")] {
        fs::write(cluster.directory.join("datebin.toml"), file).expect("the file");
        let found = ran(&cluster.directory, &settings, &["discover"]);
        let said = String::from_utf8_lossy(&found.stdout);
        assert!(said.contains(&format!("time_zone = {expected:?}\n")), "{said}");
    }
}
