//! TLS on both ways in, and certificates that are not to be trusted.
//!
//! Nothing here asks the machine's own authorities.

#![allow(
    clippy::unwrap_used,
    reason = "clippy knows tests by their attribute, not the functions beside them"
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use loopback::{Options, Service, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

const REQUEST: &str = r#"{"Target":"i-0abc"}"#;

/// StartSession over TLS, trusting `authority` alone.
fn start(service: &Service, authority: Option<&str>) -> std::io::Result<Value> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = authority {
        roots
            .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
            .unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(service.address())?);
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: loopback\r\nconnection: close\r\nx-amz-target: AmazonSSM.StartSession\r\ncontent-length: {}\r\n\r\n{REQUEST}",
        REQUEST.len()
    )?;
    let mut answer = String::new();
    // An HTTP server need not say goodbye in TLS.
    let _ = stream.read_to_string(&mut answer);
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok(serde_json::from_str(body).unwrap())
}

fn service(names: &[&str]) -> Service {
    Service::start(Options {
        tls: Tls::Everywhere,
        certificate_names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Options::quick()
    })
    .unwrap()
}

#[test]
fn a_client_that_trusts_the_authority_gets_its_answer() {
    let service = service(&["127.0.0.1"]);
    assert!(service.endpoint().starts_with("https://127.0.0.1:"));
    let session = start(&service, service.authority_pem()).unwrap();
    assert!(
        session["StreamUrl"]
            .as_str()
            .unwrap()
            .starts_with("wss://127.0.0.1:")
    );
}

#[test]
fn an_unknown_authority_or_another_name_is_refused_by_the_client() {
    let known = service(&["127.0.0.1"]);
    let other = service(&["elsewhere.example"]);
    for (service, authority) in [
        (&known, other.authority_pem()),
        (&known, None),
        (&other, other.authority_pem()),
    ] {
        let error = start(service, authority).unwrap_err();
        assert!(error.to_string().contains("certificate"), "{error}");
        assert!(service.calls().is_empty());
    }
}
