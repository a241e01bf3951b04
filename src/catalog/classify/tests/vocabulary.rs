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
fn what_becomes_of_values_fits_them() {
    for (declared, expected) in [
        (
            "[source.metric.x]\nproduct = [\"qty\", \"note\"]",
            "public.t, column `note` is text, not a number or a boolean, as a weight or a factor is",
        ),
        (
            "[source.metric.x]\nproduct = [\"qty\"]",
            "public.t: `product` is \"qty\", not two columns of numbers or more",
        ),
        ("[source.metric.x]\nproduct = [\"qty\", \"pric\"]", "public.t has no column `pric`; did you mean `price`?"),
        (
            "[source.metric.x]\nproduct = [\"qty\", \"price\"]\ncolumn = \"qty\"",
            "public.t: `metric` is \"x\", not one of `column`, `json`, `rows`, `overlap`, `lasts` and `product`",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nscale = 0.0",
            "public.t, metric `x`: `scale` is \"0\", not a finite number that is not 0",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nkind = \"counter\"\nscale = -1.0",
            "public.t: `scale` is \"-1\", not a number above 0: a counter cannot fall; say `kind = \"gauge\"` \
             if it is a gauge",
        ),
        (
            "[source.metric.x]\nrows = true\nscale = 10.0",
            "public.t, metric `x`: `scale` is \"rows\", not for values: each row of `rows` counts 1",
        ),
        (
            "[source.metric.x]\nrows = true\nmissing = [0.0]",
            "public.t, metric `x`: `missing` is \"0\", not for stored values: `where` leaves rows out",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nweight = \"price\"",
            "public.t: `weight` is \"price\", not for a metric that has `overlap`: columns are multiplied by `product`",
        ),
        (
            "time_end = \"ended\"\n[source.metric.x]\noverlap = \"s\"\nweight = \"note\"",
            "public.t, column `note` is text, not a number or a boolean, as a weight or a factor is",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nwhere = 'note>\"a\"'",
            "public.t: `where` is \"note>\\\"a\\\"\", which cannot be read: column `note` is text: `<` and `>` compare \
             numbers, times and dates",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nwhere = 'day >= \"yesterday\"'",
            "public.t: `where` is \"day >= \\\"yesterday\\\"\", which cannot be read: column `day` is date, and \
             \"yesterday\" is not a date such as 2024-01-01",
        ),
        (
            "[source.metric.x]\ncolumn = \"qty\"\nwhere = 'prize>3'",
            "public.t has no column `prize`; did you mean `price`?",
        ),
    ] {
        assert_eq!(refusal(declared), expected, "{declared}");
    }
}

#[test]
fn a_time_in_a_joined_row_says_which() {
    let source = |declared: &str| {
        let lines = table("lines", vec![column("order_id", Int8), column("qty", Int8), column("tags", Text)]);
        let orders = table("orders", vec![column("id", Int8), column("placed_at", Timestamptz)]);
        let bills = table("bills", vec![column("id", Int8), column("placed_at", Timestamptz)]);
        let declared =
            format!("[discovery]\nenabled = false\n[[source]]\nrelation = \"lines\"\nvalue = \"qty\"\n{declared}");
        catalog(vec![lines, orders, bills], &declared, &[])
    };
    let join = |relation: &str| {
        format!("[[source.join]]\nrelation = \"{relation}\"\non = {{ order_id = \"id\" }}\nlabels = []\n")
    };
    let found = source(&format!("time = \"placed_at\"\nlabels = []\n{}", join("orders"))).unwrap().0;
    assert!(found.sources()[0].joins[0].required);
    let both = format!("{}{}", join("orders"), join("bills"));
    for (declared, expected) in [
        (
            format!("time = \"placed_at\"\nlabels = []\n{both}"),
            "public.lines: `time` is \"placed_at\", not in one joined relation: several have it, so say which, as `{ join = \
             …, column = … }`",
        ),
        (
            format!("time = {{ join = \"order\", column = \"placed_at\" }}\nlabels = []\n{both}"),
            "public.lines: `join` is \"order\", not the relation of a [[source.join]]",
        ),
        (
            format!("time = {{ join = \"bills\", column = \"placed\" }}\nlabels = []\n{both}"),
            "public.bills has no column `placed`; did you mean `placed_at`?",
        ),
        (
            format!("time = \"placed_at\"\nlabels = [{{ members = \"tags\" }}]\n{}", join("orders")),
            "public.lines, column `tags` is text, not text[] or hstore; the members of a jsonb are `{ json = [\"column\"], all \
             = true }`",
        ),
    ] {
        assert_eq!(source(&declared).unwrap_err().to_string(), expected, "{declared}");
    }
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
            "public.t: `metric` is \"x\", not one of `column`, `json`, `rows`, `overlap`, `lasts` and `product`",
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

#[test]
fn a_metric_that_is_wrong_alone_is_left_out_alone() {
    let relation = table("t", vec![column("ts", Timestamptz), column("a", Float8), column("b", Float8)]);
    let facts = Facts { relations: vec![relation], ..Facts::default() };
    let file = "[discovery]\nenabled = false\n[[source]]\nrelation = \"t\"\nlabels = []\n[source.metric.t_a]\ncolumn = \"a\"\n\
                [source.metric.t_rows]\nrows = true\nmissing = [-9999]\n[source.metric.t_c]\ncolumn = \"c\"\n";
    let (kept, problems) = sound(&facts, &CatalogFile::parse(file).unwrap(), Zone::UTC);
    assert_eq!(kept.sources[0].metric.keys().collect::<Vec<_>>(), ["t_a"]);
    let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let missing = "public.t, metric `t_rows`: `missing` is \"-9999\", not for stored values: `where` leaves rows out";
    assert!(problems.iter().any(|problem| problem == missing), "{problems:?}");
    assert!(problems.iter().any(|problem| problem.contains("no column `c`")) && problems.len() == 2, "{problems:?}");
}
