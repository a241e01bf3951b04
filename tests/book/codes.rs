//! Every code of an error stands on the page of troubles, with its cure and its form in the Prometheus API.

use datebin::error::{Error, Kind};
use datebin::render::prometheus;

#[test]
fn every_code_has_a_cause_and_a_cure() {
    let page = include_str!("../../docs/troubleshooting.md");
    let (_, codes) = page.split_once("## Error codes").unwrap();
    let (codes, _) = codes.split_once("\n## ").unwrap();
    let said = super::rows(codes);
    let known: Vec<String> = Kind::ALL.iter().map(|kind| kind.code().to_owned()).collect();
    let listed: Vec<String> = said.iter().map(|(code, _)| code.clone()).collect();
    assert_eq!(listed, known, "the codes of src/error.rs, in their order");
    for (kind, (code, cells)) in Kind::ALL.iter().zip(&said) {
        let spoken = serde_json::to_value(prometheus::failure(&Error::new(*kind, "x"))).unwrap();
        let [status, cause, cure, error_type, spoken_status] = cells.as_slice() else { panic!("{code}: {cells:?}") };
        assert_eq!(*status, kind.status().to_string(), "{code}");
        assert!(cause.len() > 10 && cure.len() > 10, "{code}: {cause}, {cure}");
        assert_eq!(error_type.trim_matches('`'), spoken["errorType"], "{code}");
        assert_eq!(spoken_status.trim_end_matches(" |"), prometheus::status(*kind).to_string(), "{code}");
    }
}
