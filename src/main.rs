//! The `datebin` program.

use std::process::ExitCode;
use std::time::Duration;

/// How long the end waits for what cannot be cancelled, e.g. a name server that does not answer.
const PATIENCE: Duration = Duration::from_millis(200);

fn main() -> std::io::Result<ExitCode> {
    let runtime = tokio::runtime::Runtime::new()?;
    let code = runtime.block_on(datebin::cli::main());
    runtime.shutdown_timeout(PATIENCE);
    Ok(code)
}
