//! Holds the invariants of ARCHITECTURE.md against the source: they are about what is absent.
#![expect(clippy::unwrap_used, reason = "tests stop at the first thing that is wrong")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every source file: its path below `src`, the module it belongs to, its code without comments and tests.
fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, "rs", &mut files);
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        let module = path.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        (path, module, code(&fs::read_to_string(file).unwrap()))
    };
    let is_test = |path: &str| path.contains("/tests") || path.ends_with("tests.rs");
    files.iter().map(read).filter(|(path, _, _)| !is_test(path)).collect()
}

fn walk(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, extension, files);
        } else if path.extension().is_some_and(|own| own == extension) {
            files.push(path);
        }
    }
}

/// The lines without comments and without the items behind `#[cfg(test)]`; what stands behind those is code again.
fn code(text: &str) -> String {
    let mut kept = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let indent = &line[..line.len() - line.trim_start().len()];
        if line.trim() != "#[cfg(test)]" {
            kept.push(line.split("//").next().unwrap());
            continue;
        }
        // The source is formatted: an item ends with its line, or with the brace below its beginning.
        let item = lines.by_ref().find(|line| !line.trim().starts_with("#[")).unwrap_or_default();
        if item.ends_with('{') {
            let end = format!("{indent}}}");
            lines.by_ref().find(|line| *line == end);
        }
    }
    kept.join("\n")
}

#[test]
fn code_behind_a_test_is_looked_at() {
    let text = "use a;\n#[cfg(test)]\nmod tests;\nuse b; // c\n#[cfg(test)]\n#[expect(d)]\nmod e {\n    fn f() {\n    }\n}\nuse g;";
    assert_eq!(code(text), "use a;\nuse b; \nuse g;");
}

/// The modules in the order of lib.rs.
fn order() -> Vec<String> {
    let lib = include_str!("../src/lib.rs");
    let name = |line: &str| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned);
    lib.lines().filter_map(name).collect()
}

/// The modules of this crate that a piece of code names.
fn named(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let group = rest.strip_prefix('{').and_then(|list| list.split('}').next());
        for item in group.map_or_else(|| vec![rest], |list| list.split(',').collect()) {
            let word: String = item.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            named.insert(word);
        }
    }
    named
}

#[test]
fn no_module_imports_one_below_it() {
    let order = order();
    let place = |module: &str| order.iter().position(|own| own == module);
    let mut wrong = Vec::new();
    for (path, module, code) in sources() {
        let Some(own) = place(&module) else { continue };
        let below = named(&code).into_iter().filter(|other| place(other).is_some_and(|other| other > own));
        wrong.extend(below.map(|other| format!("{path} imports {other}")));
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert!(order.len() > 15 && sources().len() > 40, "the test looks at nothing");
}

fn files_with(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let holds = |code: &str| words.iter().any(|word| code.contains(word));
    let is_allowed = |module: &str| allowed.contains(&module);
    sources()
        .into_iter()
        .filter(|(_, module, code)| holds(code) && !is_allowed(module))
        .map(|(path, _, _)| path)
        .collect()
}

#[test]
fn only_db_knows_the_driver_and_only_http_the_framework() {
    assert_eq!(files_with(&["sqlx::", "use sqlx"], &["db"]), Vec::<String>::new());
    assert_eq!(files_with(&["axum::", "tower_http::"], &["http", "server"]), Vec::<String>::new());
    assert_eq!(files_with(&["env::var"], &["config", "cli"]), Vec::<String>::new());
}

#[test]
fn text_becomes_sql_in_one_place() {
    let uses = |code: &str| code.matches("AssertSqlSafe(").count();
    let places: Vec<(String, usize)> =
        sources().into_iter().map(|(path, _, code)| (path, uses(&code))).filter(|(_, count)| *count > 0).collect();
    assert_eq!(places, [("db/lease.rs".to_owned(), 1)]);
    let writer = sources().into_iter().find(|(path, _, _)| path == "sql/mod.rs").unwrap().2;
    assert!(writer.contains("fn syntax(&mut self, syntax: &'static str)"), "`syntax` takes text that is not static");
    assert_eq!(files_with(&[".quoted()"], &["ident", "sql", "check"]), Vec::<String>::new());
}

#[test]
fn the_stages_are_pure() {
    let pure = [
        "series", "range", "xor", "ident", "nearest", "pattern", "ast", "error", "wire", "language", "evaluate",
        "lower", "catalog", "plan", "sql", "intake", "frame", "render",
    ];
    let impure = [".await", "async ", "SystemTime", "Instant::now", "Utc::now", "tracing::", "tokio::"];
    let mut wrong = Vec::new();
    for (path, module, code) in sources() {
        if pure.contains(&module.as_str()) {
            wrong.extend(impure.iter().filter(|word| code.contains(**word)).map(|word| format!("{path}: {word}")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn range_functions_know_no_stage() {
    let known =
        |code: &str| named(code).into_iter().filter(|module| !["range", "series"].contains(&module.as_str())).count();
    let of_range = sources().into_iter().filter(|(_, module, _)| module == "range");
    let wrong: Vec<String> = of_range.filter(|(_, _, code)| known(code) > 0).map(|(path, _, _)| path).collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn files_stay_small() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(path, _, code)| (path, code.lines().count()))
        .filter(|(_, lines)| *lines > 300)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn scripts_stay_small() {
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "js", &mut files);
    let lines = |file: &PathBuf| fs::read_to_string(file).unwrap().lines().count();
    let long: Vec<&PathBuf> = files.iter().filter(|file| lines(file) > 300).collect();
    assert_eq!(long, Vec::<&PathBuf>::new());
    assert!(files.len() > 5, "the test looks at nothing");
}
