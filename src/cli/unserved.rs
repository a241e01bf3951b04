//! Tokens for databases that are not served: their clients would be refused without a word to the operator.

use std::path::Path;

use serde::Deserialize;

use crate::config::DatabaseSettings;

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "token")]
    tokens: Vec<Token>,
}

#[derive(Deserialize)]
struct Token {
    name: String,
    #[serde(default)]
    databases: Vec<String>,
}

/// Warns of them. What is wrong with the file itself was said by whoever needs it.
pub(super) async fn warn(file: &Path, served: &[DatabaseSettings]) {
    let text = tokio::fs::read_to_string(file).await.unwrap_or_default();
    for token in of_others(&text, served.iter().filter_map(|one| one.name.as_deref()).collect()) {
        tracing::warn!(
            token,
            "the token names a database that is not served here: DATABASE_URL_SALES is served as sales, in lower case"
        );
    }
}

/// The names of the tokens that name another database than those. The names of databases are not repeated: they may be
/// secrets in a wrong place.
fn of_others(text: &str, served: Vec<&str>) -> Vec<String> {
    let file = toml::from_str(text).unwrap_or(File { tokens: Vec::new() });
    let is_of_others = |token: &Token| token.databases.iter().any(|name| !served.contains(&name.as_str()));
    file.tokens.into_iter().filter(is_of_others).map(|token| token.name).collect()
}

#[cfg(test)]
mod tests {
    use super::of_others;

    #[test]
    fn a_token_for_a_database_that_nobody_serves_is_found() {
        let text = "[[token]]\nname = \"a\"\nsha256 = \"x\"\n[[token]]\nname = \"b\"\ndatabases = [\"sales\"]\n\
                    [[token]]\nname = \"c\"\ndatabases = [\"sales\", \"Staff\"]";
        assert_eq!(of_others(text, vec!["sales", "staff"]), ["c"]);
        assert_eq!(of_others(text, Vec::new()), ["b", "c"]);
        assert_eq!(of_others("no TOML", Vec::new()), Vec::<String>::new());
    }
}
