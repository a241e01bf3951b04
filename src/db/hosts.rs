//! Several servers in one URL: `postgres://user@a:5432,b:5433/db`, or `host=a,b` as libpq has it.

use std::net::IpAddr;

use form_urlencoded::{Serializer, parse};

/// Names, addresses and ports, one for each server; one port may be that of all.
#[derive(Debug, Default)]
struct HostLists {
    names: Vec<String>,
    addresses: Vec<String>,
    ports: Vec<String>,
}

/// A URL for each server of a URL, in its order; the only one that has a name stays as it is. None where the lists are not as long as each
/// other.
pub(super) fn each(url: &str) -> Option<Vec<String>> {
    let (scheme, rest) = url.split_once("://")?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let (user, hosts) = authority.rfind('@').map_or(("", authority), |at| authority.split_at(at + 1));
    let (mut lists, mut others) = (HostLists::of(hosts), Vec::new());
    for (name, value) in parse(query.as_bytes()) {
        let list = || value.split(',').map(str::to_owned).collect();
        match &*name {
            "host" => lists.names = list(),
            "hostaddr" => lists.addresses = list(),
            "port" => lists.ports = list(),
            _ => others.push((name.into_owned(), value.into_owned())),
        }
    }
    let count = lists.names.len().max(lists.addresses.len());
    let is_nameless = lists.names.iter().all(String::is_empty) && !lists.addresses.is_empty();
    if count < 2 && !is_nameless {
        return Some(vec![url.to_owned()]);
    }
    let one = |at| {
        let (name, address) = (nth(&lists.names, at, count)?, nth(&lists.addresses, at, count)?);
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&others);
        let is_socket = name.starts_with('/');
        if is_socket {
            query.append_pair("host", name);
        }
        // Without a name, the certificate is that of the address.
        let own = address.parse::<IpAddr>().ok().filter(|_| name.is_empty());
        if own.is_none() && !address.is_empty() {
            query.append_pair("hostaddr", address);
        }
        let host = match own {
            Some(IpAddr::V6(own)) => format!("[{own}]"),
            Some(IpAddr::V4(own)) => own.to_string(),
            None if is_socket || name.is_empty() => "localhost".to_owned(),
            None => name.to_owned(),
        };
        let port = Some(nth(&lists.ports, at, count)?).filter(|port| !port.is_empty());
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{scheme}://{user}{host}{port}/{database}?{}", query.finish()))
    };
    (0..count).map(one).collect()
}

impl HostLists {
    /// The hosts between a URL's user and its database.
    fn of(hosts: &str) -> Self {
        let mut lists = Self::default();
        for host in hosts.split(',') {
            // The colons of an address stand in brackets.
            let at = host.rfind(']').unwrap_or(0);
            let (name, port) =
                host[at..].find(':').map_or((host, ""), |colon| (&host[..at + colon], &host[at + colon + 1..]));
            lists.names.push(name.to_owned());
            lists.ports.push(port.to_owned());
        }
        lists
    }
}

/// What counts for a server: its own, or the one that there is for all; nothing where there is no list.
fn nth(list: &[String], at: usize, count: usize) -> Option<&str> {
    match list {
        [] => Some(""),
        [only] => Some(only),
        many if many.len() == count => Some(&many[at]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::each;

    #[test]
    fn each_server_has_a_url_of_its_own() {
        for (url, urls) in [
            ("postgres://u:p@h:5/d?sslmode=disable", Some(vec!["postgres://u:p@h:5/d?sslmode=disable"])),
            ("postgres://u:p,q@h/d", Some(vec!["postgres://u:p,q@h/d"])),
            ("postgres://u@a,b/d", Some(vec!["postgres://u@a/d?", "postgres://u@b/d?"])),
            (
                "postgres://u:p,q@a:1,[::1]:2,c/d?sslmode=disable",
                Some(vec![
                    "postgres://u:p,q@a:1/d?sslmode=disable",
                    "postgres://u:p,q@[::1]:2/d?sslmode=disable",
                    "postgres://u:p,q@c/d?sslmode=disable",
                ]),
            ),
            (
                "postgres://u@localhost/d?host=/run/a,b&port=1,2",
                Some(vec!["postgres://u@localhost:1/d?host=%2Frun%2Fa", "postgres://u@b:2/d?"]),
            ),
            (
                "postgres://localhost/d?host=a,b&port=7&hostaddr=10.0.0.1,10.0.0.2",
                Some(vec!["postgres://a:7/d?hostaddr=10.0.0.1", "postgres://b:7/d?hostaddr=10.0.0.2"]),
            ),
            ("postgres://localhost/d?host=a,b,c&port=1,2", None),
            ("postgres:///d?hostaddr=10.0.0.1", Some(vec!["postgres://10.0.0.1/d?"])),
            ("postgres://u@:7/d?hostaddr=::1&x=y", Some(vec!["postgres://u@[::1]:7/d?x=y"])),
            ("postgres:///d?hostaddr=db", Some(vec!["postgres://localhost/d?hostaddr=db"])),
            (
                "postgres:///d?hostaddr=10.0.0.1,10.0.0.2&port=1,2",
                Some(vec!["postgres://10.0.0.1:1/d?", "postgres://10.0.0.2:2/d?"]),
            ),
            (
                "postgres:///d?hostaddr=10.0.0.1,10.0.0.2&host=a,",
                Some(vec!["postgres://a/d?hostaddr=10.0.0.1", "postgres://10.0.0.2/d?"]),
            ),
            ("no url", None),
        ] {
            let urls: Option<Vec<String>> = urls.map(|urls| urls.into_iter().map(str::to_owned).collect());
            assert_eq!(each(url), urls, "{url}");
        }
    }
}
