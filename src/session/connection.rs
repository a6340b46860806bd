//! The websocket under a data channel: address, TCP, TLS, the upgrade, and what went wrong in words.
//!
//! Nothing here knows what the messages mean, and the token never passes through: it goes in the first message.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error as WebSocketError};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// The largest websocket message taken: an agent message of the largest payload, and room to spare.
const MAX_MESSAGE_SIZE: usize = 2 * 1024 * 1024;
/// Read at once. Sixty messages of the agent; the default of twice that only costs memory.
const READ_BUFFER_SIZE: usize = 64 * 1024;
/// How many of a host's addresses are tried.
const MAX_ADDRESSES: usize = 8;

/// The bytes below a websocket, plain or encrypted.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// An open websocket.
pub type Socket = WebSocketStream<Box<dyn Wire>>;

/// What the person chose about the way.
#[derive(Clone, Debug)]
pub struct Options {
    /// PEM certificates to trust instead of the system's (`AWS_CA_BUNDLE`).
    pub ca_bundle: Option<PathBuf>,
    /// For name, TCP, TLS and upgrade together.
    pub connect_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            connect_timeout: Duration::from_secs(15),
        }
    }
}

/// Opens the websocket at a stream URL.
///
/// # Errors
/// Says which step failed, and names the host.
pub async fn open(stream_url: &str, options: &Options) -> Result<Socket, Error> {
    let address = Address::parse(stream_url)?;
    match timeout(options.connect_timeout, connect(&address, options)).await {
        Ok(result) => result,
        Err(_) => Err(Error::Timeout {
            host: address.host,
            after: options.connect_timeout,
        }),
    }
}

/// The limits that every websocket of ours has.
#[must_use]
pub fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_SIZE))
        .max_frame_size(Some(MAX_MESSAGE_SIZE))
        .read_buffer_size(READ_BUFFER_SIZE)
}

struct Address {
    request: Request,
    host: String,
    port: u16,
    encrypted: bool,
}

impl Address {
    fn parse(stream_url: &str) -> Result<Self, Error> {
        let request = stream_url
            .into_client_request()
            .map_err(|error| Error::Url(error.to_string()))?;
        let uri = request.uri();
        let encrypted = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            other => return Err(Error::Scheme(other.unwrap_or_default().to_owned())),
        };
        let host = uri
            .host()
            .ok_or_else(|| Error::Url("no host".to_owned()))?
            .trim_matches(['[', ']'])
            .to_owned();
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self {
            request,
            host,
            port,
            encrypted,
        })
    }
}

async fn connect(address: &Address, options: &Options) -> Result<Socket, Error> {
    let host = || address.host.clone();
    let tcp = connect_tcp(&address.host, address.port).await?;
    let wire: Box<dyn Wire> = if address.encrypted {
        let connector = TlsConnector::from(Arc::new(tls_config(options.ca_bundle.as_deref())?));
        let name = ServerName::try_from(host()).map_err(|_| Error::Url("no host".to_owned()))?;
        let tls = connector
            .connect(name, tcp)
            .await
            .map_err(|error| tls_error(host(), error))?;
        Box::new(tls)
    } else {
        Box::new(tcp)
    };
    let upgrade = client_async_with_config(address.request.clone(), wire, Some(limits())).await;
    match upgrade {
        Ok((socket, _)) => Ok(socket),
        Err(WebSocketError::Http(response)) => Err(Error::Status {
            host: host(),
            status: response.status().as_u16(),
        }),
        Err(error) => Err(Error::Upgrade {
            host: host(),
            cause: error.to_string(),
        }),
    }
}

async fn connect_tcp(host: &str, port: u16) -> Result<TcpStream, Error> {
    let addresses = lookup_host((host, port))
        .await
        .map_err(|error| Error::Name {
            host: host.to_owned(),
            cause: error.to_string(),
        })?;
    let mut last = None;
    for address in addresses.take(MAX_ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(tcp) => {
                // A key must not wait for the acknowledgement of the one before.
                let _ = tcp.set_nodelay(true);
                return Ok(tcp);
            }
            Err(error) => last = Some(error),
        }
    }
    let host = host.to_owned();
    Err(match last {
        Some(source) => Error::Connect { host, port, source },
        None => Error::Name {
            host,
            cause: "it has no address".to_owned(),
        },
    })
}

fn tls_config(ca_bundle: Option<&Path>) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_bundle {
        let bundle = |cause: String| Error::CaBundle {
            path: path.to_owned(),
            cause,
        };
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| bundle(error.to_string()))?
        {
            let certificate = certificate.map_err(|error| bundle(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| bundle(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(bundle("it holds no certificate".to_owned()));
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(Error::NoRoots);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls {
            host: String::new(),
            cause: error.to_string(),
        })?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

fn tls_error(host: String, error: io::Error) -> Error {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(cause)) => Error::Certificate {
            host,
            cause: cause.to_string(),
        },
        Some(other) => Error::Tls {
            host,
            cause: other.to_string(),
        },
        None => Error::Tls {
            host,
            cause: error.to_string(),
        },
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("the stream URL does not read: {0}")]
    Url(String),
    #[error("the stream URL begins with {0:?}, not with wss")]
    Scheme(String),
    #[error("cannot find host {host:?}: {cause}")]
    Name { host: String, cause: String },
    #[error("cannot connect to \"{host}:{port}\": {source}")]
    Connect {
        host: String,
        port: u16,
        source: io::Error,
    },
    #[error("no answer from host {host:?} within {} s", after.as_secs())]
    Timeout { host: String, after: Duration },
    #[error("the certificate of host {host:?} is not trusted: {cause}")]
    Certificate { host: String, cause: String },
    #[error("no encrypted connection to host {host:?}: {cause}")]
    Tls { host: String, cause: String },
    #[error("this system has no trusted certificates")]
    NoRoots,
    #[error("cannot use the certificates in {path:?}: {cause}")]
    CaBundle { path: PathBuf, cause: String },
    #[error("host {host:?} refuses the data channel with HTTP status {status}")]
    Status { host: String, status: u16 },
    #[error("host {host:?} does not speak websocket: {cause}")]
    Upgrade { host: String, cause: String },
}

/// Says in few words why a socket failed. Never holds what was sent.
pub(super) fn describe(error: &WebSocketError) -> String {
    match error {
        WebSocketError::Io(error) => error.to_string(),
        WebSocketError::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )
        | WebSocketError::ConnectionClosed
        | WebSocketError::AlreadyClosed => "the other side ended it".to_owned(),
        WebSocketError::WriteBufferFull(_) => "too much waits to be sent".to_owned(),
        other => other.to_string(),
    }
}
