//! What the explorer's script reads.

use serde::Serialize;

/// An answer, drawn.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnAnswer {
    /// The picture.
    pub svg: String,
    /// Its width in pixels.
    pub width: u32,
    /// Where series are in it.
    pub plot: PlotArea,
    /// Start of the range, in milliseconds since 1970.
    pub from: i64,
    /// End of the range.
    pub to: i64,
    /// The zone.
    pub zone: &'static str,
    /// The series that are drawn.
    pub series: Vec<LegendLine>,
    /// The first of the other series, each with the reason why it is not drawn.
    pub undrawn: Vec<UndrawnSeries>,
    /// How many series the answer has.
    pub count: usize,
    /// How many points they have.
    pub points: usize,
    /// Annotations.
    pub marks: Vec<DrawnMark>,
    /// What is to be said.
    pub notices: Vec<String>,
    /// How many rows of the database were read.
    pub rows: u64,
    /// The relations that are read, rollups among them.
    pub relations: Vec<String>,
    /// The statements, where they may be shown.
    pub statements: Vec<String>,
}

/// Where series are drawn, in pixels.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PlotArea {
    /// Left edge.
    pub left: u32,
    /// Upper edge.
    pub top: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// One drawn series, with its numbers as people read them.
#[derive(Clone, Debug, Serialize)]
pub struct LegendLine {
    /// What it is called.
    pub legend: String,
    /// Its colour as `#rrggbb`.
    pub colour: String,
    /// The newest value.
    pub last: String,
    /// The lowest value.
    pub min: String,
    /// The highest value.
    pub max: String,
    /// The mean of the points.
    pub avg: String,
    /// Time, value, and the value as people read it.
    pub points: Vec<(i64, Option<f64>, String)>,
}

/// A series that is not in the picture.
#[derive(Clone, Debug, Serialize)]
pub struct UndrawnSeries {
    /// What it is called.
    pub legend: String,
    /// Why it is not drawn.
    pub reason: &'static str,
}

/// An annotation.
#[derive(Clone, Debug, Serialize)]
pub struct DrawnMark {
    /// When it began.
    pub from: i64,
    /// When it ended, where it lasted.
    pub until: Option<i64>,
    /// What it was.
    pub text: String,
}

/// The catalog.
#[derive(Clone, Debug, Serialize)]
pub struct CatalogView {
    /// The zone of days, weeks and months.
    pub zone: &'static str,
    /// What the file says that cannot be, and what discovery wants known.
    pub notes: Vec<String>,
    /// The sources.
    pub sources: Vec<SourceView>,
    /// The relations that are not served.
    pub left_out: Vec<LeftOutView>,
    /// The relations of annotations.
    pub annotations: Vec<String>,
    /// Whether the caller sees the whole database, so that it may ask for more of it.
    pub is_whole: bool,
}

/// A relation that is not served.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOutView {
    /// The relation.
    pub relation: String,
    /// Why it is left out.
    pub reason: String,
}

/// A source.
#[derive(Clone, Debug, Serialize)]
pub struct SourceView {
    /// Its relation.
    pub relation: String,
    /// Whether it was declared or found, and why.
    pub origin: String,
    /// Its time, interval, joins, rollups and size in words.
    pub facts: Vec<String>,
    /// Its metrics.
    pub metrics: Vec<MetricView>,
    /// Its labels.
    pub labels: Vec<LabelView>,
}

/// A metric.
#[derive(Clone, Debug, Serialize)]
pub struct MetricView {
    /// Its name.
    pub name: String,
    /// `gauge` or `counter`.
    pub kind: &'static str,
    /// Its unit.
    pub unit: Option<String>,
    /// What it measures.
    pub help: Option<String>,
    /// Where its value is.
    pub from: String,
}

/// A label.
#[derive(Clone, Debug, Serialize)]
pub struct LabelView {
    /// Its name.
    pub label: String,
    /// Where its value is.
    pub from: String,
}
