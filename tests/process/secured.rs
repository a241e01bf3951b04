//! Connections to PostgreSQL with every `sslmode`, to servers with every kind of certificate.

use std::fs;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use datebin::catalog::file::CatalogFile;
use datebin::db::{self, DatabaseConfig, LibpqVariables};

use crate::certificates::{Authority, Pair, pinned, self_signed};
use crate::cluster::{Cluster, PASSWORD};
use crate::program::{LONG, Program, eventually, ran};

/// A host that is this machine and is not known to be.
const ELSEWHERE: &str = "0.0.0.0";

struct Server {
    cluster: Cluster,
    /// How much of its log was read.
    read: usize,
}

impl Server {
    /// A server that shows a certificate, and lets in whom the lines of pg_hba.conf let in.
    fn showing(shown: &Pair, clients: Option<&Authority>, rules: &str) -> Self {
        let cluster = Cluster::stopped();
        let (certificate, key) = shown.write(&cluster.directory, "server", cluster.user);
        let mut settings = format!(
            "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nlog_connections = on\n",
            certificate.display(),
            key.display()
        );
        if let Some(authority) = clients {
            let file = cluster.directory.join("clients.crt");
            fs::write(&file, authority.pem()).expect("a file");
            settings.push_str(&format!("ssl_ca_file = '{}'\n", file.display()));
        }
        cluster.configure(&settings, rules);
        cluster.up();
        Self { cluster, read: 0 }
    }

    fn bare() -> Self {
        let cluster = Cluster::stopped();
        cluster.configure("log_connections = on\n", ANYBODY);
        cluster.up();
        Self { cluster, read: 0 }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.cluster.directory.join(name);
        fs::write(&file, text).expect("a file");
        file.display().to_string()
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        format!("postgres://datebin:{PASSWORD}@{host}:{}/postgres?{parameters}", self.cluster.port)
    }

    /// What comes of a connection: how it is secured, as the server says it, or why there is none.
    async fn outcome(&mut self, host: &str, parameters: &str) -> String {
        self.outcome_with(&self.url(host, parameters), LibpqVariables::default()).await
    }

    async fn outcome_with(&mut self, url: &str, variables: LibpqVariables) -> String {
        let config = match DatabaseConfig::with_variables(url, variables) {
            Ok(config) => config,
            Err(error) => return error.to_string(),
        };
        if let Err(error) = db::load(&config, &CatalogFile::default(), None).await {
            return error.to_string();
        }
        let log = self.cluster.log();
        let authorized = log[self.read..].lines().rfind(|line| line.contains("connection authorized"));
        let outcome = authorized.map(|line| if line.contains("SSL enabled") { "TLS" } else { "plain" });
        self.read = log.len();
        outcome.unwrap_or("nothing in the log").to_owned()
    }

    async fn assert_outcomes(&mut self, host: &str, expected: &[(&str, &str)]) {
        for (parameters, expected) in expected {
            let outcome = self.outcome(host, parameters).await;
            assert!(outcome.contains(expected), "{parameters}: {outcome}\n  expected: {expected}");
            assert!(!outcome.contains(PASSWORD), "{outcome}");
        }
    }
}

const ANYBODY: &str = "host all all all password\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_asked_only_where_that_is_allowed() {
    let mut server = Server::bare();
    let roots = server.file("ca.crt", &Authority::new("ca").pem());
    let needed = "no TLS with localhost: the server offers none, and sslmode asks for it";
    server
        .assert_outcomes(
            "localhost",
            &[
                ("", "plain"),
                ("sslmode=disable", "plain"),
                ("sslmode=allow", "plain"),
                ("sslmode=prefer", "plain"),
                ("sslmode=require", needed),
                (&format!("sslmode=verify-ca&sslrootcert={roots}"), needed),
                (&format!("sslmode=verify-full&sslrootcert={roots}"), needed),
            ],
        )
        .await;
    let needed = "no TLS with 0.0.0.0: the server offers none, and without sslmode a host that is not local must have it: \
                  set ssl = on there, or sslmode=disable";
    server.assert_outcomes(ELSEWHERE, &[("", needed), ("sslmode=disable", "plain"), ("sslmode=prefer", "plain")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_the_right_authority_is_believed_and_no_other_one() {
    let authority = Authority::new("ca");
    let shown = authority.signed(&["localhost", ELSEWHERE], "server");
    let mut server = Server::showing(&shown, None, ANYBODY);
    let (right, wrong) =
        (server.file("ca.crt", &authority.pem()), server.file("other.crt", &Authority::new("other").pem()));
    let unknown = "its certificate is signed by nobody that is trusted here: sslrootcert=FILE names";
    for host in ["localhost", ELSEWHERE] {
        server
            .assert_outcomes(
                host,
                &[
                    ("sslmode=disable", "plain"),
                    ("sslmode=allow", "plain"),
                    ("sslmode=prefer", "TLS"),
                    ("sslmode=require", "TLS"),
                    (&format!("sslmode=require&sslrootcert={right}"), "TLS"),
                    (&format!("sslmode=require&sslrootcert={wrong}"), unknown),
                    (&format!("sslmode=verify-ca&sslrootcert={right}"), "TLS"),
                    (&format!("sslmode=verify-ca&sslrootcert={wrong}"), unknown),
                    (&format!("sslmode=verify-full&sslrootcert={right}"), "TLS"),
                    (&format!("sslmode=verify-full&sslrootcert={wrong}"), unknown),
                    (&format!("sslmode=verify-full&sslrootcert={right}/none"), "cannot be read"),
                    ("sslmode=verify-full&sslrootcert=/none", "/none does not exist"),
                    ("sslmode=verify-full", unknown),
                    ("sslrootcert=system", unknown),
                    ("sslmode=verify-ca", "sslmode=verify-ca needs sslrootcert"),
                ],
            )
            .await;
    }
    server.assert_outcomes("localhost", &[("", "TLS")]).await;
    server.assert_outcomes(ELSEWHERE, &[("", unknown), (&format!("sslrootcert={right}"), "TLS")]).await;
    // The name is the host's, wherever the address leads.
    let by_address = format!("hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={right}");
    server.assert_outcomes("localhost", &[(&by_address, "TLS")]).await;
    server.assert_outcomes("db.example", &[(&by_address, "not for db.example")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_another_host_is_not_the_hosts() {
    let authority = Authority::new("ca");
    let mut server = Server::showing(&authority.signed(&["db.internal"], "db.internal"), None, ANYBODY);
    let roots = server.file("ca.crt", &authority.pem());
    server
        .assert_outcomes(
            "localhost",
            &[
                (&format!("sslmode=require&sslrootcert={roots}"), "TLS"),
                (&format!("sslmode=verify-ca&sslrootcert={roots}"), "TLS"),
                (
                    &format!("sslmode=verify-full&sslrootcert={roots}"),
                    "no TLS with localhost: its certificate is for db.internal, not for localhost: connect by \
                     that name, or look at the authority alone with sslmode=verify-ca and sslrootcert=FILE",
                ),
            ],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_signed_is_believed_where_it_is_named_itself() {
    let shown = self_signed(&["localhost"]);
    let mut server = Server::showing(&shown, None, ANYBODY);
    let own = server.file("own.crt", &shown.certificate);
    let another = server.file("another.crt", &self_signed(&["localhost"]).certificate);
    server
        .assert_outcomes(
            "localhost",
            &[
                ("sslmode=require", "TLS"),
                (&format!("sslmode=verify-ca&sslrootcert={own}"), "TLS"),
                (&format!("sslmode=verify-full&sslrootcert={own}"), "TLS"),
                (&format!("sslmode=verify-full&sslrootcert={another}"), "its certificate"),
                ("sslmode=verify-full", "its certificate"),
            ],
        )
        .await;
    server
        .assert_outcomes("127.0.0.1", &[(&format!("sslmode=verify-full&sslrootcert={own}"), "not for 127.0.0.1")])
        .await;
}

/// The key of one server's certificate must not make certificates of another server.
#[tokio::test(flavor = "multi_thread")]
async fn a_servers_own_certificate_vouches_for_nothing_else() {
    let (elsewhere, forged) = pinned("db-a.example", "localhost");
    let (own, _) = pinned("localhost", "db-a.example");
    let both = format!("{}{}", elsewhere.certificate, own.certificate);
    for (shown, full, ca) in [(&own, "TLS", "TLS"), (&forged, "signed by nobody", "signed by nobody")] {
        let mut server = Server::showing(shown, None, ANYBODY);
        let roots = server.file("both.crt", &both);
        server
            .assert_outcomes(
                "localhost",
                &[
                    (&format!("sslmode=verify-full&sslrootcert={roots}"), full),
                    (&format!("sslmode=verify-ca&sslrootcert={roots}"), ca),
                ],
            )
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_without_a_name_is_the_name_of_its_certificate() {
    let authority = Authority::new("ca");
    let mut server = Server::showing(&authority.signed(&["localhost"], "server"), None, ANYBODY);
    let (roots, port) = (server.file("ca.crt", &authority.pem()), server.cluster.port);
    let secured = format!("sslmode=verify-full&sslrootcert={roots}");
    for url in [
        format!("postgres://datebin:{PASSWORD}@:{port}/postgres?hostaddr=127.0.0.1&{secured}"),
        format!("postgres://datebin:{PASSWORD}@/postgres?hostaddr=127.0.0.1,127.0.0.1&port={port}&{secured}"),
        format!(
            "hostaddr=127.0.0.1,127.0.0.1 port={port} dbname=postgres user=datebin password={PASSWORD} {}",
            secured.replace('&', " ")
        ),
    ] {
        let outcome = server.outcome_with(&url, LibpqVariables::default()).await;
        assert!(outcome.contains("not for 127.0.0.1"), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_to_begin_is_away() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let refusing = tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _gone = socket.read_u64().await;
            let _gone = socket.write_all(b"E\0\0\0\x08could not fork").await;
        }
    });
    let config = DatabaseConfig::with_variables(
        &format!("postgres://u@127.0.0.1:{port}/d?sslmode=require"),
        LibpqVariables::default(),
    );
    let loaded = db::load(&config.expect("a URL"), &CatalogFile::default(), None).await;
    let error = loaded.expect_err("no catalog").to_string();
    assert!(error.contains("the connection failed: the server refused to begin"), "{error}");
    refusing.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_shows_a_certificate_where_the_server_asks_for_one() {
    let (authority, clients) = (Authority::new("ca"), Authority::new("clients"));
    let shown = authority.signed(&["localhost"], "server");
    let mut server = Server::showing(&shown, Some(&clients), "hostssl all all all cert\n");
    let folder = server.cluster.directory.clone();
    let files = |pair: &Pair, name: &str| {
        let (certificate, key) = pair.write(&folder, name, None);
        format!("sslcert={}&sslkey={}", certificate.display(), key.display())
    };
    let (right, wrong) =
        (files(&clients.signed(&[], "datebin"), "right"), files(&authority.signed(&[], "datebin"), "wrong"));
    let mixed = format!("sslcert={0}/right.crt&sslkey={0}/wrong.key", folder.display());
    let missing = format!("sslcert={0}/right.crt&sslkey={0}/none.key", folder.display());
    server
        .assert_outcomes(
            "localhost",
            &[
                ("sslmode=require", "connection requires a valid client certificate"),
                (&format!("sslmode=require&{right}"), "TLS"),
                (&format!("sslmode=prefer&{right}"), "TLS"),
                (&format!("sslmode=require&{wrong}"), "the server refuses the client's certificate (UnknownCA)"),
                (&format!("sslmode=require&{mixed}"), "wrong.key is not the key of the client's certificate"),
                (&format!("sslmode=require&{missing}"), "none.key does not exist"),
                (&format!("sslmode=require&sslcert={}/right.crt", folder.display()), "expected sslkey with sslcert"),
            ],
        )
        .await;
    // As libpq finds them in its folder.
    let libpq = folder.join("home");
    fs::create_dir_all(&libpq).expect("a folder");
    clients.signed(&[], "datebin").write(&libpq, "postgresql", None);
    fs::write(libpq.join("root.crt"), authority.pem()).expect("a file");
    let variables = LibpqVariables {
        mode: Some("verify-full".to_owned()),
        folder: Some(libpq.clone()),
        ..LibpqVariables::default()
    };
    let url = server.url("localhost", "");
    assert_eq!(server.outcome_with(&url, variables.clone()).await, "TLS");
    fs::write(libpq.join("root.crt"), clients.pem()).expect("a file");
    assert!(server.outcome_with(&url, variables.clone()).await.contains("signed by nobody"));
    // A file of authorities makes `require` verify.
    let variables = LibpqVariables { mode: Some("require".to_owned()), ..variables };
    assert!(server.outcome_with(&url, variables).await.contains("signed by nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn allow_and_prefer_take_the_way_that_the_server_wants() {
    let shown = self_signed(&["localhost"]);
    let mut server = Server::showing(&shown, None, "hostssl all all all password\n");
    server
        .assert_outcomes(
            "localhost",
            &[("sslmode=disable", "no pg_hba.conf entry"), ("sslmode=allow", "TLS"), ("sslmode=prefer", "TLS")],
        )
        .await;
    let mut server = Server::showing(&shown, None, "hostnossl all all all password\n");
    server
        .assert_outcomes(
            "localhost",
            &[("sslmode=allow", "plain"), ("sslmode=prefer", "plain"), ("sslmode=require", "no pg_hba.conf entry")],
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_answered_over_tls_and_a_wrong_certificate_is_said() {
    let authority = Authority::new("ca");
    let server = Server::showing(&authority.signed(&["localhost"], "server"), None, ANYBODY);
    let roots = server.file("ca.crt", &authority.pem());
    let secured = server.url("localhost", &format!("sslmode=verify-full&sslrootcert={roots}"));
    let done = ran(&server.cluster.directory, &[("DATABASE_URL", &secured)], &["migrate"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let variables =
        [("DATABASE_URL", &*server.url("localhost", "")), ("PGSSLMODE", "verify-full"), ("PGSSLROOTCERT", &roots)];
    let program = Program::serve(&server.cluster, &variables).await;
    assert_eq!(program.post("/query", &crate::program::question("vector(1)")).await.status, 200);
    let listed = program.get("/search").await;
    assert_eq!(listed.status, 200, "{}", listed.body);
    // The listener for notifications, which has a session of another kind, comes in this way too.
    let sessions = "SELECT count(*) FILTER (WHERE query LIKE 'LISTEN %' AND ssl), count(*) FILTER (WHERE NOT ssl)
        FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name = 'datebin'";
    let mut admin = server.cluster.connect().await;
    let listening = async || {
        let counted: (i64, i64) = sqlx::query_as(sessions).fetch_one(&mut admin).await.expect("a row");
        (counted == (1, 0)).then_some(())
    };
    eventually(LONG, "all sessions are secured, the listener's too", listening).await;
    drop(program);
    let away = server.url(ELSEWHERE, &format!("sslmode=verify-full&sslrootcert={roots}"));
    let done = ran(&server.cluster.directory, &[("DATABASE_URL", &away)], &["check"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("not for 0.0.0.0: connect by that name") && !said.contains(PASSWORD), "{said}");
}
