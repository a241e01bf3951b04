//! `datebin token`: a new token. The secret goes to standard error, its lines to standard output, so that
//! `datebin token team-a >> tokens.toml` puts no secret into the file.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{CommandError, print, say};
use crate::access::{Secret, tokens};

/// The bytes of a secret.
const BYTES: usize = 32;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the token is called, in logs and metrics.
    name: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), CommandError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| format!("the machine gives no random bytes: {error}"))?;
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let name = toml::Value::from(arguments.name.as_str());
    let lines = format!("[[token]]\nname = {name}\nsha256 = \"{}\"\n", Secret::of(secret.as_bytes()).digits());
    tokens(&lines, false)?;
    say("The secret, shown only now. In Grafana: Basic authentication with any user and this password.");
    say(&secret);
    Ok(print(&lines)?)
}
