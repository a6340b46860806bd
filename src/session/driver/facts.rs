//! What a person is told of their session when they ask: which it is, where it is recorded, how its connection is.
//!
//! Nothing of it goes to the agent, and nothing here is asked of anybody: what is not known is left out.

use std::time::{Duration, Instant};

use super::guard::Unrecorded;
use super::{Driver, Gap, Keys, Screen, Signals};
use crate::session::driver::data_keys::DataKeys;
use crate::session::driver::tee::Tee;
use crate::words::time;

/// What whoever starts a session knows of it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its id.
    pub session_id: String,
    /// What it is on.
    pub target: String,
    /// Why it was opened.
    pub reason: Option<String>,
    /// When it began, as a clock on the wall shows it.
    pub since: String,
    /// The same by the clock that nobody sets.
    pub began: Instant,
    /// The file that the recording grows in.
    pub recording: String,
    /// Where it is kept once the session is over.
    pub store: String,
}

/// What is known of the connection.
#[derive(Clone, Debug, Default)]
struct Connection<'a> {
    /// How long it has been away, and why.
    away: Option<(Duration, &'a str)>,
    round_trip: Option<Duration>,
    /// Breaks that are over.
    gaps: &'a [Gap],
    agent: Option<&'a str>,
    is_encrypted: bool,
}

impl<T: Tee, K: Keys, D: Screen, G: Signals, V: DataKeys> Driver<T, K, D, G, V> {
    /// Lines for the person.
    pub(super) fn tell_facts(&self, at: Instant) -> Vec<String> {
        let connection = Connection {
            away: self
                .away()
                .map(|(since, why)| (at.saturating_duration_since(since), why)),
            round_trip: self.channel.round_trip(),
            gaps: &self.gaps,
            agent: self.channel.agent_version(),
            is_encrypted: self.channel.encrypted_with().is_some(),
        };
        lines(&self.facts, at, self.recorder.failed(), &connection)
    }
}

fn lines(
    facts: &Facts,
    at: Instant,
    unrecorded: Option<&Unrecorded>,
    connection: &Connection<'_>,
) -> Vec<String> {
    let Facts { session_id, .. } = facts;
    let lasted = time::write(at.saturating_duration_since(facts.began));
    let reason = facts.reason.as_ref();
    let reason = reason.map_or_else(String::new, |reason| format!(", for {reason}"));
    let mut lines = vec![
        "this session:".to_owned(),
        format!(" id          {session_id}"),
        format!(" target      {}{reason}", facts.target),
        format!(" since       {}, {lasted} ago", facts.since),
    ];
    match unrecorded {
        Some(Unrecorded { at: since, cause }) => {
            let ago = time::write(at.saturating_duration_since(*since));
            lines.push(format!(" recording   none, since {ago} ago: {cause}"));
        }
        None => {
            lines.push(format!(" recording   {}", facts.recording));
            lines.push(format!("             then in {}", facts.store));
        }
    }
    lines.push(format!(" connection  {}", how(connection)));
    if let Some(agent) = connection.agent {
        lines.push(format!(" agent       {agent}"));
    }
    lines.push(format!(" elsewhere   ssm-rec tail {session_id}"));
    lines.push(format!("             ssm-rec sessions end {session_id}"));
    lines
}

fn how(connection: &Connection<'_>) -> String {
    let mut parts = vec![match connection.away {
        Some((ago, why)) => format!("lost {} ago, trying again ({why})", time::write(ago)),
        None => "up".to_owned(),
    }];
    if connection.away.is_none()
        && let Some(round_trip) = connection.round_trip
    {
        parts.push(format!("round trip {} ms", round_trip.as_millis()));
    }
    if connection.is_encrypted {
        parts.push("encrypted to the target".to_owned());
    }
    parts.push(match connection.gaps {
        [] => "never lost".to_owned(),
        [gap] => format!("taken up again once, after {}", time::write(gap.lasted)),
        gaps => {
            let away = gaps.iter().map(|gap| gap.lasted).sum();
            let away = time::write(away);
            format!("taken up again {} times, {away} in all", gaps.len())
        }
    });
    // That it was never lost before says little while it is.
    if connection.away.is_some() && connection.gaps.is_empty() {
        parts.pop();
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(began: Instant) -> Facts {
        Facts {
            session_id: "ada-1".to_owned(),
            target: "i-0abc".to_owned(),
            reason: Some("ticket-42".to_owned()),
            since: "2026-11-29 20:31:07 +00:00".to_owned(),
            began,
            recording: "/spool/ada-1.cast.zst".to_owned(),
            store: "s3://recordings/fleet".to_owned(),
        }
    }

    #[test]
    fn all_that_is_known_is_told_and_nothing_else() {
        let began = crate::session::driver::now();
        let at = began + Duration::from_secs(245);
        let told = lines(&facts(began), at, None, &Connection::default());
        assert_eq!(
            told,
            [
                "this session:",
                " id          ada-1",
                " target      i-0abc, for ticket-42",
                " since       2026-11-29 20:31:07 +00:00, 4m05s ago",
                " recording   /spool/ada-1.cast.zst",
                "             then in s3://recordings/fleet",
                " connection  up, never lost",
                " elsewhere   ssm-rec tail ada-1",
                "             ssm-rec sessions end ada-1",
            ]
        );
        let unrecorded = Unrecorded {
            at: began + Duration::from_secs(240),
            cause: "the disk is full".to_owned(),
        };
        let told = lines(&facts(began), at, Some(&unrecorded), &Connection::default());
        assert_eq!(
            told[4],
            " recording   none, since 5.0s ago: the disk is full"
        );
        assert!(!told.concat().contains("/spool/"));
    }

    #[test]
    fn breaks_and_the_way_to_the_agent_are_told() {
        let at = crate::session::driver::now();
        let gap = |secs| Gap {
            at,
            lasted: Duration::from_secs(secs),
        };
        let up = Connection {
            round_trip: Some(Duration::from_millis(43)),
            gaps: &[gap(2), gap(3)],
            is_encrypted: true,
            ..Connection::default()
        };
        assert_eq!(
            how(&up),
            "up, round trip 43 ms, encrypted to the target, taken up again 2 times, 5.0s in all"
        );
        let away = Connection {
            away: Some((Duration::from_secs(7), "no route")),
            round_trip: Some(Duration::from_millis(43)),
            ..Connection::default()
        };
        assert_eq!(how(&away), "lost 7.0s ago, trying again (no route)");
    }
}
