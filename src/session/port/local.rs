//! The local ends of a port session: listeners, and the connections that they accept.
//!
//! Nothing here knows the agent or the protocol. Unix sockets stand behind `cfg` in this file.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, tcp};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream, unix};

use super::Error;
use crate::session::port::mux::TRANSMIT_LENGTH;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP port.
    Tcp {
        /// An address, a name, `localhost` (both loopback addresses, the second where there is one) or `*` (all);
        /// `None` is 127.0.0.1.
        bind: Option<String>,
        /// 0 picks a free one.
        port: u16,
    },
    /// A unix socket, made with access for its owner alone.
    Unix(PathBuf),
}

/// Where a session listens, as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// One or two open listeners. Dropping this closes them and removes a unix socket's file.
#[derive(Debug)]
pub(super) struct Listeners {
    tcp: Vec<TcpListener>,
    #[cfg(unix)]
    unix: Option<(UnixListener, PathBuf)>,
    addresses: Vec<Address>,
}

impl Listeners {
    pub(super) async fn open(listen: &Listen) -> Result<Self, Error> {
        match listen {
            Listen::Tcp { bind, port } => Self::open_tcp(bind.as_deref(), *port).await,
            Listen::Unix(path) => Self::open_unix(path),
        }
    }

    async fn open_tcp(bind: Option<&str>, port: u16) -> Result<Self, Error> {
        let failed = |name: &str, port: u16| {
            let at = if name.contains(':') {
                format!("[{name}]:{port}")
            } else {
                format!("{name}:{port}")
            };
            move |source| Error::Listen { at, source }
        };
        let (first, second) = match bind {
            None => (IpAddr::V4(Ipv4Addr::LOCALHOST), None),
            Some("localhost") => (
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                Some(IpAddr::V6(Ipv6Addr::LOCALHOST)),
            ),
            // Where the system lets IPv6 listeners take IPv4 as well, the first is enough and the second is refused.
            Some("*" | "") if bind_one(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0).is_ok() => (
                IpAddr::V6(Ipv6Addr::UNSPECIFIED),
                Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            ),
            Some("*" | "") => (IpAddr::V4(Ipv4Addr::UNSPECIFIED), None),
            Some(name) => {
                let bare = name
                    .strip_prefix('[')
                    .and_then(|inner| inner.strip_suffix(']'))
                    .unwrap_or(name);
                let address = match bare.parse() {
                    Ok(address) => address,
                    Err(_) => tokio::net::lookup_host((bare, port))
                        .await
                        .and_then(|mut found| {
                            found
                                .next()
                                .ok_or_else(|| io::Error::other("the name has no address"))
                        })
                        .map_err(failed(bare, port))?
                        .ip(),
                };
                (address, None)
            }
        };
        let listener = bind_one(first, port).map_err(failed(&first.to_string(), port))?;
        let mut tcp = vec![listener];
        // The second is a convenience for programs that try it first; a machine without it goes without.
        if let Some(second) = second
            && let Ok(port) = tcp[0].local_addr().map(|address| address.port())
            && let Ok(listener) = bind_one(second, port)
        {
            tcp.push(listener);
        }
        let mut addresses = Vec::new();
        for listener in &tcp {
            let address = listener
                .local_addr()
                .map_err(failed(&first.to_string(), port))?;
            addresses.push(Address::Tcp(address));
        }
        Ok(Self {
            tcp,
            #[cfg(unix)]
            unix: None,
            addresses,
        })
    }

    #[cfg(unix)]
    fn open_unix(path: &Path) -> Result<Self, Error> {
        use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

        let failed = |source| Error::Listen {
            at: path.display().to_string(),
            source,
        };
        let is_socket =
            || std::fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
        let is_stale = || {
            std::os::unix::net::UnixStream::connect(path)
                .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        };
        let listener = match UnixListener::bind(path) {
            // A socket that a killed session left behind answers nobody; one that is in use, or any other file, stays.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_socket() && is_stale() => {
                std::fs::remove_file(path)
                    .and_then(|()| UnixListener::bind(path))
                    .map_err(failed)?
            }
            bound => bound.map_err(failed)?,
        };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            tcp: Vec::new(),
            unix: Some((listener, path.to_owned())),
            addresses: vec![Address::Unix(path.to_owned())],
        })
    }

    #[cfg(not(unix))]
    fn open_unix(path: &Path) -> Result<Self, Error> {
        Err(Error::Listen {
            at: path.display().to_string(),
            source: io::ErrorKind::Unsupported.into(),
        })
    }

    pub(super) fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The next connection and the name of its other end. Nothing is lost when the future is dropped.
    pub(super) async fn accept(&self) -> io::Result<(Reader, Writer, String)> {
        #[cfg(unix)]
        if let Some((listener, _)) = &self.unix {
            let (stream, _) = listener.accept().await?;
            let (reader, writer) = UnixStream::into_split(stream);
            return Ok((
                Reader::new(reader),
                Writer::Unix(writer),
                "the unix socket".to_owned(),
            ));
        }
        let (stream, from) = match &self.tcp[..] {
            [one] => one.accept().await?,
            [one, other, ..] => tokio::select! {
                accepted = one.accept() => accepted?,
                accepted = other.accept() => accepted?,
            },
            [] => return std::future::pending().await,
        };
        // A connection that fails here is dead already; reading from it says so.
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        Ok((Reader::new(reader), Writer::Tcp(writer), from.to_string()))
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some((_, path)) = &self.unix {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn bind_one(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind((address, port))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// What a local end sends.
pub(super) struct Reader {
    stream: Box<dyn AsyncRead + Send + Unpin>,
    buffer: BytesMut,
}

impl Reader {
    fn new(stream: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self {
            stream: Box::new(stream),
            buffer: BytesMut::new(),
        }
    }

    /// The next bytes; `None` at the end. Nothing is lost when the future is dropped.
    pub(super) async fn read(&mut self) -> io::Result<Option<Bytes>> {
        if self.buffer.capacity() < TRANSMIT_LENGTH / 4 {
            self.buffer.reserve(TRANSMIT_LENGTH);
        }
        let length = self.stream.read_buf(&mut self.buffer).await?;
        Ok((length > 0).then(|| self.buffer.split().freeze()))
    }
}

/// What takes the agent's data.
pub(super) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
}

impl Writer {
    pub(super) async fn write(&mut self, pieces: Vec<Bytes>) -> io::Result<()> {
        let mut pieces = Pieces::new(pieces);
        match self {
            Self::Tcp(stream) => stream.write_all_buf(&mut pieces).await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.write_all_buf(&mut pieces).await,
        }
    }

    /// Says that nothing more comes. The other direction stays open.
    pub(super) async fn end(&mut self) {
        // A local end that is gone by now has no use for it.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown().await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown().await,
        };
    }

    /// Makes the connection end in a reset once its reader is dropped as well: what a refused connection looks like
    /// from here.
    pub(super) fn reset(self) {
        match self {
            Self::Tcp(stream) => {
                let _ = stream.as_ref().set_zero_linger();
                stream.forget();
            }
            // A unix socket knows no reset.
            #[cfg(unix)]
            Self::Unix(_) => {}
        }
    }
}

/// Pieces of data as one buffer, so that many short ones go out in one system call.
struct Pieces(VecDeque<Bytes>);

impl Pieces {
    fn new(pieces: Vec<Bytes>) -> Self {
        Self(pieces.into())
    }
}

impl Buf for Pieces {
    fn remaining(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    fn chunk(&self) -> &[u8] {
        self.0.front().map_or(&[], |piece| &piece[..])
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [io::IoSlice<'a>]) -> usize {
        let pairs = slices.iter_mut().zip(&self.0);
        pairs
            .map(|(slice, piece)| *slice = io::IoSlice::new(piece))
            .count()
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(piece) = self.0.front_mut() else {
                return;
            };
            let part = count.min(piece.len());
            piece.advance(part);
            count -= part;
            if piece.is_empty() {
                self.0.pop_front();
            }
        }
    }
}
