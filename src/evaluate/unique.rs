//! Series whose labels have changed, brought back to one series per label set.

use super::error::EvaluateErrorKind;
use crate::series::{Labels, Series};

/// What is wrong, and with which labels.
pub(super) type DuplicateLabels = (EvaluateErrorKind, Labels);

/// Sorts by labels and drops series without points; equal labels are an error, even where points never share a bucket.
pub(super) fn distinct(mut series: Vec<Series>) -> Result<Vec<Series>, DuplicateLabels> {
    series.retain(|one| !one.points.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    match series.windows(2).find(|pair| pair[0].labels == pair[1].labels) {
        Some(pair) => Err((EvaluateErrorKind::SameLabels, pair[0].labels.clone())),
        None => Ok(series),
    }
}

/// Sorts by labels, drops series without points, and joins those with equal labels that never share a bucket.
pub(super) fn unique(mut series: Vec<Series>, clash: EvaluateErrorKind) -> Result<Vec<Series>, DuplicateLabels> {
    series.retain(|one| !one.points.is_empty());
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    let mut unique: Vec<Series> = Vec::with_capacity(series.len());
    let mut joined: Vec<usize> = Vec::new();
    for one in series {
        match unique.last_mut() {
            Some(last) if last.labels == one.labels => {
                last.points.extend(one.points);
                if joined.last() != Some(&(unique.len() - 1)) {
                    joined.push(unique.len() - 1);
                }
            }
            _ => unique.push(one),
        }
    }
    for at in joined {
        let one = &mut unique[at];
        one.points.sort_by_key(|point| point.bucket);
        if one.points.windows(2).any(|pair| pair[0].bucket == pair[1].bucket) {
            return Err((clash, one.labels.clone()));
        }
    }
    Ok(unique)
}
