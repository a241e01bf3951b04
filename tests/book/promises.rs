//! The tests that the book names for its promises are there.

use std::fs;
use std::path::{Path, PathBuf};

/// The file of a module of a suite: `tests/process/people.rs`, or a folder's.
fn file_of(suite: &str, modules: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = if suite == "unit" { root.join("src") } else { root.join("tests").join(suite) };
    let path = modules.iter().fold(folder, |path, module| path.join(module));
    if path.is_dir() { path.join("mod.rs") } else { path.with_extension("rs") }
}

#[test]
fn every_promise_names_tests_that_there_are() {
    let page = include_str!("../../docs/operations.md");
    let table = page.split("## What is tested under trouble").nth(1).unwrap();
    let (mut promises, mut missing) = (0, Vec::new());
    for line in table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| promise ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [promise, tests, figure] = cells.as_slice() else { panic!("three cells: {line}") };
        assert!(!promise.is_empty() && !figure.is_empty(), "{line}");
        promises += 1;
        let named: Vec<&str> = tests.split(", ").map(|name| name.trim_matches('`')).collect();
        for name in named {
            let parts: Vec<&str> = name.split("::").collect();
            let (Some((suite, rest)), Some((test, modules))) = (parts.split_first(), parts[1..].split_last()) else {
                panic!("{name} is no test");
            };
            let code = fs::read_to_string(file_of(suite, modules)).unwrap_or_default();
            if rest.len() < 2 || !code.contains(&format!("fn {test}(")) {
                missing.push(name);
            }
        }
    }
    assert_eq!(missing, Vec::<&str>::new());
    assert!(promises > 30, "{promises} promises");
}
