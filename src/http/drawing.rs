//! What a URL asks to be drawn: targets and PromQL over one range, with the annotations in it.

use serde_json::{Value, json};

use super::flat::query;
use super::params::Params;
use super::query::said;
use crate::budget::HeldBytes;
use crate::db::AnnotationRow;
use crate::engine::{Answer, PromAnswer, PromQuestion, RequestScope, Timing};
use crate::error::{Error, Kind};
use crate::frame::Frame;
use crate::intake::prometheus::steps_over;
use crate::intake::{self, Question};
use crate::render::chart::{Chart, ChartStyle, Mark, Picture, Theme, svg, weight};
use crate::render::error_text;
use crate::time::{TimeRange, Zone};
use crate::wire::request::Annotations;

/// The parameters of a URL that asks for a picture.
pub(super) const PARAMETERS: &[&str] = &[
    "target",
    "metric",
    "promql",
    "query",
    "from",
    "to",
    "tz",
    "step",
    "interval_ms",
    "intervalMs",
    "max_data_points",
    "maxDataPoints",
    "width",
    "height",
    "theme",
    "legend",
    "annotations",
    "over_time",
    "aggregation",
    "by",
    "fill",
    "reduce",
];

/// What a URL asks to be drawn.
pub(super) struct DrawRequest {
    pub(super) question: Question,
    /// The expressions in Prometheus' language.
    promql: Vec<String>,
    step: Option<String>,
    annotations: Option<String>,
    pub(super) look: ChartStyle,
    notices: Vec<String>,
}

/// What is drawn.
pub(super) struct Drawing {
    pub(super) frames: Vec<Frame>,
    pub(super) marks: Vec<Mark>,
    /// What is to be said, the errors of single targets first.
    pub(super) notices: Vec<String>,
    pub(super) executed: Vec<String>,
    pub(super) range: TimeRange,
    pub(super) zone: Zone,
    pub(super) look: ChartStyle,
    pub(super) timing: Timing,
    pub(super) held: Vec<HeldBytes>,
}

impl DrawRequest {
    /// Reads the parameters of a URL.
    ///
    /// # Errors
    /// The size or the range cannot be read, or nothing is asked.
    pub(super) fn read(params: &Params, scope: &RequestScope) -> Result<Self, Error> {
        let look = look(params)?;
        let mut query = query(params, "timeseries");
        if query.max_data_points.is_null() {
            query.max_data_points = look.points().into();
        }
        let question = intake::question(&query, scope.moment(), scope.limits())?;
        let promql: Vec<String> = params.all("promql").chain(params.all("query")).map(str::to_owned).collect();
        if question.targets.is_empty() && promql.is_empty() {
            let error = Error::new(Kind::BadRequest, "the URL names neither a target nor an expression");
            return Err(error.hint("GET /chart.svg?target=cpu&from=now-1h, or promql=rate(requests_total[5m])"));
        }
        let most = scope.limits().targets as usize;
        if question.targets.len() + promql.len() > most {
            return Err(Error::new(Kind::TooManyTargets, format!("more than {most} targets in one request")));
        }
        let step = params.first("step").map(str::to_owned);
        let annotations = params.first("annotations").map(str::to_owned);
        Ok(Self { question, promql, step, annotations, look, notices: params.unknown(PARAMETERS) })
    }

    /// Asks the database. Targets that fail are notices; where all fail it is the first one's error.
    ///
    /// # Errors
    /// No target could be answered.
    pub(super) async fn answered(&self, scope: &RequestScope) -> Result<Drawing, Error> {
        let mut drawing = self.empty();
        let mut failed = None;
        if !self.question.targets.is_empty() {
            match scope.answer(&self.question).await {
                Ok(answer) => drawing.take(answer),
                Err(error) => drawing.fail(&mut failed, error),
            }
        }
        for text in &self.promql {
            let question = self.prom_question(scope, text)?;
            match scope.promql(&question).await {
                Ok(answer) => drawing.take_promql(answer, text),
                Err(error) => drawing.fail(&mut failed, error.shown_in(text)),
            }
        }
        // An answer holds something, also where it has no series.
        if let Some(error) = failed.filter(|_| drawing.held.is_empty()) {
            return Err(error);
        }
        if let Some(query) = &self.annotations {
            self.mark(scope, query, &mut drawing).await?;
        }
        drawing.notices.extend(self.notices.iter().cloned());
        Ok(drawing)
    }

    /// The relations that the questions read, each once.
    ///
    /// # Errors
    /// A question cannot be planned.
    pub(super) fn relations(&self, scope: &RequestScope) -> Result<Vec<String>, Error> {
        let mut relations = scope.relations(&self.question)?;
        for text in &self.promql {
            relations.extend(scope.promql_relations(&self.prom_question(scope, text)?)?);
        }
        relations.sort();
        relations.dedup();
        Ok(relations)
    }

    fn prom_question(&self, scope: &RequestScope, text: &str) -> Result<PromQuestion, Error> {
        let (points, most) = (self.question.max_points, scope.limits().points);
        let steps = steps_over(self.question.range, self.step.as_deref(), points, most)?;
        Ok(PromQuestion { text: text.to_owned(), steps, lookback_ms: None, range_end_ms: Some(steps.end_ms()) })
    }

    fn empty(&self) -> Drawing {
        Drawing {
            frames: Vec::new(),
            marks: Vec::new(),
            notices: Vec::new(),
            executed: Vec::new(),
            range: self.question.range,
            zone: self.question.zone,
            look: self.look,
            timing: Timing::default(),
            held: Vec::new(),
        }
    }

    /// Adds the annotations of the range: all of them, or those of a query such as `#deploy`.
    async fn mark(&self, scope: &RequestScope, query: &str, drawing: &mut Drawing) -> Result<(), Error> {
        let TimeRange { from, to } = self.question.range;
        let query = if matches!(query, "true" | "1" | "*") { "" } else { query };
        let request = Annotations {
            range: json!({"from": from, "to": to}),
            annotation: json!({"query": query}),
            tags: Value::Null,
            timezone: self.question.zone.name().into(),
        };
        let question = intake::annotations(&request, scope.moment())?;
        let events = scope.annotations(&[question]).await?.pop().unwrap_or_default();
        if events.rows.is_empty() && !query.is_empty() {
            let shown: String = query.chars().take(80).collect();
            drawing
                .notices
                .push(format!("no annotation in this range matches {shown:?}; `annotations=*` draws all of them"));
        }
        drawing.marks.extend(events.rows.into_iter().take(MARKS).filter_map(mark_of));
        drawing.notices.extend(events.notices);
        Ok(())
    }
}

/// The most annotations in one picture.
const MARKS: usize = 500;

fn mark_of(row: AnnotationRow) -> Option<Mark> {
    let texts = [row.title.as_deref(), row.text.as_deref()];
    let text: Vec<&str> = texts.into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let text: String = text.join(": ").chars().take(300).collect();
    Some(Mark { from: row.start?, until: row.until, text })
}

impl Drawing {
    fn take(&mut self, answer: Answer) {
        let said = said(&answer);
        self.timing = self.timing.longest(answer.timing);
        for target in answer.answered {
            self.frames.extend(target.frames);
            self.executed.extend(target.executed);
        }
        self.notices.extend(said);
        self.held.extend(answer.held);
    }

    fn take_promql(&mut self, answer: PromAnswer, text: &str) {
        self.timing = self.timing.longest(answer.timing);
        self.frames.extend(answer.value.frames(text));
        self.notices.extend(answer.warnings.into_iter().chain(answer.infos));
        self.held.extend(answer.held);
    }

    fn fail(&mut self, failed: &mut Option<Error>, error: Error) {
        self.notices.insert(0, error_text(&error));
        failed.get_or_insert(error);
    }

    /// The picture.
    ///
    /// # Errors
    /// It would hold too many bytes.
    pub(super) fn picture(&mut self, scope: &RequestScope) -> Result<Picture, Error> {
        let mut held = scope.budget().held();
        held.pay(weight(&self.frames, self.marks.len()))?;
        self.held.push(held);
        let Self { frames, marks, notices, range, zone, look, .. } = self;
        svg(&Chart { frames, marks, notices, range: *range, zone, look: *look })
    }
}

fn look(params: &Params) -> Result<ChartStyle, Error> {
    let usual = ChartStyle::default();
    let size = |name: &str, usual: u32, allowed: std::ops::RangeInclusive<u32>| {
        let Some(text) = params.first(name) else { return Ok(usual) };
        let expected = format!("expected pixels from {} to {}", allowed.start(), allowed.end());
        let wrong = || Error::new(Kind::BadRequest, format!("`{name}` cannot be read")).hint(expected);
        text.trim().parse().ok().filter(|size| allowed.contains(size)).ok_or_else(wrong)
    };
    let theme = match params.first("theme") {
        None => usual.theme,
        Some(name) => Theme::parse(name)
            .ok_or_else(|| Error::new(Kind::BadRequest, "`theme` cannot be read").hint("expected light or dark"))?,
    };
    let width = size("width", usual.width, ChartStyle::WIDTHS)?;
    Ok(ChartStyle { width, height: size("height", usual.height, ChartStyle::HEIGHTS)?, theme, ..usual })
}
