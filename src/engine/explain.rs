//! The plan that PostgreSQL has for a question, without running it.

use super::show::{parts, statement};
use super::{RequestScope, resolve};
use crate::catalog::AnnotationSource;
use crate::db::DbError;
use crate::error::Error;
use crate::intake::{Question, TargetQuestion};
use crate::lower;
use crate::plan::{self, TargetPlan};
use crate::sql::{self, AnnotationFilter, Statement};
use crate::time::TimeRange;

impl RequestScope {
    /// The plans of a question's statements, as `EXPLAIN (FORMAT JSON)` gives them.
    ///
    /// # Errors
    /// The question cannot be planned, or the server refuses a statement: then with its own words, for the operator.
    pub async fn explained(&self, question: &Question) -> Result<Vec<String>, Error> {
        let mut plans = Vec::new();
        for target in &question.targets {
            for part in parts(&self.planned(question, target)?.groups) {
                plans.push(self.plan_of(statement(&part)).await?);
            }
        }
        Ok(plans)
    }

    /// Runs a question's statements, for nothing but whether that is possible.
    ///
    /// # Errors
    /// As [`Self::explained`].
    pub async fn tried(&self, question: &Question) -> Result<(), Error> {
        for target in &question.targets {
            for part in parts(&self.planned(question, target)?.groups) {
                let done = self.database.series(&statement(&part), self.deadline, &mut |_| Ok(())).await;
                done.map_err(|error| in_its_words(&error))?;
            }
        }
        Ok(())
    }

    /// The relations that a question reads, with the rollups among them, each once.
    ///
    /// # Errors
    /// No target can be planned: then the first one's error.
    pub fn relations(&self, question: &Question) -> Result<Vec<String>, Error> {
        let mut relations = Vec::new();
        for target in &question.targets {
            for part in parts(&self.planned(question, target)?.groups) {
                relations.push(part.rows.relation.to_string());
                relations.extend(part.rest.map(|rest| rest.fetch.rows.relation.to_string()));
            }
        }
        relations.sort();
        relations.dedup();
        Ok(relations)
    }

    /// The plan of reading a relation's annotations.
    ///
    /// # Errors
    /// The server refuses the statement.
    pub async fn explained_annotations(&self, source: &AnnotationSource, range: TimeRange) -> Result<String, Error> {
        let statement = sql::annotations(source, &AnnotationFilter::default(), range, 1);
        self.plan_of(statement).await
    }

    fn planned(&self, question: &Question, target: &TargetQuestion) -> Result<TargetPlan, Error> {
        let text = target.text.as_ref().map_err(Clone::clone)?;
        let expression = target.builder.around(resolve::expression(&self.snapshot, text)?, &mut Vec::new())?;
        let lowered = lower::lower(&expression, &self.patterns).map_err(resolve::refusal)?;
        plan::fetches(&self.context(question, target), &lowered.fetches)
    }

    async fn plan_of(&self, statement: Statement) -> Result<String, Error> {
        match self.database.texts(&sql::explain(&statement), self.deadline, 1).await {
            Ok(plans) => Ok(plans.into_iter().next().unwrap_or_default()),
            Err(error) => Err(in_its_words(&error)),
        }
    }
}

/// An error in the server's own words, for the operator.
fn in_its_words(error: &DbError) -> Error {
    Error { message: error.to_string(), ..error.public() }
}
