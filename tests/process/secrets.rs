//! No output of any command has the password, whatever goes wrong.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
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
        format!("postgres://datebin@127.0.0.1:{port}/metrics?password=a&hunter2-plain=b"),
        "postgres://datebin:a?hunter2-plain=b@127.0.0.1/metrics?sslmode=prefer".to_owned(),
        "postgres://datebin:a@b?x=1&hunter2-plain@127.0.0.1/metrics".to_owned(),
        "host=127.0.0.1 hunter2-plain".to_owned(),
        "host=127.0.0.1 sslpassword='hunter2-plain' service=hunter2-plain".to_owned(),
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
    let other = cluster.url().replace("datebin:", "other:").replace(crate::cluster::PASSWORD, "other");
    let replaced = |text: &str| {
        fs::write(file.with_extension("new"), text).expect("a file");
        fs::rename(file.with_extension("new"), &file).expect("its name");
    };
    // Whoever rotates a password changes the file first; sessions that are opened later take it from there.
    cluster.sql("CREATE ROLE other SUPERUSER LOGIN PASSWORD 'other'").await;
    replaced(&other);
    cluster.sql("ALTER ROLE datebin PASSWORD 'changed'").await;
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
    // A file that says nothing leaves the last URL that could be read in use, not the first. The log says so once.
    let said = || {
        let is_about = |line: &serde_json::Value| {
            let message = line["fields"]["message"].as_str()?.strip_prefix("the file with the database's URL ")?;
            Some((line["level"].as_str()?.to_owned(), message.split(';').next()?.to_owned()))
        };
        program.log().iter().filter_map(is_about).collect::<Vec<_>>()
    };
    let lines = [("WARN", "is empty"), ("WARN", "is missing"), ("INFO", "can be read again")];
    let lines = lines.map(|(level, message)| (level.to_owned(), message.to_owned()));
    for number in 1..=lines.len() {
        match number {
            1 => replaced("\n"),
            2 => fs::remove_file(&file).expect("no file"),
            _ => replaced(&other),
        }
        for _ in 0..2 {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'datebin'";
            sqlx::query(end).execute(&mut connection).await.expect("their end");
            let what = format!("sessions are opened, and of the file is said {:?}", lines[number - 1]);
            crate::program::eventually(crate::program::LONG, &what, async || {
                (program.ask("cpu").await.status == 200 && said() == lines[..number]).then_some(())
            })
            .await;
        }
    }
    let unlet = |line: &serde_json::Value| line.to_string().contains("28P01");
    assert!(!program.log()[..].iter().rev().take_while(|line| !line.to_string().contains("is empty")).any(unlet));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_tokens_that_everybody_may_read_is_warned_of_whenever_it_is_read() {
    let cluster = Cluster::start();
    let file = cluster.directory.join("tokens.toml");
    let token = |name: &str| {
        let digits = datebin::access::Secret::of(name.as_bytes()).digits();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\n")
    };
    let written = |name: &str, mode: u32| {
        let new = file.with_extension("new");
        fs::write(&new, token(name)).expect("a file");
        fs::set_permissions(&new, Permissions::from_mode(mode)).expect("its mode");
        fs::rename(&new, &file).expect("its name");
    };
    written("one", 0o640);
    let program = Program::serve(&cluster, &[("DATEBIN_TOKENS", "tokens.toml")]).await;
    let counted = |what: &str| program.log().iter().filter(|line| line.to_string().contains(what)).count();
    let warned = || counted("every user of this machine may read the file of tokens");
    for (number, (mode, warnings)) in [(0o644, 1), (0o644, 2), (0o640, 2)].into_iter().enumerate() {
        written(&format!("token-{number}"), mode);
        crate::program::eventually(crate::program::LONG, "the file is read again", async || {
            (counted("the tokens were read again") == number + 1).then_some(())
        })
        .await;
        assert_eq!(warned(), warnings, "{mode:o}");
    }
}
