//! The server that the tests talk to: our own on loopback, or the one that `SSM_REC_TEST_S3` names.
//!
//! Nothing here is promised by the program.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use loopback::Noise;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};
use loopback::faulty_proxy::{self, FaultyProxy};
use ssm_rec::store::Store;
use ssm_rec::store::s3::{Keys, Options};

pub(crate) const MIB: usize = 1 << 20;

/// A bucket of its own for one test.
pub(crate) struct Server {
    pub(crate) own: Option<Bucket>,
    pub(crate) endpoint: String,
    bucket: String,
}

pub(crate) fn server() -> Server {
    server_with(bucket::Options::default(), "")
}

pub(crate) fn server_with(options: bucket::Options, headers: &str) -> Server {
    match std::env::var("SSM_REC_TEST_S3") {
        Ok(endpoint) => {
            let server = Server {
                own: None,
                endpoint: endpoint.trim_end_matches('/').to_owned(),
                bucket: format!("test-{}", uuid::Uuid::new_v4()),
            };
            let (status, _) = server.ask("PUT", "", headers);
            assert_eq!(status, 200, "cannot make a bucket at {endpoint}");
            server
        }
        Err(_) => {
            let bucket = options.name.clone();
            let own = Bucket::start(options).unwrap();
            Server {
                endpoint: own.endpoint(),
                own: Some(own),
                bucket,
            }
        }
    }
}

impl Server {
    pub(crate) fn options(&self) -> Options {
        Options {
            endpoint_url: Some(self.endpoint.clone()),
            region: Some("us-east-1".to_owned()),
            keys: Some(keys()),
            patience: Duration::from_secs(120),
            ..Options::default()
        }
    }

    pub(crate) fn location(&self) -> String {
        format!("s3://{}/fleet", self.bucket)
    }

    pub(crate) fn store(&self, options: Options) -> Store {
        Store::with(&self.location(), options).unwrap()
    }

    pub(crate) fn through(&self, proxy: &FaultyProxy) -> Options {
        Options {
            endpoint_url: Some(proxy.endpoint()),
            silence: Duration::from_millis(700),
            ..self.options()
        }
    }

    /// All objects, and on our own server that each was created once.
    pub(crate) fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        if let Some(own) = &self.own {
            own.set_write_only(false);
            for (key, stored) in own.objects() {
                assert_eq!(stored.creations, 1, "{key}");
            }
        }
        let store = self.store(self.options());
        let read = |key: String| {
            let bytes = store.read(&key, u64::MAX - 1).unwrap();
            (key, bytes)
        };
        store.list("").unwrap().into_iter().map(read).collect()
    }

    /// A request with a signature that proves nothing: moto believes it.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> (u16, String) {
        let host = self.endpoint.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} /{}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 0\r\nconnection: close\r\nauthorization: AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n{headers}\r\n",
            self.bucket
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

/// What our own server knows; others take any.
pub(crate) fn keys() -> Keys {
    Keys {
        id: ACCESS_KEY.to_owned(),
        secret: SECRET_KEY.to_owned(),
        session_token: None,
    }
}

/// Bytes that differ at every place, so that a mixed-up part cannot go unnoticed.
pub(crate) fn content(seed: usize, length: usize) -> Vec<u8> {
    Noise::new(seed as u64).bytes(length)
}

pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::path::PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// A proxy that breaks nothing, but can be taken down and counts.
pub(crate) fn quiet() -> faulty_proxy::Options {
    faulty_proxy::Options {
        share: 0.0,
        ..faulty_proxy::Options::default()
    }
}
