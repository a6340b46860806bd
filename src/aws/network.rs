//! How a host is reached: directly or through a proxy, plain or encrypted, trusting whose certificates.
//!
//! Knows no protocol above TLS, and gives every failure on the way a sentence of its own.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::certificates::Certificates;
use super::proxy::{Proxies, Proxy, authority};
use super::reach::{self, Reach};
use crate::words::time;

/// How many of a host's addresses are tried.
const MAX_ADDRESSES: usize = 8;
/// The longest answer to CONNECT that is read, headers included.
const MAX_ANSWER: usize = 16 * 1024;

/// The bytes below a websocket, plain or encrypted.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// What every connection has in common.
#[derive(Clone, Debug)]
pub struct Network {
    /// What stands between.
    pub proxies: Proxies,
    /// Who is believed.
    pub certificates: Certificates,
    /// Where connections may lead that go through no proxy.
    pub reach: Reach,
}

impl Network {
    /// Opens a connection within `limit`.
    ///
    /// # Errors
    /// Says which step failed, and names the host.
    pub async fn connect(
        &self,
        encrypted: bool,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<Box<dyn Wire>, Failure> {
        let waits_for = Mutex::new(Peer::Host(host.to_owned()));
        let steps = self.steps(encrypted, host, port, &waits_for);
        match timeout(limit, steps).await {
            Ok(result) => result,
            Err(_) => Err(Failure::Timeout {
                peer: waits_for
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner),
                after: limit,
            }),
        }
    }

    /// Whether a host is within reach as far as its text alone tells: a proxy looks up names where nobody here sees what
    /// they lead to.
    pub(super) fn judge_name(&self, host: &str) -> Result<(), Failure> {
        match reach::named(host) {
            Some(address) => within(self.reach, host, address),
            None => Ok(()),
        }
    }

    async fn steps(
        &self,
        encrypted: bool,
        host: &str,
        port: u16,
        waits_for: &Mutex<Peer>,
    ) -> Result<Box<dyn Wire>, Failure> {
        let now_waits_for = |peer| {
            *waits_for.lock().unwrap_or_else(PoisonError::into_inner) = peer;
        };
        let there = Peer::Host(host.to_owned());
        let mut wire: Box<dyn Wire> = match self.proxies.for_host(encrypted, host, port) {
            None => Box::new(tcp(&there, host, port, self.reach).await?),
            Some(proxy) => {
                let peer = Peer::Proxy(proxy.to_string());
                now_waits_for(peer.clone());
                let mut wire: Box<dyn Wire> =
                    Box::new(tcp(&peer, &proxy.host, proxy.port, Reach::Anywhere).await?);
                if proxy.encrypted {
                    wire = self.tls(&peer, &proxy.host, wire).await?;
                }
                tunnel(&mut wire, proxy, host, port).await?;
                wire
            }
        };
        if encrypted {
            now_waits_for(there.clone());
            wire = self.tls(&there, host, wire).await?;
        }
        Ok(wire)
    }

    async fn tls(
        &self,
        peer: &Peer,
        host: &str,
        wire: Box<dyn Wire>,
    ) -> Result<Box<dyn Wire>, Failure> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Failure::Name {
            peer: peer.clone(),
            cause: "no certificate can be for that name".to_owned(),
        })?;
        let connector = TlsConnector::from(self.certificates.tls());
        let tls = connector.connect(name, wire).await;
        Ok(Box::new(tls.map_err(|error| tls_failure(peer, &error))?))
    }
}

/// The addresses of a host, none of them out of reach: what is not given out here cannot be connected to.
pub(super) async fn find(
    peer: &Peer,
    host: &str,
    port: u16,
    reach: Reach,
) -> Result<Vec<SocketAddr>, Failure> {
    let addresses = lookup_host((host, port))
        .await
        .map_err(|error| Failure::Name {
            peer: peer.clone(),
            cause: error.to_string(),
        })?;
    let addresses: Vec<_> = addresses.take(MAX_ADDRESSES).collect();
    for address in &addresses {
        within(reach, host, address.ip())?;
    }
    Ok(addresses)
}

fn within(reach: Reach, host: &str, address: IpAddr) -> Result<(), Failure> {
    if reach.allows(address) {
        return Ok(());
    }
    Err(Failure::OutOfReach {
        host: host.to_owned(),
        address,
    })
}

async fn tcp(peer: &Peer, host: &str, port: u16, reach: Reach) -> Result<TcpStream, Failure> {
    let mut last = None;
    for address in find(peer, host, port, reach).await? {
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // A key must not wait for the acknowledgement of the one before.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => Failure::Connect {
            peer: peer.clone(),
            port,
            cause: error.to_string(),
        },
        None => Failure::Name {
            peer: peer.clone(),
            cause: "it has no address".to_owned(),
        },
    })
}

/// Asks a proxy for a tunnel (source: RFC 9110, section 9.3.6). What follows its answer is the host's.
async fn tunnel(
    wire: &mut Box<dyn Wire>,
    proxy: &Proxy,
    host: &str,
    port: u16,
) -> Result<(), Failure> {
    let there = authority(host, port);
    let mut request = format!("CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n");
    if let Some(authorization) = proxy.authorization() {
        request.push_str(&format!("Proxy-Authorization: {authorization}\r\n"));
    }
    request.push_str("\r\n");
    let broken = |error: io::Error| Failure::ProxyBroke {
        proxy: proxy.to_string(),
        cause: error.to_string(),
    };
    wire.write_all(request.as_bytes()).await.map_err(broken)?;
    wire.flush().await.map_err(broken)?;
    // Byte by byte: the first byte behind the answer belongs to the tunnel.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        // Whoever does not begin like HTTP would keep us waiting for an end that never comes.
        let begins = &b"HTTP/1."[..answer.len().min(7)];
        if answer.len() >= MAX_ANSWER || !answer.starts_with(begins) {
            return Err(Failure::NotAProxy {
                proxy: proxy.to_string(),
            });
        }
        let byte = wire.read_u8().await.map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Failure::ProxyBroke {
                proxy: proxy.to_string(),
                cause: "it closed the connection without an answer".to_owned(),
            },
            _ => broken(error),
        })?;
        answer.push(byte);
    }
    judge(&String::from_utf8_lossy(&answer), proxy, &there)
}

fn judge(answer: &str, proxy: &Proxy, there: &str) -> Result<(), Failure> {
    let mut lines = answer.lines();
    let status = lines.next().unwrap_or_default();
    let (code, reason) = match status.split_once(' ') {
        Some((_, rest)) => rest.split_once(' ').unwrap_or((rest, "")),
        None => ("", ""),
    };
    match code.parse::<u16>() {
        Ok(200..300) => Ok(()),
        Ok(407) => {
            let schemes: Vec<&str> = lines
                .filter_map(|line| line.split_once(':'))
                .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
                .filter_map(|(_, value)| value.split_whitespace().next())
                .collect();
            let basic = schemes.is_empty()
                || schemes
                    .iter()
                    .any(|scheme| scheme.eq_ignore_ascii_case("basic"));
            Err(if basic {
                Failure::ProxyLogin {
                    proxy: proxy.to_string(),
                    variable: proxy.variable,
                    given: proxy.authorization().is_some(),
                }
            } else {
                Failure::ProxyScheme {
                    proxy: proxy.to_string(),
                    schemes: schemes.join(", "),
                }
            })
        }
        Ok(code) => Err(Failure::ProxyRefused {
            proxy: proxy.to_string(),
            there: there.to_owned(),
            status: format!("{code} {}", reason.trim()).trim().to_owned(),
        }),
        Err(_) => Err(Failure::NotAProxy {
            proxy: proxy.to_string(),
        }),
    }
}

fn tls_failure(peer: &Peer, error: &io::Error) -> Failure {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(cause)) => Failure::Certificate {
            peer: peer.clone(),
            cause: cause.to_string(),
        },
        Some(other) => Failure::Tls {
            peer: peer.clone(),
            cause: other.to_string(),
        },
        None => Failure::Tls {
            peer: peer.clone(),
            cause: error.to_string(),
        },
    }
}

/// Who is at the other end of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The host itself.
    Host(String),
    /// A proxy, as an address without user name and password.
    Proxy(String),
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(host) => write!(f, "host {host:?}"),
            Self::Proxy(proxy) => write!(f, "proxy {proxy:?}"),
        }
    }
}

fn place(peer: &Peer, port: u16) -> String {
    match peer {
        Peer::Host(host) => format!("{:?}", authority(host, port)),
        Peer::Proxy(_) => peer.to_string(),
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Failure {
    #[error("cannot find {peer}: {cause}")]
    Name { peer: Peer, cause: String },
    #[error("cannot connect to {}: {cause}", place(peer, *port))]
    Connect {
        peer: Peer,
        port: u16,
        cause: String,
    },
    #[error("host {host:?} is at {address}, where nothing from outside may lead")]
    OutOfReach { host: String, address: IpAddr },
    #[error("no answer from {peer} within {}", time::write_exactly(*after))]
    Timeout { peer: Peer, after: Duration },
    #[error("the certificate of {peer} is not trusted: {cause}")]
    Certificate { peer: Peer, cause: String },
    #[error("no encrypted connection to {peer}: {cause}")]
    Tls { peer: Peer, cause: String },
    #[error("proxy {proxy:?} broke off: {cause}")]
    ProxyBroke { proxy: String, cause: String },
    #[error("proxy {proxy:?} does not answer as a proxy does")]
    NotAProxy { proxy: String },
    #[error("proxy {proxy:?} {}", if *given { format!("refuses the user name and password in {variable}") } else { "wants a user name and a password".to_owned() })]
    ProxyLogin {
        proxy: String,
        variable: &'static str,
        given: bool,
    },
    #[error("proxy {proxy:?} wants a way to log in that is not supported: {schemes}")]
    ProxyScheme { proxy: String, schemes: String },
    #[error("proxy {proxy:?} refuses to connect to {there:?}: {status}")]
    ProxyRefused {
        proxy: String,
        there: String,
        status: String,
    },
}

impl Failure {
    /// Whether the same can succeed later with nobody doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Name { .. }
            | Self::Connect { .. }
            | Self::Timeout { .. }
            | Self::ProxyBroke { .. } => true,
            // A gateway that does not reach the host today may do so in a minute.
            Self::ProxyRefused { status, .. } => status.starts_with('5'),
            _ => false,
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ProxyLogin {
                proxy,
                variable,
                given,
            } => {
                let place = proxy.split_once("://").map_or(proxy.as_str(), |(_, place)| place);
                let scheme = proxy.split("://").next().unwrap_or("http");
                if *given {
                    format!("check them; percent-encode what is not a letter or a digit: {variable}={scheme}://USER:PASSWORD@{place}")
                } else {
                    format!("name them in the address: {variable}={scheme}://USER:PASSWORD@{place}")
                }
            }
            Self::ProxyScheme { .. } => "ssm-rec knows Basic; a local proxy such as cntlm can log in for it".to_owned(),
            Self::ProxyRefused { .. } => "ask whoever runs the proxy to allow ssm, ssmmessages and sts of your region on port 443, or except them with NO_PROXY".to_owned(),
            Self::NotAProxy { .. } | Self::ProxyBroke { .. } => "check the address in HTTPS_PROXY".to_owned(),
            Self::Certificate { .. } => "behind an intercepting proxy, name its certificate file in AWS_CA_BUNDLE".to_owned(),
            Self::Name { peer: Peer::Proxy(_), .. }
            | Self::Connect { peer: Peer::Proxy(_), .. }
            | Self::Timeout { peer: Peer::Proxy(_), .. } => "check HTTPS_PROXY; NO_PROXY excepts hosts from it".to_owned(),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A proxy that answers `answer` to whatever is asked, or nothing for ever.
    async fn through(answer: Option<&'static [u8]>) -> (Failure, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut asked = vec![0; 4096];
            let length = client.read(&mut asked).await.unwrap();
            asked.truncate(length);
            match answer {
                Some(answer) => {
                    client.write_all(answer).await.unwrap();
                    client.shutdown().await.unwrap();
                }
                None => drop(client.read(&mut [0; 1]).await),
            }
            asked
        });
        let proxy = format!("http://ada:pass@127.0.0.1:{port}");
        let network = Network {
            proxies: Proxies::of(&[("HTTPS_PROXY", &proxy)]).unwrap(),
            certificates: Certificates::load(None).unwrap(),
            reach: Reach::Anywhere,
        };
        let limit = Duration::from_secs(if answer.is_some() { 30 } else { 1 });
        let failure = network.connect(true, "ssm.example", 443, limit).await;
        (failure.err().unwrap(), asked.await.unwrap())
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_a_tunnel_and_its_login_is_sent_to_it_alone() {
        let (_, asked) = through(Some(b"HTTP/1.1 403 No\r\n\r\n")).await;
        assert_eq!(
            String::from_utf8(asked).unwrap(),
            "CONNECT ssm.example:443 HTTP/1.1\r\nHost: ssm.example:443\r\nProxy-Authorization: Basic YWRhOnBhc3M=\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn each_answer_of_a_proxy_has_its_sentence() {
        for (answer, wanted) in [
            (&b"HTTP/1.1 502 Bad Gateway\r\nX: y\r\n\r\n"[..], "refuses to connect to \"ssm.example:443\": 502 Bad Gateway"),
            (b"HTTP/1.1 407 Login\r\nProxy-Authenticate: basic realm=x\r\n\r\n", "refuses the user name and password in HTTPS_PROXY"),
            (b"HTTP/1.1 407 Login\r\nproxy-authenticate: Negotiate\r\nproxy-authenticate: NTLM\r\n\r\n", "is not supported: Negotiate, NTLM"),
            (b"HTTP/1.1 OK\r\n\r\n", "does not answer as a proxy does"),
            (b"220 mail.example ESMTP\r\n", "does not answer as a proxy does"),
            (b"HTTP/1.1 200 OK\r\nhalf a", "closed the connection without an answer"),
            (b"HTTP/1.1 200 OK\r\n\r\nnot TLS at all", "no encrypted connection to host \"ssm.example\""),
        ] {
            let (failure, _) = through(Some(answer)).await;
            let said = failure.to_string();
            assert!(said.contains(wanted) && !said.contains("pass@"), "{said}");
            assert!(!format!("{failure:?}").contains("ada"), "{failure:?}");
        }
        let endless: &'static [u8] = [&b"HTTP/1.1 200 OK\r\nx: "[..], &[b'x'; 20_000]]
            .concat()
            .leak();
        let (failure, _) = through(Some(endless)).await;
        assert!(failure.to_string().contains("does not answer"), "{failure}");
    }

    #[tokio::test]
    async fn a_proxy_that_says_nothing_is_named_as_the_one_that_is_waited_for() {
        let (failure, _) = through(None).await;
        let said = failure.to_string();
        assert!(
            said.starts_with("no answer from proxy \"http://127.0.0.1:"),
            "{said}"
        );
        assert!(failure.is_passing());
    }
}
