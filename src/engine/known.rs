//! What a caller may know who sees some rows only: the relations that its role may read, the names and members that its
//! own rows have. Everything else does not exist for it, as it is not in the catalog that its request is answered with.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures_util::future;

use super::labels::{LabelValuesRequest, PreparedSource, logged};
use super::{Engine, RequestScope, together};
use crate::access::Caller;
use crate::catalog::{Relation, Snapshot, Source, without_metric};
use crate::db::DbError;
use crate::error::{Error, Kind};
use crate::observe::Record;
use crate::plan::{self, SourceRows};
use crate::refresh::CatalogNews;
use crate::series::METRIC_NAME;
use crate::sql;

/// The most names of one source.
const NAMES: u32 = 100_000;
/// The most members of one document.
const MEMBERS: u32 = 1000;

/// What one source has for a caller.
struct VisibleNames {
    /// The names of its metrics, where rows carry them.
    names: Option<BTreeSet<String>>,
    /// The members of its document of labels.
    members: Option<Vec<String>>,
}

impl Engine {
    /// The scope of a caller's request that comes in now. Where rows decide what the caller may know they are asked, and
    /// what they say counts for a while.
    ///
    /// # Errors
    /// The catalog has never been loaded, or the database does not answer.
    pub async fn scope_for(&self, caller: &Caller, record: &Record) -> Result<RequestScope, Error> {
        self.scope_of(caller, record)?.known().await
    }
}

impl RequestScope {
    /// The same request with the catalog as its caller may know it.
    pub(super) async fn known(self) -> Result<Self, Error> {
        let hides_some = self.caller.hides_rows() || self.snapshot.sources().iter().any(|one| self.hides_rows_of(one));
        if !hides_some {
            return Ok(self);
        }
        let Some(known) = self.caller.known(&self.whole) else { return Ok(self) };
        let snapshot = known.get_or_try_init(|| async { self.asked().await.map(Arc::new) }).await?.clone();
        Ok(Self { snapshot, ..self })
    }

    async fn asked(&self) -> Result<Snapshot, Error> {
        // What it says counts for a while: it is not as old as a list may be.
        self.clone().fresh(true).asked_now().await
    }

    async fn asked_now(&self) -> Result<Snapshot, Error> {
        let forbidden = self.forbidden().await.map_err(|error| error.public())?;
        let rows = plan::found(self.naming(), &[])?;
        let rows: Vec<SourceRows<'_>> = rows.into_iter().filter(|rows| is_readable(rows.source, &forbidden)).collect();
        let running: Vec<_> = rows.iter().map(|rows| self.known_of(rows)).collect();
        let results = together::all(running).await;
        let (mut known, mut failed): (BTreeMap<usize, VisibleNames>, Vec<Error>) = Default::default();
        for (rows, result) in rows.iter().zip(results) {
            match result {
                Ok(found) => drop(known.insert(rows.at, found)),
                Err(error) => failed.push(error),
            }
        }
        // All of them wait for the same refresh of the catalog.
        let missing = future::try_join_all(failed.into_iter().map(|error| self.missing(error))).await?;
        let mut at = 0..;
        let narrow = |source: &Source| {
            let known = known.get(&at.next()?)?;
            let mut seen = source.clone();
            seen.rollups.retain(|rollup| is_readable(&rollup.rows, &forbidden));
            if let Some(names) = &known.names {
                seen.metrics.retain(|metric| names.contains(&metric.name));
            }
            if let Some(members) = &known.members {
                seen.members.clone_from(members);
            }
            Some(seen)
        };
        let lacks = self.snapshot.missing().seen(missing);
        Ok(self.snapshot.narrowed(narrow, |one| !forbidden.contains(&one.relation)).lacking(lacks))
    }

    /// Why the names of a source are missing, as a caller may read it who need not know the source. Other metrics are
    /// answered; what is not about the source is an error.
    async fn missing(&self, error: Error) -> Result<Error, Error> {
        match error.kind {
            // If the request's own time is over, it may have waited for a connection.
            Kind::Timeout if !self.deadline.left().is_zero() => {
                let message = "some metrics that you may see were not found in time";
                let hint =
                    "a table may be locked, or lack the index that `datebin check` names; other metrics are answered";
                Ok(Error::new(Kind::Timeout, message).hint(hint))
            }
            Kind::Stale | Kind::Broken | Kind::BadData | Kind::TooManyLabelValues => {
                // A catalog that cannot be read anew in time does not cost the caller all other names.
                let is_settled = error.kind == Kind::Stale
                    && !matches!(self.catalog.newer(&self.whole, error.relation).await, CatalogNews::Better(_));
                let error = if is_settled { error.lasting() } else { error };
                let message =
                    format!("some metrics that you may see cannot be found: {}", without_metric(&error.message));
                let hint = error.hint.as_deref().map(without_metric);
                Ok(Error { message, hint, ..error })
            }
            _ => Err(error),
        }
    }

    /// The relations of the catalog that the caller's role may not read, in whole or in part.
    async fn forbidden(&self) -> Result<HashSet<&Relation>, DbError> {
        if self.identity().role.is_none() {
            return Ok(HashSet::new());
        }
        let sources = self.snapshot.sources().iter();
        let of_sources = sources.flat_map(|source| {
            let rollups = source.rollups.iter().flat_map(|rollup| rollup.rows.relations());
            source.relations().chain(rollups)
        });
        let all: Vec<&Relation> =
            of_sources.chain(self.snapshot.annotations().iter().map(|one| &one.relation)).collect();
        let most = u32::try_from(all.len()).unwrap_or(u32::MAX).saturating_add(1);
        let readable = self.database.texts(&sql::readable(&all), self.deadline, most).await?;
        let readable: BTreeSet<usize> = readable.iter().filter_map(|number| number.parse().ok()).collect();
        // SQL counts from 1.
        Ok((1..).zip(all).filter(|(number, _)| !readable.contains(number)).map(|(_, relation)| relation).collect())
    }

    async fn known_of(&self, rows: &SourceRows<'_>) -> Result<VisibleNames, Error> {
        let mut known = VisibleNames { names: None, members: None };
        if rows.source.name_value().is_some() && self.caller.is_told_by_rows_of(rows.source) {
            let request = LabelValuesRequest { label: METRIC_NAME, range: None, prefix: "", most: NAMES };
            let found = self.values_of(rows, request).await?;
            if found.partial {
                return Err(Error::new(Kind::Timeout, "the names were not found in time"));
            }
            known.names = Some(found.values.into_iter().collect());
        }
        if let Some(document) = rows.source.document().filter(|_| self.hides_rows_of(rows.source)) {
            let PreparedSource { source, filters } = self.resolved_rows(rows, None).await?;
            let statement = sql::member_names(&source, document, &filters, MEMBERS);
            let members = self.database.texts(&statement, self.deadline, MEMBERS).await;
            known.members = Some(members.map_err(|error| logged(&error, rows))?.into_iter().collect());
        }
        Ok(known)
    }
}

fn is_readable(source: &Source, forbidden: &HashSet<&Relation>) -> bool {
    source.relations().all(|relation| !forbidden.contains(relation))
}
