//! A PostgreSQL of the test's own, which may be stopped, silenced and started again.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};

pub const PASSWORD: &str = "hunter2-of-the-tests";

static CLUSTERS: AtomicU32 = AtomicU32::new(0);

/// A running cluster; it ends, and its directory with it, when it is dropped.
pub struct Cluster {
    programs: PathBuf,
    /// `scripts/clean-pg` knows this form and removes what a killed test left.
    pub directory: PathBuf,
    /// PostgreSQL refuses to run as root: then as this user and group.
    pub user: Option<(u32, u32)>,
    pub port: u16,
}

impl Cluster {
    /// Makes a cluster and starts it.
    pub fn start() -> Self {
        let cluster = Self::stopped();
        cluster.up();
        cluster
    }

    /// Makes a cluster that is not running; its port is free.
    pub fn stopped() -> Self {
        let number = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        // `scripts/with-postgres` names another one where files may be in memory.
        let base = std::env::var_os("DATEBIN_TEST_DIRECTORY").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
        let directory = base.join(format!("datebin-pg.process-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory).expect("a temporary directory");
        fs::write(directory.join("owner"), std::process::id().to_string()).expect("the owner's file");
        let user = server_user(&directory);
        if let Some((uid, gid)) = user {
            chown(&directory, Some(uid), Some(gid)).expect("the server's own directory");
        }
        let cluster = Self { programs: programs(), directory, user, port: free_port() };
        cluster.init();
        cluster
    }

    /// Adds settings to a cluster that is not running, and says whom it lets in.
    pub fn configure(&self, settings: &str, rules: &str) {
        let file = self.data().join("postgresql.conf");
        let written = fs::read_to_string(&file).expect("postgresql.conf");
        fs::write(&file, written + settings).expect("postgresql.conf");
        fs::write(self.data().join("pg_hba.conf"), rules).expect("pg_hba.conf");
    }

    /// Makes a hot standby of it, and starts both. Its files are those of the primary, which stands still meanwhile.
    pub fn standby(&self) -> Self {
        let standby = Self::stopped();
        let done = self.run("pg_ctl", &["stop", "-w", "-m", "fast"], &[]);
        assert!(done.status.success(), "PostgreSQL did not stop: {}", self.log());
        fs::remove_dir_all(standby.data()).expect("the data go");
        copied(&self.data(), &standby.data());
        fs::write(standby.data().join("standby.signal"), "").expect("a file");
        let primary =
            format!("\nprimary_conninfo = 'host=127.0.0.1 port={} user=datebin password={PASSWORD}'\n", self.port);
        let file = standby.data().join("postgresql.conf");
        let written = fs::read_to_string(&file).expect("postgresql.conf");
        fs::write(&file, written + &primary).expect("postgresql.conf");
        self.up();
        standby.up();
        standby
    }

    /// Makes the data directory: the first test of a PostgreSQL has `initdb` do it, the others copy what that made.
    fn init(&self) {
        let version = Command::new(self.programs.join("initdb")).arg("--version").output().expect("initdb");
        let version = String::from_utf8_lossy(&version.stdout).replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (lock, made) = (kept.join("cluster.lock"), kept.join(format!("cluster-{version}")));
        let lock = fs::File::create(lock).expect("a file");
        lock.lock().expect("a lock");
        if !made.exists() {
            self.run_initdb();
            let copy = kept.join("cluster-unfinished");
            let _gone = fs::remove_dir_all(&copy);
            copied(&self.data(), &copy);
            fs::rename(copy, made).expect("the copy");
        } else {
            copied(&made, &self.data());
        }
        drop(lock);
        let settings = "
            listen_addresses = '127.0.0.1'
            unix_socket_directories = ''
            shared_buffers = 16MB
            fsync = off
            autovacuum = off
            lc_messages = 'C'
            log_line_prefix = '%m [%p] '\n";
        let file = self.data().join("postgresql.conf");
        let written = fs::read_to_string(&file).expect("postgresql.conf");
        fs::write(&file, written + settings).expect("postgresql.conf");
    }

    /// Passwords are sent as they are: hashed they cost half a second for each connection of an unoptimised build.
    fn run_initdb(&self) {
        let password = self.directory.join("password");
        fs::write(&password, PASSWORD).expect("the password's file");
        let file = password.display().to_string();
        let done = self.run(
            "initdb",
            &["-U", "datebin", "-E", "UTF8", "--locale=C", "--no-sync", "-A", "password", "--wal-segsize=1"],
            &["--pwfile", &file],
        );
        assert!(done.status.success(), "initdb: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Starts the server and waits until it answers.
    pub fn up(&self) {
        let (log, port) = (self.directory.join("log").display().to_string(), format!("-p {}", self.port));
        let done = self.run("pg_ctl", &["start", "-w", "-t", "60"], &["-l", &log, "-o", &port]);
        assert!(done.status.success(), "PostgreSQL did not start: {}", self.log());
    }

    /// Stops the server without a farewell to its clients.
    pub fn down(&self) {
        let done = self.run("pg_ctl", &["stop", "-w", "-m", "immediate"], &[]);
        assert!(done.status.success(), "PostgreSQL did not stop: {}", self.log());
    }

    /// Every process of the server stands still: sockets stay open, nothing answers.
    pub fn silence(&self) {
        self.signal("-STOP");
    }

    /// The processes go on.
    pub fn wake(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let Some(postmaster) = self.postmaster() else { return };
        let mut pids = vec![postmaster.clone()];
        pids.extend(children(&postmaster));
        let done = Command::new("kill").arg(signal).args(&pids).stderr(Stdio::null()).status();
        done.expect("kill");
    }

    fn postmaster(&self) -> Option<String> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    pub fn url(&self) -> String {
        self.url_with(PASSWORD)
    }

    pub fn url_with(&self, password: &str) -> String {
        format!("postgres://datebin:{password}@127.0.0.1:{}/postgres", self.port)
    }

    /// A connection of the test itself, as superuser.
    pub async fn connect(&self) -> PgConnection {
        PgConnection::connect(&self.url()).await.expect("a connection of the test")
    }

    /// Runs statements as superuser.
    pub async fn sql(&self, text: &'static str) {
        sqlx::raw_sql(text).execute(&mut self.connect().await).await.expect("the fixture");
    }

    fn run(&self, program: &str, arguments: &[&str], more: &[&str]) -> Output {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.data()).args(arguments).args(more).current_dir(&self.directory);
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        // Not a pipe: the server inherits it and would keep it open.
        let said = self.directory.join("said");
        let file = fs::File::create(&said).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        let status = command.status().expect("PostgreSQL's program");
        Output { status, stdout: Vec::new(), stderr: fs::read(said).unwrap_or_default() }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.wake();
        if self.postmaster().is_some() {
            self.run("pg_ctl", &["stop", "-w", "-m", "immediate"], &[]);
        }
        let _gone = fs::remove_dir_all(&self.directory);
    }
}

/// Copies a directory with its owners and modes.
fn copied(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-Rp").args([from, to]).status().expect("cp");
    assert!(done.success(), "{} cannot be copied", from.display());
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port()
}

fn children(parent: &str) -> Vec<String> {
    let listed = Command::new("ps").args(["-A", "-o", "ppid=,pid="]).output().expect("ps");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let pairs = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
    pairs.filter(|(of, _)| *of == parent).map(|(_, pid)| pid.trim().to_owned()).collect()
}

/// The user and group to run PostgreSQL as, where we are root.
fn server_user(directory: &Path) -> Option<(u32, u32)> {
    if fs::metadata(directory).expect("our own directory").uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("the list of users");
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).take(2).filter_map(|id| id.parse().ok());
        Some((ids.next()?, ids.next()?))
    };
    Some(ids("postgres").or_else(|| ids("nobody")).expect("a user `postgres` or `nobody`: root may not run PostgreSQL"))
}

/// Where the server's programs are.
fn programs() -> PathBuf {
    let complete = |path: &PathBuf| path.join("initdb").is_file() && path.join("pg_ctl").is_file();
    if let Some(named) = std::env::var_os("DATEBIN_TEST_PGBIN").map(PathBuf::from) {
        assert!(complete(&named), "DATEBIN_TEST_PGBIN={} holds no initdb and pg_ctl", named.display());
        return named;
    }
    let config = Command::new("pg_config").arg("--bindir").output().ok();
    let config = config.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = config.into_iter().chain(std::env::split_paths(&path)).chain(packaged());
    candidates.into_iter().find(complete).expect(
        "these tests stop and start PostgreSQL and need its server programs (initdb, pg_ctl): install the server \
         package, run scripts/with-postgres, or name their directory in DATEBIN_TEST_PGBIN",
    )
}

/// Debian's directories, the newest version first.
fn packaged() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> =
        versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path()))).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.into_iter().map(|(_, path)| path.join("bin")).collect()
}
