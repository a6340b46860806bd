//! What a reader is told about a session before the session itself: names and values, made harmless.
//!
//! Nothing here trusts a value: they come from outside, and go into pages and documents.

use formats::asciicast::Header;
use formats::manifest::Manifest;

use crate::words::printable;

/// What the header tells.
pub(super) fn of_header(header: &Header) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push((name, printable(value)));
        }
    };
    if let Some(session) = &header.ssm {
        fact("Session", Some(&session.session_id));
        fact("Target", Some(&session.target));
        fact("Called", session.target_name.as_deref());
        fact("Operator", session.operator.as_deref());
        fact("Reason", session.reason.as_deref());
        fact("Document", session.document.as_deref());
        let parameters: Vec<_> = session
            .parameters
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join(",")))
            .collect();
        fact("Parameters", Some(&parameters.join(" ")));
        fact("Account", session.account.as_deref());
        fact("Region", session.region.as_deref());
        let client = match (&session.user, &session.host) {
            (Some(user), Some(host)) => Some(format!("{user}@{host}")),
            (user, host) => user.clone().or_else(|| host.clone()),
        };
        fact("Client", client.as_deref());
        fact("ssm-rec", session.client_version.as_deref());
        fact("Agent", session.agent_version.as_deref());
        fact("Started", session.started_at.as_deref());
    } else {
        fact("Title", header.title.as_deref());
        fact("Command", header.command.as_deref());
        let started = header
            .timestamp
            .and_then(|timestamp| chrono::DateTime::from_timestamp(timestamp, 0))
            .map(|start| start.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        fact("Started", started.as_deref());
    }
    if header.term.cols > 0 {
        facts.push((
            "Terminal",
            format!("{} x {}", header.term.cols, header.term.rows),
        ));
    }
    facts
}

/// What the manifest adds.
pub(super) fn of_manifest(manifest: &Manifest) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    let mut fact = |name, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push((name, printable(&value)));
        }
    };
    fact("Ended", manifest.ended_at.clone());
    fact(
        "Exit",
        manifest.exit.as_ref().map(|exit| {
            let status = exit.status.map(|status| format!(" {status}"));
            let reason = exit.reason.as_ref().map(|reason| format!(": {reason}"));
            format!(
                "{}{}{}",
                exit.kind,
                status.unwrap_or_default(),
                reason.unwrap_or_default()
            )
        }),
    );
    fact(
        "Digest of the recording",
        Some(&manifest.chain)
            .filter(|chain| !chain.head.is_empty())
            .map(|chain| format!("{} {}", chain.algorithm, chain.head)),
    );
    facts
}
