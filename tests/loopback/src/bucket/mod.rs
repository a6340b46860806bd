//! An S3 server with one bucket, for tests and the sandbox: the `s3s` crate reads the wire and checks signatures,
//! and this room keeps the objects.
//!
//! It is strict where S3 is: checksums are compared, `If-None-Match` holds against writes at the same moment, and it
//! refuses every write that could overwrite. Nothing here is fast, and nothing is deleted, but where it is asked to be lenient.

mod answers;
mod objects;
mod settings;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use answers::Answers;
use objects::{Objects, digest};
pub use objects::{Options, Stored};

/// The access key that the server knows.
pub const ACCESS_KEY: &str = "loopback-key";
/// Its secret.
pub const SECRET_KEY: &str = "loopback-secret";

/// The server. Ends with the process.
pub struct Bucket {
    address: SocketAddr,
    objects: Arc<Objects>,
}

impl Bucket {
    /// Starts on its own thread.
    ///
    /// # Errors
    /// No port could be had, or the folder cannot be read.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let objects = Arc::new(Objects::open(options)?);
        let mut service = S3ServiceBuilder::new(Answers(Arc::clone(&objects)));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                while let Ok((stream, _)) = listener.accept().await {
                    let connection = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service.clone());
                    // A client that breaks off is none of the server's business.
                    tokio::spawn(async move { connection.await.ok() });
                }
            });
        });
        Ok(Self { address, objects })
    }

    /// Where clients find it.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every object by key.
    #[must_use]
    pub fn objects(&self) -> BTreeMap<String, Stored> {
        self.objects.state().objects.clone()
    }

    /// Multipart uploads that were begun and neither completed nor aborted.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        self.objects.state().uploads.len()
    }

    /// Puts an object as somebody else would.
    pub fn plant(&self, key: &str, bytes: Bytes) {
        let sha256 = digest(&bytes);
        self.objects.create(
            &mut self.objects.state(),
            key,
            bytes,
            sha256,
            BTreeMap::new(),
        );
    }

    /// Lets the bucket say that it has had an object since then.
    pub fn date(&self, key: &str, came: std::time::SystemTime) {
        let mut state = self.objects.state();
        if let Some(stored) = state.objects.get_mut(key) {
            stored.came = came;
        }
        let newest = state
            .versions
            .get_mut(key)
            .and_then(|of_key| of_key.first_mut());
        if let Some(newest) = newest {
            newest.came = came;
        }
    }

    /// Removes an object, as somebody else would who may.
    pub fn remove(&self, key: &str) {
        self.objects.remove(&mut self.objects.state(), key);
    }

    /// From now on, whoever asks may not even put.
    pub fn set_denied(&self, denied: bool) {
        self.objects.state().denied = denied;
    }

    /// From now on, whoever asks may only put.
    pub fn set_write_only(&self, write_only: bool) {
        self.objects.state().write_only = write_only;
    }
}
