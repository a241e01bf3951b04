//! The audit: one line for each question, whatever the level of the log is.

use super::record::{Request, RequestNotes};
use crate::identity::Identity;
use crate::time::to_rfc3339;

/// What the audit says of a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audit {
    /// Nothing.
    #[default]
    Off,
    /// Who read which metrics, over which range, and what it cost.
    Metrics,
    /// Besides the texts of the targets, which may have values of labels.
    Full,
}

impl Audit {
    /// Writes the line of a question.
    pub fn write(self, request: &Request) {
        if self == Self::Off {
            return;
        }
        let notes = request.record.written();
        if !notes.is_question {
            return;
        }
        let RequestNotes { caller: Identity { token, person, role }, metrics, targets, range, .. } = notes;
        let targets = (self == Self::Full).then(|| targets.join("\n"));
        let metrics = metrics.into_iter().collect::<Vec<_>>().join(",");
        let (from, to) = range.map_or((None, None), |(from, to)| (Some(to_rfc3339(from)), Some(to_rfc3339(to))));
        tracing::info!(
            target: "audit",
            id = request.id,
            token = token.as_deref(),
            person = person.as_deref(),
            role = role.as_deref(),
            database = request.database.as_deref(),
            route = request.route,
            metrics,
            from,
            to,
            targets,
            rows = request.record.rows(),
            statements = request.record.statements(),
            bytes = request.bytes,
            duration_ms = super::log::millis(request.taken),
            status = request.status,
            code = request.code,
            "audit"
        );
    }
}
