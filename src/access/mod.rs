//! Who may ask, and what they see: the tokens of `DATEBIN_TOKENS`.
//!
//! What a token may see is decided in one place: a view of the catalog's snapshot without the rest. Whatever lists,
//! suggests, errs or explains works on that view, so that what is forbidden is unknown.

mod caller;
mod file;
mod globs;
mod ids;
mod kept;
mod keys;
mod known;
mod person;
mod place;
mod reread;
mod sight;
mod token;
mod verifying;

pub use caller::Caller;
pub use file::{TokensFileError, tokens};
pub use kept::{Access, AccessConfig, AccessRefusal, Credentials, Guard, RefusedRequest};
pub use place::AccessTarget;
pub use sight::TokenScope;
pub use token::{AccessToken, Secret, TokenLimits, User};
