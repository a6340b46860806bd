//! What `--forward` says: a local port, and the port at the target or beyond it that it leads to.
//!
//! Nothing here opens a port.

use std::str::FromStr;

use super::parameters::Parameters;

/// `PORT`, `LOCAL:PORT` or `LOCAL:HOST:PORT`; an IPv6 host stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    local: u16,
    host: Option<String>,
    port: u16,
}

impl Forward {
    /// The document that forwards, and its parameters.
    pub(crate) fn request(&self) -> (Option<String>, Parameters) {
        let mut parameters = Parameters::from([
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
        let (local, rest) = text.split_once(':').unwrap_or((text, text));
        let local = number(local)?;
        let (host, remote) = match rest.rsplit_once(':') {
            Some((host, remote)) => (Some(host), remote),
            None => (None, rest),
        };
        let host = match host.map(|host| {
            host.strip_prefix('[')
                .and_then(|host| host.strip_suffix(']'))
                .unwrap_or(host)
        }) {
            Some("") => return Err(Error::Host),
            Some(host) if host.contains(['[', ']', '/', ' ']) => return Err(Error::Host),
            host => host.map(str::to_owned),
        };
        match number(remote)? {
            0 => Err(Error::Port {
                text: remote.to_owned(),
            }),
            port => Ok(Self { local, host, port }),
        }
    }
}

fn number(text: &str) -> Result<u16, Error> {
    text.parse().map_err(|_| Error::Port {
        text: text.to_owned(),
    })
}

/// Why a forward does not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("{text:?} is no port number from 1 to 65535")]
    Port { text: String },
    #[error("the host between the ports does not read; an IPv6 address stands in brackets")]
    Host,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, local: u16, host: Option<&str>, port: u16) {
        let host = host.map(str::to_owned);
        assert_eq!(text.parse(), Ok(Forward { local, host, port }), "{text}");
    }

    #[test]
    fn every_form_reads() {
        check("80", 80, None, 80);
        check("8080:80", 8080, None, 80);
        check("0:80", 0, None, 80);
        check("5432:db.internal:5433", 5432, Some("db.internal"), 5433);
        check("5432:[2001:db8::1]:5433", 5432, Some("2001:db8::1"), 5433);
    }

    #[test]
    fn mistakes_are_told() {
        for text in [
            "", "x", "80:", ":80", "8080:80x", "70000:80", "8080:0", "1::2", "1:a b:2",
        ] {
            assert!(text.parse::<Forward>().is_err(), "{text}");
        }
    }
}
