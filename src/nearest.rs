//! Which of the known words was meant.

/// Up to three candidates that look most like the given word, best first; none that is unlike it altogether.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let word: String = word.chars().take(128).collect::<String>().to_lowercase();
    let score = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let contained = if !word.is_empty() && candidate.contains(&word) { 0.3 } else { 0.0 };
        strsim::jaro_winkler(&word, &candidate) + contained
    };
    let mut scored: Vec<(f64, &str)> = candidates.map(|c| (score(c), c)).filter(|(s, _)| *s > 0.7).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, c)| c).collect()
}
