//! Addresses taken apart: one strict reading for all that a person, a setting or a service names.
//!
//! Nothing here mends what is written wrongly, as browsers do, and nothing opens a connection.

use std::net::IpAddr;

use url::{Host, ParseError, Url};

/// Reads `scheme://host…`.
///
/// # Errors
/// It is no such address; in words that repeat nothing of it.
pub fn parse(text: &str) -> Result<Url, &'static str> {
    let (_, rest) = text.split_once("://").ok_or("it has no scheme")?;
    // A browser would drop or turn these.
    let turned = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() || authority.contains(turned) {
        return Err("it names no host");
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err("it holds a space or a control character");
    }
    let url = Url::parse(text).map_err(|error| match error {
        ParseError::InvalidPort => "its port is no number from 1 to 65535",
        ParseError::RelativeUrlWithoutBase => "its scheme does not read",
        _ => "it names no host",
    })?;
    match url.host() {
        None | Some(Host::Domain("")) => Err("it names no host"),
        _ if url.port() == Some(0) => Err("its port is no number from 1 to 65535"),
        _ => Ok(url),
    }
}

/// The host as one looks it up: an IPv6 address without its brackets.
#[must_use]
pub fn bare_host(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// Whether what is sent to a host stays on this machine.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// User name and password, if either is there. A secret.
#[must_use]
pub fn login(url: &Url) -> Option<(Vec<u8>, Vec<u8>)> {
    let (user, password) = (url.username(), url.password());
    if user.is_empty() && password.is_none() {
        return None;
    }
    Some((unescaped(user), unescaped(password.unwrap_or_default())))
}

/// `%40` as the byte that it stands for; what is no percent-encoding stays as it is.
fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digit = |at: usize| tail.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (first, digit(0), digit(1)) {
            out.push((high << 4 | low) as u8);
            rest = &tail[2..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_ports_and_logins_are_read() {
        let url = parse("https://me:p%40ss@w:rd@[::1]:8443/a?b#c").unwrap();
        assert_eq!(bare_host(&url).unwrap(), "::1");
        assert_eq!(url.port_or_known_default(), Some(8443));
        assert_eq!(login(&url), Some((b"me".to_vec(), b"p@ss@w:rd".to_vec())));
        let url = parse("wss://h.example").unwrap();
        assert_eq!(
            (url.port_or_known_default(), login(&url)),
            (Some(443), None)
        );
        // Every way to write an address is the address.
        for text in ["http://2130706433/", "http://0x7f.1/", "http://127.1/"] {
            assert_eq!(bare_host(&parse(text).unwrap()).unwrap(), "127.0.0.1");
        }
    }

    #[test]
    fn what_is_no_address_is_not_mended() {
        for text in [
            "",
            "h",
            "http:h",
            "http:/h",
            "http://",
            "http:///h",
            "http://?h",
            "http://me@/",
            "http://me:pass@:80",
            "http://a b/",
            " http://h/",
            "http://h/\n",
            "http://h/\u{1b}",
            "http:\\\\h",
            "http://a\\b/",
            "http://h:0/",
            "http://h:65536/",
            "http://h:x/",
            "http://[::1/",
            "http://[::g]/",
            "1http://h/",
            "http://h<>/",
            "http://1.2.3.256/",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
