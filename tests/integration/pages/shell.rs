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

/// Runs a block, in a directory of its own, on the test's database.
pub(super) async fn run(pool: &PgPool, text: &str) -> Result<(), String> {
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
    if ran.status.success() { Ok(()) } else { Err(format!("{}: {said}", ran.status)) }
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
