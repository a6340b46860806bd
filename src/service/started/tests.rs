//! Whatever becomes of a session that was started: the service is told once, and waited for.
//!
//! Nothing here opens a data channel.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::aws::Keys;
use crate::service::{Passed, Request};

impl Passed for Request {
    fn request(&self) -> &Request {
        self
    }
}

/// Starts a session, does something with it, and gives how often the service was told that it is over.
fn told_after(fate: impl AsyncFnOnce(Service, Started)) -> usize {
    let loopback = loopback::Service::start(loopback::Options::quick()).unwrap();
    let access = Access {
        region: Some("eu-central-1".to_owned()),
        keys: Some(Keys {
            id: "id".to_owned(),
            secret: "secret".to_owned(),
            session_token: None,
        }),
        ..Access::default()
    };
    let request = Request {
        target: "i-0abc".to_owned(),
        ..Request::default()
    };
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let endpoint = loopback.endpoint();
            let service = Service::open(&access, Some(&endpoint)).await.unwrap();
            let started = service.start(&request).await.unwrap();
            fate(service, started).await;
        });
    };
    // A panic is one of the fates.
    let _ = catch_unwind(AssertUnwindSafe(run));
    assert_eq!(loopback.sessions().len(), 1);
    let calls = loopback.calls();
    let told = |call: &&loopback::Call| call.operation == "TerminateSession";
    calls.iter().filter(told).count()
}

#[test]
fn a_session_that_is_dropped_is_ended_before_its_service_is_gone() {
    assert_eq!(told_after(async |_service, _started| {}), 1);
    let late = async |service, started| {
        drop(service);
        drop(started);
    };
    assert_eq!(told_after(late), 1);
    let elsewhere = async |_service, started| {
        tokio::task::spawn_blocking(move || drop(started))
            .await
            .unwrap();
    };
    assert_eq!(told_after(elsewhere), 1);
}

#[test]
fn a_panic_ends_the_session() {
    assert_eq!(told_after(async |_service, _started| panic!("halfway")), 1);
}

#[test]
fn a_session_that_is_over_is_not_ended_again() {
    assert_eq!(told_after(async |_service, started| started.over()), 0);
    let ended = async |_service, started: Started| started.end().await.unwrap();
    assert_eq!(told_after(ended), 1);
}

#[test]
fn the_address_of_a_data_channel_tells_its_region() {
    let check = |stream_url: &str, expected: Option<&str>| {
        let entrance = Entrance {
            stream_url: stream_url.to_owned(),
            token: String::new(),
        };
        assert_eq!(region(&entrance).as_deref(), expected, "{stream_url}");
    };
    check(
        "wss://ssmmessages.eu-central-1.amazonaws.com/v1/data-channel/s-1?role=publish_subscribe",
        Some("eu-central-1"),
    );
    check(
        "wss://ssmmessages-fips.us-gov-west-1.amazonaws.com/v1",
        Some("us-gov-west-1"),
    );
    check(
        "wss://vpce-1-a.ssmmessages.cn-north-1.vpce.amazonaws.com.cn/v1",
        Some("cn-north-1"),
    );
    check("ws://127.0.0.1:4000/v1/data-channel/s-1", None);
    check("nonsense", None);
}

#[test]
fn a_session_is_named_by_what_terminals_and_folders_can_take() {
    for good in [
        "operator-0a1b2c3d4e5f60718",
        "ada.lovelace@example.com-0a1b",
        "role+name=x,y-0a1b",
        "ecs-execute-command-0f1e2d",
        "s",
    ] {
        assert!(is_session_id(good), "{good:?}");
    }
    let long = "x".repeat(LONGEST_ID + 1);
    for bad in [
        "",
        "ada-\u{1b}[2J",
        "ada\n-0a",
        "ada-\u{9b}2J",
        "../ada-0a",
        ".ada",
        "-ada",
        "a b",
        "ada-\u{202e}0a",
        "\"ada\"",
        &long,
    ] {
        assert!(!is_session_id(bad), "{bad:?}");
    }
}
