//! Tables of the pages whose first column is something to ask.

use crate::support::Server;

/// What is wrong with the first column of tables that begin with `target` or `query`.
pub(super) async fn checked(server: &Server, page: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut heading = "";
    for line in page.lines() {
        let Some(row) = line.strip_prefix('|') else {
            heading = "";
            continue;
        };
        let cell = row.split(" |").next().unwrap_or_default().trim();
        if heading.is_empty() {
            heading = cell;
            continue;
        }
        let Some(code) = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')) else { continue };
        let code = code.replace("\\|", "|");
        let outcome = match heading {
            "target" => super::drawn(server, &code).await,
            // A variable in a query is Grafana's to replace.
            "query" if !code.contains('$') => listed(server, &code).await,
            _ => Ok(()),
        };
        wrong.extend(outcome.err().map(|error| format!("{error}\n{line}")));
    }
    wrong
}

/// The query of a variable: it has values.
async fn listed(server: &Server, query: &str) -> Result<(), String> {
    let params = [("query", query), ("from", "now-1h"), ("to", "now")];
    let url = reqwest::Url::parse_with_params("http://x/variable", params).map_err(|error| error.to_string())?;
    let answer = server.get(&format!("/variable?{}", url.query().unwrap_or_default())).await;
    let has_values = answer.status == 200 && answer.body.as_array().is_some_and(|values| !values.is_empty());
    if has_values { Ok(()) } else { Err(format!("{}: {}", answer.status, answer.body)) }
}
