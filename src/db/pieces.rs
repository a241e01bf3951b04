//! The samples of each series as one row with two arrays, read from the bytes of these: a label is sent and looked up
//! once for many samples.

use sqlx::postgres::PgRow;

use super::SeriesRow;
use super::answer::EPOCH_2000_MS;
use super::error::DbError;
use super::pool::{Database, Deadline};
use crate::budget::{Budget, HeldBytes};
use crate::sql::Statement;

/// The bytes of an array before its elements: the number of dimensions, whether there are NULLs, the type, and of the one
/// dimension its length and lower bound.
const HEADER: usize = 20;

/// What a row takes besides its bytes: itself, and the ranges of its columns.
const ROW_BYTES: usize = 256;

/// `timestamptz` and `timestamp`.
const INSTANTS: [u32; 2] = [1184, 1114];
/// `float8`
const FLOAT8: u32 = 701;

/// A sample as the database has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// Microseconds since 1970.
    pub micros: i64,
    /// None for NULL.
    pub value: Option<f64>,
}

/// The rows of a statement of pieces.
pub struct Pieces {
    rows: Vec<PgRow>,
    samples: usize,
    _held: Option<HeldBytes>,
}

impl Pieces {
    /// The rows: labels, then the instants, then the values.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = SeriesRow<'_>> {
        self.rows.iter().map(SeriesRow)
    }

    /// How many samples there are.
    #[must_use]
    pub const fn samples(&self) -> usize {
        self.samples
    }
}

impl SeriesRow<'_> {
    /// Adds the samples of a row of pieces to others; the instants stand at a column, the values at the next one.
    ///
    /// # Errors
    /// There are no such columns, or they hold something else.
    pub fn samples(&self, column: usize, to: &mut Vec<Timed>) -> Result<(), DbError> {
        let instants = Elements::of(self.bytes(column)?, &INSTANTS)?;
        let mut values = Elements::of(self.bytes(column + 1)?, &[FLOAT8])?;
        to.reserve(instants.left);
        for instant in instants {
            let micros = instant?.map(i64::from_be_bytes).ok_or(DbError::Changed)?;
            let value = values.next().ok_or(DbError::Changed)??.map(f64::from_be_bytes);
            to.push(Timed { micros: micros.saturating_add(EPOCH_2000_MS * 1000), value });
        }
        Ok(())
    }

    /// The bytes of so many columns, the first ones.
    fn size(&self, columns: usize) -> Result<usize, DbError> {
        (0..columns).map(|at| self.length(at)).sum()
    }

    fn sample_count(&self, column: usize) -> Result<usize, DbError> {
        Ok(Elements::of(self.bytes(column)?, &INSTANTS)?.left)
    }
}

/// The elements of an array of eight bytes each.
struct Elements<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl<'a> Elements<'a> {
    fn of(bytes: &'a [u8], types: &[u32]) -> Result<Self, DbError> {
        let number = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
            four.map(u32::from_be_bytes).ok_or(DbError::Changed)
        };
        if number(0)? != 1 || !types.contains(&number(8)?) {
            return Err(DbError::Changed);
        }
        // An element takes four bytes at least.
        let left = (number(12)? as usize).min(bytes.len() / 4);
        Ok(Self { bytes: bytes.get(HEADER..).ok_or(DbError::Changed)?, left })
    }

    fn element(&mut self) -> Option<Option<[u8; 8]>> {
        let (length, rest) = self.bytes.split_first_chunk::<4>()?;
        if i32::from_be_bytes(*length) < 0 {
            self.bytes = rest;
            return Some(None);
        }
        let (element, rest) = rest.split_first_chunk::<8>().filter(|_| u32::from_be_bytes(*length) == 8)?;
        self.bytes = rest;
        Some(Some(*element))
    }
}

impl Iterator for Elements<'_> {
    type Item = Result<Option<[u8; 8]>, DbError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.element().ok_or(DbError::Changed))
    }
}

impl Database {
    /// The rows of a statement of pieces whose instants stand at a column.
    ///
    /// # Errors
    /// The database is away or refuses, time runs out, or more bytes would be held.
    pub async fn pieces(&self, statement: &Statement, deadline: Deadline, column: usize) -> Result<Pieces, DbError> {
        let (mut rows, mut samples) = (Vec::new(), 0);
        let mut held = self.budget().map(Budget::held);
        self.rows(statement, deadline, &mut |row| {
            let read = SeriesRow(&row);
            let count = read.sample_count(column)?;
            if let Some(held) = &mut held {
                held.pay(ROW_BYTES + read.size(column + 2)?)?;
            }
            samples += count;
            rows.push(row);
            Ok(())
        })
        .await?;
        Ok(Pieces { rows, samples, _held: held })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(ty: u32, elements: &[Option<[u8; 8]>]) -> Vec<u8> {
        let length = u32::try_from(elements.len()).unwrap();
        let mut bytes: Vec<u8> = [1, 1, ty, length, 1].iter().flat_map(|number: &u32| number.to_be_bytes()).collect();
        for element in elements {
            match element {
                Some(eight) => bytes.extend([0, 0, 0, 8].iter().chain(eight)),
                None => bytes.extend([255; 4]),
            }
        }
        bytes
    }

    #[test]
    fn elements_are_read_and_damage_is_an_error() {
        let whole = array(FLOAT8, &[Some(1.5_f64.to_be_bytes()), None]);
        let read: Vec<_> = Elements::of(&whole, &[FLOAT8]).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, [Some(1.5_f64.to_be_bytes()), None]);
        assert!(Elements::of(&whole, &INSTANTS).is_err(), "another type");
        for cut in 0..whole.len() {
            let read = Elements::of(&whole[..cut], &[FLOAT8]).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            assert!(read.is_err(), "{cut} bytes");
        }
    }
}
