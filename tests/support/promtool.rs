//! promtool looks at a page of numbers.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// promtool finds nothing wrong with a page of numbers. Where there is none, a line says that nothing was tested.
#[expect(clippy::print_stderr, reason = "what is not tested is said")]
pub fn approved(page: &str) {
    let Some(program) = std::env::var_os("DATEBIN_TEST_PROMTOOL") else {
        eprintln!("NOT TESTED: promtool: scripts/with-prometheus fetches it");
        return;
    };
    let mut promtool = Command::new(program);
    promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut promtool = promtool.spawn().expect("promtool");
    promtool.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("it reads");
    let said = promtool.wait_with_output().expect("it ends");
    let words = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.status.success() && words.trim().is_empty(), "{words}");
}
