//! The `datebin` program.

use std::process::ExitCode;
use std::time::Duration;

/// How long the end waits for what cannot be cancelled, e.g. a name server that does not answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// Memory goes back to the system after a large answer; the system's own allocator keeps it.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long the allocator keeps what was freed, in milliseconds. Its own ten seconds double the memory of a server that
/// writes one large answer after the other; half a second costs no time that could be measured.
#[cfg(feature = "jemalloc")]
const KEPT_FREED: isize = 500;

/// Sets that for the first arena, which is there, and for those to come. Where it cannot be set, memory goes back later.
#[cfg(feature = "jemalloc")]
fn let_go_soon() {
    use tikv_jemalloc_ctl::{Access as _, AsName as _};
    for (name, milliseconds) in [
        (&b"arenas.dirty_decay_ms\0"[..], KEPT_FREED),
        (&b"arenas.muzzy_decay_ms\0"[..], 0),
        (&b"arena.0.dirty_decay_ms\0"[..], KEPT_FREED),
        (&b"arena.0.muzzy_decay_ms\0"[..], 0),
    ] {
        let _kept_longer = name.name().write(milliseconds);
    }
}

fn main() -> std::io::Result<ExitCode> {
    #[cfg(feature = "jemalloc")]
    let_go_soon();
    // Rows of large answers come in pieces of half a millisecond: sockets are looked at between few of them, not sixty.
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    let runtime = threads.enable_all().event_interval(8).thread_stack_size(datebin::server::STACK).build()?;
    let code = runtime.block_on(datebin::cli::main());
    runtime.shutdown_timeout(PATIENCE);
    Ok(code)
}
