//! What the explorer's script knows of the language.

use super::super::token::KEYWORDS;
use super::promql;

/// The words that the script writes in quotes where they name a metric.
fn quoted() -> Vec<&'static str> {
    let script = include_str!("../../http/explorer/page/question.js");
    let list = script.split_once("const words = /^(").and_then(|(_, rest)| rest.split_once(")$/i;"));
    list.expect("the list of words").0.split('|').collect()
}

#[test]
fn the_script_quotes_every_word_that_names_no_metric() {
    let numbers = ["inf", "nan"];
    let expected: Vec<&str> = KEYWORDS.into_iter().chain(numbers).collect();
    assert_eq!(quoted(), expected);
    for number in numbers {
        assert!(number.parse::<f64>().is_ok_and(|value| promql(number) == value.to_string()), "{number}");
    }
}
