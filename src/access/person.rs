//! The login of a person.

/// The longest login in bytes.
const LONGEST: usize = 256;

/// Whether a text can be a login.
pub(super) fn is_login(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.contains('\0')
}
