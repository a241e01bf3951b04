//! Blocks: what they keep of series, and what they lend.

use super::*;

fn labels(host: &str) -> Labels {
    Labels::new([(Arc::from("host"), Arc::from(host))])
}

fn cell(bucket: u32, value: f64) -> BucketCell {
    BucketCell { bucket, partials: [value, 0.0, 0.0] }
}

fn read(block: &Block, from: Millis, to: Millis) -> Vec<(String, Vec<(Millis, f64)>)> {
    let series = block.series_in(TimeRange { from, to });
    series.map(|(own, cells)| (own.get("host").to_owned(), cells.map(|(at, p)| (at, p[0])).collect())).collect()
}

#[test]
fn a_bucket_is_found_by_its_start_and_end_alone() {
    let block = Block::new(vec![10, 20, 40], 1);
    assert!(block.has(10, 20) && block.has(20, 40));
    assert!(!block.has(10, 40) && !block.has(40, 50) && !block.has(15, 20));
}

#[test]
fn a_block_is_cut_joined_and_read_bucket_by_bucket() {
    let mut early = Block::new(vec![0, 10, 20, 30], 1);
    early.push(labels("a"), &[cell(0, 1.0), cell(2, 3.0)]);
    early.push(labels("b"), &[cell(2, 4.0)]);
    early.set_skipped(vec![(2, 5.0), (0, 1.0), (2, 1.0)]);
    let early = early.until(29).expect("two buckets");
    assert_eq!(early.range(), TimeRange { from: 0, to: 20 });
    assert_eq!(read(&early, 0, 20), [("a".to_owned(), vec![(0, 1.0)])]);
    let mut late = Block::new(vec![20, 30, 40], 1);
    late.push(labels("b"), &[cell(0, 7.0)]);
    late.push(labels("a"), &[cell(1, 8.0)]);
    late.set_skipped(vec![(1, 2.0)]);
    let all = early.joined(&late);
    let expected = [("a".to_owned(), vec![(0, 1.0), (30, 8.0)]), ("b".to_owned(), vec![(20, 7.0)])];
    assert_eq!(read(&all, 0, 40), expected);
    assert_eq!(read(&all, 10, 30), [("b".to_owned(), vec![(20, 7.0)])]);
    let skipped = |from, to| all.skipped_in(TimeRange { from, to });
    assert_eq!((skipped(0, 40), skipped(10, 40), skipped(0, 30), all.until(9).is_none()), (3.0, 2.0, 1.0, true));
}

#[test]
fn a_vague_bucket_leaves_the_others_exact() {
    let mut early = Block::new(vec![0, 10, 20], 1);
    early.set_vague([1].into());
    let all = early.joined(&Block::new(vec![20, 30, 40], 1)).joined(&with_vague(&[40, 50], &[0]));
    let vague = |from, to| all.is_vague_in(TimeRange { from, to });
    assert_eq!([vague(0, 10), vague(0, 20), vague(20, 40), vague(30, 50)], [false, true, false, true]);
    assert!(!all.until(10).expect("a bucket").is_vague_in(TimeRange { from: 0, to: 10 }));
}

fn with_vague(edges: &[Millis], vague: &[u32]) -> Block {
    let mut block = Block::new(edges.to_vec(), 1);
    block.set_vague(vague.iter().copied().collect());
    block
}

fn of_one(edges: &[Millis], lasts: Option<TimeRange>, host: &str, last: Option<i64>) -> Block {
    let mut block = Block::new(edges.to_vec(), 1);
    block.push_with_last(labels(host), &[cell(0, 1.0)], last.map(|micros| FineSample { micros, value: 1.0 }));
    lasts.into_iter().for_each(|lasts| block.set_lasts(lasts));
    block
}

/// The interval of the last samples, and when each series had its last one.
fn last(block: &Block) -> String {
    let samples = block.last_samples();
    let mut all: Vec<String> = samples.iter().map(|(own, at)| format!(" {}@{}", own.get("host"), at.micros)).collect();
    all.sort();
    block.lasts().map_or("none".to_owned(), |lasts| format!("{}-{}", lasts.from, lasts.to)) + &all.concat()
}

#[test]
fn last_samples_hold_where_blocks_meet_and_no_further() {
    let span = |from, to| Some(TimeRange { from, to });
    let early = of_one(&[0, 10, 20], span(0, 20), "a", Some(19));
    let late = of_one(&[20, 30], span(20, 30), "b", Some(29));
    assert_eq!(last(&early.joined(&late)), "0-30 a@19 b@29");
    // A later sample of the same series takes the place of the earlier one.
    assert_eq!(last(&early.joined(&of_one(&[20, 30], span(20, 30), "a", Some(25)))), "0-30 a@25");
    assert_eq!(last(&early.joined(&of_one(&[20, 30], span(20, 30), "a", None))), "0-30 a@19");
    // What the earlier block ends with is not known, or not up to where the later one begins.
    assert_eq!(last(&of_one(&[0, 10, 20], None, "a", None).joined(&late)), "20-30 b@29");
    assert_eq!(last(&of_one(&[0, 10, 20], span(0, 10), "a", Some(9)).joined(&late)), "20-30 b@29");
    assert_eq!(last(&early.joined(&of_one(&[20, 30], None, "b", None))), "none");
    // A cut keeps them only where it takes nothing away in front of their end.
    let open = of_one(&[0, 10, 20], span(0, 10), "a", Some(9));
    assert_eq!(last(&open.until(10).expect("a bucket")), "0-10 a@9");
    assert_eq!(last(&early.until(10).expect("a bucket")), "none");
}

#[test]
fn the_bytes_of_a_block_are_those_of_what_it_holds() {
    let mut block = Block::new(vec![0, 10], 1);
    block.push(labels("a"), &[cell(0, 1.0)]);
    block.set_skipped(vec![(0, 1.0)]);
    assert_eq!(block.bytes(), block.clone().weighed().bytes());
}
