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
    "pass",
    "passwort",
    "senha",
    "motdepasse",
    "contrasena",
    "psk",
    "privkey",
    "authkey",
    "authorization",
    "bearer",
    "pincode",
    "pwhash",
    "dsn",
    "emailaddress",
    "mailaddress",
];
/// What is a secret only where it is the whole name: other words beside it make something else of it.
const WHOLE: &[&str] = &["auth", "mail", "pin", "salt", "motdepasse", "pw"];
/// What a sensitive word ends with where it is written together with another: `clientsecret`.
const SENSITIVE_ENDS: &[&str] =
    &["secret", "token", "password", "passwd", "passphrase", "passwort", "privkey", "pwhash", "emailaddress"];
/// Words that end with `pass` and are none; `userpass` is one.
const PASSES: &[&str] = &[
    "compass",
    "bypass",
    "trespass",
    "overpass",
    "underpass",
    "surpass",
    "encompass",
    "lowpass",
    "highpass",
    "bandpass",
    "allpass",
    "multipass",
    "boardingpass",
    "skipass",
    "impass",
];
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
    ("wpa", "key"),
    ("wifi", "key"),
    ("wlan", "key"),
    ("auth", "key"),
    ("shared", "key"),
    ("pw", "hash"),
    ("reset", "code"),
    ("verification", "code"),
    ("confirmation", "code"),
    ("connection", "string"),
    ("database", "url"),
    ("db", "url"),
    ("snmp", "community"),
    ("mail", "address"),
    ("ssh", "key"),
    ("auth", "header"),
    ("magic", "link"),
    ("sas", "url"),
    ("birth", "number"),
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
    "tel",
    "msisdn",
    "mobile",
    "replyto",
    "bcc",
    "mailfrom",
    "rcpt",
    "rcptto",
    "fromaddr",
    "toaddr",
    "signedby",
    "contact",
    "contactperson",
    "housenumber",
    "housenr",
];
/// What names of people end with, whoever's they are: `customer_firstname`.
const NAMES: &[&str] = &["firstname", "lastname", "middlename", "maidenname", "surname", "forename"];
/// With one of these words `address` is the address of a person.
const OF_PERSON: &[&str] = &[
    "to", "from", "cc", "bcc", "mail", "postal", "street", "home", "billing", "shipping", "delivery", "line", "line1",
    "line2", "line3", "sender",
];
/// Words behind a sensitive one that say which kind of it is meant, and nothing of a person.
const HARMLESS: &[&str] = &[
    "type", "kind", "status", "state", "provider", "template", "method", "mode", "scheme", "result", "count", "rate",
    "fail",
];

/// Whether a text of that name is secret, or tells a person. A number of emails or tokens is neither.
pub(in super::super) fn is_sensitive(name: &str) -> bool {
    let words = words_of(name);
    if words.last().is_some_and(|word| HARMLESS.contains(&word.as_str())) {
        return false;
    }
    let is_pass = |word: &str| word.len() > 4 && word.ends_with("pass") && !PASSES.contains(&word);
    let is_glued = |word: &str| SENSITIVE_PAIRS.iter().any(|(a, b)| a.len() > 1 && word.strip_prefix(a) == Some(b));
    let is_secret = |word: &String| {
        let ends = || SENSITIVE_ENDS.iter().any(|end| word.ends_with(end));
        SENSITIVE.contains(&word.as_str()) || ends() || is_pass(word) || is_glued(word)
    };
    WHOLE.contains(&words.concat().as_str())
        || words.iter().any(is_secret)
        || words.windows(2).any(|pair| SENSITIVE_PAIRS.iter().any(|(a, b)| pair[0] == *a && pair[1] == *b))
}

/// Whether a text of that name says what somebody is called or where they are reached. A label, only where a key needs it.
pub(in super::super) fn is_personal(name: &str) -> bool {
    let words = words_of(name);
    let is_of_person = |word: &String| OF_PERSON.contains(&word.as_str());
    let ends_with_name = |count: usize| {
        words.len().checked_sub(count).is_some_and(|from| NAMES.contains(&words[from..].concat().as_str()))
    };
    PERSONAL.contains(&words.concat().as_str())
        || ends_with_name(1)
        || ends_with_name(2)
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
        for name in ["mail", "ssh_key", "authHeader", "magic_link", "sas_url", "birth_number"] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in ["tel", "msisdn", "mobile", "reply_to", "customer_firstname", "billing_last_name"] {
            assert!(is_personal(name), "{name}");
        }
        // Places of mail are no secrets, and a link or a header alone is none.
        for name in ["mail_server", "mailQueue", "header", "link", "mobile_os", "ssh_version", "birth_weight"] {
            assert!(!is_sensitive(name) && !is_personal(name), "{name}");
        }
        assert!(!is_personal("mac_address") && !is_personal("address") && !is_personal("display_name"));
        assert!(!is_sensitive("prompt_tokens") && !is_sensitive("emails_sent") && !is_sensitive("secretary"));
        assert!(!is_sensitive("email_type") && !is_sensitive("ip_address"));
        for name in [
            "pass",
            "user_pass",
            "userpass",
            "passwort",
            "senha",
            "mot_de_passe",
            "motdepasse",
            "privkey",
            "psk",
            "wpa_key",
            "wpakey",
            "wifi_key",
            "authkey",
            "auth_key",
            "auth",
            "authorization",
            "bearer",
            "pin",
            "pincode",
            "salt",
            "pw_hash",
            "pwhash",
            "reset_code",
            "resetCode",
            "verification_code",
            "connection_string",
            "connectionstring",
            "database_url",
            "dsn",
            "snmp_community",
            "emailaddress",
            "mailaddress",
            "mail_address",
        ] {
            assert!(is_sensitive(name), "{name}");
        }
        for name in [
            "authority",
            "author",
            "author_name",
            "pinned",
            "pin_name",
            "gpio_pin",
            "passes",
            "compass",
            "bypass",
            "passenger",
            "pass_rate",
            "auth_method",
            "community",
            "salt_level",
            "url",
            "string",
            "code",
            "country_code",
            "spin",
            "desalt",
        ] {
            assert!(!is_sensitive(name), "{name}");
        }
    }
}
