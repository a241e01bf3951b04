//! Several servers with the same data: a primary and its hot standby.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;

use crate::cluster::{Cluster, PASSWORD};
use crate::database::CPU;
use crate::patience::patience;
use crate::program::{LONG, Program, eventually, ran};

/// The sessions of questions on a server.
const ASKING: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND query LIKE '%cpu%'";
const LONGER: Duration = Duration::from_secs(5);

/// Both in one URL, the standby last.
fn url(primary: &Cluster, standby: &Cluster, more: &str) -> String {
    format!("postgres://datebin:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}/postgres?{more}", primary.port, standby.port)
}

async fn pair() -> (Cluster, Cluster) {
    let primary = Cluster::start();
    primary.sql(CPU).await;
    let standby = primary.standby();
    (primary, standby)
}

async fn asking(cluster: &Cluster) -> i64 {
    sqlx::query_scalar(ASKING).fetch_one(&mut cluster.connect().await).await.expect("a count")
}

/// Asks from eight clients, each a few times; a question that fails is asked once more, and then answered.
async fn load(program: &Program) {
    let client = async || {
        for _ in 0..20 {
            if program.ask("avg(cpu)").await.status != 200 {
                let answer = program.ask("avg(cpu)").await;
                assert_eq!((answer.status, &answer.body[0]["datapoints"][0][0]), (200, &json!(1.0)), "{}", answer.body);
            }
        }
    };
    join_all((0..8).map(|_| client())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_dies_under_load_costs_no_answer() {
    let (primary, standby) = pair().await;
    let url = url(&primary, &standby, "target_session_attrs=prefer-standby");
    let program = Program::serve(&primary, &[("DATABASE_URL", &url)]).await;
    load(&program).await;
    assert!(asking(&standby).await > 0);
    assert_eq!(asking(&primary).await, 0, "the primary is left alone");
    tokio::join!(load(&program), async { tokio::task::block_in_place(|| standby.down()) });
    program.good(LONG, "cpu").await;
    assert!(asking(&primary).await > 0);
    // Notifications come from the primary all the while.
    primary.sql("CREATE TABLE later AS SELECT * FROM cpu; NOTIFY datebin_reload").await;
    program.good(LONG, "later").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_dies_leaves_its_standby() {
    let (primary, standby) = pair().await;
    let program = Program::serve(&primary, &[("DATABASE_URL", &url(&primary, &standby, ""))]).await;
    assert_eq!(program.ask("cpu").await.status, 200);
    assert_eq!(asking(&standby).await, 0, "the first server is asked");
    primary.down();
    program.good(LONG, "cpu").await;
    assert_eq!(program.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_leaves_the_other() {
    let (primary, standby) = pair().await;
    let url = url(&standby, &primary, "");
    let short = [("DATEBIN_CONNECT_TIMEOUT", "500ms"), ("DATEBIN_REQUEST_TIMEOUT", "2s")];
    let settings = [("DATABASE_URL", url.as_str()), short[0], short[1]];
    let program = Program::serve(&primary, &settings).await;
    load(&program).await;
    assert_eq!(asking(&primary).await, 0, "the first server is asked");
    standby.silence();
    program.good(LONGER, "cpu").await;
    let ready = async || (program.get("/readyz").await.status == 200).then_some(());
    eventually(LONG, "the server is ready", ready).await;
    assert!(asking(&primary).await > 0);
    standby.wake();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_does_not_hold_up_the_start() {
    let primary = Cluster::start();
    primary.sql(CPU).await;
    // The kernel takes the connections, and nobody else.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let places = format!("127.0.0.1:{port},127.0.0.1:{}", primary.port);
    let url = format!("postgres://datebin:{PASSWORD}@{places}/postgres?load_balance_hosts=random");
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_CONNECT_TIMEOUT", "500ms")];
    // Each connection chooses one of the two: that of the catalog chooses the silent one in some of these.
    let begun = Instant::now();
    let programs = join_all((0..6).map(|_| Program::serve(&primary, &settings))).await;
    assert!(begun.elapsed() < patience(Duration::from_millis(3500)), "{:?}", begun.elapsed());
    for program in &programs {
        assert_eq!(program.ask("cpu").await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_spread_where_that_is_asked_for() {
    let (primary, standby) = pair().await;
    let url = url(&primary, &standby, "load_balance_hosts=random");
    let program = Program::serve(&primary, &[("DATABASE_URL", &url)]).await;
    load(&program).await;
    assert!(asking(&primary).await > 0 && asking(&standby).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_finds_the_primary() {
    let (primary, standby) = pair().await;
    let url = url(&standby, &primary, "target_session_attrs=prefer-standby");
    for arguments in [&["migrate"][..], &["annotate", "deploy"]] {
        let done = ran(&primary.directory, &[("DATABASE_URL", &url)], arguments);
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// The notification overtakes the rows: what a question reads until these are there is not believed for long.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_standby_lacked_when_it_was_told_of_is_read_again() {
    let (primary, standby) = pair().await;
    let first = url(&standby, &primary, "target_session_attrs=standby");
    let settings = [("DATABASE_URL", first.as_str()), ("DATEBIN_CACHE_BYTES", "64MiB")];
    let program = Program::serve(&primary, &settings).await;
    let sum = async || {
        let answer = program.ask("sum(cpu)").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body[0]["datapoints"][0][0].clone()
    };
    assert_eq!(sum().await, json!(1.0));
    standby.sql("SELECT pg_wal_replay_pause()").await;
    primary.sql("INSERT INTO cpu SELECT ts, 'b', value FROM cpu; NOTIFY datebin_reload").await;
    let heard = "the database says that something changed";
    let told = async || program.log().iter().any(|line| line.to_string().contains(heard)).then_some(());
    eventually(LONG, "the notification is heard", told).await;
    assert_eq!(sum().await, json!(1.0), "the standby has no such rows yet");
    standby.sql("SELECT pg_wal_replay_resume()").await;
    eventually(LONGER, "its rows are seen", async || (sum().await == json!(2.0)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_lags_is_left_alone() {
    let (primary, standby) = pair().await;
    let first = url(&standby, &primary, "");
    let settings = [("DATABASE_URL", first.as_str()), ("DATEBIN_MAX_LAG", "1s")];
    let program = Program::serve(&primary, &settings).await;
    assert_eq!(program.ask("count(cpu)").await.status, 200);
    standby.sql("SELECT pg_wal_replay_pause()").await;
    primary.sql("INSERT INTO cpu SELECT ts, 'b', value FROM cpu").await;
    let both = async || {
        let answer = program.ask("sum(cpu)").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.body[0]["datapoints"][0][0] == json!(2.0)).then_some(())
    };
    eventually(LONGER, "the primary answers", both).await;
    let alone = [("DATABASE_URL", &*standby.url()), ("DATEBIN_MAX_LAG", "1s")];
    let done = ran(&primary.directory, &alone, &["check"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(!done.status.success() && said.contains("and DATEBIN_MAX_LAG is 1 s"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_asks_for_what_no_server_is_says_so() {
    let (primary, standby) = pair().await;
    let wanted = format!("{}?target_session_attrs=primary", standby.url());
    let done = ran(&primary.directory, &[("DATABASE_URL", &wanted)], &["check"]);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(!done.status.success() && said.contains("is a standby"), "{said}");
}
