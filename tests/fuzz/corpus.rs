//! What the fuzzing starts from: this directory's `corpus.txt` and every example of the documentation.

use std::path::{Path, PathBuf};

/// Expressions, one per line, and the code of the documentation: a span or a line may be one or not.
pub(crate) fn seeds() -> Vec<String> {
    let mut seeds: Vec<String> = include_str!("corpus.txt").lines().map(str::to_owned).collect();
    for page in pages() {
        let text = std::fs::read_to_string(page).unwrap();
        let spans = text.split('`').skip(1).step_by(2);
        seeds.extend(spans.chain(text.lines()).map(|code| code.trim().replace("\\|", "|")));
    }
    seeds.retain(|seed| !seed.is_empty());
    seeds.sort();
    seeds.dedup();
    seeds
}

/// Bodies of requests.
pub(crate) fn bodies() -> Vec<String> {
    include_str!("bodies.txt").lines().map(str::to_owned).collect()
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    let mut directories = vec![root.join("docs")];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).into_iter().flatten().map_while(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|kind| kind == "md") {
                pages.push(path);
            }
        }
    }
    pages
}
