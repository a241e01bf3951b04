//! The lists of the Prometheus API: names and values of labels, series, metadata of metrics.
//!
//! Small relations are read, which makes every list exact. Of large relations labels and values come by the ways that
//! the pickers use, one probe tells whether there are rows, and series are those of one bounded statement or, where that
//! takes too long, of the newest rows. A list that may not be whole says so.

mod describe;
mod label_sets;
mod large;
mod look;

pub use look::ListCoverage;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::said::within_token;
use super::{RequestScope, together};
use crate::ast::Selector;
use crate::budget::HeldBytes;
use crate::error::{Error, Kind};
use crate::frame::LabelSets;
use crate::intake::prometheus::{ListQuery, ListingTimes, RemoteQuery, selector};
use crate::observe::{Observation, Retry};
use crate::plan::{self, SourceRows};
use crate::refresh::CatalogNews;
use crate::series::{Labels, METRIC_NAME};
use look::{ListProgress, WHOLE};

/// Relations up to this size, all of a question together, are read.
const SMALL: u64 = 32 << 20;
/// The most entries of a list.
const MOST: u32 = 100_000;
/// What a text takes besides its bytes.
const TEXT_BYTES: usize = 64;
/// Steps that reading a byte of a selector takes: it may be one of a pattern.
const STEPS_PER_BYTE: usize = 8;

/// A list, and what is to be said of it.
#[derive(Debug)]
pub struct MetadataList<T> {
    /// The entries, sorted.
    pub entries: Vec<T>,
    /// Whether the limit cut some off.
    pub is_cut: bool,
    /// How far looking got.
    pub looked: ListCoverage,
    /// The bytes that the entries take, until they are written.
    pub held: HeldBytes,
}

/// What is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelListing<'a> {
    /// The names of labels, the metric's name among them.
    Names,
    /// The values of one label.
    Values(&'a str),
}

/// What is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MetadataRequest<'a> {
    Texts(LabelListing<'a>),
    /// At most so many series.
    Series(usize),
}

/// Which series are looked for.
struct SeriesSelection {
    /// A series must pass one of these; none means all series.
    selectors: Vec<Selector>,
    /// When the series must have samples.
    within: ListingTimes,
}

/// What was found.
struct MetadataFound {
    texts: BTreeSet<String>,
    sets: LabelSets,
    /// What the texts take.
    held: HeldBytes,
}

impl RequestScope {
    /// The names of labels, or the values of one, of the series that a listing means.
    ///
    /// # Errors
    /// A selector makes no sense, or the database does not answer.
    pub async fn list(&self, listed: LabelListing<'_>, listing: &ListQuery) -> Result<MetadataList<String>, Error> {
        let (found, looked) = self.found(MetadataRequest::Texts(listed), &self.sought(listing).await?).await?;
        let most = most(listing);
        let MetadataFound { texts, mut held, .. } = found;
        held.pay(texts.iter().map(|text| TEXT_BYTES + text.len()).sum())?;
        let is_cut = texts.len() > most;
        Ok(MetadataList { entries: texts.into_iter().take(most).collect(), is_cut, looked, held })
    }

    /// The series that a listing means.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub async fn list_series(&self, listing: &ListQuery) -> Result<MetadataList<Labels>, Error> {
        let most = most(listing);
        self.series_of(&self.sought(listing).await?, most).await
    }

    /// The series of a remote query without their samples.
    ///
    /// # Errors
    /// The list would not be whole, or the database does not answer.
    pub(super) async fn list_remote(&self, query: &RemoteQuery) -> Result<(Vec<Labels>, HeldBytes), Error> {
        let within = ListingTimes::of(Some(query.start_ms), Some(query.end_ms));
        let sought = SeriesSelection { selectors: vec![query.selector.clone()], within };
        let MetadataList { entries, is_cut, looked, held } = self.series_of(&sought, MOST as usize).await?;
        let ListCoverage { is_partial, left_out, .. } = looked;
        if let Some(error) = left_out.into_iter().next() {
            return Err(error.lasting());
        }
        let refused = |kind: Kind, why: String| {
            Err(Error::new(kind, why).hint("narrow the range, or select fewer series with matchers"))
        };
        match (is_cut, is_partial) {
            (true, _) => refused(Kind::TooManySeries, format!("there are more than {MOST} series")),
            (false, true) => refused(Kind::Timeout, "not all rows could be read in time".to_owned()),
            (false, false) => Ok((entries, held)),
        }
    }

    async fn series_of(&self, sought: &SeriesSelection, wanted: usize) -> Result<MetadataList<Labels>, Error> {
        let own = self.limits.token_series.map_or(usize::MAX, |own| own as usize);
        let most = wanted.min(own);
        let (found, looked) = self.found(MetadataRequest::Series(most), sought).await?;
        let (sets, mut looked) = (found.sets, looked);
        let is_cut = sets.len() > most;
        if most < wanted {
            within_token(self.limits, sets.len())?;
        }
        // That it was cut says that there are others.
        looked.is_partial &= !is_cut;
        let (entries, held) = self.compute(sets.len(), move |budget| sets.series(most, budget)).await?;
        Ok(MetadataList { entries, is_cut, looked, held })
    }

    async fn sought(&self, listing: &ListQuery) -> Result<SeriesSelection, Error> {
        Ok(SeriesSelection { selectors: self.selectors(&listing.selectors).await?, within: listing.within })
    }

    /// Reads selectors, equal texts once.
    pub(super) async fn selectors(&self, texts: &[String]) -> Result<Vec<Selector>, Error> {
        let distinct: BTreeSet<&String> = texts.iter().inspect(|text| self.record.target(text)).collect();
        let texts: Vec<String> = distinct.into_iter().cloned().collect();
        let work = texts.iter().map(|text| STEPS_PER_BYTE * text.len()).sum();
        let patterns = Arc::clone(&self.patterns);
        self.compute(work, move |budget| {
            let read = |text: &String| {
                budget.go_on()?;
                selector(text, &patterns)
            };
            texts.iter().map(read).collect()
        })
        .await
    }

    /// Looks, and once more where a relation turns out to be another than the catalog says.
    async fn found(
        &self,
        wanted: MetadataRequest<'_>,
        sought: &SeriesSelection,
    ) -> Result<(MetadataFound, ListCoverage), Error> {
        let scope = self.clone().within(Some(WHOLE));
        let mut look = ListProgress::new(scope.deadline, sought);
        let found = scope.looked(wanted, sought, &mut look).await?;
        let Some(stale) = look.stale() else { return scope.covered(found, look.done()?, sought) };
        match scope.catalog.newer(&scope.whole, stale.relation).await {
            CatalogNews::Better(newer) => {
                self.observer().observe(&Observation::Retry(Retry::ChangedRelation));
                let mut again = ListProgress::new(scope.deadline, sought);
                let scope = scope.with(newer).known().await?;
                let found = scope.looked(wanted, sought, &mut again).await?;
                scope.covered(found, again.done()?, sought)
            }
            CatalogNews::Same | CatalogNews::Unknown => scope.covered(found, look.done()?, sought),
        }
    }

    /// What was found and what is missing in it; an error where nothing was found, and nothing is known or names of the caller
    /// are missing.
    fn covered(
        &self,
        found: MetadataFound,
        looked: ListCoverage,
        sought: &SeriesSelection,
    ) -> Result<(MetadataFound, ListCoverage), Error> {
        let missing = plan::left_out(&self.snapshot, &sought.selectors);
        let is_blank = self.snapshot.names().next().is_none() || !self.snapshot.missing().of_caller.is_empty();
        match missing.first() {
            Some(error) if is_blank && found.texts.is_empty() && found.sets.is_empty() => Err(error.clone()),
            _ => Ok((found, ListCoverage { missing, ..looked })),
        }
    }

    async fn looked(
        &self,
        wanted: MetadataRequest<'_>,
        sought: &SeriesSelection,
        look: &mut ListProgress,
    ) -> Result<MetadataFound, Error> {
        let held = self.budget.held();
        let mut found = MetadataFound { texts: BTreeSet::new(), sets: LabelSets::new(&self.budget), held };
        let rows = self.rows_of(sought)?;
        if sought.within == ListingTimes::Never {
            return Ok(found);
        }
        let range = if let ListingTimes::Range(range) = sought.within { Some(range) } else { None };
        self.recorded(&rows, range);
        match wanted {
            MetadataRequest::Texts(listed) => self.look_for_texts(listed, &rows, look, &mut found).await?,
            MetadataRequest::Series(most) => found.sets = self.label_sets(&rows, look, most).await?,
        }
        Ok(found)
    }

    /// The rows that some selector means; without one, all.
    fn rows_of(&self, sought: &SeriesSelection) -> Result<Vec<SourceRows<'_>>, Error> {
        plan::found(self.naming(), &sought.selectors)
    }

    async fn look_for_texts(
        &self,
        listed: LabelListing<'_>,
        rows: &[SourceRows<'_>],
        look: &mut ListProgress,
        found: &mut MetadataFound,
    ) -> Result<(), Error> {
        // What has no such label is not asked.
        let can_have = |rows: &&SourceRows<'_>| match listed {
            LabelListing::Values(label) => label == METRIC_NAME || rows.source.has_label(label),
            LabelListing::Names => true,
        };
        let rows: Vec<SourceRows<'_>> = rows.iter().filter(can_have).cloned().collect();
        if look.is_of_all_names(listed, &rows) {
            found.texts.extend(self.snapshot.names().map(str::to_owned));
            return Ok(());
        }
        if rows.iter().map(|rows| rows.source.bytes).sum::<u64>() <= SMALL {
            let sets = self.label_sets(&rows, look, usize::MAX).await?;
            found.texts = self.texts_in(listed, sets).await?;
            return Ok(());
        }
        let look_at = &*look;
        let one = async |rows: &SourceRows<'_>| self.unbroken(|| self.texts_of(listed, rows, look_at)).await;
        let running: Vec<_> = rows.iter().map(one).collect();
        for texts in together::all(running).await {
            found.texts.extend(look.take(texts)?);
        }
        Ok(())
    }

    /// The texts of label sets.
    async fn texts_in(&self, listed: LabelListing<'_>, sets: LabelSets) -> Result<BTreeSet<String>, Error> {
        let label = if let LabelListing::Values(label) = listed { Some(label.to_owned()) } else { None };
        self.compute(sets.len(), move |_| {
            Ok(match label.as_deref() {
                None if sets.is_empty() => BTreeSet::new(),
                None => sets.names().into_iter().chain([METRIC_NAME.to_owned()]).collect(),
                Some(METRIC_NAME) => sets.metrics(),
                Some(label) => sets.values(label),
            })
        })
        .await
    }
}

fn most(listing: &ListQuery) -> usize {
    listing.limit.unwrap_or(usize::MAX).min(MOST as usize)
}
