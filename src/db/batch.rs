//! Statements without parameters, several of them in one round trip.

use std::num::ParseFloatError;
use std::vec::IntoIter;

use futures_util::TryStreamExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::{Connection as _, Either, PgConnection, Row as _};

use super::lease::raw;
use crate::sql::{Statement, Writer};

/// The rows of each statement, as JSON.
pub(super) struct Results(IntoIter<Vec<String>>);

/// A float8. JSON has no number for those that are not finite: they come as text.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(try_from = "JsonFloat")]
pub(super) struct Float(pub(super) f64);

#[derive(Deserialize)]
#[serde(untagged)]
enum JsonFloat {
    Number(f64),
    Text(String),
}

impl TryFrom<JsonFloat> for Float {
    type Error = ParseFloatError;

    fn try_from(said: JsonFloat) -> Result<Self, Self::Error> {
        match said {
            JsonFloat::Number(number) => Ok(Self(number)),
            JsonFloat::Text(text) => text.parse().map(Self),
        }
    }
}

/// Precedes the statements of a batch: they resolve names in `pg_catalog` alone, so that no object of another schema can run.
/// The role's search path is kept as data; NULL resets what another client of a pooler may have left.
const PATH: &str = "SELECT pg_catalog.set_config('search_path', NULL::pg_catalog.text, true), pg_catalog.set_config('datebin.found_path', \
    pg_catalog.to_json(pg_catalog.current_schemas(false))::pg_catalog.text, true), \
    pg_catalog.set_config('search_path', 'pg_catalog', true);\n";

/// Runs statements in one transaction; one that fails ends it. A prepared statement would cost two round trips. Where a
/// transaction is open already it goes on.
pub(super) async fn batch(connection: &mut PgConnection, statements: &[&'static str]) -> Result<Results, sqlx::Error> {
    let mut w = Writer::default();
    w.syntax(PATH);
    for statement in statements {
        w.syntax("SELECT pg_catalog.row_to_json(x)::text FROM (\n").syntax(statement).syntax("\n) AS x;\n");
    }
    let statement = w.finish();
    if !connection.is_in_transaction() {
        return run(connection, &statement, statements.len()).await;
    }
    let mut savepoint = connection.begin().await?;
    let results = run(&mut savepoint, &statement, statements.len()).await;
    match results {
        Ok(_) => savepoint.commit().await?,
        Err(_) => savepoint.rollback().await?,
    }
    results
}

async fn run(connection: &mut PgConnection, statement: &Statement, count: usize) -> Result<Results, sqlx::Error> {
    let mut answers = raw(statement).fetch_many(connection);
    let (mut results, mut rows) = (Vec::with_capacity(count), Vec::new());
    // That of the path.
    answers.try_next().await?;
    answers.try_next().await?;
    while let Some(answer) = answers.try_next().await? {
        match answer {
            Either::Left(_) => results.push(std::mem::take(&mut rows)),
            Either::Right(row) => rows.push(row.try_get(0)?),
        }
    }
    if results.len() == count { Ok(Results(results.into_iter())) } else { Err(missing()) }
}

/// Fewer results arrived than statements were sent.
fn missing() -> sqlx::Error {
    sqlx::Error::Protocol("the server, or a pooler before it, did not answer every statement of a batch".into())
}

impl Results {
    /// The rows of the next statement.
    pub(super) fn rows<T: DeserializeOwned>(&mut self) -> Result<Vec<T>, sqlx::Error> {
        let rows = self.0.next().ok_or_else(missing)?;
        rows.iter().map(|row| serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()))).collect()
    }

    /// The only row of the next statement.
    pub(super) fn row<T: DeserializeOwned>(&mut self) -> Result<T, sqlx::Error> {
        self.rows()?.pop().ok_or(sqlx::Error::RowNotFound)
    }

    /// The next statement's results alone.
    pub(super) fn one(&mut self) -> Result<Self, sqlx::Error> {
        Ok(Self(vec![self.0.next().ok_or_else(missing)?].into_iter()))
    }

    /// Passes the next statements over.
    pub(super) fn skip(&mut self, statements: usize) {
        for _ in 0..statements {
            self.0.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        id: i64,
        floats: Vec<Option<Float>>,
    }

    #[test]
    fn a_result_that_is_missing_is_no_empty_one() {
        let mut results = Results(vec![Vec::new()].into_iter());
        assert!(results.rows::<Row>().is_ok_and(|rows| rows.is_empty()));
        assert!(matches!(results.rows::<Row>(), Err(sqlx::Error::Protocol(_))));
        assert!(matches!(results.one(), Err(sqlx::Error::Protocol(_))));
    }

    #[test]
    fn numbers_arrive_as_they_are() -> Result<(), sqlx::Error> {
        let row = r#"{"id":9223372036854775807,"floats":[0.1,-1,1e+300,null,"Infinity","-Infinity"]}"#;
        let mut results =
            Results(vec![vec![row.to_owned()], vec![r#"{"id":1,"floats":["NaN"]}"#.to_owned()]].into_iter());
        let row: Row = results.row()?;
        assert_eq!(row.id, i64::MAX);
        let floats: Vec<Option<f64>> = row.floats.into_iter().map(|float| float.map(|Float(float)| float)).collect();
        assert_eq!(floats, [Some(0.1), Some(-1.0), Some(1e300), None, Some(f64::INFINITY), Some(f64::NEG_INFINITY)]);
        let row: Row = results.row()?;
        assert!(row.floats.iter().all(|float| float.is_some_and(|Float(float)| float.is_nan())));
        Ok(())
    }
}
