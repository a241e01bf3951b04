//! A queue of partials whose merged total is known: two stacks, so that nothing is ever subtracted.

/// The partials, each under a number; numbers ascend.
#[derive(Debug)]
pub(super) struct Stacks<P> {
    merge: fn(P, P) -> P,
    /// Those that came since the stacks were turned, oldest first.
    waiting: Vec<(usize, P)>,
    /// All of those merged.
    merged: Option<P>,
    /// The oldest on top, each merged with all that came after it up to the turn.
    leaving: Vec<(usize, P)>,
}

impl<P: Copy> Stacks<P> {
    pub(super) const fn new(merge: fn(P, P) -> P) -> Self {
        Self { merge, waiting: Vec::new(), merged: None, leaving: Vec::new() }
    }

    pub(super) fn push(&mut self, number: usize, partial: P) {
        self.waiting.push((number, partial));
        self.merged = joined(self.merge, self.merged, Some(partial));
    }

    pub(super) fn drop_before(&mut self, number: usize) {
        loop {
            while self.leaving.pop_if(|(own, _)| *own < number).is_some() {}
            if !self.leaving.is_empty() || self.waiting.first().is_none_or(|(own, _)| *own >= number) {
                return;
            }
            self.flip();
        }
    }

    fn flip(&mut self) {
        self.merged = None;
        let mut after = None;
        for (number, partial) in self.waiting.drain(..).rev() {
            let partial = after.map_or(partial, |after| (self.merge)(partial, after));
            after = Some(partial);
            self.leaving.push((number, partial));
        }
    }

    /// All of them, merged.
    pub(super) fn total(&self) -> Option<P> {
        joined(self.merge, self.leaving.last().map(|(_, partial)| *partial), self.merged)
    }

    pub(super) fn bytes(&self) -> usize {
        (self.waiting.capacity() + self.leaving.capacity()) * size_of::<(usize, P)>()
    }
}

/// An earlier and a later partial, where there are any.
pub(super) fn joined<P>(merge: fn(P, P) -> P, earlier: Option<P>, later: Option<P>) -> Option<P> {
    match (earlier, later) {
        (Some(earlier), Some(later)) => Some(merge(earlier, later)),
        (earlier, later) => earlier.or(later),
    }
}
