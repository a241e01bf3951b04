//! The `datebin` program.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    datebin::cli::main().await
}
