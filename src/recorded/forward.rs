//! What `--forward` says: a local address, and the port at the target or beyond it that it leads to.
//!
//! Nothing here opens a port.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::session::port::Listen;

/// `PORT`, `LOCAL:PORT`, `LOCAL:HOST:PORT`, `BIND:LOCAL:PORT` or `BIND:LOCAL:HOST:PORT`, as `ssh -L` has them.
///
/// An IPv6 address stands in brackets. Of three parts the first is a local port when it is a number, otherwise an address
/// to bind. The local port 0 picks one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    /// As it was typed.
    text: String,
    bind: Option<String>,
    local: u16,
    host: Option<String>,
    port: u16,
}

impl Forward {
    /// As it was typed: what it is called.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where it listens, if nothing is said with it.
    pub(crate) fn listen(&self, bind: Option<&str>) -> Listen {
        Listen::Tcp {
            bind: self.bind.as_deref().or(bind).map(str::to_owned),
            port: self.local,
        }
    }

    /// The document that forwards, and its parameters.
    pub(crate) fn request(&self) -> (Option<String>, BTreeMap<String, Vec<String>>) {
        let mut parameters = BTreeMap::from([
            ("portNumber".to_owned(), vec![self.port.to_string()]),
            ("localPortNumber".to_owned(), vec![self.local.to_string()]),
        ]);
        let document = match &self.host {
            None => "AWS-StartPortForwardingSession",
            Some(host) => {
                parameters.insert("host".to_owned(), vec![host.clone()]);
                "AWS-StartPortForwardingSessionToRemoteHost"
            }
        };
        (Some(document.to_owned()), parameters)
    }
}

impl FromStr for Forward {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = parts(text)?;
        let is_number = |part: &Part| part.text.bytes().all(|byte| byte.is_ascii_digit());
        let (bind, local, host, port) = match &parts[..] {
            // The same port on both sides, so it cannot be 0.
            [port] => (None, port.remote_port()?, None, port),
            [local, port] => (None, local.port()?, None, port),
            [local, host, port] if is_number(local) => (None, local.port()?, Some(host), port),
            [bind, local, port] => (Some(bind), local.port()?, None, port),
            [bind, local, host, port] => (Some(bind), local.port()?, Some(host), port),
            _ => {
                return Err(Error::Parts {
                    at: parts.get(4).map_or(0, |part| part.at),
                });
            }
        };
        let port = port.remote_port()?;
        // An empty address to bind means all of them, as in ssh.
        let bind = bind
            .map(|bind| {
                if bind.text.is_empty() {
                    Ok("*".to_owned())
                } else {
                    bind.host()
                }
            })
            .transpose()?;
        let host = host.map(Part::host).transpose()?;
        Ok(Self {
            text: text.to_owned(),
            bind,
            local,
            host,
            port,
        })
    }
}

/// One of the parts between colons, and where it begins.
struct Part<'a> {
    text: &'a str,
    at: usize,
}

impl Part<'_> {
    fn port(&self) -> Result<u16, Error> {
        let is_number = self.text.bytes().all(|byte| byte.is_ascii_digit());
        self.text
            .parse()
            .ok()
            .filter(|_| is_number)
            .ok_or_else(|| Error::Port {
                text: self.text.to_owned(),
                at: self.at,
            })
    }

    fn remote_port(&self) -> Result<u16, Error> {
        match self.port()? {
            0 => Err(Error::Zero { at: self.at }),
            port => Ok(port),
        }
    }

    /// A name or an address, without its brackets.
    fn host(&self) -> Result<String, Error> {
        let inner = self
            .text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        let is_good = match inner {
            Some(inner) => inner
                .split('%')
                .next()
                .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok()),
            None => {
                let is_plain =
                    |c: char| !c.is_whitespace() && !c.is_control() && !"[]/@".contains(c);
                !self.text.is_empty() && self.text.chars().all(is_plain)
            }
        };
        if is_good {
            Ok(inner.unwrap_or(self.text).to_owned())
        } else {
            Err(Error::Host {
                text: self.text.to_owned(),
                at: self.at,
            })
        }
    }
}

/// The text cut at the colons that stand outside brackets.
fn parts(text: &str) -> Result<Vec<Part<'_>>, Error> {
    let mut parts = Vec::new();
    let (mut begin, mut bracket) = (0, None);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' if bracket.is_none() => bracket = Some(at),
            b']' => bracket = None,
            b':' if bracket.is_none() => {
                parts.push(Part {
                    text: &text[begin..at],
                    at: begin,
                });
                begin = at + 1;
            }
            _ => {}
        }
    }
    if let Some(at) = bracket {
        return Err(Error::Bracket { at });
    }
    parts.push(Part {
        text: &text[begin..],
        at: begin,
    });
    Ok(parts)
}

/// Why a forward does not read. Positions count bytes from 0.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("{text:?} at position {at} is no port number from 0 to 65535")]
    Port { text: String, at: usize },
    #[error("the port at position {at} is 0: only a local port may be")]
    Zero { at: usize },
    #[error("{text:?} at position {at} is no host; an IPv6 address stands in brackets")]
    Host { text: String, at: usize },
    #[error("the bracket at position {at} is not closed")]
    Bracket { at: usize },
    #[error(
        "there is one part too many at position {at}; the longest form is BIND:LOCAL:HOST:PORT, with an IPv6 address in brackets"
    )]
    Parts { at: usize },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, bind: Option<&str>, local: u16, host: Option<&str>, port: u16) {
        let expected = Forward {
            text: text.to_owned(),
            bind: bind.map(str::to_owned),
            local,
            host: host.map(str::to_owned),
            port,
        };
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }

    #[test]
    fn every_form_reads() {
        check("80", None, 80, None, 80);
        check("8080:80", None, 8080, None, 80);
        check("0:80", None, 0, None, 80);
        check(
            "5432:db.internal:5433",
            None,
            5432,
            Some("db.internal"),
            5433,
        );
        check("5432:10.0.0.7:5433", None, 5432, Some("10.0.0.7"), 5433);
        check(
            "5432:[2001:db8::1]:5433",
            None,
            5432,
            Some("2001:db8::1"),
            5433,
        );
    }

    #[test]
    fn an_address_to_bind_may_stand_first() {
        check("[::1]:8080:80", Some("::1"), 8080, None, 80);
        check("127.0.0.2:8080:80", Some("127.0.0.2"), 8080, None, 80);
        check("localhost:0:80", Some("localhost"), 0, None, 80);
        check("*:8080:80", Some("*"), 8080, None, 80);
        check(":8080:db:80", Some("*"), 8080, Some("db"), 80);
        check(
            "[::1]:8080:[2001:db8::1]:80",
            Some("::1"),
            8080,
            Some("2001:db8::1"),
            80,
        );
    }

    #[test]
    fn the_document_follows_from_the_host() {
        let request = |text: &str| text.parse::<Forward>().unwrap().request();
        let (document, parameters) = request("8080:80");
        assert_eq!(document.unwrap(), "AWS-StartPortForwardingSession");
        assert_eq!(parameters["portNumber"], ["80"]);
        assert_eq!(parameters["localPortNumber"], ["8080"]);
        let (document, parameters) = request("0:[2001:db8::1]:80");
        assert_eq!(
            document.unwrap(),
            "AWS-StartPortForwardingSessionToRemoteHost"
        );
        assert_eq!(parameters["host"], ["2001:db8::1"]);
    }

    #[test]
    fn mistakes_say_where_they_are() {
        for (text, message) in [
            ("", "\"\" at position 0 is no port number from 0 to 65535"),
            ("x", "\"x\" at position 0 is no port number from 0 to 65535"),
            (
                "80:",
                "\"\" at position 3 is no port number from 0 to 65535",
            ),
            (
                ":80",
                "\"\" at position 0 is no port number from 0 to 65535",
            ),
            (
                "8080:+80",
                "\"+80\" at position 5 is no port number from 0 to 65535",
            ),
            (
                "70000:80",
                "\"70000\" at position 0 is no port number from 0 to 65535",
            ),
            (
                "8080:0",
                "the port at position 5 is 0: only a local port may be",
            ),
            ("0", "the port at position 0 is 0: only a local port may be"),
            (
                "1::2",
                "\"\" at position 2 is no host; an IPv6 address stands in brackets",
            ),
            (
                "1:a b:2",
                "\"a b\" at position 2 is no host; an IPv6 address stands in brackets",
            ),
            (
                "1:[db]:2",
                "\"[db]\" at position 2 is no host; an IPv6 address stands in brackets",
            ),
            ("1:[::1:2", "the bracket at position 2 is not closed"),
            (
                "::1:8080:80",
                "there is one part too many at position 9; the longest form is BIND:LOCAL:HOST:PORT, with an IPv6 address in brackets",
            ),
        ] {
            assert_eq!(
                text.parse::<Forward>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9a-z:\\[\\]*. é]{0,24}") {
            let _ = text.parse::<Forward>();
        }
    }
}
