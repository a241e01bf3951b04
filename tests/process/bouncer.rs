//! A real PgBouncer before a cluster; `scripts/with-pgbouncer` fetches it.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::cluster::{Cluster, PASSWORD, free_port};
use crate::program::{LONG, eventually};

/// A running PgBouncer; it ends when it is dropped.
pub struct Bouncer {
    child: Child,
    pub port: u16,
}

impl Bouncer {
    /// Starts one and waits until it listens; none, with a loud line, where the environment names no program.
    pub async fn before(cluster: &Cluster, name: &str, settings: &str) -> Option<Self> {
        let Ok(program) = std::env::var("DATEBIN_TEST_PGBOUNCER") else {
            eprintln!("SKIPPED: NO PGBOUNCER, {name} did not run: use scripts/with-pgbouncer");
            return None;
        };
        let (folder, port) = (cluster.directory.join("pgbouncer"), free_port());
        // The user that runs it may not look into our own directories.
        let from = Path::new(&program).parent().expect("the program's directory");
        let copied = Command::new("cp").arg("-R").args([from, &folder]).status().expect("cp");
        assert!(copied.success(), "PgBouncer cannot be copied");
        let users: String = ["datebin", "reader"].map(|user| format!("\"{user}\" \"{PASSWORD}\"\n")).concat();
        let (file, list) = (folder.join("pgbouncer.ini"), folder.join("users.txt"));
        fs::write(&list, users).expect("the users' file");
        let config = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\nmax_client_conn = 1000\n{settings}\n",
            cluster.port,
            list.display()
        );
        fs::write(&file, config).expect("PgBouncer's file");
        let mut command = Command::new(folder.join("pgbouncer"));
        command.arg("-q").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((uid, gid)) = cluster.user {
            for path in [&folder, &file, &list] {
                chown(path, Some(uid), Some(gid)).expect("the server's own files");
            }
            command.uid(uid).gid(gid);
        }
        let bouncer = Self { child: command.spawn().expect("PgBouncer starts"), port };
        let listens = async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok().map(drop);
        eventually(LONG, "PgBouncer listens", listens).await;
        Some(bouncer)
    }

    /// The cluster's database through it.
    pub fn url(&self) -> String {
        format!("postgres://datebin:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _dead = self.child.kill();
        let _waited = self.child.wait();
    }
}
