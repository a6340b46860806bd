//! How the service and its agent behave when nothing goes wrong.
//!
//! Nothing here acts; what goes wrong is in [`Faults`].

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::Capture;
use crate::faults::{Faults, Mischief};

/// Settings of a [`Service`](crate::Service). The default is the real agent's behaviour; [`Options::quick`] is the same
/// without its waiting times.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port on 127.0.0.1; 0 picks a free one.
    pub port: u16,
    /// The twelve digits that GetCallerIdentity answers.
    pub account: String,
    /// From StartSession to the first output of a plain shell; about one second with the real agent.
    pub first_output_after: Duration,
    /// How often the oldest unacknowledged message is sent again.
    pub resend_every: Duration,
    /// Least time between two stream messages; `None` sends as fast as the socket takes them.
    pub pace: Option<Duration>,
    /// Most messages unacknowledged before the agent stops reading what the session writes.
    pub window: usize,
    /// How long the agent waits for the last acknowledgements before it closes the channel.
    pub drain_for: Duration,
    /// Whether input that was processed already is acknowledged again. The real agent drops it without a word
    /// (`handleStreamDataMessage`, datachannel.go): once its acknowledgement is lost, none ever comes.
    pub acknowledge_duplicates: bool,
    /// What goes wrong, for targets without faults of their own.
    pub faults: Faults,
    /// Where TLS is spoken.
    pub tls: Tls,
    /// Names in the certificate; leave 127.0.0.1 out to have a certificate for another host.
    pub certificate_names: Vec<String>,
    /// The program of a plain shell with its arguments.
    pub shell: Vec<String>,
    /// A folder of programs that the machine has before all others.
    pub programs: Option<PathBuf>,
    /// Working directory and HOME of the sessions; the temporary directory when `None`.
    pub directory: Option<PathBuf>,
    /// Plays this conversation's agent in every session instead of a simulated one.
    pub replay: Option<Arc<Capture>>,
    /// How fast [`replay`](Self::replay) goes.
    pub replay_pace: ReplayPace,
    /// With KMS, for targets that do not choose by name.
    pub encryption: Option<Encryption>,
    /// What the agent calls itself in a handshake.
    pub agent_version: String,
    /// Seeds every fault.
    pub seed: u64,
    /// Keeps each message handed to the client's socket in [`SessionLog::delivered`](crate::SessionLog::delivered).
    pub log_delivered: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            account: "123456789012".to_owned(),
            first_output_after: Duration::from_secs(1),
            resend_every: Duration::from_millis(100),
            pace: Some(Duration::from_millis(1)),
            window: 10_000,
            drain_for: Duration::from_secs(60),
            acknowledge_duplicates: false,
            faults: Faults::default(),
            tls: Tls::None,
            certificate_names: vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
            shell: vec!["/bin/sh".to_owned()],
            programs: None,
            directory: None,
            replay: None,
            replay_pace: ReplayPace::Acknowledged,
            encryption: None,
            agent_version: "3.3.0.0".to_owned(),
            seed: 1,
            log_delivered: false,
        }
    }
}

impl Options {
    /// The real agent without its waiting times: no pacing, the first output after 20 ms.
    #[must_use]
    pub fn quick() -> Self {
        Self {
            first_output_after: Duration::from_millis(20),
            pace: None,
            ..Self::default()
        }
    }

    /// Plays `capture` in every session, keeping what was delivered.
    #[must_use]
    pub fn replaying(capture: Capture) -> Self {
        Self {
            replay: Some(Arc::new(capture)),
            log_delivered: true,
            ..Self::quick()
        }
    }
}

/// Where TLS is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Nowhere: `http` and `ws`.
    #[default]
    None,
    /// On the data channel only: `http` and `wss`.
    DataChannel,
    /// On both: `https` and `wss`.
    Everywhere,
}

/// How the sessions of a target are encrypted.
#[derive(Clone, Debug)]
pub struct Encryption {
    /// The KMS key, as the account's preferences name it.
    pub key_id: String,
    /// Encrypt port sessions too; the real agent never does (source: isEncryptionEnabled, sessionplugin.go).
    pub ports: bool,
    /// What the agent does wrong.
    pub mischief: Option<Mischief>,
}

impl Encryption {
    /// With this key, as the real agent does it.
    #[must_use]
    pub fn with(key_id: &str) -> Self {
        Self {
            key_id: key_id.to_owned(),
            ports: false,
            mischief: None,
        }
    }
}

/// How fast a captured conversation is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayPace {
    /// A message goes out once the one before it was acknowledged.
    #[default]
    Acknowledged,
    /// Messages go out at the times of the capture.
    Captured,
}
