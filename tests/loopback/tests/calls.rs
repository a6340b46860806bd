//! The calls over HTTP, in the shapes of the service.
//!
//! Nothing here opens a data channel.

mod client;

use client::{call, post};
use loopback::{Options, Refusal, Service};
use serde_json::{Value, json};

#[test]
fn a_started_session_has_an_id_a_stream_url_and_a_token() {
    let service = Service::start(Options::quick()).unwrap();
    let request = json!({ "Target": "i-0abc", "Reason": "ticket-42" });
    let (status, head, answer) = call(&service, "StartSession", &request);
    assert_eq!(status, 200);
    assert!(head.contains("x-amzn-requestid: "), "{head}");
    assert!(head.contains("\r\ndate: "), "{head}");
    let id = answer["SessionId"].as_str().unwrap();
    assert!(id.starts_with("operator-0") && id.len() == 26, "{id}");
    let url = answer["StreamUrl"].as_str().unwrap();
    assert!(url.starts_with("ws://127.0.0.1:"), "{url}");
    assert!(
        url.ends_with(&format!("/v1/data-channel/{id}?role=publish_subscribe")),
        "{url}"
    );
    assert!(answer["TokenValue"].as_str().unwrap().len() > 100);
    let session = &service.sessions()[0];
    assert_eq!(session.reason.as_deref(), Some("ticket-42"));
    assert_eq!(session.document, "SSM-SessionManagerRunShell");
    assert_eq!(service.calls()[0].region.as_deref(), Some("us-east-1"));
}

#[test]
fn targets_that_stand_for_errors_answer_them() {
    let service = Service::start(Options::quick()).unwrap();
    for (target, status, code) in [
        ("i-notconnected", 400, "TargetNotConnected"),
        ("no-target-at-all", 400, "TargetNotConnected"),
        ("i-denied", 400, "AccessDeniedException"),
        ("i-throttled", 400, "ThrottlingException"),
        ("i-expired", 400, "ExpiredTokenException"),
        ("i-unrecognized", 400, "UnrecognizedClientException"),
        ("i-nodocument", 400, "InvalidDocument"),
        ("i-broken", 500, "InternalServerError"),
        ("", 400, "ValidationException"),
    ] {
        let (found, head, answer) = call(&service, "StartSession", &json!({ "Target": target }));
        assert_eq!(
            (found, answer["__type"].as_str()),
            (status, Some(code)),
            "{target}"
        );
        assert!(
            head.contains(&format!("x-amzn-errortype: {}", code.to_lowercase())),
            "{head}"
        );
        let text = if code == "AccessDeniedException" {
            "Message"
        } else {
            "message"
        };
        assert!(answer[text].is_string(), "{answer}");
    }
    assert!(service.sessions().is_empty());
}

#[test]
fn a_refusal_may_last_for_some_calls_only() {
    let mut options = Options::quick();
    options.faults.start = Some(Refusal::named("InternalServerError").times(2));
    let service = Service::start(options).unwrap();
    let start = || call(&service, "StartSession", &json!({ "Target": "i-0abc" })).0;
    assert_eq!([start(), start(), start()], [500, 500, 200]);
}

#[test]
fn a_reason_has_1_to_256_characters() {
    let service = Service::start(Options::quick()).unwrap();
    let start = |reason: &str| {
        call(
            &service,
            "StartSession",
            &json!({ "Target": "i-0abc", "Reason": reason }),
        )
        .0
    };
    assert_eq!(start(""), 400);
    assert_eq!(start(&"é".repeat(256)), 200);
    assert_eq!(start(&"é".repeat(257)), 400);
}

#[test]
fn an_unknown_document_or_session_is_refused_by_name() {
    let service = Service::start(Options::quick()).unwrap();
    let request = json!({ "Target": "i-0abc", "DocumentName": "Nobody-Knows" });
    let (status, _, answer) = call(&service, "StartSession", &request);
    assert_eq!(
        (status, answer["__type"].as_str()),
        (400, Some("InvalidDocument"))
    );
    for operation in ["ResumeSession", "TerminateSession"] {
        let (status, _, answer) = call(&service, operation, &json!({ "SessionId": "none" }));
        assert_eq!(
            (status, answer["__type"].as_str()),
            (400, Some("DoesNotExistException"))
        );
    }
}

#[test]
fn a_terminated_session_resumes_without_a_token_and_is_history() {
    let service = Service::start(Options::quick()).unwrap();
    let (_, _, session) = call(&service, "StartSession", &json!({ "Target": "i-0abc" }));
    let id = json!({ "SessionId": session["SessionId"] });
    let active = json!({ "State": "Active", "Filters": [{ "key": "Target", "value": "i-0abc" }] });
    let (_, _, listed) = call(&service, "DescribeSessions", &active);
    assert_eq!(listed["Sessions"][0]["Status"], "Connecting");
    let (status, _, answer) = call(&service, "TerminateSession", &id);
    assert_eq!((status, &answer), (200, &id));
    service.wait_for(|session| session.ended.is_some()).unwrap();
    let (status, _, answer) = call(&service, "ResumeSession", &id);
    assert_eq!((status, answer["TokenValue"].as_str()), (200, Some("")));
    let (_, _, listed) = call(&service, "DescribeSessions", &json!({ "State": "History" }));
    assert_eq!(listed["Sessions"][0]["Status"], "Terminated");
    let (_, _, listed) = call(&service, "DescribeSessions", &active);
    assert_eq!(listed["Sessions"], json!([]));
}

#[test]
fn the_caller_is_told_who_it_is_in_xml() {
    let service = Service::start(Options::quick()).unwrap();
    let (status, head, body) = post(
        service.address(),
        "content-type: application/x-www-form-urlencoded\r\n",
        "Action=GetCallerIdentity&Version=2011-06-15",
    );
    assert_eq!(status, 200);
    assert!(head.contains("content-type: text/xml"), "{head}");
    assert!(
        body.contains("<Arn>arn:aws:iam::123456789012:user/operator</Arn>"),
        "{body}"
    );
}

#[test]
fn sessions_are_told_in_pages_by_state_time_and_region() {
    use std::time::{Duration, SystemTime};
    let service = Service::start(Options::quick()).unwrap();
    // 2026-11-23T10:00:00Z
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_428_000);
    let past = |number: u64| loopback::Past {
        id: format!("alice-{number}"),
        target: "i-1".to_owned(),
        document: "Doc".to_owned(),
        owner: "arn:aws:iam::123456789012:user/alice".to_owned(),
        reason: None,
        region: None,
        started: start + Duration::from_secs(number * 60),
        ended: (!number.is_multiple_of(10)).then(|| start + Duration::from_secs(number * 60 + 30)),
        status: None,
    };
    service.tell_of((0..1000).map(past).collect());
    let count = |body: &Value| {
        let mut ids = std::collections::HashSet::new();
        let mut pages = 0;
        let mut body = body.clone();
        loop {
            let (status, _, answer) = call(&service, "DescribeSessions", &body);
            assert_eq!(status, 200);
            pages += 1;
            for session in answer["Sessions"].as_array().unwrap() {
                assert!(ids.insert(session["SessionId"].to_string()), "{session}");
            }
            match answer["NextToken"].as_str() {
                Some(token) => body["NextToken"] = token.into(),
                None => return (ids.len(), pages),
            }
        }
    };
    assert_eq!(
        count(&json!({ "State": "History", "MaxResults": 200 })),
        (900, 5)
    );
    assert_eq!(count(&json!({ "State": "Active" })), (100, 2));
    let between = json!([
        { "key": "InvokedAfter", "value": "2026-11-23T11:00:00Z" },
        { "key": "InvokedBefore", "value": "2026-11-23T12:00:00Z" },
    ]);
    let body = json!({ "State": "History", "MaxResults": 10, "Filters": between });
    assert_eq!(count(&body), (54, 6));
    let (status, _, _) = call(
        &service,
        "DescribeSessions",
        &json!({ "State": "History", "MaxResults": 201 }),
    );
    assert_eq!(status, 400);
    let (_, _, answer) = call(
        &service,
        "DescribeSessions",
        &json!({ "State": "History", "NextToken": "x" }),
    );
    assert_eq!(answer["__type"], "InvalidNextToken");
}
