//! What the scripts say of views and of the tables beneath them.

use serde::Deserialize;

use crate::catalog::classify::is_epoch_name;

/// A view: what its columns come from, and what it is grouped by.
#[derive(Deserialize)]
pub(super) struct ViewRow {
    pub(super) relation: i64,
    pub(super) called: String,
    pub(super) numbers: Vec<i16>,
    pub(super) names: Vec<String>,
    pub(super) times: Vec<bool>,
    pub(super) texts: Vec<bool>,
    pub(super) sources: Vec<i64>,
    pub(super) theirs: Vec<i16>,
    pub(super) grouped: Vec<Option<bool>>,
    pub(super) hidden_sources: Vec<i64>,
    pub(super) is_grouped: bool,
    pub(super) groups_within: bool,
    pub(super) arms: Vec<(i16, i64, i16)>,
    pub(super) inner_groups: Vec<(i64, i16)>,
    pub(super) reads: Vec<i64>,
}

/// One key of a table.
#[derive(Deserialize)]
pub(super) struct TableRow {
    pub(super) relation: i64,
    pub(super) called: String,
    pub(super) kind: String,
    pub(super) numbers: Vec<i16>,
    pub(super) names: Vec<String>,
    pub(super) times: Vec<bool>,
    pub(super) counts: Vec<bool>,
}

/// A column of a view and what it comes from.
#[derive(Clone, Copy)]
pub(super) struct ViewColumn {
    pub(super) number: i16,
    pub(super) source: i64,
    pub(super) theirs: i16,
}

/// One column of what tells rows apart.
#[derive(Clone)]
pub(super) struct RowKeyColumn {
    pub(super) number: i16,
    pub(super) name: String,
    pub(super) is_time: bool,
}

impl ViewRow {
    pub(super) fn part(&self, at: usize) -> RowKeyColumn {
        let is_time = self.times[at] || is_epoch_name(&self.names[at]);
        RowKeyColumn { number: self.numbers[at], name: self.names[at].clone(), is_time }
    }

    pub(super) fn numbered_as(&self, number: i16) -> Option<RowKeyColumn> {
        self.numbers.iter().position(|own| *own == number).map(|at| self.part(at))
    }

    pub(super) fn carried(&self) -> Vec<ViewColumn> {
        let one =
            |at: usize| ViewColumn { number: self.numbers[at], source: self.sources[at], theirs: self.theirs[at] };
        (0..self.numbers.len()).map(one).collect()
    }

    /// The columns of each part of a UNION; of another view its own.
    pub(super) fn arms(&self) -> Vec<Vec<ViewColumn>> {
        if self.arms.is_empty() {
            return vec![self.carried()];
        }
        let mut arms: Vec<Vec<ViewColumn>> = Vec::new();
        for (number, source, theirs) in self.arms.iter().copied() {
            if number == 1 {
                arms.push(Vec::new());
            }
            arms.last_mut().into_iter().for_each(|arm| arm.push(ViewColumn { number, source, theirs }));
        }
        arms
    }

    /// The column that carries a part of a key: that column itself, or what is computed under its name.
    pub(super) fn place(&self, arm: &[ViewColumn], source: i64, part: &RowKeyColumn) -> Option<i16> {
        let is_same = |own: &&ViewColumn| own.source == source && own.theirs == part.number;
        let is_called = |own: &&ViewColumn| {
            let at = self.numbers.iter().position(|number| *number == own.number);
            own.source <= 0 && at.is_some_and(|at| self.names[at] == part.name)
        };
        arm.iter().find(is_same).or_else(|| arm.iter().find(is_called)).map(|own| own.number)
    }

    /// The only time that is computed.
    pub(super) fn other_time(&self, arm: &[ViewColumn]) -> Option<RowKeyColumn> {
        let mut times = arm.iter().filter(|own| own.source <= 0).filter_map(|own| self.numbered_as(own.number));
        let time = times.find(|part| part.is_time)?;
        times.all(|part| !part.is_time).then_some(time)
    }
}
