//! Names of texts that are secret, or about a person.

use super::words_of;

const SENSITIVE: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "email",
    "ssn",
    "iban",
    "hmac",
    "cookie",
    "cookies",
    "otp",
    "totp",
    "credential",
    "credentials",
    "cvv",
    "cvc",
    "passport",
    "sessid",
    "phpsessid",
    "privatekey",
    "accesskey",
    "jwt",
    "csrf",
];
/// What a sensitive word ends with where it is written together with another: `clientsecret`.
const SENSITIVE_ENDS: &[&str] = &["secret", "token", "password", "passwd", "passphrase"];
/// Words of which both together are sensitive.
const SENSITIVE_PAIRS: &[(&str, &str)] = &[
    ("api", "key"),
    ("private", "key"),
    ("access", "key"),
    ("e", "mail"),
    ("encryption", "key"),
    ("signing", "key"),
    ("license", "key"),
    ("licence", "key"),
    ("client", "key"),
    ("session", "key"),
    ("master", "key"),
    ("webhook", "key"),
    ("activation", "key"),
    ("recovery", "code"),
    ("recovery", "codes"),
    ("backup", "codes"),
    ("webhook", "url"),
    ("hook", "url"),
    ("callback", "url"),
    ("card", "number"),
    ("pin", "code"),
    ("pin", "hash"),
    ("user", "pin"),
    ("card", "pin"),
    ("password", "salt"),
    ("national", "id"),
    ("tax", "id"),
    ("vat", "id"),
    ("pass", "hash"),
];
/// What people are called, and where they are reached.
const PERSONAL: &[&str] = &[
    "firstname",
    "lastname",
    "fullname",
    "givenname",
    "familyname",
    "middlename",
    "maidenname",
    "surname",
    "forename",
    "legalname",
    "username",
    "login",
    "loginname",
    "phone",
    "phonenumber",
    "telephone",
    "mobilephone",
    "mobilenumber",
    "fax",
    "faxnumber",
    "recipient",
    "recipients",
    "street",
    "street1",
    "street2",
    "streetaddress",
    "birthdate",
    "dateofbirth",
    "dob",
    "birthday",
    "licenseplate",
    "licenceplate",
    "numberplate",
    "patientname",
    "customername",
    "contactname",
    "accountnumber",
];
/// With one of these words `address` is the address of a person.
const OF_PERSON: &[&str] = &[
    "to", "from", "cc", "bcc", "mail", "postal", "street", "home", "billing", "shipping", "delivery", "line", "line1",
    "line2", "line3", "sender",
];
/// Words behind a sensitive one that say which kind of it is meant, and nothing of a person.
const HARMLESS: &[&str] = &["type", "kind", "status", "state", "provider", "template"];

/// Whether a text of that name is secret, or tells a person. A number of emails or tokens is neither.
pub(in super::super) fn is_sensitive(name: &str) -> bool {
    let words = words_of(name);
    if words.last().is_some_and(|word| HARMLESS.contains(&word.as_str())) {
        return false;
    }
    let is_secret =
        |word: &String| SENSITIVE.contains(&word.as_str()) || SENSITIVE_ENDS.iter().any(|end| word.ends_with(end));
    words.iter().any(is_secret)
        || words.windows(2).any(|pair| SENSITIVE_PAIRS.iter().any(|(a, b)| pair[0] == *a && pair[1] == *b))
}

/// Whether a text of that name says what somebody is called or where they are reached. A label, only where a key needs it.
pub(in super::super) fn is_personal(name: &str) -> bool {
    let words = words_of(name);
    let is_of_person = |word: &String| OF_PERSON.contains(&word.as_str());
    PERSONAL.contains(&words.concat().as_str())
        || words.iter().any(|word| word == "address" || word == "addresses") && words.iter().any(is_of_person)
}

/// Whether a text of that name is what somebody logs in with.
pub(in super::super) fn is_password(name: &str) -> bool {
    words_of(name).iter().any(|word| matches!(word.as_str(), "password" | "passwd" | "passphrase" | "pwd"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_people_are_told_by_their_names() {
        assert!(is_sensitive("user_PASSWORD_hash") && is_sensitive("Email") && is_sensitive("apiKey"));
        for name in
            ["clientsecret", "authToken", "hmac_key", "signing_key", "webhook_url", "credential_data", "card_number"]
        {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["first_name", "lastName", "phone", "to_address", "address_line1", "date_of_birth"] {
            assert!(is_personal(name), "{name}");
        }
        assert!(!is_personal("mac_address") && !is_personal("address") && !is_personal("display_name"));
        assert!(!is_sensitive("prompt_tokens") && !is_sensitive("emails_sent") && !is_sensitive("secretary"));
        assert!(!is_sensitive("email_type") && !is_sensitive("ip_address"));
    }
}
