//! Words of the file in wrong places: each error names the field and what to do.

use super::*;

/// What is said of a source that is `declared` so, over a table with columns of most types.
fn refusal(declared: &str) -> String {
    let columns = vec![
        column("ts", Timestamptz),
        column("ended", Timestamptz),
        column("closed_unix", Int4),
        column("day", ColumnType::Date),
        column("note", Text),
        column("qty", Int8),
        column("price", Float8),
    ];
    let declared = format!("[[source]]\nrelation = \"t\"\ntime = \"ts\"\nlabels = []\n{declared}");
    catalog(vec![table("t", columns)], &declared, &[]).unwrap_err().to_string()
}

#[test]
fn how_long_rows_take_needs_their_end() {
    for (declared, expected) in [
        ("[source.metric.x]\nlasts = \"s\"", "public.t: `lasts` needs to know when a row ends: say it, as `time_end`"),
        ("time_end = \"ended\"\n[source.metric.x]\nlasts = \"w\"", "public.t: `lasts` is \"w\", not ms, s, m, h or d"),
        (
            "time_end = \"ended\"\n[source.metric.x]\nlasts = \"s\"\nat = \"middle\"",
            "public.t: `at` is \"middle\", not start or end",
        ),
        (
            "time_end = \"ended\"\n[source.metric.x]\noverlap = \"s\"\nat = \"end\"",
            "public.t: `at` is \"end\", not for a metric that has `lasts`: leave it out",
        ),
        (
            "time_end = \"ended\"\n[source.metric.x]\nlasts = \"s\"\ncolumn = \"qty\"",
            "public.t: `metric` is \"x\", not one of `column`, `json`, `rows`, `overlap` and `lasts`",
        ),
        (
            "time_end = { column = \"ended\", open = \"never\" }\n[source.metric.x]\nlasts = \"s\"",
            "public.t, column `ended`: `open` is \"never\", not a time such as 1970-01-01 00:00:00+00 (of UTC where it has \
             no offset), or infinity",
        ),
        (
            "time_end = { column = \"closed_unix\", unit = \"s\", open = [0, \"0.5\"] }",
            "public.t, column `closed_unix`: `open` is \"0.5\", not a number that an integer column can hold",
        ),
        (
            "time_end = { column = \"day\", open = 0 }",
            "public.t, column `day`: `open` is \"0\", not a date such as 1970-01-01, or infinity",
        ),
        ("time_end = \"end\"", "public.t has no column `end`; did you mean `ended`?"),
    ] {
        assert_eq!(refusal(declared), expected, "{declared}");
    }
    let misplaced = CatalogFile::parse("[[source]]\nrelation = \"t\"\ntime = { column = \"ts\", open = \"0\" }");
    assert!(misplaced.unwrap_err().to_string().contains("line 3: unknown field `open` in a time"));
}
