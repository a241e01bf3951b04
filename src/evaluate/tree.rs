//! What a tree of nodes says of itself.

use super::binary::apply;
use super::node::Node;

impl Node {
    /// Whether it has a value in a bucket exactly where its only fetch has one, and for the same series or groups of them.
    #[must_use]
    pub fn follows_its_samples(&self) -> bool {
        match self {
            Self::Fetch(_) => true,
            Self::Math { child, .. }
            | Self::Limit { child, .. }
            | Self::Timestamp { child, .. }
            | Self::LabelReplace { child, .. }
            | Self::LabelJoin { child, .. }
            | Self::Aggregate { child, .. }
            | Self::Quantile { child, .. } => !child.is_scalar() && child.follows_its_samples(),
            Self::Binary(binary) if !binary.op.is_comparison() || binary.returns_bool => {
                let (lhs, rhs) = (&binary.lhs, &binary.rhs);
                match (lhs.is_scalar(), rhs.is_scalar()) {
                    (true, false) => rhs.follows_its_samples(),
                    (false, true) => lhs.follows_its_samples(),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// Whether the order of its series at one step is its own.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        matches!(self, Self::Sorted { .. } | Self::RankAtStep { .. })
    }

    /// Whether it gives a scalar, not series.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        match self {
            Self::Number(_) | Self::Time | Self::Scalar(_) => true,
            Self::Math { child, .. } => child.is_scalar(),
            Self::Binary(binary) => binary.lhs.is_scalar() && binary.rhs.is_scalar(),
            _ => false,
        }
    }

    /// The nodes that it is computed of; the series of an aggregation stand last.
    #[must_use]
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Number(_) | Self::Time | Self::Fetch(_) => Vec::new(),
            Self::Over(over) => over.children(),
            Self::Scalar(child)
            | Self::Vector(child)
            | Self::Math { child, .. }
            | Self::Timestamp { child, .. }
            | Self::Nameless { child, .. }
            | Self::Sorted { child, .. }
            | Self::Absent { child, .. }
            | Self::LabelReplace { child, .. }
            | Self::LabelJoin { child, .. }
            | Self::Aggregate { child, .. }
            | Self::CountValues { child, .. }
            | Self::OfNativeHistograms(child)
            | Self::Rank { child, .. } => vec![child],
            Self::HistogramQuantile { phi, child, .. } | Self::Quantile { phi, child, .. } => vec![phi, child],
            Self::RankAtStep { k, child, .. } => vec![k, child],
            Self::Limit { child, args: numbers, .. } | Self::HistogramFraction { child, bounds: numbers, .. } => {
                numbers.iter().chain([&**child]).collect()
            }
            Self::Binary(binary) => vec![&binary.lhs, &binary.rhs],
        }
    }

    /// How many nodes the tree has.
    #[must_use]
    pub fn size(&self) -> usize {
        1 + self.children().into_iter().map(Self::size).sum::<usize>()
    }

    /// Whether it keeps only the series that rank highest or lowest.
    #[must_use]
    pub fn ranks(&self) -> bool {
        match self {
            Self::Rank { .. } => true,
            Self::Binary(binary) => binary.lhs.ranks() || binary.rhs.ranks(),
            _ => self.children().last().is_some_and(|child| child.ranks()),
        }
    }

    /// The fetch whose series are those of the answer, one by one; none where series are left out or put together.
    #[must_use]
    pub fn answer(&self) -> Option<usize> {
        match self {
            Self::Fetch(at) => Some(*at),
            Self::Math { child, .. }
            | Self::Timestamp { child, .. }
            | Self::LabelReplace { child, .. }
            | Self::LabelJoin { child, .. } => child.answer(),
            Self::Binary(binary) if !binary.op.is_comparison() => {
                match (binary.lhs.is_scalar(), binary.rhs.is_scalar()) {
                    (true, false) => binary.rhs.answer(),
                    (false, true) => binary.lhs.answer(),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The number that it is in every bucket, whatever is fetched.
    #[must_use]
    pub fn constant(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Math { function, child, .. } => child.constant().map(function.apply),
            Self::Binary(binary) => {
                let (left, right) = (binary.lhs.constant()?, binary.rhs.constant()?);
                apply(binary.op, binary.returns_bool, left, right, left)
            }
            _ => None,
        }
    }
}
