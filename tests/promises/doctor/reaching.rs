//! The way to the service, as `doctor` sees it: credentials, clock, endpoints, proxies.
//!
//! Nothing here looks inside the program.

use std::net::TcpListener;

use loopback::connect_proxy::{self, ConnectProxy};
use loopback::{Encryption, Faults, Options, Tls};

use super::{NOBODY, Report, faulty, rig};
use crate::rig::Rig;

const SECRET: &str = "wJalrXUtnFEMIK7MDENG";

#[test]
fn without_credentials_one_line_is_bad_and_the_rest_cannot_be_seen() {
    let rig = rig()
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let report = Report::of(&rig, &["i-0abc"]);
    assert_eq!(report.bad(), ["access identity"], "{}", report.run.out());
    report.check(
        "access identity",
        "bad",
        "no usable AWS credentials",
        "aws sso login",
    );
    report.check("permissions nodes", "doubtful", "no credentials", "first");
    report.check("target agent", "doubtful", "no credentials", "");
    report.check("network ssm", "good", "", "");
}

#[test]
fn a_profile_that_is_not_there_and_a_region_that_is_none_are_said_by_name() {
    let report = Report::of(&rig(), &["--profile", "nobody", "i-0abc"]);
    report.check(
        "access identity",
        "bad",
        "no AWS profile \"nobody\"",
        "list-profiles",
    );
    report.check("target agent", "doubtful", "no AWS profile", "");
    let report = Report::of(&rig().without("AWS_REGION"), &[]);
    report.check("access region", "bad", "no AWS region", "--region");
    report.check("access identity", "doubtful", "keys in the environment", "");
    let bare = rig()
        .without("AWS_REGION")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let report = Report::of(&bare, &[]);
    assert_eq!(report.bad(), ["access identity", "access region"]);
}

#[test]
fn a_clock_that_is_off_is_measured_and_one_that_aws_refuses_is_bad() {
    let skewed = |clock_ahead| {
        faulty(Faults {
            clock_ahead,
            ..Faults::default()
        })
    };
    let report = Report::of(&skewed(90), &[]);
    report.check(
        "access clock",
        "doubtful",
        "behind the service's",
        "timedatectl",
    );
    let report = Report::of(&skewed(-3600), &[]);
    assert_eq!(report.bad(), ["access clock"], "{}", report.run.out());
    report.check(
        "access clock",
        "bad",
        "ahead of the service's",
        "timedatectl",
    );
    report.check("access identity", "doubtful", "clock", "");
}

#[test]
fn an_endpoint_where_nobody_listens_is_one_bad_line_each_with_what_was_tried() {
    let rig = rig().env("AWS_ENDPOINT_URL", NOBODY);
    let report = Report::of(&rig, &["i-0abc"]);
    assert_eq!(
        report.bad(),
        ["network ssm", "network sts"],
        "{}",
        report.run.out()
    );
    report.check(
        "network ssm",
        "bad",
        "127.0.0.1:9: cannot connect",
        "port 9",
    );
    report.check("access identity", "doubtful", "sts is out of reach", "");
    report.check("target agent", "doubtful", "ssm is out of reach", "");

    let nowhere = rig.env("AWS_ENDPOINT_URL", "https://ssm.nowhere.invalid");
    let report = Report::of(&nowhere, &[]);
    report.check(
        "network ssm",
        "bad",
        "ssm.nowhere.invalid:443: cannot find",
        "name server",
    );
}

#[test]
fn whoever_takes_a_connection_and_says_nothing_is_given_up_in_time() {
    // Never accepted: the system takes the connections, and nobody answers on them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = listener.local_addr().unwrap();
    let encrypted = rig().env("AWS_ENDPOINT_URL", format!("https://{place}"));
    let report = Report::of(&encrypted, &["i-0abc"]);
    report.check(
        "network ssm",
        "bad",
        "no answer from host",
        &format!("port {}", place.port()),
    );
    report.check("access identity", "doubtful", "out of reach", "");

    let plain = rig().env("AWS_ENDPOINT_URL", format!("http://{place}"));
    let report = Report::of(&plain, &["i-0abc"]);
    report.check("network ssm", "good", "TCP", "");
    report.check("access identity", "bad", "no answer within 4s", "try again");
}

#[test]
fn the_way_through_a_proxy_is_told_and_no_secret_is() {
    let names = [
        "127.0.0.1",
        "ssm.eu-central-1.amazonaws.com",
        "ssmmessages.eu-central-1.amazonaws.com",
        "sts.eu-central-1.amazonaws.com",
    ];
    let rig = Rig::new(Options {
        tls: Tls::Everywhere,
        certificate_names: names.map(str::to_owned).to_vec(),
        ..Options::quick()
    })
    .without("AWS_ENDPOINT_URL");
    let login = Some(("ada".to_owned(), "p@ssw0rd".to_owned()));
    let options = connect_proxy::Options {
        login,
        ..connect_proxy::Options::default()
    };
    let proxy = ConnectProxy::start(rig.service.address(), options).unwrap();
    let authority = rig.file("ca.pem", rig.service.authority_pem().unwrap());
    let rig = rig
        .env(
            "HTTPS_PROXY",
            format!("http://ada:p%40ssw0rd@{}", proxy.place()),
        )
        .env("AWS_CA_BUNDLE", authority)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_SESSION_TOKEN", SECRET)
        .env("SSM_REC_LOG", "trace");
    let report = Report::of(&rig, &["i-0abc"]);
    let through = format!("through proxy http://{} at 127.0.0.1, TLS", proxy.place());
    for service in ["ssm", "ssmmessages", "sts"] {
        let host = format!("{service}.eu-central-1.amazonaws.com:443 {through}");
        report.check(&format!("network {service}"), "good", &host, "");
    }
    report.check("access identity", "good", "temporary keys", "");
    let said = format!("{}{}", report.run.out(), report.run.err());
    for secret in [SECRET, "p@ssw0rd", "p%40ssw0rd", "YWRhOnBAc3N3MHJk"] {
        assert!(!said.contains(secret), "{said}");
    }

    let stranger = rig.env("AWS_CA_BUNDLE", "");
    let report = Report::of(&stranger, &[]);
    report.check("network ssm", "bad", "not trusted", "AWS_CA_BUNDLE");
}

#[test]
fn the_key_that_sessions_are_encrypted_with_is_told_and_its_service_reached() {
    let plain = Report::of(&rig(), &[]);
    plain.check("permissions preferences", "good", "none of its own", "");
    assert!(!plain.found.contains_key("network kms"));
    let encrypted = Rig::new(Options {
        encryption: Some(Encryption::with("alias/sessions")),
        ..Options::quick()
    });
    let report = Report::of(&encrypted, &[]);
    report.check(
        "permissions preferences",
        "good",
        "encrypted with alias/sessions: who starts one needs kms:GenerateDataKey on it",
        "",
    );
    report.check("network kms", "good", "", "");
}
