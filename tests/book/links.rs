//! The links of the book, and of the pages beside it: every page and every heading that is linked to is there, and every
//! page is in the summary.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What `[text](here)` links to, of the prose of a page.
fn links(page: &str) -> Vec<String> {
    let prose = super::prose(page);
    let mut found = Vec::new();
    for part in prose.split("](").skip(1) {
        found.push(part.split(')').next().unwrap().to_owned());
    }
    found
}

/// The name under which a heading is linked to, as mdBook and GitHub make it.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn anchors(page: &str) -> BTreeSet<String> {
    super::prose(page).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let root = super::root();
    let mut pages = super::pages();
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"] {
        pages.push((root.join(name), std::fs::read_to_string(root.join(name)).unwrap()));
    }
    let mut wrong = Vec::new();
    for (path, text) in &pages {
        for link in links(text).into_iter().filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { plain(&path.parent().unwrap().join(file)) };
            let is_there = match std::fs::read_to_string(&target) {
                Ok(page) => heading.is_empty() || anchors(&page).contains(heading),
                // A picture or a directory.
                Err(_) => heading.is_empty() && target.exists(),
            };
            // The book is a copy of `docs/`: what is outside of it cannot be reached from its pages. mdBook calls a README
            // index.html, and leaves the links to it as they are.
            let is_page = path.starts_with(root.join("docs")) && !path.ends_with("SUMMARY.md");
            let leaves = is_page && (!target.starts_with(root.join("docs")) || file.ends_with("README.md"));
            if !is_there || leaves {
                wrong.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The path without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[test]
fn the_summary_lists_every_page_once() {
    let docs = super::root().join("docs");
    let summary = std::fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let mut listed: Vec<PathBuf> = links(&summary).into_iter().map(|link| docs.join(link)).collect();
    listed.sort();
    let pages: Vec<PathBuf> = super::pages().into_iter().map(|(path, _)| path).collect();
    let pages: Vec<PathBuf> = pages.into_iter().filter(|path| !path.ends_with("SUMMARY.md")).collect();
    assert_eq!(listed, pages);
}
