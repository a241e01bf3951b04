//! A command line that cannot be read: it is said without what may be a password.

use std::process::ExitCode;

/// What stands for a connection string.
pub(super) const HIDDEN: &str = "(a connection string)";

/// Says what is wrong with the command line.
pub(super) fn refused(error: &clap::Error) -> ExitCode {
    let text = error.render().to_string();
    let shown = shown(&text);
    if shown == text {
        // With its colours.
        let _printed = error.print();
    } else {
        super::say(&format!(
            "{}\nDATABASE_URL, or --database-url of serve, says where the database is",
            shown.trim_end()
        ));
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A text without the connection strings of the command line in it.
pub(super) fn shown(text: &str) -> String {
    without_secrets(text, std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()))
}

/// A text without those arguments in it that look like a connection string.
fn without_secrets(text: &str, arguments: impl Iterator<Item = String>) -> String {
    arguments.fold(text.to_owned(), |text, argument| {
        let value =
            argument.split_once('=').filter(|(name, _)| name.starts_with('-')).map_or(&*argument, |(_, value)| value);
        if is_connection(value) { text.replace(value, HIDDEN) } else { text }
    })
}

/// Whether a text may be a connection string of any kind: a URL with a user, or words with a password among them.
pub(super) fn is_connection(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.contains("://") && lower.contains('@') || lower.contains("password") && lower.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_not_repeated() {
        for argument in
            ["postgres://u:pw77@h/d", "--pool-size=mysql://u:pw77@h/d", "host=h password=pw77", "PASSWORD = pw77"]
        {
            let value = argument.strip_prefix("--pool-size=").unwrap_or(argument);
            let shown =
                without_secrets(&format!("unexpected argument '{value}' found"), [argument.to_owned()].into_iter());
            assert_eq!(shown, format!("unexpected argument '{HIDDEN}' found"));
        }
        let text = "unexpected argument 'a=b' found";
        assert_eq!(without_secrets(text, ["a=b".to_owned()].into_iter()), text);
    }
}
