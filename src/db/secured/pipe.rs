//! A socket of this process between the driver and a connection that we have made.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, Interest, copy_buf};
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::line::failed;
use crate::db::error::DbError;

/// How long the other end may take for what only a goodbye is.
const GOODBYE: Duration = Duration::from_secs(1);
/// The bytes of an answer that are passed on at once, and those of a question.
const PIECE: usize = 32 << 10;
const QUESTION: usize = 8 << 10;

/// Lets the driver connect through a connection that is there. The connection ends when the driver's does.
pub(super) async fn through<T, F>(
    options: &PgConnectOptions,
    server: impl AsyncRead + AsyncWrite + Send + 'static,
    host: &str,
    connector: &impl Fn(PgConnectOptions) -> F,
) -> Result<T, DbError>
where
    F: Future<Output = Result<T, sqlx::Error>>,
{
    let door = Door::new(options.get_port())?;
    let options = options.clone().socket(&door.folder);
    let mut passing = Passing(Some(tokio::spawn(async move {
        let driver = door.entered().await?;
        pass(driver, server).await
    })));
    match connector(options).await {
        Ok(opened) => {
            passing.0 = None;
            Ok(opened)
        }
        // The driver sees an end; whoever has the keys knows why.
        Err(error) => Err(passing.failure(host).await.unwrap_or_else(|| error.into())),
    }
}

/// The task that passes bytes on. It is ended with the attempt to connect, and goes on without it once that is done.
struct Passing(Option<JoinHandle<io::Result<()>>>);

impl Passing {
    /// Why the connection broke inside TLS.
    async fn failure(&mut self, host: &str) -> Option<DbError> {
        let ended = timeout(GOODBYE, self.0.as_mut()?).await.ok()?.ok()?;
        ended.err().map(|error| failed(host, error)).filter(|error| matches!(error, DbError::Tls(_)))
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// A socket that the driver enters by, once.
struct Door {
    /// Where the driver looks for it.
    folder: PathBuf,
    listener: UnixListener,
    /// Whether the folder is one of the file system.
    is_file: bool,
}

impl Door {
    /// A door of a name that nobody guesses. Linux has names outside of the file system, which may be read-only.
    fn new(port: u16) -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let name = format!("datebin-{:032x}", u128::from_ne_bytes(random));
        let is_file = !cfg!(target_os = "linux");
        let folder = if is_file { std::env::temp_dir().join(name) } else { PathBuf::from(format!("\0{name}")) };
        if is_file {
            DirBuilder::new().mode(0o700).create(&folder)?;
        }
        let listener = UnixListener::bind(folder.join(format!(".s.PGSQL.{port}")))?;
        Ok(Self { folder, listener, is_file })
    }

    /// The one who comes in: this process, and nobody else.
    async fn entered(self) -> io::Result<UnixStream> {
        let own = i32::try_from(std::process::id()).ok();
        loop {
            let (stream, _) = self.listener.accept().await?;
            if stream.peer_cred()?.pid().is_none_or(|pid| Some(pid) == own) {
                return Ok(stream);
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if self.is_file {
            let _gone = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Passes bytes on until one side ends. When the driver does, the server is told and not waited for.
async fn pass(driver: UnixStream, server: impl AsyncRead + AsyncWrite) -> io::Result<()> {
    let (mut from_driver, mut to_driver) = driver.into_split();
    let (from_server, mut to_server) = tokio::io::split(server);
    let mut from_server = BufReader::with_capacity(PIECE, from_server);
    let answers = copy_buf(&mut from_server, &mut to_driver);
    let questions = async {
        asked(&mut from_driver, &mut to_server).await?;
        let _told = timeout(GOODBYE, to_server.shutdown()).await;
        io::Result::Ok(())
    };
    tokio::pin!(answers, questions);
    tokio::select! {
        ended = &mut answers => return ended.map(drop),
        ended = &mut questions => if ended.is_ok() { return Ok(()) },
    }
    // The server took no more; what it said before tells why.
    timeout(GOODBYE, answers).await.map_or(Ok(()), |ended| ended.map(drop))
}

/// Passes the driver's bytes on until it leaves. A server that takes none of them does not keep what nobody waits for.
async fn asked(from_driver: &mut OwnedReadHalf, to_server: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut piece = vec![0; QUESTION];
    loop {
        let read = from_driver.read(&mut piece).await?;
        if read == 0 {
            return Ok(());
        }
        let passed_on = async {
            to_server.write_all(&piece[..read]).await?;
            to_server.flush().await
        };
        tokio::select! {
            done = passed_on => done?,
            done = has_left(from_driver) => return done,
        }
    }
}

/// Waits until the driver has left, whatever it has written that nobody has read, and a goodbye more.
async fn has_left(from_driver: &OwnedReadHalf) -> io::Result<()> {
    loop {
        sleep(GOODBYE).await;
        if from_driver.ready(Interest::READABLE | Interest::WRITABLE).await?.is_read_closed() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn bytes_pass_both_ways_until_the_driver_leaves() {
        let door = Door::new(5432).unwrap();
        let place = door.folder.join(".s.PGSQL.5432");
        let (ours, mut server) = duplex(64);
        let task = tokio::spawn(async move { pass(door.entered().await.unwrap(), ours).await });
        let mut driver = UnixStream::connect(&place).await.unwrap();
        driver.write_all(b"question").await.unwrap();
        let mut read = [0; 8];
        server.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"question");
        server.write_all(b"answer").await.unwrap();
        driver.read_exact(&mut read[..6]).await.unwrap();
        assert_eq!(&read[..6], b"answer");
        drop(driver);
        task.await.unwrap().unwrap();
        assert_eq!(server.read(&mut read).await.unwrap(), 0);
        assert!(UnixStream::connect(&place).await.is_err(), "the door is open for a second one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_nothing_does_not_keep_what_the_driver_left() {
        let (mut driver, inside) = UnixStream::pair().unwrap();
        let (ours, _server) = duplex(64);
        let task = tokio::spawn(pass(inside, ours));
        driver.write_all(&[0; 3 * QUESTION]).await.unwrap();
        assert!(!task.is_finished());
        drop(driver);
        timeout(10 * GOODBYE, task).await.expect("it ends").unwrap().unwrap();
    }
}
