//! The known words that are nearest to a misspelt one.

use std::collections::BTreeMap;

/// The longest word that is compared, in characters.
const LONGEST: usize = 128;
/// The most candidates that are compared letter by letter.
const COMPARED: usize = 300;
/// The most candidates that contain the word.
const CONTAINING: usize = 100;

/// Up to three candidates that look most like the given word, best first; none that is unlike it altogether.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let word = lowered(word);
    best(&word, candidates.map(|candidate| (candidate, lowered(candidate))))
}

fn lowered(word: &str) -> String {
    word.chars().take(LONGEST).collect::<String>().to_lowercase()
}

fn best<'a>(word: &str, candidates: impl Iterator<Item = (&'a str, impl AsRef<str>)>) -> Vec<&'a str> {
    let score = |candidate: &str| {
        let contained = if !word.is_empty() && candidate.contains(word) { 0.3 } else { 0.0 };
        strsim::jaro_winkler(word, candidate) + contained
    };
    let scored = candidates.map(|(written, lowered)| (score(lowered.as_ref()), written));
    let mut scored: Vec<(f64, &str)> = scored.filter(|(score, _)| *score > 0.7).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    scored.into_iter().take(3).map(|(_, written)| written).collect()
}

/// Many words, arranged so that those like another are found without comparing them all letter by letter.
#[derive(Clone, Debug, Default)]
pub struct Lexicon {
    words: Vec<Entry>,
    /// The numbers of the words of each length in bytes.
    by_length: BTreeMap<usize, Vec<u32>>,
    /// The numbers of all words, in the order of their lower case.
    sorted: Vec<u32>,
    /// All words in lower case, each behind a line feed, and where each begins.
    text: String,
    starts: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    written: String,
    lowered: String,
    letters: u64,
}

impl Lexicon {
    /// Arranges words.
    #[must_use]
    pub fn of<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut lexicon = Self::default();
        for (at, word) in (0_u32..).zip(words) {
            let lowered = lowered(word);
            lexicon.by_length.entry(lowered.len()).or_default().push(at);
            lexicon.starts.push(lexicon.text.len());
            lexicon.text.push('\n');
            lexicon.text.push_str(&lowered);
            let letters = letters(&lowered);
            lexicon.words.push(Entry { written: word.to_owned(), lowered, letters });
        }
        let mut sorted: Vec<u32> = (0_u32..).take(lexicon.words.len()).collect();
        sorted.sort_by(|a, b| lexicon.words[*a as usize].lowered.cmp(&lexicon.words[*b as usize].lowered));
        Self { sorted, ..lexicon }
    }

    /// As [`nearest`]: of the words that contain the given one or that it begins with, and of those that are about as
    /// long and have nearly its letters.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Vec<&str> {
        let word = lowered(word);
        let entries = self.compared(&word).into_iter().map(|at| &self.words[at as usize]);
        best(&word, entries.map(|entry| (entry.written.as_str(), &entry.lowered)))
    }

    /// The numbers of the words that are compared with another letter by letter.
    fn compared(&self, word: &str) -> Vec<u32> {
        let own = letters(word);
        let slack = (word.len() / 3).max(2);
        let lengths = self.by_length.range(word.len().saturating_sub(slack)..=word.len() + slack);
        let alike = lengths.flat_map(|(_, numbers)| numbers).filter_map(|at| {
            let strange = (self.words[*at as usize].letters ^ own).count_ones();
            (strange <= 4).then_some((strange, *at))
        });
        let mut alike: Vec<(u32, u32)> = alike.collect();
        if alike.len() > COMPARED {
            alike.select_nth_unstable(COMPARED);
            alike.truncate(COMPARED);
        }
        let alike = alike.into_iter().map(|(_, at)| at);
        let mut numbers: Vec<u32> = alike.chain(self.containing(word)).chain(self.begun(word)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The numbers of the words that another begins with.
    fn begun<'a>(&'a self, word: &'a str) -> impl Iterator<Item = u32> + 'a {
        let ends = word.char_indices().skip(1).map(|(at, _)| at);
        ends.filter_map(|end| {
            let lowered = |at: &u32| self.words[*at as usize].lowered.as_str();
            let found = self.sorted.binary_search_by(|at| lowered(at).cmp(&word[..end])).ok()?;
            self.sorted.get(found).copied()
        })
    }

    /// The numbers of the first words that contain another.
    fn containing(&self, word: &str) -> Vec<u32> {
        let (mut found, mut from) = (Vec::new(), 0);
        while !word.is_empty() && !word.contains('\n') && found.len() < CONTAINING {
            let Some(at) = self.text[from..].find(word).map(|at| from + at) else { break };
            let number = self.starts.partition_point(|start| *start < at);
            found.extend(u32::try_from(number.saturating_sub(1)));
            from = self.starts.get(number).copied().unwrap_or(self.text.len());
        }
        found
    }
}

/// Which letters and digits occur in a word, one bit for each.
fn letters(word: &str) -> u64 {
    word.bytes().fold(0, |bits, byte| match byte {
        b'a'..=b'z' => bits | 1 << (byte - b'a'),
        b'0'..=b'9' => bits | 1 << (26 + byte - b'0'),
        other => bits | 1 << (36 + other % 28),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lexicon_finds_what_comparing_all_words_finds() {
        let words = ["cpu_load", "cpu_user", "Memory_free", "memory_used", "node_disk_reads_total", "größe", "up"];
        let lexicon = Lexicon::of(words.into_iter());
        for typed in [
            "cpu_laod",
            "cpu_usr",
            "memory_fre",
            "disk_reads",
            "memory_user",
            "grösse",
            "upp",
            "cpu_load{host=\"a\"",
            "xyz",
            "",
            "p\nu",
        ] {
            assert_eq!(lexicon.nearest(typed), nearest(typed, words.into_iter()), "{typed}");
        }
    }

    #[test]
    fn of_many_words_few_are_compared() {
        let words: Vec<String> = (0..100_000).map(|n| format!("metric_{n}_total")).collect();
        let lexicon = Lexicon::of(words.iter().map(String::as_str));
        for typed in ["metric_1_totl", "metric", "metrik_77777_total", "m"] {
            let compared = lexicon.compared(typed).len();
            assert!((1..=COMPARED + CONTAINING + LONGEST).contains(&compared), "{typed}: {compared}");
        }
        assert_eq!(lexicon.nearest("metric_77777_totl").first(), Some(&"metric_77777_total"));
    }
}
