//! What can go wrong between service, agent and client.
//!
//! Nothing here acts: `relay` loses the messages, `connection` cuts the sockets, `calls` refuses.

use std::time::Duration;

/// Everything that goes wrong in one session. The default is nothing.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// From agent to client, acknowledgements included.
    pub to_client: Link,
    /// From client to agent, acknowledgements included.
    pub to_agent: Link,
    /// When the socket breaks.
    pub cut: Option<Cut>,
    /// After this time on a connection nothing is read or sent any more; the socket stays open.
    pub silent_after: Option<Duration>,
    /// Sent one after the other, each behind one good message.
    pub garbage: Vec<Garbage>,
    /// StartSession answers this.
    pub start: Option<Refusal>,
    /// ResumeSession answers this.
    pub resume: Option<Refusal>,
    /// DescribeInstanceInformation answers this.
    pub nodes: Option<Refusal>,
    /// The service's clock is so many seconds ahead of this machine's. Five minutes off, STS takes no signature.
    pub clock_ahead: i64,
    /// GenerateDataKey answers this.
    pub data_key: Option<Refusal>,
    /// Time before the answer to GenerateDataKey.
    pub data_key_after: Duration,
    /// ResumeSession answers without a token, as for a session that is over.
    pub resume_without_token: bool,
    /// Time before any answer over HTTP.
    pub answer_after: Duration,
    /// How long the answer to GetCallerIdentity takes.
    pub identity_after: Duration,
    /// The service closes the channel after this time, giving this reason (idle time-out, maximum duration).
    pub close_after: Option<(Duration, String)>,
}

impl Faults {
    /// The same link faults in both directions.
    #[must_use]
    pub fn both(link: Link) -> Self {
        Self {
            to_client: link.clone(),
            to_agent: link,
            ..Self::default()
        }
    }

    /// 10 % loss, 20 % duplicates, 30 % reordering, both ways.
    #[must_use]
    pub fn lossy() -> Self {
        Self::both(Link {
            drop: 0.1,
            duplicate: 0.2,
            reorder: 0.3,
            ..Link::default()
        })
    }

    /// [`lossy`](Self::lossy), 30 ms of delay with jitter, and the socket cut every two seconds.
    #[must_use]
    pub fn rough() -> Self {
        let mut faults = Self::lossy();
        for link in [&mut faults.to_client, &mut faults.to_agent] {
            link.delay = Duration::from_millis(30);
            link.jitter = Duration::from_millis(10);
        }
        faults.cut = Some(Cut::every(Duration::from_secs(2)));
        faults
    }
}

/// What one direction does to messages; the numbers are probabilities from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// Never arrives.
    pub drop: f64,
    /// Arrives twice.
    pub duplicate: f64,
    /// Is held back for up to 20 ms, so that later ones overtake it.
    pub reorder: f64,
    /// Added to each.
    pub delay: Duration,
    /// At most this much more or less than [`delay`](Self::delay), keeping the order.
    pub jitter: Duration,
}

impl Link {
    pub(crate) fn is_perfect(&self) -> bool {
        *self == Self::default()
    }
}

/// When a socket breaks. Both conditions may be set.
#[derive(Clone, Debug)]
pub struct Cut {
    /// This long after the opening message.
    pub every: Option<Duration>,
    /// After so many messages to the client on one connection.
    pub after_messages: Option<u64>,
    /// How often in a session; then it holds.
    pub times: u32,
    /// With a TCP reset instead of an end of stream: what is still on the way is lost.
    pub reset: bool,
}

impl Cut {
    /// Breaks each connection after `time`, with a reset, for ever.
    #[must_use]
    pub fn every(time: Duration) -> Self {
        Self {
            every: Some(time),
            after_messages: None,
            times: u32::MAX,
            reset: true,
        }
    }

    /// Breaks the first connection once, after so many messages to the client.
    #[must_use]
    pub fn once_after(messages: u64) -> Self {
        Self {
            every: None,
            after_messages: Some(messages),
            times: 1,
            reset: true,
        }
    }
}

/// What an agent does wrong in an encrypted session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// It may not have the data key decrypted.
    MayNotDecrypt,
    /// Its challenge is sealed with no key at all.
    WrongChallenge,
    /// It takes the halves of the key the wrong way round.
    KeysSwapped,
    /// After so many payloads the rest is noise.
    GarbageAfter(u32),
    /// After so many payloads the rest is in the clear.
    ClearAfter(u32),
}

/// One thing that no good peer sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garbage {
    /// Output whose payload is not what its digest says.
    WrongDigest,
    /// Output that states more payload than it carries.
    WrongLength,
    /// Output that states four GiB of payload.
    HugeLength,
    /// A header length of zero.
    NoHeader,
    /// Fewer bytes than a header.
    Truncated,
    /// A message type that nobody knows.
    UnknownType,
    /// Output with a payload type that nobody knows, outside the sequence.
    UnknownPayloadType,
    /// A text message where binary is due.
    Text,
    /// An empty binary message.
    Empty,
    /// An acknowledgement whose body is not JSON.
    BadAcknowledge,
    /// An acknowledgement of a message that was never sent.
    WildAcknowledge,
    /// Output of a sequence number that is far ahead and never reached.
    FarAhead,
    /// Output of a negative sequence number.
    NegativeSequence,
    /// Sixteen MiB in one websocket message.
    Enormous,
    /// Random bytes as long as a message.
    Noise,
}

impl Garbage {
    /// All of it.
    pub const ALL: [Self; 15] = [
        Self::WrongDigest,
        Self::WrongLength,
        Self::HugeLength,
        Self::NoHeader,
        Self::Truncated,
        Self::UnknownType,
        Self::UnknownPayloadType,
        Self::Text,
        Self::Empty,
        Self::BadAcknowledge,
        Self::WildAcknowledge,
        Self::FarAhead,
        Self::NegativeSequence,
        Self::Enormous,
        Self::Noise,
    ];
}

/// An error answer of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The error's name, as in `__type`.
    pub code: String,
    /// Its text.
    pub message: String,
    /// How many calls of a session (of a service, for StartSession) are refused before one is answered.
    pub times: u32,
}

impl Refusal {
    /// The error of this name with the text that the service gives it.
    #[must_use]
    pub fn named(code: &str) -> Self {
        let (status, message) = match code {
            "TargetNotConnected" => (400, "The specified target is not connected."),
            "InvalidDocument" => (400, "Document with that name does not exist."),
            "AccessDeniedException" => (
                400,
                "User: arn:aws:iam::123456789012:user/operator is not authorized to perform: ssm:StartSession because no identity-based policy allows the ssm:StartSession action",
            ),
            "ThrottlingException" => (400, "Rate exceeded"),
            "ExpiredTokenException" => {
                (400, "The security token included in the request is expired")
            }
            "UnrecognizedClientException" => (
                400,
                "The security token included in the request is invalid.",
            ),
            "NotFoundException" => (
                400,
                "Key 'arn:aws:kms:eu-central-1:123456789012:key/sessions' does not exist",
            ),
            "DisabledException" => (
                400,
                "arn:aws:kms:eu-central-1:123456789012:key/sessions is disabled.",
            ),
            "DoesNotExistException" => (400, "Session does not exist."),
            "InternalServerError" => (500, "Internal Server Error"),
            _ => (400, "The request was refused."),
        };
        Self {
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            times: u32::MAX,
        }
    }

    /// The same, with a text of its own.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..self
        }
    }

    /// The same, only for the first `times` calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}
