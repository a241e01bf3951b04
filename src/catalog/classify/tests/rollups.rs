//! Rollups that do not fit say what would.

use super::ColumnType::{Float8, Int8, Text, Timestamptz};
use super::{catalog, column, table};

const HEAD: &str = "[[source]]\nrelation = \"stats\"\nlabels = [\"host\"]\n";

#[test]
fn a_rollup_that_does_not_fit_says_what_would() {
    let facts = || {
        let raw = [column("ts", Timestamptz), column("host", Text), column("cpu", Float8), column("mem", Float8)];
        let hourly = [
            column("ts", Timestamptz),
            column("host", Text),
            column("cpu_avg", Float8),
            column("n", Int8),
            column("note", Text),
        ];
        let bare = [column("ts", Timestamptz), column("cpu_avg", Float8)];
        vec![table("bare", bare.into()), table("hourly", hourly.into()), table("stats", raw.into())]
    };
    let rollup = |relation: &str, step: &str, columns: &str| {
        format!("{HEAD}[[source.rollup]]\nrelation = \"{relation}\"\nstep = \"{step}\"\ncolumns = {columns}\n")
    };
    let cpu = "{ cpu = { avg = \"cpu_avg\", count = \"n\" } }";
    assert!(catalog(facts(), &rollup("hourly", "1h", cpu), &[]).is_ok());
    for (toml, expected) in [
        (rollup("hurly", "1h", cpu), "there is no relation hurly; did you mean `hourly`?"),
        (
            rollup("hourly", "1h", "{ cpu = { avg = \"cpu_av\" } }"),
            "public.hourly has no column `cpu_av`; did you mean `cpu_avg`?",
        ),
        (rollup("hourly", "1h", "{ cpu = { avg = \"note\" } }"), "public.hourly, column `note` is text, not a number"),
        (rollup("hourly", "1h", "{ cpus = { avg = \"cpu_avg\" } }"), "cpus"),
        (rollup("hourly", "1h", "{ avg = \"cpu_avg\" }"), "a rollup of several metrics says which columns are whose"),
        (rollup("hourly", "7h", cpu), "public.hourly: `step` is \"7h\", not a part of a day, a day, or whole weeks"),
        (rollup("bare", "1h", "{ cpu = { avg = \"cpu_avg\" } }"), "`host`"),
    ] {
        let error = catalog(facts(), &toml, &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
