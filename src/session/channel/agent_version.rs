//! What an agent can do, told from its version.
//!
//! Nothing here asks the agent; a version that does not read can do nothing special, as the official client holds it.

/// An agent's version: four numbers, such as `3.3.1802.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AgentVersion([u32; 4]);

/// Agents after this one end a session when the client sends the flag for it.
const TERMINATE_FLAG_AFTER: AgentVersion = AgentVersion([2, 3, 722, 0]);
/// Agents after this one carry many connections over a port session.
const MULTIPLEXING_AFTER: AgentVersion = AgentVersion([3, 0, 196, 0]);
/// Agents after this one need no keep-alive inside a multiplexed session.
const NO_KEEP_ALIVE_AFTER: AgentVersion = AgentVersion([3, 1, 1511, 0]);

impl AgentVersion {
    /// Up to four numbers with points between; what is missing counts as zero.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = [0; 4];
        let mut parts = text.trim().split('.');
        for (index, number) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *number = part.parse().ok()?,
                None if index > 0 => break,
                None => return None,
            }
        }
        parts.next().is_none().then_some(Self(numbers))
    }

    /// Whether the flag "terminate session" ends a port session; otherwise only TerminateSession does.
    #[must_use]
    pub(crate) fn takes_terminate_flag(self) -> bool {
        self > TERMINATE_FLAG_AFTER
    }

    /// Whether a port session is a smux session; otherwise it is one plain connection after the other.
    #[must_use]
    pub(crate) fn multiplexes(self) -> bool {
        self > MULTIPLEXING_AFTER
    }

    /// Whether a multiplexed session dies when it is silent. Where it does not, a keep-alive would only keep the
    /// session's idle time-out from ever coming.
    #[must_use]
    pub(crate) fn needs_keep_alive(self) -> bool {
        self <= NO_KEEP_ALIVE_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> AgentVersion {
        AgentVersion::parse(text).unwrap()
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("3.0.1000.0") > version("3.0.196.0"));
        assert!(version("2.3.722.1") > version("2.3.722.0"));
        assert!(version("10.0.0.0") > version("9.9.9999.9"));
        assert_eq!(version("3.3"), version("3.3.0.0"));
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", "latest", "3.0.x.0", "3.0.196.0.1", "-1.0", "3..1"] {
            assert_eq!(AgentVersion::parse(text), None, "{text}");
        }
    }

    #[test]
    fn abilities_begin_after_the_version_named() {
        let check = |text: &str, expected: (bool, bool, bool)| {
            let version = version(text);
            let found = (
                version.takes_terminate_flag(),
                version.multiplexes(),
                version.needs_keep_alive(),
            );
            assert_eq!(found, expected, "{text}");
        };
        check("2.3.722.0", (false, false, true));
        check("2.3.723.0", (true, false, true));
        check("3.0.196.0", (true, false, true));
        check("3.0.197.0", (true, true, true));
        check("3.1.1511.0", (true, true, true));
        check("3.1.1512.0", (true, true, false));
        check("3.3.0.0", (true, true, false));
    }
}
