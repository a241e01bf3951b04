//! README.md and the book: every block of code is run on the demo's data, or is the answer of the block above it.
//!
//! | kind | how |
//! |---|---|
//! | `sh` | requests are asked, and the next block is the answer; `datebin` is run; `make` needs the target |
//! | `sh writing` | a request that adds an annotation with a token; it is taken back |
//! | `json`, `csv`, `text` | the answer of the request above it |
//! | `text about`, `toml about` | what the command above it prints, but for the figures |
//! | `promql`, `target` | asked; something must come back |
//! | `sql` | run, and taken back; `sql more` after the one above it |
//! | `toml` | a whole `datebin.toml` without anything wrong |
//! | `sql first`, `promql first` | `tests/process/first.rs` follows them one after the other |
//! | `sql shard`, `sql front`, `sql front each` | `tests/integration/shards.rs` runs them on four shards and on the server in front |
//! | `yaml` | `tests/clients/provisioning.test.mjs` reads it |
//!
//! Tables whose first column is called `target` or `query` are asked, too.
//!
//! `DATEBIN_UPDATE_PAGES=1` writes the answers anew; read the difference before you keep it.

mod requests;
mod shell;
mod tables;

use std::path::{Path, PathBuf};

use datebin::access::{Access, Secret};
use datebin::catalog::file::CatalogFile;
use datebin::config::HttpConfig;
use datebin::db::{DatabaseConfig, demo, load};
use datebin::time::Clock;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, Setup, url};

/// 2025-01-15 12:00 UTC: the demo's data end then.
const NOW: i64 = 1_736_942_400_000;

/// Whose `sql` and `toml` `language_page` runs, as its examples ask of the tables that they make.
const OWN_TABLES: &str = "docs/language.md";

/// A fenced block: what stands behind its fence, and its text.
struct Block<'a> {
    kind: &'a str,
    text: &'a str,
}

#[sqlx::test(migrator = "datebin::db::MIGRATOR")]
async fn every_block_of_every_page_works(pool: PgPool) {
    let config = DatabaseConfig::new(&url(&pool)).expect("a URL");
    demo::load_since(&config, NOW - 3 * 3_600_000, NOW, &mut |_, _| {}).await.expect("the demo");
    let server = Server::with(&pool, Setup { clock: Clock::Fixed(NOW), ..Setup::default() }).await;
    let mut wrong = Vec::new();
    let mut files = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).expect("a page");
        let name = path.strip_prefix(root()).expect("a path").display().to_string();
        let (shown, mut mistakes) = checked(&server, &pool, &name, &text, &mut files).await;
        mistakes.extend(tables::checked(&server, &text).await);
        wrong.extend(mistakes.into_iter().map(|mistake| format!("{name}: {mistake}")));
        if std::env::var_os("DATEBIN_UPDATE_PAGES").is_some() {
            std::fs::write(&path, &shown).expect("the page is written");
        } else if shown != text {
            let lines = text.lines().zip(shown.lines()).find(|(said, is)| said != is);
            wrong.push(format!("{name}: DATEBIN_UPDATE_PAGES=1 writes the answers anew: {lines:#?}"));
        }
    }
    // Their tables come last: what discovery finds is shown above.
    sqlx::raw_sql(include_str!("pages/tables.sql")).execute(&pool).await.expect("the tables of the files");
    for (name, text) in files {
        let file = CatalogFile::parse(&text).map_err(|error| error.to_string());
        let loaded = match file {
            Ok(file) => load(&config, &file, None).await.map_err(|error| error.to_string()),
            Err(error) => Err(error),
        };
        wrong.extend(loaded.err().map(|error| format!("{name}: {error}\n{text}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    walk(&root().join("docs"), &mut pages);
    pages.sort();
    pages
}

fn walk(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

/// The page with the answers that the server gives, and what is wrong with its blocks. Files are for later.
async fn checked(
    server: &Server,
    pool: &PgPool,
    name: &str,
    page: &str,
    files: &mut Vec<(String, String)>,
) -> (String, Vec<String>) {
    // Texts and blocks alternate: text, block, text, block, …
    let parts: Vec<&str> = page.split("\n```").collect();
    let mut shown: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let (mut wrong, mut answer, mut above) = (Vec::new(), None::<String>, String::new());
    let mut printed = None::<String>;
    let unanswered = || "a request without an answer below it".to_owned();
    for at in (1..parts.len()).step_by(2) {
        let (kind, text) = parts[at].split_once('\n').unwrap_or((parts[at], ""));
        let both = format!("{above}{text}\n");
        let block = Block { kind, text: if kind == "sql more" { &both } else { text } };
        let outcome = match kind {
            "json" | "csv" | "text" => match answer.take() {
                Some(answer) => {
                    shown[at] = format!("{kind}\n{}", requests::written(kind, &answer));
                    Ok(())
                }
                None => Err("an answer without a request above it".to_owned()),
            },
            "text about" | "toml about" => shell::shown(text, printed.as_deref()).map(|printed| {
                shown[at] = format!("{kind}\n{printed}");
            }),
            "sql" | "toml" if name == OWN_TABLES => Ok(()),
            "toml" => {
                files.push((name.to_owned(), text.to_owned()));
                Ok(())
            }
            _ if answer.take().is_some() => Err(unanswered()),
            "sh" if !text.starts_with("curl ") => shell::run(pool, text).await.map(|out| printed = Some(out)),
            _ => run(server, pool, &block, &mut answer).await,
        };
        if kind == "sql" {
            above = format!("{text}\n");
        }
        wrong.extend(outcome.err().map(|error| format!("{error}\n```{kind}\n{text}\n```")));
    }
    wrong.extend(answer.map(|_| unanswered()));
    (shown.join("\n```"), wrong)
}

/// Runs a block; a request leaves its answer for the next block.
async fn run(server: &Server, pool: &PgPool, block: &Block<'_>, answer: &mut Option<String>) -> Result<(), String> {
    match block.kind {
        "sh" if block.text.starts_with("curl ") => {
            *answer = Some(requests::asked(server, block.text, NOW).await?);
            Ok(())
        }
        "sh writing" => {
            *answer = Some(written(pool, block.text).await?);
            Ok(())
        }
        "promql" => requests::drawn_by_prometheus(server, block.text, NOW).await,
        "target" => drawn(server, block.text).await,
        "sql" | "sql more" | "sql grafana" => undone(pool, block).await,
        "yaml" | "sql first" | "promql first" | "sql shard" | "sql front" | "sql front each" => Ok(()),
        "toml tokens" => datebin::access::tokens(block.text, true).map(drop).map_err(|error| error.to_string()),
        kind => Err(format!("nobody knows how to check a block of the kind {kind:?}")),
    }
}

/// The answer to a request that adds an annotation, which goes again: pages show those of the demo.
async fn written(pool: &PgPool, command: &str) -> Result<String, String> {
    let digits = Secret::of(requests::SECRET.as_bytes()).digits();
    let file = std::env::temp_dir().join(format!("datebin-page-tokens-{}.toml", std::process::id()));
    let lines = format!("[[token]]\nname = \"page\"\nsha256 = \"{digits}\"\nwrite = true\n");
    std::fs::write(&file, lines).expect("the file of tokens");
    let (access, usual) = (Access::of(file.clone()).await?, Setup::default());
    let http = HttpConfig { access, ..usual.http.clone() };
    let server = Server::with(pool, Setup { http, clock: Clock::Fixed(NOW), ..usual }).await;
    let answer = requests::asked(&server, command, NOW).await;
    std::fs::remove_file(&file).expect("the file goes");
    let last = "DELETE FROM datebin.annotations WHERE id = (SELECT max(id) FROM datebin.annotations)";
    let gone = sqlx::query(last).execute(pool).await.expect("the annotation goes");
    assert_eq!(gone.rows_affected(), 1);
    answer
}

/// A target of the JSON dialects: something comes back.
async fn drawn(server: &Server, target: &str) -> Result<(), String> {
    let body = json!({"range": {"from": "now-1h", "to": "now"}, "targets": [{"target": target}]});
    let answer = server.post("/query", body).await;
    let is_drawn = answer.status == 200 && !answer.drawn().is_empty();
    if is_drawn { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.body)) }
}

/// Statements, in a transaction that is rolled back. Roles are the whole server's, so they get a name of their own; the
/// macros of Grafana's own source become what they stand for.
async fn undone(pool: &PgPool, block: &Block<'_>) -> Result<(), String> {
    let text =
        block.text.replace("ROLE datebin ", "ROLE datebin_of_a_page ").replace("TO datebin;", "TO datebin_of_a_page;");
    let text = text.replace("TO datebin,", "TO datebin_of_a_page,");
    let text = text.replace("$__timeGroupAlias(time, $__interval)", "date_bin('5 min', time, 'epoch') AS \"time\"");
    let text = text.replace("$__timeFilter(time)", "time > '2025-01-15Z'").replace("$role", "'web', 'db'");
    let mut transaction = pool.begin().await.expect("a transaction");
    let text: &'static str = text.leak();
    let run = sqlx::raw_sql(text).execute(&mut *transaction).await;
    transaction.rollback().await.expect("taken back");
    run.map(drop).map_err(|error| error.to_string())
}
