//! Encrypted sessions: keys that wait for the handshake, a data key refused, a connection lost while KMS thinks.
//!
//! Nothing here asks KMS, and nothing waits: the clock jumps.

use super::*;

/// The request of an agent whose session KMS encrypts.
fn encrypted_request() -> AgentMessage {
    stream(0, PayloadType::HANDSHAKE_REQUEST, encryption::REQUEST)
}

#[tokio::test(start_paused = true)]
async fn keys_wait_for_the_end_of_an_encrypted_handshake() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let key = encryption::data_key();
    bench.vault.answers.lock().unwrap().push_back(Ok(key));
    let mut agent = encryption::agent();
    let end = bench
        .run(socket, async |bench| {
            peer.expect(&["open first"]).await;
            bench.type_keys("typed early");
            peer.send(encrypted_request()).await;
            peer.expect(&["ack 0"]).await;
            let response = peer.next().await;
            assert!(response.starts_with("0:handshake-response "), "{response}");
            peer.send(agent.challenge(1)).await;
            peer.expect(&["ack 1"]).await;
            let response = peer.next().await;
            assert!(
                response.starts_with("1:encryption-challenge-response "),
                "{response}"
            );
            peer.send(stream(2, PayloadType::HANDSHAKE_COMPLETE, b"{}"))
                .await;
            peer.expect(&["ack 2", r#"2:size {"cols":80,"rows":24}"#])
                .await;
            let keys = peer.message().await;
            assert_eq!(agent.open(&keys), "typed early");
            peer.send(agent.output(3, "secret")).await;
            peer.expect(&["ack 3"]).await;
            peer.close().await;
        })
        .await;
    assert!(matches!(end, End::Closed { reason: None }), "{end:?}");
    assert!(bench.log.has("generate alias/sessions"));
    assert!(bench.log.has("show secret"), "{:?}", bench.log.lines());
}

#[tokio::test(start_paused = true)]
async fn a_refused_data_key_is_told_to_the_agent_and_ends_the_session() {
    let (socket, mut peer) = pipe().await;
    let mut bench = Bench::new();
    let refusal = data_keys::Error::Denied {
        key_id: "alias/sessions".to_owned(),
        message: "not you".to_owned(),
    };
    bench.vault.answers.lock().unwrap().push_back(Err(refusal));
    let end = bench
        .run(socket, async |_| {
            peer.expect(&["open first"]).await;
            peer.send(encrypted_request()).await;
            peer.expect(&["ack 0"]).await;
            let response = peer.next().await;
            assert!(
                response.contains(r#""ActionType":"KMSEncryption","ActionStatus":2,"ActionResult":null,"Error":"access denied: not you""#),
                "{response}"
            );
        })
        .await;
    assert!(
        matches!(&end, End::NoDataKey { key_id, cause: data_keys::Error::Denied { .. } } if key_id == "alias/sessions"),
        "{end:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_lost_while_kms_thinks_is_taken_up_with_the_same_key() {
    let (socket, mut first) = pipe().await;
    let (again, mut second) = pipe().await;
    let mut bench = Bench::new();
    let key = encryption::data_key();
    bench.vault.answers.lock().unwrap().push_back(Ok(key));
    let token = Token::new("second".to_owned());
    bench.later.push_back(Resumed::Open(again, token));
    let mut agent = encryption::agent();
    let end = bench
        .run(socket, async |_| {
            first.expect(&["open first"]).await;
            first.send(encrypted_request()).await;
            first.expect(&["ack 0"]).await;
            drop(first);
            second.expect(&["open second"]).await;
            let mut response = second.next().await;
            while response == "ping" {
                response = second.next().await;
            }
            assert!(response.starts_with("0:handshake-response "), "{response}");
            second.send(agent.challenge(1)).await;
            second.expect(&["ack 1"]).await;
            second.close().await;
        })
        .await;
    assert!(matches!(end, End::NotOpened { .. }), "{end:?}");
    assert_eq!(bench.log.count("generate alias/sessions"), 1);
}
