//! Questions that the database is asked a second time.

use super::RequestScope;
use crate::error::{Error, Kind};
use crate::observe::{Observation, Retry};
use crate::refresh::CatalogNews;

impl RequestScope {
    /// Asks; once more where a relation turns out to be another than the catalog says, as one that was made anew.
    pub(super) async fn retried<T, F: Future<Output = Result<T, Error>>>(
        &self,
        ask: impl Fn(Self) -> F,
    ) -> Result<T, Error> {
        match self.unbroken(|| ask(self.metered())).await {
            Err(error) if error.kind == Kind::Stale => match self.catalog.newer(&self.whole, error.relation).await {
                CatalogNews::Better(newer) => {
                    self.observer().observe(&Observation::Retry(Retry::ChangedRelation));
                    ask(self.with(newer).known().await?.metered()).await.map_err(Error::lasting)
                }
                CatalogNews::Same => Err(error.lasting()),
                CatalogNews::Unknown => Err(error),
            },
            other => other,
        }
    }

    /// Asks; once more where rows broke off that had begun to come: another server, or the same one started again, may have all
    /// of them.
    pub(super) async fn unbroken<T, F: Future<Output = Result<T, Error>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, Error> {
        match ask().await {
            Err(error) if error.is_cut_off => {
                self.observer().observe(&Observation::Retry(Retry::CutOff));
                // What was counted of the first answer may be too much for a second one.
                ask().await.map_err(|_| error)
            }
            other => other,
        }
    }
}
