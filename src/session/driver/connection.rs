//! The websocket under a data channel: address, TCP, TLS, the upgrade, and what went wrong in words.
//!
//! Nothing here knows what the messages mean, and the token never passes through: it goes in the first message.

use std::time::Duration;

use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error as WebSocketError};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::aws::{Failure, Network, Wire, address};
use crate::words::time;

/// The largest websocket message taken: an agent message of the largest payload, and room to spare.
const MAX_MESSAGE_SIZE: usize = 2 * 1024 * 1024;
/// Read at once. Sixty messages of the agent; the default of twice that only costs memory.
const READ_BUFFER_SIZE: usize = 64 * 1024;

/// What waits to be sent at most. The websocket queues an answer to each ping by itself, also where nobody reads them: beyond
/// this it leaves them out, and when something of the session is to be sent on a connection that is so far behind, that is
/// given up, and the session comes back on another one.
const MAX_WRITE_BUFFER_SIZE: usize = 1024 * 1024;

/// How long a connection may take to open, and how long the upgrade after it.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// An open websocket.
pub type Socket = WebSocketStream<Box<dyn Wire>>;

/// Opens the websocket at a stream URL; name, proxy, TCP and TLS may take as long as `patience`, and so may the upgrade.
///
/// # Errors
/// Says which step failed, and names the host.
pub async fn open(
    stream_url: &str,
    network: &Network,
    patience: Duration,
) -> Result<Socket, Error> {
    let address = Address::parse(stream_url)?;
    tracing::debug!(
        host = address.host,
        port = address.port,
        "opening a connection for the data channel"
    );
    let wire = network
        .connect(address.encrypted, &address.host, address.port, patience)
        .await?;
    let host = address.host;
    let upgrade = client_async_with_config(address.request, wire, Some(limits()));
    match timeout(patience, upgrade).await {
        Ok(Ok((socket, _))) => {
            tracing::info!(host, "a connection for the data channel is open");
            Ok(socket)
        }
        Ok(Err(WebSocketError::Http(response))) => Err(Error::Status {
            host,
            status: response.status().as_u16(),
        }),
        Ok(Err(error)) => Err(Error::Upgrade {
            host,
            cause: error.to_string(),
        }),
        Err(_) => Err(Error::Timeout {
            host,
            after: patience,
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
        .max_write_buffer_size(MAX_WRITE_BUFFER_SIZE)
}

struct Address {
    request: Request,
    host: String,
    port: u16,
    encrypted: bool,
}

impl Address {
    fn parse(stream_url: &str) -> Result<Self, Error> {
        let url = address::parse(stream_url).map_err(|reason| Error::Url(reason.to_owned()))?;
        let encrypted = match url.scheme() {
            "wss" => true,
            "ws" => false,
            other => return Err(Error::Scheme(other.to_owned())),
        };
        let host = address::bare_host(&url);
        let (Some(host), Some(port)) = (host, url.port_or_known_default()) else {
            return Err(Error::Url("it names no host".to_owned()));
        };
        if !encrypted && !address::is_loopback(&host) {
            return Err(Error::Unencrypted { host });
        }
        let request = url
            .as_str()
            .into_client_request()
            .map_err(|error| Error::Url(error.to_string()))?;
        Ok(Self {
            request,
            host,
            port,
            encrypted,
        })
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
    #[error(
        "the data channel to host {host:?} would not be encrypted; that is taken on this machine alone"
    )]
    Unencrypted { host: String },
    #[error(transparent)]
    Way(#[from] Failure),
    #[error("no answer from host {host:?} within {}", time::write_exactly(*after))]
    Timeout { host: String, after: Duration },
    #[error("host {host:?} refuses the data channel with HTTP status {status}")]
    Status { host: String, status: u16 },
    #[error("host {host:?} does not speak websocket: {cause}")]
    Upgrade { host: String, cause: String },
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Way(failure) => failure.hint(),
            _ => None,
        }
        .unwrap_or_else(|| {
            "the data channel goes to ssmmessages.REGION.amazonaws.com on port 443; check firewall and proxy".to_owned()
        })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_url_is_taken_as_it_stands_or_refused_in_one_line() {
        let url = "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/ada-0a?role=publish_subscribe&cell-number=AAEA%2Fb%3D%3D";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.request.uri().to_string(), url);
        assert_eq!(address.host, "ssmmessages.eu-west-1.amazonaws.com");
        assert_eq!((address.encrypted, address.port), (true, 443));
        let address = Address::parse("ws://[::1]:4566/v1").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 4566));
        for here in [
            "ws://127.0.0.1/v1",
            "ws://127.9.9.9:1/v1",
            "ws://localhost:4566/v1",
        ] {
            assert!(Address::parse(here).is_ok(), "{here}");
        }
        for wrong in [
            "",
            "wss:host",
            "wss://",
            "wss:///v1?token=secret",
            "wss://h\n\u{1b}[2J/secret",
            "wss://secret@h:99999/",
            "https://h/secret",
            "ws://h/secret",
            "ws://10.0.0.1/secret",
            "ws://127.0.0.1.example.com/secret",
            "ws://localhost.example.com/secret",
            "ws://[2001:db8::1]/secret",
        ] {
            let Err(error) = Address::parse(wrong) else {
                panic!("{wrong:?}");
            };
            let said = error.to_string();
            assert!(!said.contains("secret") && !said.contains('\n'), "{said}");
        }
    }
}
