//! Proxies and trusted certificates: for the calls and for the websocket alike, each failure with a sentence of its own.
//!
//! The hosts are those of AWS; every name leads to the service on loopback, through the proxy and nowhere else.

use std::net::TcpListener;

use loopback::connect_proxy::{self, ConnectProxy, Fault};
use loopback::{Options, Service, Tls};

use super::rig::{Rig, Run};

const COMMAND: [&str; 5] = ["start", "i-0abc", "--", "echo", "arrived"];
const PASSWORD: &str = "p%40ssw0rd";

fn login() -> Option<(String, String)> {
    Some(("ada".to_owned(), "p@ssw0rd".to_owned()))
}

/// A service in TLS under the names that AWS has, and no endpoint but those.
fn rig() -> Rig {
    let names = [
        "127.0.0.1",
        "ssm.eu-central-1.amazonaws.com",
        "sts.eu-central-1.amazonaws.com",
        "ssm-fips.us-east-1.amazonaws.com",
        "sts-fips.us-east-1.amazonaws.com",
        "ssm.eu-central-1.api.aws",
        "sts.eu-central-1.api.aws",
    ];
    Rig::new(Options {
        tls: Tls::Everywhere,
        certificate_names: names.map(str::to_owned).to_vec(),
        ..Options::quick()
    })
    .without("AWS_ENDPOINT_URL")
}

fn proxy(service: &Service, options: connect_proxy::Options) -> ConnectProxy {
    ConnectProxy::start(service.address(), options).unwrap()
}

/// Writes the authorities to a file and gives its path.
fn bundle(rig: &Rig, authorities: &[Option<&str>]) -> String {
    let path = rig.folder().join("ca.pem");
    let text: Vec<&str> = authorities.iter().flatten().copied().collect();
    std::fs::write(&path, text.join("\n")).unwrap();
    path.display().to_string()
}

fn arrived(run: &Run) {
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), "arrived\n");
}

#[test]
fn calls_and_websocket_go_through_the_proxy_with_its_password_and_none_shows_it() {
    let rig = rig();
    let options = connect_proxy::Options {
        login: login(),
        ..connect_proxy::Options::default()
    };
    let proxy = proxy(&rig.service, options);
    let trusted = bundle(&rig, &[rig.service.authority_pem()]);
    let rig = rig
        .env(
            "https_proxy",
            format!("http://ada:{PASSWORD}@{}", proxy.place()),
        )
        .env("AWS_CA_BUNDLE", trusted)
        .env("SSM_REC_LOG", "trace")
        .env("RUST_LOG", "trace");
    let run = rig.run(&COMMAND);
    arrived(&run);
    for secret in [PASSWORD, "p@ssw0rd", "YWRhOnBAc3N3MHJk"] {
        assert!(!run.err().contains(secret), "{}", run.err());
    }
    let requests = proxy.requests();
    let asked = |host: &str| {
        let line = format!("CONNECT {host} HTTP/1.1");
        requests.contains(&line)
    };
    assert!(asked("ssm.eu-central-1.amazonaws.com:443"), "{requests:?}");
    assert!(asked("sts.eu-central-1.amazonaws.com:443"), "{requests:?}");
    assert!(asked(&rig.service.address().to_string()), "{requests:?}");
}

#[test]
fn a_proxy_may_speak_tls_itself() {
    let rig = rig();
    let options = connect_proxy::Options {
        login: login(),
        tls: true,
        ..connect_proxy::Options::default()
    };
    let proxy = proxy(&rig.service, options);
    let trusted = bundle(&rig, &[rig.service.authority_pem(), proxy.authority_pem()]);
    let rig = rig
        .env(
            "ALL_PROXY",
            format!("https://ada:{PASSWORD}@{}", proxy.place()),
        )
        .env("AWS_CA_BUNDLE", trusted);
    arrived(&rig.run(&COMMAND));
    assert!(proxy.requests().len() >= 2);
}

#[test]
fn hosts_in_no_proxy_are_reached_directly() {
    let rig = Rig::new(Options {
        tls: Tls::Everywhere,
        ..Options::quick()
    });
    let options = connect_proxy::Options {
        fault: Some(Fault::Closes),
        ..connect_proxy::Options::default()
    };
    let proxy = proxy(&rig.service, options);
    let trusted = bundle(&rig, &[rig.service.authority_pem()]);
    let rig = rig
        .env("HTTPS_PROXY", format!("http://{}", proxy.place()))
        .env("NO_PROXY", "example.com,127.0.0.0/8")
        .env("AWS_CA_BUNDLE", trusted);
    arrived(&rig.run(&COMMAND));
    assert_eq!(proxy.requests(), [""; 0]);
}

#[test]
fn each_failure_of_a_proxy_has_its_own_sentence() {
    let answers = |text: &str| Some(Fault::Answers(text.to_owned()));
    let check = |login: Option<(String, String)>, fault, user: &str, wanted: &str, hint: &str| {
        let rig = rig();
        let proxy = proxy(
            &rig.service,
            connect_proxy::Options {
                login,
                fault,
                ..connect_proxy::Options::default()
            },
        );
        let trusted = bundle(&rig, &[rig.service.authority_pem()]);
        let rig = rig
            .env("HTTPS_PROXY", format!("http://{user}{}", proxy.place()))
            .env("AWS_CA_BUNDLE", trusted);
        let run = rig.run(&COMMAND);
        let said = run.err();
        let place = format!("proxy \"http://{}\"", proxy.place());
        assert!(said.contains(&place) && said.contains(wanted), "{said}");
        assert!(said.contains(&format!("hint: {hint}")), "{said}");
        assert!(!said.contains("wr0ng"), "{said}");
        assert_eq!(run.status(), 122, "{said}");
        assert_eq!(rig.service.sessions().len(), 0);
    };
    check(
        login(),
        None,
        "",
        "wants a user name and a password",
        "name them in the address: HTTPS_PROXY=http://USER:PASSWORD@",
    );
    check(
        login(),
        None,
        "ada:wr0ng@",
        "refuses the user name and password in HTTPS_PROXY",
        "check them",
    );
    check(
        None,
        answers("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\n\r\n"),
        "",
        "wants a way to log in that is not supported: NTLM",
        "ssm-rec knows Basic",
    );
    check(
        None,
        answers("HTTP/1.1 403 Forbidden by policy\r\n\r\n"),
        "",
        "refuses to connect to \"ssm.eu-central-1.amazonaws.com:443\": 403 Forbidden by policy",
        "ask whoever runs the proxy",
    );
    check(
        None,
        answers("SSH-2.0-OpenSSH_9.6\r\n"),
        "",
        "does not answer as a proxy does",
        "check the address in HTTPS_PROXY",
    );
    check(
        None,
        Some(Fault::Closes),
        "",
        "closed the connection without an answer",
        "check the address in HTTPS_PROXY",
    );
}

#[test]
fn a_recording_at_an_address_is_read_by_the_same_proxy_and_the_same_certificates() {
    let rig = rig();
    let proxy = proxy(&rig.service, connect_proxy::Options::default());
    let trusted = bundle(&rig, &[rig.service.authority_pem()]);
    let mut rig = rig.env("HTTPS_PROXY", format!("http://{}", proxy.place()));
    // The service has no such page, but it answers: that is how far a certificate goes.
    let address = "https://sts.eu-central-1.amazonaws.com/a.cast";
    let reached = |rig: &Rig| {
        let run = rig.run(&["play", address]);
        assert_ne!(run.status(), 0);
        let said = run.err();
        let untrusted = said.contains("is not trusted") && said.contains("AWS_CA_BUNDLE");
        assert!(
            untrusted || said.contains("status 4") || said.contains("there is no"),
            "{said}"
        );
        !untrusted
    };
    assert!(!reached(&rig));
    std::fs::write(
        rig.folder().join("aws-config"),
        format!("[default]\nca_bundle = {trusted}\n"),
    )
    .unwrap();
    assert!(reached(&rig), "ca_bundle of the profile");
    std::fs::write(rig.folder().join("aws-config"), "").unwrap();
    rig.set("AWS_CA_BUNDLE", trusted);
    assert!(reached(&rig), "AWS_CA_BUNDLE");
    let asked = "CONNECT sts.eu-central-1.amazonaws.com:443 HTTP/1.1".to_owned();
    assert!(proxy.requests().contains(&asked), "{:?}", proxy.requests());
}

#[test]
fn a_proxy_that_is_not_there_or_not_one_is_named() {
    let rig = rig();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let rig = rig.env("HTTPS_PROXY", format!("http://ada:s3cret@{nobody}"));
    let run = rig.run(&COMMAND);
    assert!(
        run.err()
            .contains(&format!("cannot connect to proxy \"http://{nobody}\"")),
        "{}",
        run.err()
    );
    assert!(
        run.err().contains("hint: check HTTPS_PROXY"),
        "{}",
        run.err()
    );
    assert_eq!(run.status(), 122);
    let rig = rig.env("HTTPS_PROXY", "socks5://ada:s3cret@proxy:1080");
    let run = rig.run(&COMMAND);
    assert!(run.err().contains("HTTPS_PROXY names no proxy that can be used: only proxies at http:// and https:// are supported"), "{}", run.err());
    assert!(!run.err().contains("s3cret"), "{}", run.err());
}

#[test]
fn fips_and_dual_stack_endpoints_are_asked_for_by_environment_and_profile() {
    let check = |variable: Option<&str>, profile: &str, region: &str, host: &str| {
        let rig = rig();
        let proxy = proxy(&rig.service, connect_proxy::Options::default());
        let trusted = bundle(&rig, &[rig.service.authority_pem()]);
        std::fs::write(
            rig.folder().join("aws-config"),
            format!("[default]\n{profile}\n"),
        )
        .unwrap();
        let mut rig = rig
            .env("HTTPS_PROXY", format!("http://{}", proxy.place()))
            .env("AWS_REGION", region)
            .env("AWS_CA_BUNDLE", trusted);
        if let Some(variable) = variable {
            rig = rig.env(variable, "true");
        }
        arrived(&rig.run(&COMMAND));
        let requests = proxy.requests();
        assert!(
            requests.iter().any(|line| line.contains(host)),
            "{requests:?}"
        );
    };
    let fips = "ssm-fips.us-east-1.amazonaws.com:443";
    let dual_stack = "ssm.eu-central-1.api.aws:443";
    check(Some("AWS_USE_FIPS_ENDPOINT"), "", "us-east-1", fips);
    check(None, "use_fips_endpoint = true", "us-east-1", fips);
    check(
        Some("AWS_USE_DUALSTACK_ENDPOINT"),
        "",
        "eu-central-1",
        dual_stack,
    );
    check(
        None,
        "use_dualstack_endpoint = true",
        "eu-central-1",
        dual_stack,
    );
}

#[test]
fn every_way_to_name_trusted_certificates_holds_for_calls_and_websocket() {
    let rig = || {
        Rig::new(Options {
            tls: Tls::Everywhere,
            ..Options::quick()
        })
    };
    let by_variable = |name: &str| {
        let rig = rig();
        let trusted = bundle(&rig, &[rig.service.authority_pem()]);
        arrived(&rig.env(name, trusted).run(&COMMAND));
    };
    by_variable("AWS_CA_BUNDLE");
    by_variable("SSL_CERT_FILE");

    let own = rig();
    let trusted = bundle(&own, &[own.service.authority_pem()]);
    std::fs::write(
        own.folder().join("aws-config"),
        format!("[default]\nca_bundle = {trusted}\n"),
    )
    .unwrap();
    arrived(&own.run(&COMMAND));

    let stranger = rig();
    let other = rig();
    let trusted = bundle(&stranger, &[other.service.authority_pem()]);
    let run = stranger.env("AWS_CA_BUNDLE", trusted).run(&COMMAND);
    assert!(
        run.err()
            .contains("the certificate of host \"127.0.0.1\" is not trusted"),
        "{}",
        run.err()
    );
    assert!(
        run.err().contains("hint: behind an intercepting proxy"),
        "{}",
        run.err()
    );
    assert_eq!(run.status(), 122);

    let empty = rig().env("AWS_CA_BUNDLE", "/dev/null");
    let run = empty.run(&COMMAND);
    assert!(
        run.err()
            .contains("cannot use the certificates in \"/dev/null\""),
        "{}",
        run.err()
    );
}

#[test]
fn an_unencrypted_endpoint_goes_through_its_proxy_too() {
    let rig = Rig::new(Options::quick());
    let options = connect_proxy::Options {
        login: login(),
        ..connect_proxy::Options::default()
    };
    let proxy = proxy(&rig.service, options);
    let rig = rig.env(
        "HTTP_PROXY",
        format!("http://ada:{PASSWORD}@{}", proxy.place()),
    );
    arrived(&rig.run(&COMMAND));
    let requests = proxy.requests();
    assert!(
        requests
            .iter()
            .any(|line| line.starts_with("POST http://127.0.0.1:")),
        "{requests:?}"
    );
    let rig = rig.env("HTTP_PROXY", format!("http://{}", proxy.place()));
    let run = rig.run(&COMMAND);
    assert!(
        run.err().contains("wants a user name and a password"),
        "{}",
        run.err()
    );
    assert_eq!(run.status(), 122);
}
