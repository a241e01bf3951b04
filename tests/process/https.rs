//! HTTP inside TLS.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datebin::tls::{ClientSetup, Roots};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::certificates::{Authority, Pair};
use crate::cluster::Cluster;
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{LONG, Program, eventually, question, ran};

/// A server with a certificate, and whom its clients trust.
struct Secured {
    program: Program,
    authority: Authority,
    cluster: Cluster,
    settings: Vec<(&'static str, String)>,
}

impl Secured {
    async fn start(more: &[(&'static str, &str)]) -> Self {
        let (cluster, authority) = (Cluster::start(), Authority::new("ca"));
        let folder = &cluster.directory;
        fs::write(folder.join("ca.crt"), authority.pem()).expect("a file");
        let (certificate, key) = authority.signed(&["127.0.0.1"], "datebin").write(folder, "web", None);
        let text = |path: &Path| path.display().to_string();
        let mut settings = vec![("DATEBIN_TLS_CERT", text(&certificate)), ("DATEBIN_TLS_KEY", text(&key))];
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let given: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let program = Program::start(&cluster, &given).await;
        assert!(program.base.starts_with("https://127.0.0.1:"), "{}", program.base);
        Self { program, authority, cluster, settings }
    }

    fn replace(&self, pair: &Pair) {
        pair.write(&self.cluster.directory, "web", None);
    }

    /// Asks, and gives the answer and the certificate that was shown.
    async fn ask(&self, request: &str) -> std::io::Result<Answered> {
        let setup =
            ClientSetup { roots: Roots::File(self.cluster.directory.join("ca.crt")), checks_host: true, own: None };
        let connector = TlsConnector::from(Arc::new(setup.config().expect("a set-up")));
        let socket = TcpStream::connect(self.program.address()).await?;
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let mut stream = connector.connect(name, socket).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let shown = stream.get_ref().1.peer_certificates().expect("a certificate")[0].to_vec();
        Ok(Answered { text, shown })
    }

    async fn alive(&self) -> Answered {
        self.ask("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("an answer")
    }
}

struct Answered {
    text: String,
    shown: Vec<u8>,
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_are_asked_over_https() {
    let secured = Secured::start(&[]).await;
    secured.cluster.sql(CPU).await;
    let body = question("cpu").to_string();
    let request =
        format!("POST /query HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    secured.program.signal("-HUP");
    let asked = async || secured.ask(&request).await.ok().filter(|answer| answer.text.starts_with("HTTP/1.1 200 "));
    let answer = eventually(LONG, "the metric is there", asked).await;
    assert!(answer.text.contains("datapoints"), "{}", answer.text);
    // What is no HTTP is told so inside TLS as well.
    let broken = secured.ask("nonsense\r\n\r\n").await.expect("an answer").text;
    assert!(broken.starts_with("HTTP/1.1 400 ") && broken.contains("the request is not HTTP/1.1"), "{broken}");
    let directory = &secured.cluster.directory;
    let mut settings: Vec<(&str, &str)> =
        secured.settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("DATEBIN_LISTEN", secured.program.address()));
    assert!(ran(directory, &settings, &["health"]).status.success());
    let plain = ran(directory, &[("DATEBIN_LISTEN", secured.program.address())], &["health"]);
    assert!(!plain.status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_certificate_is_read_again_and_a_broken_one_keeps_the_old() {
    let secured = Secured::start(&[]).await;
    let first = secured.alive().await.shown;
    let pair = secured.authority.signed(&["127.0.0.1"], "datebin");
    secured.replace(&pair);
    let renewed = async || Some(secured.alive().await.shown).filter(|shown| *shown != first);
    let second = eventually(LONG, "the new certificate is shown", renewed).await;
    let key = secured.authority.signed(&["127.0.0.1"], "datebin").key;
    for broken in [
        Pair { certificate: "hunter2".to_owned(), key: pair.key.clone() },
        Pair { certificate: pair.certificate.clone(), key },
    ] {
        let before = said(&secured.program).len();
        secured.replace(&broken);
        eventually(LONG, "a broken certificate is said", async || {
            (said(&secured.program).len() > before).then_some(())
        })
        .await;
        assert_eq!(secured.alive().await.shown, second);
    }
    assert!(said(&secured.program).iter().all(|line| !line.contains("hunter2")));
    secured.replace(&secured.authority.signed(&["127.0.0.1"], "datebin"));
    let renewed = async || Some(secured.alive().await.shown).filter(|shown| *shown != second);
    eventually(LONG, "the third certificate is shown", renewed).await;
}

/// The lines that complain of the certificate.
fn said(program: &Program) -> Vec<String> {
    let lines = program.log().into_iter().map(|line| line["fields"].to_string());
    lines.filter(|line| line.contains("the certificate cannot be read again")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_do_not_secure_their_connection_leave_room_for_others() {
    let secured = Secured::start(&[("DATEBIN_MAX_CONNECTIONS", "16")]).await;
    let mut silent = Vec::new();
    for number in 0..100 {
        let mut stream = TcpStream::connect(secured.program.address()).await.expect("a connection");
        if number % 2 == 0 {
            // The head of a handshake, and no more of it.
            stream.write_all(&[22, 3, 1, 2, 0, 1]).await.expect("sent");
        }
        silent.push(stream);
    }
    let begun = Instant::now();
    assert!(secured.alive().await.text.starts_with("HTTP/1.1 200 "));
    assert!(begun.elapsed() < patience(Duration::from_millis(500)), "took {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_told_to_come_with_https() {
    let secured = Secured::start(&[]).await;
    let mut stream = TcpStream::connect(secured.program.address()).await.expect("a connection");
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("an answer");
    assert!(text.starts_with("HTTP/1.1 400 ") && text.contains("https://"), "{text}");
    // What is neither gets no answer.
    let mut stream = TcpStream::connect(secured.program.address()).await.expect("a connection");
    stream.write_all(&[0; 64]).await.expect("sent");
    let mut bytes = Vec::new();
    let _ended = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP"), "{bytes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stops_although_a_client_has_said_nothing() {
    let mut secured = Secured::start(&[]).await;
    let silent = TcpStream::connect(secured.program.address()).await.expect("a connection");
    assert!(secured.alive().await.text.starts_with("HTTP/1.1 200 "));
    secured.program.signal("-TERM");
    assert!(secured.program.ended(LONG).await.success());
    drop(silent);
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let folder = std::env::temp_dir().join(format!("datebin-https-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let authority = Authority::new("ca");
    let (certificate, key) = authority.signed(&["localhost"], "datebin").write(&folder, "one", None);
    let (_, other) = authority.signed(&["localhost"], "datebin").write(&folder, "other", None);
    let none = folder.join("none");
    let refused = |settings: &[(&str, &Path)]| {
        let settings: Vec<(&str, String)> =
            settings.iter().map(|(name, value)| (*name, value.display().to_string())).collect();
        let mut given: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        given.extend([("DATABASE_URL", "postgres://u@127.0.0.1:1/d"), ("DATEBIN_LISTEN", "127.0.0.1:0")]);
        let done = ran(&folder, &given, &["serve"]);
        assert!(!done.status.success());
        String::from_utf8_lossy(&done.stderr).into_owned()
    };
    for (settings, expected) in [
        (&[("DATEBIN_TLS_CERT", &*certificate)][..], "DATEBIN_TLS_KEY is not set; DATEBIN_TLS_CERT needs"),
        (&[("DATEBIN_TLS_KEY", &*key)], "DATEBIN_TLS_CERT is not set; DATEBIN_TLS_KEY is of no use"),
        (
            &[("DATEBIN_TLS_CERT", &*certificate), ("DATEBIN_TLS_KEY", &*other)],
            "other.key is not the key of the certificate",
        ),
        (&[("DATEBIN_TLS_CERT", &*certificate), ("DATEBIN_TLS_KEY", &*none)], "none does not exist"),
        (&[("DATEBIN_TLS_CERT", &*key), ("DATEBIN_TLS_KEY", &*key)], "one.key has no certificate in PEM"),
        (
            &[("DATEBIN_TLS_CERT", &*certificate), ("DATEBIN_TLS_KEY", &*certificate)],
            "one.crt has no private key in PEM",
        ),
    ] {
        let said = refused(settings);
        assert!(said.contains(expected), "{said}\n  expected: {expected}");
    }
    fs::remove_dir_all(&folder).expect("the folder goes");
}
