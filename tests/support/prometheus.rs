//! A real Prometheus for tests that compare with it, or let it read from here; `scripts/with-prometheus` fetches it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// A server without targets and data, on a port of its own; it ends with the value.
pub(crate) struct Prometheus {
    child: Child,
    folder: PathBuf,
    /// Where it answers, without a slash at the end.
    pub(crate) url: String,
}

impl Prometheus {
    /// Starts one and waits until it answers; none, with a loud line, where the environment names no program.
    pub(crate) fn start(name: &str) -> Option<Self> {
        Self::start_with(name, "global: {}\n", &[])
    }

    /// The same with a configuration and more arguments.
    pub(crate) fn start_with(name: &str, config: &str, arguments: &[&str]) -> Option<Self> {
        let Ok(program) = std::env::var("DATEBIN_TEST_PROMETHEUS") else {
            eprintln!("SKIPPED: NO PROMETHEUS TO COMPARE WITH, {name} did not run: use scripts/with-prometheus");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("datebin-prometheus-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for Prometheus");
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, config).expect("a file for Prometheus");
        let address = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        let mut child = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Prometheus starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log")).lines();
        let server = Self { child, folder, url: format!("http://{address}") };
        let ready = log.by_ref().map_while(Result::ok).any(|line| line.contains("Server is ready"));
        assert!(ready, "Prometheus ended before it was ready");
        // It would wait for a reader of its log.
        std::thread::spawn(move || log.for_each(drop));
        Some(server)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
