//! Whether a running program stays responsive and small: `/livez` and resident memory at every tenth of a second.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::program::Program;

/// What was measured while a [`Watch`] was held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vitals {
    /// How often `/livez` was asked.
    pub probes: usize,
    /// The longest answer of `/livez`.
    pub slowest: Duration,
    /// The middle one of all, which no moment of a busy machine makes long.
    pub typical: Duration,
    /// The largest resident memory, in bytes.
    pub peak: u64,
}

/// Probes a program from a thread of its own, so that a busy test delays no probe.
pub struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vitals>,
}

impl Watch {
    /// Begins to probe.
    pub fn begin(program: &Program) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, url, pid) = (Arc::clone(&stop), format!("{}/livez", program.base), program.pid());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let thread = std::thread::spawn(move || runtime.block_on(probe(&url, pid, &stopped)));
        Self { stop, thread }
    }

    /// Ends the probes; panics when one was not answered with 200.
    pub fn end(self) -> Vitals {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("every probe is answered")
    }
}

async fn probe(url: &str, pid: u32, stop: &AtomicBool) -> Vitals {
    let client = reqwest::Client::new();
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    let (mut vitals, mut times) = (Vitals::default(), Vec::new());
    while vitals.probes == 0 || !stop.load(Ordering::Relaxed) {
        ticks.tick().await;
        let begun = Instant::now();
        let answer = client.get(url).timeout(Duration::from_secs(60)).send().await.expect("/livez answers");
        assert_eq!(answer.status(), 200, "/livez");
        let _body = answer.bytes().await.expect("the body of /livez");
        times.push(begun.elapsed());
        vitals.peak = vitals.peak.max(resident(pid));
        vitals.probes += 1;
    }
    times.sort_unstable();
    vitals.slowest = times.last().copied().unwrap_or_default();
    vitals.typical = times[(times.len() - 1) / 2];
    vitals
}

/// The resident memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let listed = Command::new("ps").args(["-o", "rss=", "-p", &pid.to_string()]).output().expect("ps");
    let kibibytes: u64 = String::from_utf8_lossy(&listed.stdout).trim().parse().expect("a running process");
    kibibytes * 1024
}
