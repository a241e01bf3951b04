//! What the operator is told of a catalog.

use super::super::classify::Decision;
use super::super::searched::Searched;
use super::Snapshot;

impl Snapshot {
    /// What the operator should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Says what the operator should know.
    pub fn set_notes(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    /// Says more of what the operator should know.
    pub fn add_notes(&mut self, notes: &[String]) {
        self.notes.extend_from_slice(notes);
    }

    /// Says what whole relations were taken for, and why.
    pub fn set_decisions(&mut self, decisions: Vec<Decision>) {
        self.decisions = decisions;
    }

    /// One decision for each relation, with its reason. A caller's part of the catalog has only those about its sources, without
    /// reasons, because a reason may name hidden columns.
    #[must_use]
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Says where discovery looked.
    pub fn set_searched(&mut self, searched: Searched) {
        self.searched = searched;
    }

    /// Where discovery looked. A caller's part of the catalog names no schema.
    #[must_use]
    pub const fn searched(&self) -> &Searched {
        &self.searched
    }
}
