//! The ranges that rollups hold.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;

use super::error::DbError;
use super::lease::{raw, texts};
use super::names::is_about_the_relation;
use super::path::{SearchPath, SettingScope};
use super::remembered::LastRead;
use crate::catalog::{Rollup, RollupCoverage, Source};
use crate::sql::{self, Statement, TimeLookup, Writer};
use crate::time::{Clock, TimeRange};

/// A relation up to this size is read whole.
const SMALL_BYTES: u64 = 256 << 20;
/// How long one statement about a rollup may take.
const PATIENCE: &str = "SELECT pg_catalog.set_config('statement_timeout', '5000', false), ";
/// How long the holes of one rollup may be looked at.
const LOOKING: Duration = Duration::from_secs(2);
/// The most holes that are looked at, the newest.
const HOLES: usize = 2_000;
/// So many of them at once.
const AT_ONCE: usize = 100;
/// Sources up to this size may be read to see whether a hole has rows.
const READ_BYTES: u64 = 32 << 20;

/// What was found in the rows of a rollup: between its oldest and its newest row the holes that the source has rows for.
#[derive(Clone, Debug)]
pub(super) struct KnownRows {
    newest: i64,
    holes: Vec<TimeRange>,
    /// Before this instant no holes were looked for.
    unsearched: Option<i64>,
    /// When all of it was searched. Later ones looked only at what came since.
    searched: LastRead,
}

/// What a reading begins with.
pub(super) struct HoleSearch {
    /// What an earlier one found.
    pub(super) last: Option<KnownRows>,
    /// Whether somebody asked for it.
    pub(super) is_asked: bool,
}

impl HoleSearch {
    /// What was found before, where the search can go on from there.
    fn known(self, newest: i64) -> Option<KnownRows> {
        let is_due = |known: &KnownRows| known.searched.is_due(Duration::ZERO, self.is_asked);
        self.last.filter(|known| known.newest <= newest && !is_due(known))
    }
}

/// The holes of some rows.
struct FoundHoles {
    holes: Vec<TimeRange>,
    unsearched: Option<i64>,
}

/// Bounds the statements about rollups, the last ones on their connection.
///
/// # Errors
/// The database is away.
pub(super) async fn bound(connection: &mut PgConnection, path: &SearchPath) -> Result<(), DbError> {
    let mut w = Writer::default();
    w.syntax(PATIENCE);
    path.write_call(&mut w, SettingScope::Session);
    sqlx::Executor::execute(connection, raw(&w.finish())).await?;
    Ok(())
}

/// What tells a rollup from others, also of the same relation.
pub(super) fn key(raw: &Source, rollup: &Rollup) -> String {
    format!("{:?}", (&raw.relation, &raw.time, &raw.joins, &rollup.rows.relation, &rollup.rows.time, rollup.step_ms))
}

/// Says of a rollup what it holds, in a few statements that [`bound`] bounds; what the next reading may begin with. The
/// search for holes takes long where there are many rows: then it is made in proportion to that, and between times only
/// rows that are newer are looked at.
///
/// # Errors
/// The database is away.
pub(super) async fn read(
    connection: &mut PgConnection,
    raw: &Source,
    rollup: &mut Rollup,
    asked: HoleSearch,
) -> Result<Option<KnownRows>, DbError> {
    let Some(every) = every(&rollup.rows) else {
        let time = &rollup.rows.time.column;
        rollup.held =
            RollupCoverage::Nothing(format!("no index leads with {time}, by which its newest row would be found"));
        return Ok(None);
    };
    // A row that claims to be of later than now says nothing of what is complete.
    let now = Clock::System.now();
    let Some(ends) = numbers(connection, rollup, &sql::span(&rollup.rows, now, &every)).await? else {
        rollup.held = unread();
        return Ok(asked.last);
    };
    let all = || ends.iter().flatten();
    let (Some(oldest), Some(newest)) = (all().min().copied(), all().max().copied()) else {
        rollup.held = RollupCoverage::Nothing("it holds no rows yet".to_owned());
        return Ok(None);
    };
    let begun = Instant::now();
    let known = asked.known(newest);
    let since = known.as_ref().map(|known| known.newest);
    let gaps = sql::GapSearch { step_ms: rollup.step_ms, since, until: now, every: &every };
    let Some(found) = numbers(connection, rollup, &sql::gaps(&rollup.rows, gaps)).await? else {
        // What took too long is not tried at each refresh.
        let searched = LastRead { at: begun, took: begun.elapsed() };
        let holes = known.map(|known| known.holes).unwrap_or_default();
        rollup.held = rollup.held_between(oldest, newest, &holes);
        rollup.unsearched = Some(newest).filter(|at| *at > oldest);
        return Ok(Some(KnownRows { newest, holes, unsearched: Some(newest), searched }));
    };
    let found = holes(rollup, since, found);
    // Who asks a safe rollup may see rows of the source that are hidden here.
    let mut all = if rollup.is_safe { found.holes } else { with_rows(connection, raw, found.holes).await? };
    let mut searched = LastRead { at: begun, took: begun.elapsed() };
    let mut unsearched = found.unsearched;
    if let Some(known) = known {
        all.splice(0..0, known.holes);
        (searched, unsearched) = (known.searched, unsearched.or(known.unsearched));
    }
    rollup.held = rollup.held_between(oldest, newest, &all);
    rollup.unsearched = unsearched.filter(|at| *at > oldest);
    Ok(Some(KnownRows { newest, holes: all, unsearched, searched }))
}

/// The holes among what [`sql::gaps`] found, in their order, the first behind the newest row that was known before.
fn holes(rollup: &Rollup, since: Option<i64>, found: Vec<Vec<i64>>) -> FoundHoles {
    let mut all = FoundHoles { holes: Vec::new(), unsearched: None };
    for numbers in found {
        match numbers.as_slice() {
            [before, after] => all.holes.push(TimeRange { from: rollup.end_of(*before), to: *after }),
            [oldest, is_cut, _] => {
                all.unsearched = Some(*oldest).filter(|_| *is_cut == 1);
                all.holes.extend(since.map(|since| TimeRange { from: rollup.end_of(since), to: *oldest }));
            }
            _ => {}
        }
    }
    all.holes.retain(|hole| hole.from < hole.to);
    all.holes.sort_by_key(|hole| hole.from);
    all
}

/// The holes that the source has rows for, or may have. Where it has none the rollup is all there is.
async fn with_rows(
    connection: &mut PgConnection,
    raw: &Source,
    holes: Vec<TimeRange>,
) -> Result<Vec<TimeRange>, DbError> {
    let is_quick = raw.is_indexed_by_time() || raw.bytes <= READ_BYTES;
    if !is_quick || holes.is_empty() {
        return Ok(holes);
    }
    let until = Instant::now() + LOOKING;
    let (unseen, newest) = holes.split_at(holes.len().saturating_sub(HOLES));
    let mut kept = Vec::with_capacity(holes.len());
    for holes in newest.rchunks(AT_ONCE) {
        let empty = if Instant::now() < until {
            texts_in_time(connection, raw, &sql::empty_ranges(raw, holes)).await?.unwrap_or_default()
        } else {
            Vec::new()
        };
        let is_empty = |at: usize| empty.iter().any(|number| number.parse() == Ok(at));
        kept.extend(holes.iter().enumerate().filter(|(at, _)| !is_empty(*at)).map(|(_, hole)| *hole));
    }
    kept.extend(unseen);
    kept.sort_by_key(|hole| hole.from);
    Ok(kept)
}

/// The numbers in each text of a statement; none where it does not end in time.
async fn numbers(
    connection: &mut PgConnection,
    rollup: &Rollup,
    statement: &Statement,
) -> Result<Option<Vec<Vec<i64>>>, DbError> {
    let texts = texts_in_time(connection, &rollup.rows, statement).await?;
    let numbers = |text: &String| text.split(' ').filter_map(|number| number.parse().ok()).collect();
    Ok(texts.map(|texts| texts.iter().map(numbers).collect()))
}

async fn texts_in_time(
    connection: &mut PgConnection,
    rows: &Source,
    statement: &Statement,
) -> Result<Option<Vec<String>>, DbError> {
    match texts(connection, statement).await {
        Ok(texts) => Ok(Some(texts)),
        Err(error) if is_about_the_relation(&error) => {
            tracing::warn!(relation = %rows.relation, %error, "what a rollup holds cannot be read");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What one holds for which there was no time.
pub(super) fn unread() -> RollupCoverage {
    RollupCoverage::Nothing("its contents cannot be read in time".to_owned())
}

/// How the times of its rows are found.
fn every(rows: &Source) -> Option<TimeLookup> {
    let time = &rows.time.column;
    if rows.has_index_leading_with(time) {
        return Some(TimeLookup::Time);
    }
    let each = rows.indexes.iter().find_map(|index| match index.as_slice() {
        [first, second, ..] if second == time => Some(TimeLookup::TimeOf(first.clone())),
        _ => None,
    });
    each.or_else(|| (rows.bytes <= SMALL_BYTES).then_some(TimeLookup::Row))
}
