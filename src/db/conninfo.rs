//! Connections as libpq writes them: `host=db.example dbname=metrics user=datebin password='a b'`.

use std::fmt::Write as _;

use super::endpoint::{InvalidUrl, URL};
use super::words;

/// The URL of a connection; a URL stays as it is.
///
/// # Errors
/// The text is neither, or a parameter is not carried out.
pub(super) fn as_url(text: &str) -> Result<String, InvalidUrl> {
    if text.contains("://") {
        return Ok(text.to_owned());
    }
    let pairs = pairs(text).ok_or(InvalidUrl::expected(URL))?;
    of_pairs(words::kept(pairs, false)?).ok_or(InvalidUrl::expected(URL))
}

/// The URL that says the same as these parameters; none where the port is no number.
fn of_pairs(pairs: Vec<(String, String)>) -> Option<String> {
    let (mut host, mut address, mut port) = (None, None, None);
    let (mut user, mut password, mut database) = (None, None, None);
    let mut rest: Vec<(String, String)> = Vec::new();
    for (name, value) in pairs {
        match name.as_str() {
            "host" => host = Some(value),
            "hostaddr" => address = Some(value),
            "port" => port = Some(value),
            "user" => user = Some(value),
            "password" => password = Some(value),
            "dbname" => database = Some(value),
            _ => rest.push((name, value)),
        }
    }
    // Lists of servers stand together.
    if [&host, &address, &port].into_iter().flatten().any(|value| value.contains(',')) {
        let lists = [("host", host.take()), ("hostaddr", address.take()), ("port", port.take())];
        rest.extend(lists.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    let mut url = "postgres://".to_owned();
    if let Some(user) = user {
        url.push_str(&encoded(&user));
        password.iter().for_each(|password| url.extend([":", &encoded(password)]));
        url.push('@');
    } else if let Some(password) = password {
        rest.push(("password".to_owned(), password));
    }
    // With both, the name is the one of the server's certificate.
    if host.is_none() {
        host = address;
    } else if let Some(address) = address {
        rest.push(("hostaddr".to_owned(), address));
    }
    // A directory is that of a socket.
    match host {
        Some(directory) if directory.starts_with('/') => rest.push(("host".to_owned(), directory)),
        Some(address) if address.contains(':') => url.extend(["[", &address, "]"]),
        Some(host) => url.push_str(&encoded(&host)),
        // Addresses without names are named by themselves.
        None if rest.iter().any(|(name, _)| name == "hostaddr") => {}
        None => url.push_str("localhost"),
    }
    if let Some(port) = port {
        url.extend([":", &port.parse::<u16>().ok()?.to_string()]);
    }
    url.extend(["/", &encoded(&database.unwrap_or_default())]);
    for (at, (name, value)) in rest.iter().enumerate() {
        url.extend([if at == 0 { "?" } else { "&" }, &encoded(name), "=", &encoded(value)]);
    }
    Some(url)
}

/// The pairs of a connection string. A value in quotes may have blanks; a backslash takes the next character as it is.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let (mut pairs, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim();
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let value = value.trim_start();
        let quotes = value.starts_with('\'');
        let (mut read, mut end, mut escaped) = (String::new(), None, false);
        for (at, c) in value.char_indices().skip(usize::from(quotes)) {
            match c {
                _ if escaped => {
                    read.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '\'' if quotes => {
                    end = Some(at + 1);
                    break;
                }
                c if c.is_whitespace() && !quotes => {
                    end = Some(at);
                    break;
                }
                c => read.push(c),
            }
        }
        let end = if quotes { end? } else { end.unwrap_or(value.len()) };
        pairs.push((name.to_owned(), read));
        rest = value[end..].trim_start();
    }
    (!pairs.is_empty()).then_some(pairs)
}

/// The text with everything encoded that has a meaning in a URL.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::as_url;

    #[test]
    fn libpq_s_strings_are_urls() {
        for (text, url) in [
            ("postgres://u@h/d", Some("postgres://u@h/d")),
            ("host=db.example dbname=metrics user=datebin", Some("postgres://datebin@db.example/metrics")),
            ("host = h port = 5433 user=u password='a b@\\'c\\\\'", Some("postgres://u:a%20b%40%27c%5C@h:5433/")),
            (
                "dbname=d host=/run/postgresql sslmode=disable",
                Some("postgres:///d?sslmode=disable&host=%2Frun%2Fpostgresql"),
            ),
            ("hostaddr=::1 dbname=d", Some("postgres://[::1]/d")),
            ("hostaddr=10.0.0.1 host=h dbname=d", Some("postgres://h/d?hostaddr=10.0.0.1")),
            ("user=u", Some("postgres://u@localhost/")),
            ("host=a,b port=1,2 dbname=d", Some("postgres://localhost/d?host=a%2Cb&port=1%2C2")),
            ("hostaddr=10.0.0.1,10.0.0.2 dbname=d user=u", Some("postgres://u@/d?hostaddr=10.0.0.1%2C10.0.0.2")),
            ("host=h application_name=x keepalives=1 client_encoding='UTF8'", Some("postgres://h/")),
            ("host=h sslmod=require", None),
            ("host=h port=many", None),
            ("password='open", None),
            ("just a word", None),
            ("", None),
        ] {
            assert_eq!(as_url(text).ok().as_deref(), url, "{text}");
        }
    }
}
