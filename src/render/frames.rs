//! Frames as Grafana's own wire format: one per series.

use super::TargetAnswer;
use super::meta_of;
use crate::frame::Frame;
use crate::wire::frame::{DataFrame, Field, FieldConfig, FrameData, Numbers, Schema};

/// The frames of an answer, in the order of the targets; notices go to a target's first frame.
#[must_use]
pub fn frames(answers: Vec<(TargetAnswer, String)>) -> Vec<DataFrame> {
    let mut all = Vec::new();
    for (answer, _) in answers {
        let mut meta = meta_of(&answer);
        for frame in answer.frames {
            let mut shown = data_frame(frame, answer.ref_id.clone());
            shown.schema.meta = meta.take();
            all.push(shown);
        }
    }
    all
}

fn data_frame(frame: Frame, ref_id: Option<String>) -> DataFrame {
    let labels = frame.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let config = Some(FieldConfig { display_name: frame.legend.clone(), unit: frame.unit });
    let fields = vec![
        Field { name: "Time", r#type: "time", labels: std::collections::BTreeMap::new(), config: None },
        Field { name: "Value", r#type: "number", labels, config },
    ];
    let (times, values) = frame.points.into_iter().unzip();
    DataFrame {
        schema: Schema { ref_id, name: frame.legend, meta: None, fields },
        data: FrameData { values: (times, Numbers(values)) },
    }
}
