//! Annotations of all relations.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::{RequestScope, together};
use crate::catalog::AnnotationSource;
use crate::db::AnnotationRow;
use crate::error::{Error, Kind};
use crate::frame::Shortener;
use crate::intake::AnnotationQuestion;
use crate::plan::too_many_filters;
use crate::sql;

/// The most annotations of one request.
const ANNOTATIONS: u32 = 10_000;

/// Annotations, and what is to be said of them.
#[derive(Debug, Default)]
pub struct AnnotationList {
    /// The annotations, by time.
    pub rows: Vec<AnnotationRow>,
    /// What the person at the panel should know.
    pub notices: Vec<String>,
}

impl AnnotationList {
    /// Says that tags are divided where all tags of an annotation are one text: Grafana splits it at commas.
    #[must_use]
    pub fn divided(&self) -> Option<String> {
        let has_comma = |row: &&AnnotationRow| row.tags.iter().any(|tag| tag.contains(','));
        let rows = self.rows.iter().filter(has_comma).count();
        (rows > 0).then(|| format!("{rows} annotations have tags with a comma, at which Grafana divides them"))
    }
}

/// The end of what has none, in milliseconds since 1970: 9999-12-31.
const ENDLESS: i64 = 253_402_214_400_000;

/// What one relation gave.
#[derive(Default)]
struct RelationAnnotations {
    rows: Vec<AnnotationRow>,
    /// Rows whose time is outside of the calendar.
    timeless: usize,
    /// Rows that end before they begin.
    reversed: usize,
}

impl RelationAnnotations {
    /// The row with an end that can be drawn: that of the range where it has none, and none before its start.
    fn ended(&mut self, row: AnnotationRow, to: i64) -> Option<AnnotationRow> {
        let Some(start) = row.start else {
            self.timeless += 1;
            return None;
        };
        let until = match row.until {
            Some(until) if until >= ENDLESS => Some(to.max(start)),
            Some(until) if until < start => {
                self.reversed += 1;
                None
            }
            until => until,
        };
        Some(AnnotationRow { until, ..row })
    }
}

impl RequestScope {
    /// The annotations of all relations for each question. A relation that cannot be read is left out with a notice;
    /// texts that are too long are cut with one.
    ///
    /// # Errors
    /// No relation could be read as the database does not answer, or there are too many annotations.
    pub async fn annotations(&self, questions: &[AnnotationQuestion]) -> Result<Vec<AnnotationList>, Error> {
        let shortener = Mutex::new(Shortener::default());
        let (mut all, mut rows) = (Vec::with_capacity(questions.len()), 0);
        for question in questions {
            let mut events = self.events(question, &shortener).await?;
            rows += events.rows.len();
            if rows > ANNOTATIONS as usize {
                let message = format!("more than {ANNOTATIONS} annotations in this range");
                return Err(Error::new(Kind::AnswerTooLarge, message).hint("narrow the range, or select by #tag"));
            }
            events.rows.sort_by_key(|row| (row.start, row.until));
            all.push(events);
        }
        let cut = shortener.into_inner().unwrap_or_else(PoisonError::into_inner).notice();
        if let Some(last) = all.last_mut() {
            last.notices.extend(cut);
        }
        Ok(all)
    }

    async fn events(
        &self,
        question: &AnnotationQuestion,
        shortener: &Mutex<Shortener>,
    ) -> Result<AnnotationList, Error> {
        let (terms, most) = (question.filter.tags.len() + question.filter.words.len(), self.limits.filters as usize);
        if terms > most {
            return Err(too_many_filters(terms, most));
        }
        let sources = self.snapshot.annotations();
        let one = async |source| self.unbroken(|| self.of_source(source, question, shortener)).await;
        let running: Vec<_> = sources.iter().map(one).collect();
        let results = together::all(running).await;
        let (mut events, mut all, mut read, mut failed) =
            (AnnotationList::default(), RelationAnnotations::default(), 0, None);
        events.notices.extend(question.notices.iter().cloned());
        for (source, result) in sources.iter().zip(results) {
            match result {
                Ok(None) => {}
                Ok(Some(mut found)) => {
                    events.rows.append(&mut found.rows);
                    all.timeless += found.timeless;
                    all.reversed += found.reversed;
                    read += 1;
                }
                Err(error) => {
                    events.notices.push(format!("the annotations of {} are left out: {}", source.name, error.message));
                    failed.get_or_insert(error);
                }
            }
        }
        if all.timeless > 0 {
            let notice = format!("{} annotations are left out: their time is outside of the calendar", all.timeless);
            events.notices.push(notice);
        }
        if all.reversed > 0 {
            let hint = "an end that means still going on is declared as `open` of `time_end`";
            let notice = format!("{} annotations end before they begin and are points; {hint}", all.reversed);
            events.notices.push(notice);
        }
        match failed {
            Some(error) if read == 0 && matches!(error.kind, Kind::Unavailable | Kind::Busy | Kind::Timeout) => {
                Err(error)
            }
            _ => Ok(events),
        }
    }

    /// The annotations of one relation; none where the migrations have not been run.
    async fn of_source(
        &self,
        source: &AnnotationSource,
        question: &AnnotationQuestion,
        shortener: &Mutex<Shortener>,
    ) -> Result<Option<RelationAnnotations>, Error> {
        let source = &source.seen_in(&question.zone);
        self.record.metric(&format!("annotations/{}", source.name));
        self.record.range(question.range.from, question.range.to);
        let statement = sql::annotations(source, &question.filter, question.range, ANNOTATIONS);
        let mut found = RelationAnnotations::default();
        let to = question.range.to;
        let mut sink = |row: AnnotationRow| {
            let Some(row) = found.ended(row, to).map(each_tag_once) else { return };
            let short = shortener.lock().unwrap_or_else(PoisonError::into_inner).shortened(row);
            found.rows.push(told_apart(short, &source.name));
        };
        match self.database.annotations(&statement, self.deadline, &mut sink).await {
            Ok(()) => Ok(Some(found)),
            Err(error) if source.is_own() && error.is_missing_relation() => Ok(None),
            Err(error) => {
                if !error.is_no_news() {
                    tracing::warn!(relation = %source.relation, %error, "no annotations");
                }
                Err(error.public())
            }
        }
    }
}

/// The row without tags that are empty or stand there already, as one that several columns have.
fn each_tag_once(mut row: AnnotationRow) -> AnnotationRow {
    let mut seen = HashSet::new();
    row.tags.retain(|tag| !tag.is_empty() && seen.insert(tag.clone()));
    row
}

/// The row with an id that no row of another relation has: Grafana draws one of several with the same.
fn told_apart(row: AnnotationRow, source: &str) -> AnnotationRow {
    AnnotationRow { id: row.id.map(|id| format!("{source}:{id}")), ..row }
}
