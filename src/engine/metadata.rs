//! What the Prometheus API lists: names and values of labels, series, what metrics are.
//!
//! Small relations are read, which makes every list exact. Of large relations labels and values come by the ways that
//! the pickers use, one probe tells whether there are rows, and series are those of one bounded statement or, where that
//! takes too long, of the newest rows. A list that may not be whole says so.

mod describe;
mod gather;
mod look;

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};

use super::labels::Wish;
use super::{AT_ONCE, LabelValues, Scope};
use crate::ast::Selector;
use crate::budget::Held;
use crate::error::{Error, Kind};
use crate::frame::LabelSets;
use crate::intake::prometheus::{Listing, RemoteQuery, Within, selector};
use crate::plan::{self, Rows};
use crate::refresh::Newer;
use crate::render;
use crate::series::{Labels, METRIC_NAME};
use look::{Look, in_time};

/// Relations up to this size, all of a question together, are read.
const SMALL: u64 = 32 << 20;
/// The most entries of a list.
const MOST: u32 = 100_000;
/// Rows that are looked at for the labels of a metric in a large relation.
const SOME_ROWS: u32 = 20_000;

/// A list, and what is to be said of it.
#[derive(Debug)]
pub struct Catalogued<T> {
    /// The entries, sorted.
    pub entries: Vec<T>,
    /// Whether the limit cut some off.
    pub is_cut: bool,
    /// What else is to be said: it may not be whole, a relation is broken.
    pub warnings: Vec<String>,
    /// The bytes that the entries take, until they are written.
    pub held: Vec<Held>,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed<'a> {
    /// The names of labels, the metric's name among them.
    Names,
    /// The values of one label.
    Values(&'a str),
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted<'a> {
    Texts(Listed<'a>),
    /// At most so many series.
    Series(usize),
}

/// Which series are looked for.
struct Sought {
    /// A series must pass one of these; none means all series.
    selectors: Vec<Selector>,
    /// When the series must have samples.
    within: Within,
}

/// What was found.
struct Found {
    texts: BTreeSet<String>,
    sets: LabelSets,
}

impl Scope {
    /// The names of labels, or the values of one, of the series that a listing means.
    ///
    /// # Errors
    /// A selector makes no sense, or the database does not answer.
    pub async fn list(&self, listed: Listed<'_>, listing: &Listing) -> Result<Catalogued<String>, Error> {
        let (found, warnings) = self.found(Wanted::Texts(listed), &self.sought(listing)?).await?;
        let most = most(listing);
        let is_cut = found.texts.len() > most;
        Ok(Catalogued { entries: found.texts.into_iter().take(most).collect(), is_cut, warnings, held: Vec::new() })
    }

    /// The series that a listing means.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn list_series(&self, listing: &Listing) -> Result<Catalogued<Labels>, Error> {
        let most = most(listing);
        self.series_of(&self.sought(listing)?, most).await
    }

    /// The series of a remote query without their samples.
    ///
    /// # Errors
    /// The list would not be whole, or the database does not answer.
    pub(super) async fn list_remote(&self, query: &RemoteQuery) -> Result<(Vec<Labels>, Vec<Held>), Error> {
        let within = Within::of(Some(query.start_ms), Some(query.end_ms));
        let sought = Sought { selectors: vec![query.selector.clone()], within };
        let Catalogued { entries, is_cut, warnings, held } = self.series_of(&sought, MOST as usize).await?;
        let cut = is_cut.then(|| format!("there are more than {MOST} series"));
        if let Some(why) = cut.or_else(|| warnings.into_iter().next()) {
            let error = Error::new(Kind::TooManySeries, why);
            return Err(error.hint("narrow the range, or select fewer series with matchers"));
        }
        Ok((entries, held))
    }

    async fn series_of(&self, sought: &Sought, most: usize) -> Result<Catalogued<Labels>, Error> {
        let (found, warnings) = self.found(Wanted::Series(most), sought).await?;
        let sets = found.sets;
        let is_cut = sets.len() > most;
        let (entries, held) = self.compute(sets.len(), move |budget| sets.series(most, budget)).await?;
        Ok(Catalogued { entries, is_cut, warnings, held: vec![held] })
    }

    fn sought(&self, listing: &Listing) -> Result<Sought, Error> {
        let selectors = listing.selectors.iter().map(|text| selector(text)).collect::<Result<_, _>>()?;
        Ok(Sought { selectors, within: listing.within })
    }

    /// Looks, and once more where a relation turns out to be another than the catalog says.
    async fn found(&self, wanted: Wanted<'_>, sought: &Sought) -> Result<(Found, Vec<String>), Error> {
        let mut look = Look::new(self.deadline, sought);
        let found = self.looked(wanted, sought, &mut look).await?;
        let Some(stale) = look.stale() else { return look.settled(found) };
        match self.catalog.newer(&self.snapshot, stale.relation).await {
            Newer::Better(newer) => {
                let mut again = Look::new(self.deadline, sought);
                let found = self.with(newer).looked(wanted, sought, &mut again).await?;
                again.settled(found)
            }
            Newer::Same | Newer::Unknown => look.settled(found),
        }
    }

    async fn looked(&self, wanted: Wanted<'_>, sought: &Sought, look: &mut Look) -> Result<Found, Error> {
        let mut found = Found { texts: BTreeSet::new(), sets: LabelSets::new(&self.budget) };
        let rows = self.rows_of(sought)?;
        if sought.within == Within::Never {
            return Ok(found);
        }
        match wanted {
            Wanted::Texts(listed) => self.look_for_texts(listed, &rows, look, &mut found).await?,
            Wanted::Series(most) => found.sets = self.gather(&rows, look, most).await?,
        }
        Ok(found)
    }

    /// The rows that some selector means; without one, all.
    fn rows_of(&self, sought: &Sought) -> Result<Vec<Rows<'_>>, Error> {
        if sought.selectors.is_empty() {
            return plan::found(self.naming(), None);
        }
        let mut rows = Vec::new();
        for selector in &sought.selectors {
            rows.extend(plan::found(self.naming(), Some(selector))?);
        }
        Ok(rows)
    }

    async fn look_for_texts(
        &self,
        listed: Listed<'_>,
        rows: &[Rows<'_>],
        look: &mut Look,
        found: &mut Found,
    ) -> Result<(), Error> {
        // What has no such label is not asked.
        let can_have = |rows: &&Rows<'_>| match listed {
            Listed::Values(label) => label == METRIC_NAME || rows.source.has_label(label),
            Listed::Names => true,
        };
        let rows: Vec<Rows<'_>> = rows.iter().filter(can_have).cloned().collect();
        if look.is_of_all_names(listed, &rows) {
            found.texts.extend(self.snapshot.names().map(str::to_owned));
            return Ok(());
        }
        if rows.iter().map(|rows| rows.source.bytes).sum::<u64>() <= SMALL {
            found.sets = self.gather(&rows, look, usize::MAX).await?;
            found.texts = match listed {
                Listed::Names => found.sets.names(),
                Listed::Values(METRIC_NAME) => found.sets.metrics(),
                Listed::Values(label) => found.sets.values(label),
            };
            if listed == Listed::Names && !found.sets.is_empty() {
                found.texts.insert(METRIC_NAME.to_owned());
            }
            return Ok(());
        }
        let running: Vec<_> = rows.iter().map(|rows| self.texts_of(listed, rows, look)).collect();
        let done: Vec<_> = stream::iter(running).buffered(AT_ONCE).collect().await;
        for texts in done {
            found.texts.extend(look.take(texts)?);
        }
        Ok(())
    }

    /// What one large relation has.
    async fn texts_of(&self, listed: Listed<'_>, rows: &Rows<'_>, look: &Look) -> Result<LabelValues, Error> {
        in_time(look.until)?;
        match listed {
            Listed::Names if rows.is_chosen() && rows.source.document().is_some() => {
                let mut names = self.names_in_some(rows, look).await?;
                if !names.is_empty() {
                    names.insert(METRIC_NAME.to_owned());
                }
                Ok(LabelValues { values: names.into_iter().collect(), partial: false })
            }
            Listed::Names => {
                let names = render::names(rows.source).into_iter().chain([METRIC_NAME.to_owned()]);
                self.where_rows_are(rows, look, names.collect()).await
            }
            Listed::Values(METRIC_NAME) => match rows.source.name_value().filter(|_| look.narrows(rows)) {
                Some(name) => self.stored_metrics(rows, &name, look.range).await,
                None => {
                    let names = rows.metrics.iter().map(|metric| metric.name.clone());
                    self.where_rows_are(rows, look, names.collect()).await
                }
            },
            Listed::Values(label) => {
                let wish = Wish { label, range: look.range, prefix: "", most: MOST };
                self.values_of(rows, wish).await
            }
        }
    }

    /// These texts where some row passes.
    async fn where_rows_are(&self, rows: &Rows<'_>, look: &Look, values: Vec<String>) -> Result<LabelValues, Error> {
        let has_rows = !look.narrows(rows) || self.is_any(rows, look).await?;
        Ok(if has_rows { LabelValues { values, partial: false } } else { LabelValues::default() })
    }
}

fn most(listing: &Listing) -> usize {
    listing.limit.unwrap_or(usize::MAX).min(MOST as usize)
}
