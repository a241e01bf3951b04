//! `datebin.toml`: what the operator declares. Reading checks every field; whether relations and columns exist is for
//! [`classify`](super::classify).

mod discovery;
mod fields;
mod join;
mod label;
mod rollup;
mod settled;
mod time;
mod value;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::de::DeTable;

use super::facts::DiscoveryScope;
use super::presets::NAMES;
use crate::nearest::nearest;
pub use discovery::Discovery;
pub use join::{JoinDecl, NameDecl, NameTable, NamesDecl};
pub use label::{LabelDecl, LabelTable};
pub use rollup::{FunctionsDecl, RollupColumnsDecl, RollupDecl};
pub use time::{EndDecl, EndTable, OpenDecl, OpenValue, TimeDecl, TimeTable};
pub use value::{ColumnsDecl, MetricDecl, ValueDecl, ValueTable};

/// The whole file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogFile {
    /// The zone in which days begin when a request names none, such as `Europe/Prague`.
    pub time_zone: Option<String>,
    /// The first day of a week; `monday` when absent.
    pub week_starts: Option<String>,
    /// Known products whose tables are declared automatically: `telegraf`, `zabbix`, `home-assistant`, `pgwatch`.
    #[serde(default)]
    pub presets: Vec<String>,
    /// How discovery works.
    #[serde(default)]
    pub discovery: Discovery,
    /// The declared sources.
    #[serde(default, rename = "source")]
    pub sources: Vec<SourceDecl>,
    /// Relations whose rows are annotations.
    #[serde(default)]
    pub annotations: Vec<AnnotationDecl>,
}

/// `[[source]]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceDecl {
    /// `schema.name`, or a name on the search path; with a `*` in it, every relation that matches is a source.
    pub relation: String,
    /// The time column; the choice of discovery when absent.
    pub time: Option<TimeDecl>,
    /// The sampling interval, such as `10s`; steps are never shorter.
    pub interval: Option<String>,
    /// The longest distance of two samples of a counter that still connect; a day when absent.
    pub lookback: Option<String>,
    /// How long a sample counts as the current value, in the Prometheus API; five minutes when absent.
    pub staleness: Option<String>,
    /// How long after its end a bucket may still get rows, or `never`.
    pub settles: Option<String>,
    /// How long stored buckets are answered from; five minutes when absent.
    pub max_age: Option<String>,
    /// `token`: policies on its rows look at `datebin.token`, so that a token alone hides rows of it.
    pub rows: Option<String>,
    /// The labels; the choice of discovery when absent.
    pub labels: Option<Vec<LabelDecl>>,
    /// The column, or the member of JSON, with the metric's name.
    pub name: Option<NameDecl>,
    /// Text in front of every stored name.
    pub prefix: Option<String>,
    /// Where the values are.
    pub value: Option<ValueDecl>,
    /// Words that stand for numbers; they are looked up before a text is read as a number.
    #[serde(default)]
    pub map: BTreeMap<String, f64>,
    /// `keep`, or `skip`: rows whose value is NaN are ignored.
    pub nan: Option<String>,
    /// The meaning of NULL in the Prometheus API. `end`: the series ends until its next sample. `skip`: the row is ignored.
    pub nulls: Option<String>,
    /// A column, and the path to an array in it: every element is a sample, and `json` paths begin at the element.
    pub each: Option<Vec<String>>,
    /// When a row ends. NULL, and the values of `open`, mean that it has not ended.
    pub time_end: Option<EndDecl>,
    /// Metrics by name.
    #[serde(default)]
    pub metric: BTreeMap<String, MetricDecl>,
    /// Conditions on columns; rows that fail are ignored.
    #[serde(rename = "where")]
    pub matchers: Option<String>,
    /// Relations joined to its rows.
    #[serde(default, rename = "join")]
    pub joins: Vec<JoinDecl>,
    /// Coarser relations of the same metrics, with one row for each series and interval.
    #[serde(default, rename = "rollup")]
    pub rollups: Vec<RollupDecl>,
    /// Of a family: where the names of its metrics are; the text that the star matched when absent.
    pub names: Option<NamesDecl>,
}

/// `[[annotations]]`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnotationDecl {
    /// A name for people.
    pub name: String,
    /// `schema.name`, or a name on the search path.
    pub relation: String,
    /// When an annotation begins.
    pub time: TimeDecl,
    /// When an annotation ends. NULL is a point; a value of `open` means that it lasts until now.
    pub time_end: Option<EndDecl>,
    /// The column of the title.
    pub title: Option<String>,
    /// The column of the text.
    pub text: Option<String>,
    /// The columns of tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// What is wrong with the file itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CatalogFileError {
    /// No TOML, or a value of another type than the field's.
    #[error("datebin.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// A field that does not exist.
    #[error("datebin.toml, line {line}: unknown field `{field}` in {place}{}", did_you_mean(nearest))]
    UnknownField {
        /// The line.
        line: usize,
        /// The field.
        field: String,
        /// Where it stands.
        place: &'static str,
        /// The fields that look most like it.
        nearest: Vec<String>,
    },
    /// A preset that does not exist.
    #[error("datebin.toml: there is no preset `{preset}` (there are {}){}", NAMES.join(", "), did_you_mean(nearest))]
    UnknownPreset {
        /// As declared.
        preset: String,
        /// Those that look most like it.
        nearest: Vec<String>,
    },
    /// A field, or a form of it, that this version does not know yet.
    #[error("datebin.toml, line {line}: {what} is not supported yet")]
    NotSupported {
        /// The line.
        line: usize,
        /// What it is.
        what: String,
    },
}

impl CatalogFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The text is not valid TOML, or a field is unknown, not supported yet, or of another type.
    pub fn parse(text: &str) -> Result<Self, CatalogFileError> {
        let document = DeTable::parse(text)?;
        fields::check(text, document.get_ref())?;
        // Only an error is worth parsing again: it tells its line.
        let read = Self::deserialize(toml::Deserializer::from(document));
        let file = read.or_else(|_| toml::from_str(text))?;
        for preset in &file.presets {
            known_preset(preset)?;
        }
        Ok(file)
    }

    /// The JSON Schema of the file, for editors.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The relations that the facts must cover.
    #[must_use]
    pub fn scope(&self) -> DiscoveryScope {
        let looks = self.discovery.enabled || !self.presets.is_empty();
        let schemas = if looks { self.discovery.schemas.clone() } else { Some(Vec::new()) };
        let sources = self.sources.iter().map(|source| source.relation.as_str());
        let sources = sources.chain(self.sources.iter().flat_map(SourceDecl::beside));
        let annotations = self.annotations.iter().map(|annotations| annotations.relation.as_str());
        let declared = sources.chain(annotations).map(|relation| {
            let (schema, name) = split_relation(relation);
            (schema.map(str::to_owned), name.to_owned())
        });
        DiscoveryScope { schemas, declared: declared.collect(), settled: settled::settled(self) }
    }
}

/// Whether there is a preset of that name.
///
/// # Errors
/// There is none.
pub fn known_preset(preset: &str) -> Result<(), CatalogFileError> {
    if NAMES.contains(&preset) {
        return Ok(());
    }
    let nearest = nearest(preset, NAMES.into_iter()).into_iter().map(str::to_owned).collect();
    Err(CatalogFileError::UnknownPreset { preset: preset.to_owned(), nearest })
}

/// Schema and name: the first dot splits them, the rest is the name exactly as stored.
pub(super) fn split_relation(relation: &str) -> (Option<&str>, &str) {
    relation.split_once('.').map_or((None, relation), |(schema, name)| (Some(schema), name))
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        CatalogFile::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_field_names_its_line_and_the_nearest() {
        let text = "[discovery]\nenabled = true\n\n[[source]]\nrelation = \"a\"\nlabel = [\"x\"]\n";
        assert_eq!(error(text), "datebin.toml, line 6: unknown field `label` in [[source]]; did you mean `labels`?");
        let text = "[[source]]\nrelation = \"a\"\n[source.metric.cpu]\ncolum = \"c\"";
        assert!(error(text).contains("line 4: unknown field `colum` in [source.metric.…]; did you mean `column`"));
    }

    #[test]
    fn an_unknown_preset_names_the_nearest() {
        let said = error("presets = [\"telegraf\", \"zabix\"]");
        assert!(said.starts_with("datebin.toml: there is no preset `zabix` (there are telegraf, zabbix"), "{said}");
        assert!(said.ends_with("; did you mean `zabbix`?"), "{said}");
        assert_eq!(CatalogFile::parse("presets = [\"home-assistant\"]").unwrap().presets, ["home-assistant"]);
    }

    #[test]
    fn a_family_stands_only_where_a_source_does() {
        let text = "[[source]]\nrelation = \"a\"\n[[source.rollup]]\nrelation = \"b*\"\nstep = \"1h\"";
        assert_eq!(error(text), "datebin.toml, line 4: a family of relations (`*`) here is not supported yet");
    }

    #[test]
    fn the_forms_of_time_and_labels_are_read() {
        let text = r#"
            [[source]]
            relation = "public.a.b"
            time = { column = "clock", type = "epoch", unit = "s" }
            labels = ["host", { name = "os", json = ["meta", "os"] }, { json = ["tags"], all = true }]
        "#;
        let file = CatalogFile::parse(text).unwrap();
        assert!(matches!(&file.sources[0].time, Some(TimeDecl::Table(table)) if table.unit.as_deref() == Some("s")));
        assert_eq!(file.sources[0].labels.as_ref().unwrap().len(), 3);
        assert_eq!(file.scope().declared, [(Some("public".to_owned()), "a.b".to_owned())]);
        assert!(error("[[source]]\nrelation = \"a\"\ntime = 5").contains("a time is a column's name"));
    }
}
