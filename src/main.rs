//! The `datebin` program.

use std::process::ExitCode;
use std::time::Duration;

/// How long the end waits for what cannot be cancelled, e.g. a name server that does not answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// Memory goes back to the system after a large answer; the system's own allocator keeps it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::io::Result<ExitCode> {
    // Rows of large answers come in pieces of half a millisecond: sockets are looked at between few of them, not sixty.
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads.enable_all().event_interval(8).thread_stack_size(datebin::server::STACK).build()?;
    let code = runtime.block_on(datebin::cli::main());
    runtime.shutdown_timeout(PATIENCE);
    Ok(code)
}
