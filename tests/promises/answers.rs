//! What a service, or something in its place, may answer: nothing of it is believed further than it reads, nothing is waited
//! for or kept without an end, and what is said of it helps.
//!
//! Nothing here is a Session Manager: each service gives one answer to all that is asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use loopback::Options;

use super::rig::{Rig, Run};

/// Gives the same answer to everything; tells which calls came.
fn service(answer: impl Fn(&mut dyn Write) + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let noted = Arc::clone(&calls);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                let (name, value) = line.split_once(':').unwrap_or_default();
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap(),
                    "x-amz-target" => noted.lock().unwrap().push(value.trim().to_owned()),
                    _ => {}
                }
                line.clear();
            }
            let _ = reader.read_exact(&mut vec![0; length]);
            answer(&mut stream);
        }
    });
    (address, calls)
}

fn json(status: &str, head: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\nConnection: close\r\n{head}\r\n{body}",
        body.len()
    )
}

fn start(rig: &Rig, address: &str) -> Run {
    let endpoint = [
        "start",
        "i-0abc",
        "--reason",
        "r",
        "--endpoint-url",
        address,
    ];
    rig.run(&endpoint)
}

#[test]
fn whatever_answers_is_told_in_words_that_help() {
    let rig = Rig::new(Options::quick());
    let skewed = "Signature expired: 20260101T000000Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)";
    let skewed = format!(r#"{{"__type":"InvalidSignatureException","message":"{skewed}"}}"#);
    for (answer, parts) in [
        (
            json(
                "400 Bad Request",
                "Date: Thu, 01 Jan 2099 00:00:00 GMT\r\n",
                &skewed,
            ),
            &[
                "this machine's clock is ",
                " behind the service's",
                "hint: set this machine's clock",
            ][..],
        ),
        (
            json(
                "400 Bad Request",
                "",
                r#"{"__type":"ExpiredTokenException","message":"expired"}"#,
            ),
            &["the AWS credentials have expired", "AWS_ACCESS_KEY_ID"],
        ),
        (
            json("503 Unavailable", "", "<html>try later</html>"),
            &["what answers is not AWS (HTTP status 503"],
        ),
        (
            json("200 OK", "", r#"{"SessionId": "s"#),
            &["what answers is not AWS (HTTP status 200"],
        ),
        (
            "SSH-2.0-x\r\n".to_owned(),
            &["the service cannot be reached"],
        ),
        (String::new(), &["the service cannot be reached"]),
    ] {
        let (address, _) = service(move |out| {
            let _ = out.write_all(answer.as_bytes());
        });
        let run = start(&rig, &address);
        assert_ne!(run.status(), 0);
        for part in parts {
            assert!(run.err().contains(part), "{part}: {}", run.err());
        }
        for noise in [
            "dispatch failure",
            "other:",
            "service error",
            "unhandled",
            "Error at offset",
        ] {
            assert!(!run.err().contains(noise), "{noise}: {}", run.err());
        }
    }
}

#[test]
fn an_answer_without_an_end_is_not_kept() {
    let rig = Rig::new(Options::quick());
    for head in ["Content-Length: 4000000000", "Transfer-Encoding: chunked"] {
        let is_chunked = head.starts_with("Transfer");
        let (address, _) = service(move |out| {
            let _ = write!(
                out,
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n{head}\r\n\r\n"
            );
            let piece = " ".repeat(0x10000);
            let piece = match is_chunked {
                true => format!("10000\r\n{piece}\r\n"),
                false => piece,
            };
            while out.write_all(piece.as_bytes()).is_ok() {}
        });
        let run = start(&rig, &address);
        assert_ne!(run.status(), 0);
        assert!(run.err().contains("far longer"), "{}", run.err());
    }
}

#[test]
fn a_data_channel_that_would_leave_this_machine_unencrypted_is_not_opened_and_the_session_ended() {
    let rig = Rig::new(Options::quick());
    let body = r#"{"SessionId":"s-0","StreamUrl":"ws://192.0.2.1/v1/data-channel/s-0","TokenValue":"secret-token"}"#;
    let (address, calls) = service(move |out| {
        let _ = out.write_all(json("200 OK", "", body).as_bytes());
    });
    let run = start(&rig, &address);
    assert_ne!(run.status(), 0);
    assert!(
        run.err().contains("would not be encrypted"),
        "{}",
        run.err()
    );
    assert!(!run.err().contains("secret-token"));
    let calls = calls.lock().unwrap();
    assert_eq!(
        *calls,
        ["AmazonSSM.StartSession", "AmazonSSM.TerminateSession"]
    );
}

#[test]
fn the_profile_is_the_one_that_the_aws_cli_would_take() {
    let config = "[default]\nregion = us-east-2\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n\
        [profile work]\nregion = eu-west-3\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n\
        [profile console]\nregion = eu-west-3\nlogin_session = arn:aws:iam::123456789012:user/ada\n";
    let rig = || {
        let rig = Rig::new(Options::quick())
            .without("AWS_ACCESS_KEY_ID")
            .without("AWS_SECRET_ACCESS_KEY")
            .without("AWS_REGION");
        std::fs::write(rig.folder().join("aws-config"), config).unwrap();
        rig
    };
    let command = ["start", "i-0abc", "--no-banner", "--", "true"];
    for (variables, region) in [
        (&[("AWS_DEFAULT_PROFILE", "work")][..], "eu-west-3"),
        (
            &[("AWS_PROFILE", "work"), ("AWS_DEFAULT_PROFILE", "default")],
            "us-east-2",
        ),
        (
            &[("AWS_PROFILE", "work"), ("AWS_DEFAULT_PROFILE", "")],
            "eu-west-3",
        ),
        (&[("AWS_PROFILE", "")], "us-east-2"),
        // A variable that is set and left empty gives no reason.
        (&[("SSM_REC_REASON", "")], "us-east-2"),
    ] {
        let mut rig = rig();
        for (name, value) in variables {
            rig.set(name, *value);
        }
        let run = rig.run(&command);
        assert_eq!(run.status(), 0, "{variables:?}: {}", run.err());
        let list = rig.run(&["list", "--json"]).out();
        assert!(
            list.contains(&format!("\"region\":\"{region}\"")),
            "{variables:?}: {list}"
        );
    }
    let mut rig = rig();
    rig.set("AWS_DEFAULT_PROFILE", "console");
    let run = rig.run(&command);
    assert_ne!(run.status(), 0);
    assert!(
        run.err()
            .contains("no usable AWS credentials: nobody has signed in"),
        "{}",
        run.err()
    );
    assert!(
        run.err()
            .contains("hint: sign in again: aws login --profile console"),
        "{}",
        run.err()
    );
}

#[test]
fn an_endpoint_that_is_named_by_nothing_is_none() {
    let named = |config: &str, variable: &str| {
        let mut rig = Rig::new(Options::quick());
        std::fs::write(rig.folder().join("aws-config"), config).unwrap();
        let endpoint = rig.service.endpoint();
        rig.set(variable, "");
        let run = rig.run(&[
            "start",
            "i-0abc",
            "--no-banner",
            "--endpoint-url",
            &endpoint,
            "--",
            "true",
        ]);
        assert_eq!(run.status(), 0, "{config:?} {variable}: {}", run.err());
    };
    named("", "AWS_ENDPOINT_URL");
    named("", "AWS_ENDPOINT_URL_SSM");
    named("", "AWS_ENDPOINT_URL_STS");
    named("[default]\nendpoint_url =\n", "AWS_ENDPOINT_URL");
}

/// A page of a listing, with the token of the next one.
fn page(token: &str) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?><ListBucketResult><Name>recordings</Name><KeyCount>1</KeyCount><IsTruncated>true</IsTruncated>\
         <Contents><Key>manifests/year=2026/month=11/day=25/{token}.json</Key><Size>2</Size></Contents>\
         <NextContinuationToken>{token}</NextContinuationToken></ListBucketResult>"
    );
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn a_listing_without_an_end_comes_to_one() {
    // One that leads in a circle, and one that goes on and on.
    for (is_circle, words) in [(true, "begins again"), (false, "goes on and on")] {
        let pages = AtomicU64::new(0);
        let (address, _) = service(move |stream| {
            let number = pages.fetch_add(1, Ordering::Relaxed);
            let token = if is_circle { number % 3 } else { number };
            let _ = stream.write_all(page(&format!("t{token}")).as_bytes());
        });
        let rig = Rig::with_bucket(address);
        let run = rig.run(&["list"]);
        assert_eq!(run.status(), 1, "{}", run.err());
        assert!(run.err().contains(words), "{}", run.err());
    }
}
