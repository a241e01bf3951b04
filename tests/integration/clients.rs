//! Clients that speak as Grafana's data sources do, with the code that Grafana publishes, in Node, against this server:
//! `tests/clients`.
//!
//! Without Node 18 and npm, or without their packages, these tests pass unseen; with `DATEBIN_REQUIRE_NODE` set, as
//! `make ci` does, that is a failure.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use datebin::db::{DatabaseConfig, demo};
use datebin::time::Clock;
use sqlx::PgPool;

use crate::support::{Server, Setup, url};

const OLDEST_NODE: u32 = 18;

/// 2025-01-01 00:10 UTC: ten minutes into the fixture.
const NOW: i64 = 1_735_690_200_000;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Why the clients cannot be run here.
fn missing() -> Option<String> {
    let version = Command::new("node")
        .arg("--version")
        .output()
        .ok()
        .map(|ran| String::from_utf8_lossy(&ran.stdout).into_owned());
    let major = version.as_deref().and_then(|text| text.trim_start_matches('v').split('.').next()?.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST_NODE) {
        return Some(format!("Node {OLDEST_NODE} or newer is not on the path"));
    }
    // Tests run in parallel, also in processes of their own; npm does not.
    let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm.lock")).expect("a file");
    lock.lock().expect("a lock");
    let written = |name: &str| std::fs::metadata(directory().join(name)).and_then(|file| file.modified()).ok();
    if written("node_modules/.package-lock.json") >= written("package-lock.json") {
        return None;
    }
    let installed =
        Command::new("npm").args(["ci", "--ignore-scripts", "--prefer-offline"]).current_dir(directory()).output();
    match installed {
        Ok(ran) if ran.status.success() => None,
        Ok(ran) => Some(format!("npm cannot install the clients: {}", String::from_utf8_lossy(&ran.stderr))),
        Err(error) => Some(format!("npm cannot be run: {error}")),
    }
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn the_published_clients_understand_every_answer(pool: PgPool) {
    if !runs() {
        return;
    }
    sqlx::raw_sql(include_str!("../clients/fixture.sql")).execute(&pool).await.expect("the fixture");
    let file = Some(directory().join("datebin.toml"));
    let server = Server::with(&pool, Setup { clock: Clock::Fixed(NOW), file, ..Setup::default() }).await;
    node(&server, &["simplejson.test.mjs", "json.test.mjs", "infinity.test.mjs"]).await;
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn every_query_that_is_provisioned_has_data(pool: PgPool) {
    if !runs() {
        return;
    }
    let config = DatabaseConfig::new(&url(&pool)).expect("a URL");
    demo::load(&config, Clock::System.now(), &mut |_, _| {}).await.expect("the demo");
    let server = Server::start(&pool).await;
    node(&server, &["provisioning.test.mjs"]).await;
}

/// Whether the clients can be run here; they must be where `DATEBIN_REQUIRE_NODE` says so.
#[expect(clippy::print_stderr, reason = "whoever runs the tests should know what was not tested")]
fn runs() -> bool {
    let Some(reason) = missing() else { return true };
    assert!(std::env::var_os("DATEBIN_REQUIRE_NODE").is_none(), "{reason}");
    eprintln!("the clients were not tested: {reason}");
    false
}

async fn node(server: &Server, suites: &[&str]) {
    let mut node = tokio::process::Command::new("node");
    node.arg("--test").args(suites).current_dir(directory()).env("DATEBIN_URL", &server.base).kill_on_drop(true);
    let ran = node.output().await.expect("node");
    let (told, complained) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{told}\n{complained}");
}
