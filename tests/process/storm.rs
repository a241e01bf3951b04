//! Many more clients than sessions, each asking again and again for its own host.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::patience::patience;
use crate::program::{Answer, LONG, Program, eventually};
use crate::vitals::{Vitals, Watch};

const CLIENTS: usize = 300;
const MIB: u64 = 1 << 20;

/// What a client does that was turned away: an unoptimised program would be busy with refusals alone, so it waits as long as
/// `Retry-After` says; an optimised one is asked again at once.
const PAUSE: Duration = if cfg!(debug_assertions) { Duration::from_secs(2) } else { Duration::ZERO };

/// How long a refusal takes: an unoptimised program and an unoptimised client take several times as long.
const REFUSED: Duration = Duration::from_millis(if cfg!(debug_assertions) { 250 } else { 100 });

/// A statement of this metric takes a fifth of a second: ten sessions answer fifty questions a second.
const BUSY: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT '2018-04-15 04:55Z', 'h' || n, n FROM generate_series(0, 299) AS n;
    ANALYZE cpu;
    CREATE FUNCTION nap() RETURNS double precision LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.pg_sleep(0.2); RETURN 0; END $$;
    CREATE VIEW busy AS SELECT ts, host, value + nap() AS value FROM cpu;";

/// Its label is declared, so that discovery reads no rows of the view.
const CATALOG: &str = "[[source]]\nrelation = \"busy\"\ntime = \"ts\"\nlabels = [\"host\"]\n";

/// How long the storm lasts: five seconds unless the environment asks for more.
fn storm() -> Duration {
    let seconds = std::env::var("DATEBIN_TEST_STORM").ok();
    Duration::from_secs(seconds.map_or(5, |text| text.parse().expect("DATEBIN_TEST_STORM is a number of seconds")))
}

/// What became of the questions.
#[derive(Debug, Default)]
struct Outcome {
    right: usize,
    refused: usize,
    /// The longest time until an answer, and until a refusal at once.
    longest: Duration,
    /// How long the refusals took.
    refusals: Vec<Duration>,
}

impl Outcome {
    fn add(&mut self, client: usize, answer: &Answer) {
        if answer.status == 200 {
            let points = &answer.body[0]["datapoints"];
            assert_eq!(points[0][0], client as f64, "another client's answer: {}", answer.body);
            self.right += 1;
            self.longest = self.longest.max(answer.took);
        } else {
            assert_eq!((answer.status, answer.retry_after.is_some()), (503, true), "{}", answer.body);
            self.refused += 1;
            self.refusals.push(answer.took);
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.right += other.right;
        self.refused += other.refused;
        self.longest = self.longest.max(other.longest);
        self.refusals.extend(other.refusals);
        self
    }
}

/// The clients come one after the other, so that an unoptimised program is not measured at a backlog.
const BETWEEN: Duration = Duration::from_millis(4);

/// Each client asks for its own host until the time is over.
async fn clients(program: &Program, until: Instant) -> Outcome {
    let client = async |client: usize| {
        let mut outcome = Outcome::default();
        let (question, number) = (question(client), u32::try_from(client).expect("a small number"));
        tokio::time::sleep(BETWEEN * number).await;
        while Instant::now() < until {
            let answer = program.post("/query", &question).await;
            outcome.add(client, &answer);
            if answer.status == 503 {
                let left = until.saturating_duration_since(Instant::now());
                tokio::time::sleep(left.min(PAUSE)).await;
            }
        }
        outcome
    };
    let outcomes = join_all((0..CLIENTS).map(client)).await;
    outcomes.into_iter().fold(Outcome::default(), Outcome::and)
}

fn question(client: usize) -> Value {
    json!({
        "range": {"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": format!("busy{{host=\"h{client}\"}}")}],
    })
}

/// What tells how the process is, asked until the time is over; the slowest answer.
async fn told(program: &Program, until: Instant) -> Duration {
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        for path in ["/readyz", "/metrics"] {
            let answer = program.get(path).await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.body);
            slowest = slowest.max(answer.took);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    slowest
}

/// What `/livez` and the memory were in each third of the storm: in the first the clients come.
async fn watched(program: &Program, until: Instant) -> [Vitals; 3] {
    let third = (until - Instant::now()) / 3;
    let mut thirds = [Vitals::default(); 3];
    for vitals in &mut thirds {
        let watch = Watch::begin(program);
        tokio::time::sleep(third).await;
        *vitals = tokio::task::block_in_place(|| watch.end());
    }
    thirds
}

async fn number(program: &Program, name: &str) -> f64 {
    let page = program.get("/metrics").await.body;
    let line = page.as_str().and_then(|page| page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')));
    line.and_then(|number| number.parse().ok()).expect("a number of the page")
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_clients_on_ten_sessions_are_answered_or_turned_away() {
    let cluster = Cluster::start();
    cluster.sql(BUSY).await;
    std::fs::write(cluster.directory.join("datebin.toml"), CATALOG).expect("the catalog's file");
    let program = Program::serve(&cluster, &[("DATEBIN_POOL_SIZE", "10")]).await;
    program.good(LONG, "busy{host=\"h1\"}").await;
    let length = storm();
    let until = Instant::now() + length;
    let (mut outcome, slowest, [first, second, third]) =
        tokio::join!(clients(&program, until), told(&program, until), watched(&program, until));
    outcome.refusals.sort_unstable();
    let quantile = |share: f64| outcome.refusals[((outcome.refusals.len() - 1) as f64 * share) as usize];
    let figures = format!(
        "{length:?}: {} right in at most {:?}, {} turned away: median {:?}, 99 % {:?}, longest {:?}; {first:?}, {second:?}, {third:?}; \
         /readyz and /metrics at most {slowest:?}",
        outcome.right,
        outcome.longest,
        outcome.refused,
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
    );
    eprintln!("{figures}");
    // Ten sessions could answer fifty a second; a tenth of that is a machine busy with other things.
    assert!(outcome.right as f64 > 5.0 * length.as_secs_f64() && outcome.refused > 0, "{figures}");
    // Ten are asked and forty wait; who waits in vain for three seconds is turned away, so the wait bounds both.
    assert!(outcome.longest < Duration::from_secs(3) + patience(Duration::from_millis(300)), "{figures}");
    assert!(quantile(0.99) < patience(REFUSED), "{figures}");
    assert!(
        first.slowest.max(second.slowest).max(third.slowest).max(slowest) < patience(Duration::from_millis(200)),
        "{figures}"
    );
    assert!(third.peak < second.peak + 16 * MIB && third.peak < 256 * MIB, "{figures}");
    assert_eq!(program.complaints(), Vec::<Value>::new(), "shedding load is not worth a line each");
    let calm = async || {
        let (used, waiting) =
            (number(&program, "datebin_pool_in_use").await, number(&program, "datebin_pool_waiting").await);
        (used == 0.0 && waiting == 0.0).then_some(())
    };
    eventually(LONG, "the pool is free again", calm).await;
    let again = async |client| program.post("/query", &question(client)).await;
    for answer in join_all((0..10).map(again)).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}
