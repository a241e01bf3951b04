//! The built program as a process of its own, as people run it.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server; it ends with this.
pub(super) struct Server {
    child: Child,
    pub(super) address: &'static str,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _waited = self.child.wait();
    }
}

impl Server {
    /// Serves a database with a catalog file and settings, and waits until the catalog is read. `BENCH_PROGRAM` names another datebin
    /// than the one just built.
    pub(super) fn start(address: &'static str, url: &str, file: &str, settings: &[(&str, &str)]) -> Self {
        let kept = std::env::temp_dir().join(format!("datebin-bench-{}-{}.toml", std::process::id(), address.len()));
        std::fs::write(&kept, file).expect("a file");
        let program = std::env::var("BENCH_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_datebin").to_owned());
        let mut command = Command::new(program);
        command.env("DATABASE_URL", url).env("DATEBIN_LISTEN", address).env("DATEBIN_CONFIG", &kept);
        command.envs(settings.iter().copied()).stderr(Stdio::null());
        let server = Self::begin(command, address, "/readyz");
        let _gone = std::fs::remove_file(kept);
        server
    }

    /// Starts a program that listens on an address, and waits until a path of it answers 200.
    pub(super) fn begin(mut command: Command, address: &'static str, path: &str) -> Self {
        let server = Self { child: command.spawn().expect("the program"), address };
        let begun = Instant::now();
        while !server.is_ready(path) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{address} is not ready");
            std::thread::sleep(Duration::from_millis(2));
        }
        server
    }

    fn is_ready(&self, path: &str) -> bool {
        use std::io::{Read as _, Write as _};
        let Ok(mut stream) = std::net::TcpStream::connect(self.address) else { return false };
        // In one piece: the rest of a piece waits for the acknowledgement of what went before.
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let asked = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
    }

    /// Its resident memory, in bytes.
    pub(super) fn resident(&self) -> u64 {
        let listed = Command::new("ps").args(["-o", "rss=", "-p", &self.child.id().to_string()]).output().expect("ps");
        let kibibytes: u64 = String::from_utf8_lossy(&listed.stdout).trim().parse().expect("a running process");
        kibibytes * 1024
    }
}
