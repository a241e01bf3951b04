//! Every setting stands in the book, and every default that the book states is the one of `.env.example`.

use datebin::config::VARIABLES;

#[test]
fn every_setting_is_in_the_book() {
    let book: String = super::pages().into_iter().map(|(_, text)| text).collect();
    let missing: Vec<_> = VARIABLES.iter().filter(|name| !book.contains(&format!("`{name}`"))).collect();
    assert_eq!(missing, Vec::<&&str>::new());
}

#[test]
fn the_defaults_of_the_book_are_those_of_the_example() {
    let example = include_str!("../../.env.example");
    let defaults: Vec<(&str, &str)> =
        example.lines().filter_map(|line| line.strip_prefix("# ")?.split_once('=')).collect();
    let mut compared = 0;
    for line in include_str!("../../docs/scale.md").lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, said, name] = cells.as_slice() else { continue };
        let Some((_, default)) = defaults.iter().find(|(known, _)| *known == name.trim_matches('`')) else { continue };
        assert_eq!(said.replace([' ', ','], ""), *default, "{name}");
        compared += 1;
    }
    assert!(compared > 15, "{compared} defaults");
}
