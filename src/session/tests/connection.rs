//! Connections that do not come about: each gets its own sentence.
//!
//! No sentence here holds the stream URL's query.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::aws::{Certificates, Network, Proxies, Reach};
use crate::session::driver::connection::{PATIENCE, open};

fn network() -> Network {
    Network {
        proxies: Proxies::default(),
        certificates: Certificates::load(None).unwrap(),
        reach: Reach::Anywhere,
    }
}

/// Opens `scheme://` a listener that answers `answer`, and gives the error.
async fn refused(scheme: &str, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = async {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 4096];
        let _ = tcp.read(&mut buffer).await;
        let _ = tcp.write_all(answer).await;
        if answer.is_empty() {
            std::future::pending::<()>().await;
        }
    };
    let url = format!("{scheme}://127.0.0.1:{port}/v1/data-channel/s-0a1b?role=secret");
    let network = network();
    let opening = open(&url, &network, Duration::from_secs(1));
    let error = tokio::select! {
        result = opening => result.err().unwrap().to_string(),
        () = async { answering.await; std::future::pending().await } => unreachable!(),
    };
    assert!(!error.contains("secret"), "{error}");
    error
}

#[tokio::test]
async fn each_failure_has_its_own_sentence() {
    let check = async |scheme, answer, wanted: &str| {
        let error = refused(scheme, answer).await;
        assert!(error.contains(wanted), "{error}");
    };
    check(
        "ws",
        b"HTTP/1.1 403 Forbidden\r\n\r\n",
        "with HTTP status 403",
    )
    .await;
    check("ws", b"SSH-2.0-OpenSSH\r\n", "does not speak websocket").await;
    check("ws", b"", "no answer from host \"127.0.0.1\" within 1s").await;
    check(
        "wss",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "no encrypted connection",
    )
    .await;
    check("http", b"", "begins with \"http\", not with wss").await;
}

#[tokio::test]
async fn nobody_listening_and_no_such_host_are_told_apart() {
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("ws://127.0.0.1:{port}/?role=secret");
    let error = open(&url, &network(), PATIENCE)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.starts_with("cannot connect to \"127.0.0.1:"),
        "{error}"
    );
    let error = open("wss://no-such-host.invalid/", &network(), PATIENCE).await;
    let error = error.err().unwrap().to_string();
    assert!(
        error.starts_with("cannot find host \"no-such-host.invalid\""),
        "{error}"
    );
}
