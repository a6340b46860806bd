//! The service as a value: a thread of its own with its own runtime, so that tests without one can use it.
//!
//! Nothing here reads a protocol; `calls` and `connection` do.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::calls;
use crate::certificate::Certificate;
use crate::history::{self, Past};
use crate::log::{Call, SessionLog};
use crate::nodes::Node;
use crate::options::{Options, Tls};
use crate::registry::Registry;
use crate::socket::Socket;

/// How long [`Service::wait_for`] waits: far more than anything in a test takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the tasks get to notice that the service stops.
const STOPPING: Duration = Duration::from_secs(2);

/// A running service. Dropping it ends every session and its shell.
pub struct Service {
    registry: Arc<Registry>,
    address: SocketAddr,
    authority_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Binds the port and starts to serve.
    ///
    /// # Errors
    /// The port is taken, or the system gives no thread.
    pub fn start(options: Options) -> io::Result<Self> {
        let certificate = match options.tls {
            Tls::None => None,
            Tls::DataChannel | Tls::Everywhere => {
                Some(Certificate::create(&options.certificate_names)?)
            }
        };
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let registry = Arc::new(Registry::new(options, address.to_string()));
        let (authority_pem, server) = certificate
            .map(|certificate| (certificate.authority_pem, certificate.server))
            .unzip();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("loopback")
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = {
            let registry = registry.clone();
            std::thread::Builder::new()
                .name("loopback".to_owned())
                .spawn(move || {
                    runtime.block_on(async {
                        tokio::select! {
                            () = serve(listener, registry, server) => {}
                            _ = stopped => {}
                        }
                    });
                    runtime.shutdown_timeout(STOPPING);
                })?
        };
        Ok(Self {
            registry,
            address,
            authority_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let scheme = match self.registry.options.tls {
            Tls::None | Tls::DataChannel => "http",
            Tls::Everywhere => "https",
        };
        format!("{scheme}://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that signed the certificate, for `AWS_CA_BUNDLE`; `None` without TLS.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// Every session so far, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionLog> {
        self.registry.sessions()
    }

    /// Every call over HTTP so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.registry.calls()
    }

    /// Lets DescribeInstanceInformation tell of these too.
    pub fn manage(&self, nodes: Vec<Node>) {
        self.registry.fleet.add(nodes);
    }

    /// Refuses DescribeInstanceInformation from now on.
    pub fn deny_nodes(&self) {
        self.registry.fleet.deny();
    }

    /// Lets the pages of DescribeInstanceInformation lead in a circle.
    pub fn let_nodes_turn(&self) {
        self.registry.fleet.turn_in_circles();
    }

    /// How often DescribeInstanceInformation was asked.
    #[must_use]
    pub fn node_calls(&self) -> u32 {
        self.registry.fleet.calls()
    }

    /// Lets DescribeSessions tell of these too.
    pub fn tell_of(&self, past: Vec<Past>) {
        self.registry.history.add(past);
    }

    /// What DescribeSessions tells of by now: what ran here, and what it was told of. Another service can be told of it.
    #[must_use]
    pub fn history(&self) -> Vec<Past> {
        history::all(&self.registry)
    }

    /// Refuses DescribeSessions in this region from now on.
    pub fn deny_history(&self, region: &str) {
        self.registry.history.deny(region);
    }

    /// Asks the next so many calls of DescribeSessions to slow down.
    pub fn throttle_history(&self, times: u32) {
        self.registry.history.throttle(times);
    }

    /// Lets every page of DescribeSessions name the first as the next one.
    pub fn let_history_turn(&self) {
        self.registry.history.turn_in_circles();
    }

    /// Lets every page of DescribeSessions name another one behind it.
    pub fn let_history_go_on(&self) {
        self.registry.history.go_on_forever();
    }

    /// Refuses to end this session from now on: nobody is allowed to.
    pub fn keep_open(&self, id: &str) {
        self.registry.history.keep(id);
    }

    /// Waits until `condition` holds for the log of some session, at most a minute; gives that log.
    pub fn wait_for(&self, condition: impl Fn(&SessionLog) -> bool) -> Option<SessionLog> {
        self.registry.wait_for(PATIENCE, condition)
    }

    /// Serves until the process is killed.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the serving thread was printed already.
            let _ = thread.join();
        }
    }
}

impl Drop for Service {
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
    registry: Arc<Registry>,
    server: Option<Arc<ServerConfig>>,
) {
    let Ok(listener) = TcpListener::from_std(listener) else {
        return;
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors, most likely: give the sessions a chance to return some.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let registry = registry.clone();
        let server = server.clone();
        tokio::spawn(async move {
            let Ok(socket) = Socket::accept(stream, server).await else {
                return;
            };
            let answer = service_fn(move |request| calls::answer(registry.clone(), request));
            // What goes wrong on one connection is its client's business, and visible there.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(socket), answer)
                .with_upgrades()
                .await;
        });
    }
}
