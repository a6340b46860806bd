//! Where a call goes and how far it comes: the name, its addresses, the proxy, the step that fails.
//!
//! Nothing is asked of whoever answers: a connection is opened and closed again.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use super::address::bare_host;
use super::network::{Failure, Network, Peer, find};
use super::reach::Reach;

/// A host and a port, and whether what is said there is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// In TLS.
    pub encrypted: bool,
    /// A name or an address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Place {
    /// Of an `http://` or `https://` address.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let url = Url::parse(address).ok()?;
        Some(Self {
            encrypted: match url.scheme() {
                "https" => true,
                "http" => false,
                _ => return None,
            },
            host: bare_host(&url)?,
            port: url.port_or_known_default()?,
        })
    }
}

/// What was tried to reach a place.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The proxy in between, without its password.
    pub proxy: Option<String>,
    /// What the name leads to: the proxy's where there is one.
    pub addresses: Vec<IpAddr>,
    /// The step that failed.
    pub failure: Option<Failure>,
}

impl Network {
    /// Opens a connection as a call would, and closes it again. Names and connection have `limit` together.
    pub async fn trace(&self, place: &Place, limit: Duration) -> Trace {
        let Place {
            encrypted,
            host,
            port,
        } = place;
        let proxy = self.proxies.for_host(*encrypted, host, *port);
        let mut trace = Trace {
            proxy: proxy.map(ToString::to_string),
            addresses: Vec::new(),
            failure: None,
        };
        let (peer, name, at) = match proxy {
            Some(proxy) => (Peer::Proxy(proxy.to_string()), &proxy.host, proxy.port),
            None => (Peer::Host(host.clone()), host, *port),
        };
        let steps = async {
            let found = find(&peer, name, at, Reach::Anywhere).await?;
            trace.addresses = found.iter().map(|found| found.ip()).collect();
            self.connect(*encrypted, host, *port, limit).await.map(drop)
        };
        trace.failure = match timeout(limit, steps).await {
            Ok(connected) => connected.err(),
            Err(_) => Some(Failure::Timeout { peer, after: limit }),
        };
        trace
    }
}
