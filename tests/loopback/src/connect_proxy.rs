//! An HTTP proxy with CONNECT, and what proxies get wrong.
//!
//! Nothing here leaves the loopback interface: whatever host is asked for, the tunnel ends at the address that it was
//! given. What was asked is kept for assertions.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::certificate::Certificate;
use crate::socket::Socket;

/// The longest head of a request that is read.
const MAX_HEAD: usize = 16 * 1024;

/// How the proxy behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// User name and password that it wants.
    pub login: Option<(String, String)>,
    /// Speaks TLS itself.
    pub tls: bool,
    /// What it does instead of opening a tunnel.
    pub fault: Option<Fault>,
}

/// What a proxy does instead of opening a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this text, headers included.
    Answers(String),
    /// Takes the request and says nothing.
    Silent,
    /// Closes the connection.
    Closes,
}

/// A running proxy.
pub struct ConnectProxy {
    address: SocketAddr,
    authority_pem: Option<String>,
    requests: Arc<Mutex<Vec<String>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ConnectProxy {
    /// A proxy whose every tunnel ends at `server`.
    ///
    /// # Errors
    /// The system gives no port or no thread.
    pub fn start(server: SocketAddr, options: Options) -> io::Result<Self> {
        let certificate = match options.tls {
            true => Some(Certificate::create(&["127.0.0.1".to_owned()])?),
            false => None,
        };
        let (authority_pem, tls) = certificate
            .map(|certificate| (certificate.authority_pem, certificate.server))
            .unzip();
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let requests = Arc::new(Mutex::new(Vec::new()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let served = serve(listener, server, options, tls, Arc::clone(&requests));
        let thread = std::thread::Builder::new()
            .name("connect-proxy".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = served => {}
                        _ = stopped => {}
                    }
                });
            })?;
        Ok(Self {
            address,
            authority_pem,
            requests,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// `host:port`.
    #[must_use]
    pub fn place(&self) -> String {
        self.address.to_string()
    }

    /// Who signed the proxy's own certificate.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// The first line of every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the serving thread was printed already.
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: std::net::TcpListener,
    server: SocketAddr,
    options: Options,
    tls: Option<Arc<ServerConfig>>,
    requests: Arc<Mutex<Vec<String>>>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let (options, tls, requests) = (options.clone(), tls.clone(), Arc::clone(&requests));
        tokio::spawn(async move {
            // What goes wrong on one connection is its client's business, and visible there.
            if let Ok(client) = Socket::accept(client, tls).await {
                let _ = carry(client, server, &options, &requests).await;
            }
        });
    }
}

async fn carry(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    server: SocketAddr,
    options: &Options,
    requests: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < MAX_HEAD {
        head.push(client.read_u8().await?);
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let line = text.lines().next().unwrap_or_default().to_owned();
    let connect = line.starts_with("CONNECT ");
    requests
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    match &options.fault {
        Some(Fault::Closes) => return Ok(()),
        Some(Fault::Silent) => {
            // Until the client has had enough.
            let mut rest = [0; 1024];
            while client.read(&mut rest).await? > 0 {}
            return Ok(());
        }
        Some(Fault::Answers(answer)) => {
            client.write_all(answer.as_bytes()).await?;
            return client.shutdown().await;
        }
        None => {}
    }
    if let Some((user, password)) = &options.login {
        let wanted = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let given = text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"))
            .map(|(_, value)| value.trim());
        if given != Some(wanted.as_str()) {
            let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"loopback\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            client.write_all(answer).await?;
            return client.shutdown().await;
        }
    }
    let mut there = TcpStream::connect(server).await?;
    if connect {
        client
            .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
            .await?;
    } else {
        // A request to be passed on: the server takes the absolute form as well.
        there.write_all(&head).await?;
    }
    copy_bidirectional(&mut client, &mut there).await.map(drop)
}
