//! Commands of the pages that are no requests.

use std::path::PathBuf;
use std::process::Stdio;

use sqlx::PgPool;

use crate::support::url;

/// Commands that would change the machine, or never end. The shell reads them, and that is all.
const ONLY_READ: [&str; 9] =
    ["cargo", "export", "docker", "git", "cd", "target/release/datebin", "sudo", "sudoedit", "kubectl"];
/// Commands of datebin that serve for ever, or write. Their names and options are tried with `--help`.
const ONLY_HELP: [&str; 4] = ["serve", "demo", "migrate", "annotate"];

/// Runs a block, in a directory of its own, on the test's database: what it prints.
pub(super) async fn run(pool: &PgPool, text: &str) -> Result<String, String> {
    let lines: Result<Vec<String>, String> = text.replace("\\\n", " ").lines().map(runnable).collect();
    let script: String = lines?.join("\n");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_datebin"));
    let path =
        format!("{}:{}", program.parent().expect("a directory").display(), std::env::var("PATH").unwrap_or_default());
    let folder = std::env::temp_dir().join(format!("datebin-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a directory");
    std::fs::write(folder.join("datebin.toml"), "").expect("a file");
    let mut shell = tokio::process::Command::new("sh");
    shell.args(["-euc", &script]).current_dir(&folder).env("PATH", path).env("DATABASE_URL", url(pool));
    let ran = shell.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("a shell");
    let said = String::from_utf8_lossy(&ran.stderr);
    let _gone = std::fs::remove_dir_all(&folder);
    if !ran.status.success() {
        return Err(format!("{}: {said}", ran.status));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

/// What the page shows of an output: what it shows already, where that differs in figures alone.
pub(super) fn shown<'a>(text: &'a str, printed: Option<&'a str>) -> Result<&'a str, String> {
    let printed = printed.ok_or("an output without a command above it")?;
    Ok(if without_figures(printed) == without_figures(text) { text } else { printed })
}

/// An output with `0` for every number: sizes, costs and estimates are of one machine and one hour.
fn without_figures(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars() {
        match c {
            '0'..='9' if out.ends_with('0') => {}
            '0'..='9' => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

/// The line as it can be run here.
fn runnable(line: &str) -> Result<String, String> {
    let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
    match words.as_slice() {
        [] => Ok(String::new()),
        ["make", targets @ ..] => {
            let makefile = include_str!("../../../Makefile");
            let known = |target: &&&str| makefile.contains(&format!("\n{target}: "));
            match targets.iter().find(|target| !known(target)) {
                Some(target) => Err(format!("make has no target {target}")),
                None => Ok(String::new()),
            }
        }
        ["datebin", command, ..] if ONLY_HELP.contains(command) => {
            Ok(format!("datebin {} --help >/dev/null", words[1..].join(" ")))
        }
        ["datebin", ..] => Ok(line.to_owned()),
        // Read, not run: `if` never comes to it.
        [first, ..] if ONLY_READ.contains(first) => Ok(format!("if false; then {line}\nfi")),
        [first, ..] => Err(format!("nobody knows whether {first} may be run here")),
    }
}
