//! The endpoints: where each one is, by which way it is reached, and the step that fails.
//!
//! Nothing is asked of them here but to let a connection open.

use std::time::Duration;

use futures_util::future::join_all;

use crate::aws::{Failure, Network, Peer, Place, Trace};

use super::verdict::{Finding, Group, Verdict};

/// How long one may take from name to TLS.
const PATIENCE: Duration = Duration::from_secs(3);
/// So many addresses of a host are told.
const TOLD: usize = 3;

/// An endpoint to be tried, or why there is none.
pub(super) struct Endpoint {
    pub(super) service: &'static str,
    pub(super) address: Result<String, String>,
}

/// Tries all of them at once.
pub(super) async fn traced(network: &Network, endpoints: Vec<Endpoint>) -> Vec<Finding> {
    let traces = endpoints.into_iter().map(async |endpoint| {
        let service = endpoint.service;
        let place = match endpoint.address {
            Ok(address) => Place::of(&address).ok_or("its address is none of http or https"),
            Err(ref why) => return none(service, why),
        };
        match place {
            Ok(place) => judged(service, &place, &network.trace(&place, PATIENCE).await),
            Err(why) => none(service, why),
        }
    });
    join_all(traces).await
}

fn none(service: &'static str, why: &str) -> Finding {
    let next = "check the region, and the endpoint that settings, environment or profile name";
    Group::Network.bad(service, format!("no endpoint: {why}"), next)
}

/// Whether a service is out of reach.
pub(super) fn is_away(findings: &[Finding], service: &str) -> bool {
    let away = |one: &Finding| one.check == service && one.verdict == Verdict::Bad;
    findings.iter().any(away)
}

/// Whether something is told of a service already.
pub(super) fn is_told(findings: &[Finding], service: &str) -> bool {
    findings.iter().any(|one| one.check == service)
}

fn judged(service: &'static str, place: &Place, trace: &Trace) -> Finding {
    let Place {
        encrypted,
        host,
        port,
    } = place;
    let mut seen = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    let addresses: Vec<String> = trace.addresses.iter().map(ToString::to_string).collect();
    let mut told = addresses[..addresses.len().min(TOLD)].join(", ");
    if addresses.len() > TOLD {
        told.push_str(&format!(" and {} more", addresses.len() - TOLD));
    }
    match &trace.proxy {
        Some(proxy) if told.is_empty() => seen.push_str(&format!(" through proxy {proxy}")),
        Some(proxy) => seen.push_str(&format!(" through proxy {proxy} at {told}")),
        None if told.is_empty() || told == *host => {}
        None => seen.push_str(&format!(" at {told}")),
    }
    let Some(failure) = &trace.failure else {
        let kind = if *encrypted {
            "TLS"
        } else {
            "TCP, not encrypted"
        };
        return Group::Network.good(service, format!("{seen}, {kind}"));
    };
    let next = failure.hint().unwrap_or_else(|| next(failure, host, *port));
    Group::Network.bad(service, format!("{seen}: {failure}"), next)
}

fn next(failure: &Failure, host: &str, port: u16) -> String {
    match failure {
        Failure::Name { .. } => {
            format!(
                "check the region and the name server (getent hosts {host}); behind a proxy, set HTTPS_PROXY"
            )
        }
        Failure::Connect { .. }
        | Failure::Timeout {
            peer: Peer::Host(_),
            ..
        } => format!(
            "let port {port} out to {host} (firewall, security group, route or VPC endpoint); behind a proxy, set HTTPS_PROXY"
        ),
        _ => "check what stands between this machine and AWS".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: &str) -> Place {
        Place {
            encrypted: true,
            host: host.to_owned(),
            port: 443,
        }
    }

    #[test]
    fn what_was_tried_stands_in_one_line() {
        let addresses = (1..=5).map(|last| [10, 0, 0, last].into()).collect();
        let trace = Trace {
            proxy: None,
            addresses,
            failure: Some(Failure::Timeout {
                peer: Peer::Host("ssm.x".to_owned()),
                after: PATIENCE,
            }),
        };
        let found = judged("ssm", &place("ssm.x"), &trace);
        assert_eq!(found.verdict, Verdict::Bad);
        assert_eq!(
            found.seen,
            "ssm.x:443 at 10.0.0.1, 10.0.0.2, 10.0.0.3 and 2 more: no answer from host \"ssm.x\" within 3s"
        );
        assert!(found.next.unwrap().contains("port 443"));
        let trace = Trace {
            proxy: Some("http://p:3128".to_owned()),
            addresses: vec![[10, 0, 0, 9].into()],
            failure: None,
        };
        let found = judged("ssm", &place("::1"), &trace);
        assert_eq!(
            (found.verdict, &found.seen[..]),
            (
                Verdict::Good,
                "[::1]:443 through proxy http://p:3128 at 10.0.0.9, TLS"
            )
        );
    }
}
