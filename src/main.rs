//! The `datebin` program.

use std::process::ExitCode;

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

/// Lets a thread share its arena. The allocator has four for each core, and each keeps what was freed in it: eight answers
/// of 2.8 MB at once took a third more memory over eight arenas than over one.
#[cfg(feature = "jemalloc")]
fn share_an_arena() {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tikv_jemalloc_ctl::{Access as _, AsName as _};
    static THREADS: AtomicU32 = AtomicU32::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let arenas = u32::try_from(cores / 2).unwrap_or(u32::MAX).max(1);
    let _own_arena = b"thread.arena\0"[..].name().write(THREADS.fetch_add(1, Ordering::Relaxed) % arenas);
}

fn main() -> std::io::Result<ExitCode> {
    #[cfg(feature = "jemalloc")]
    let_go_soon();
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    #[cfg(feature = "jemalloc")]
    threads.on_thread_start(share_an_arena);
    datebin::cli::main(&mut threads)
}
