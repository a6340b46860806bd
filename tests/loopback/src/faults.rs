//! What can go wrong between service, agent and client, and the targets that offer it by name.
//!
//! Nothing here acts: `relay` loses the messages, `connection` cuts the sockets,
//! `calls` refuses.

use std::time::Duration;

use crate::encryption::Encryption;
use crate::options::Options;

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

    /// The same, only for the first `times` calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

/// Targets that stand for a fault, with what they do. Every other `i-…`, `mi-…` or `ecs:…` works normally.
pub const TARGETS: &[(&str, &str)] = &[
    ("i-notconnected", "StartSession: TargetNotConnected"),
    ("i-denied", "StartSession: AccessDeniedException"),
    ("i-throttled", "StartSession: ThrottlingException"),
    (
        "i-throttledonce",
        "StartSession: ThrottlingException, the first time",
    ),
    ("i-expired", "StartSession: ExpiredTokenException"),
    (
        "i-unrecognized",
        "StartSession: UnrecognizedClientException",
    ),
    ("i-nodocument", "StartSession: InvalidDocument"),
    ("i-broken", "StartSession: HTTP 500, InternalServerError"),
    ("i-slow", "every answer after 3 s"),
    ("i-delay", "30 ms of delay, give or take 10, both ways"),
    (
        "i-lossy",
        "10 % loss, 20 % duplicates, 30 % reordering, both ways",
    ),
    ("i-cut", "the socket is reset every 2 s"),
    ("i-rough", "i-lossy, i-delay and i-cut at once"),
    (
        "i-dead",
        "after 5 s nothing is read or answered, the socket stays open",
    ),
    (
        "i-gone",
        "the socket is reset after 3 s and ResumeSession gives no token",
    ),
    ("i-timeout", "the service closes the channel after 5 s"),
    ("i-garbage", "garbage between good messages"),
    ("i-bash", "bash instead of sh"),
    (
        "i-kms",
        "sessions are encrypted with KMS; ports are not, as with the real agent",
    ),
    ("i-kmsport", "i-kms, ports too"),
    ("i-kmslossy", "i-kms and i-lossy at once, ports too"),
    ("i-kmsrough", "i-kms and i-rough at once, ports too"),
    (
        "i-kmsdenied",
        "i-kms; GenerateDataKey: AccessDeniedException",
    ),
    ("i-kmsmissing", "i-kms; GenerateDataKey: NotFoundException"),
    ("i-kmsdisabled", "i-kms; GenerateDataKey: DisabledException"),
    (
        "i-kmsthrottled",
        "i-kms; GenerateDataKey: ThrottlingException",
    ),
    ("i-kmsslow", "i-kms; GenerateDataKey answers after 30 s"),
    (
        "i-kmsnodecrypt",
        "i-kms; the agent may not have the data key decrypted",
    ),
    (
        "i-kmschallenge",
        "i-kms; the agent's challenge does not decrypt",
    ),
    (
        "i-kmsswapped",
        "i-kms; the agent takes the halves of the key the wrong way round",
    ),
    ("i-kmsgarbage", "i-kms; the third payload is noise"),
    ("i-kmsclear", "i-kms; the third payload is not encrypted"),
];

/// The KMS key of the targets above.
const KMS_KEY: &str =
    "arn:aws:kms:eu-central-1:123456789012:key/5e551035-0000-4000-8000-000000000001";

/// Changes `options` into what the target's name stands for.
pub(crate) fn apply_target(target: &str, options: &mut Options) {
    let faults = &mut options.faults;
    let refused = |code| Some(Refusal::named(code));
    match target {
        "i-notconnected" => {
            faults.start = refused("TargetNotConnected").map(|refusal| Refusal {
                message: format!("{target} is not connected."),
                ..refusal
            });
        }
        "i-denied" => faults.start = refused("AccessDeniedException"),
        "i-throttled" => faults.start = refused("ThrottlingException"),
        "i-throttledonce" => {
            faults.start = Some(Refusal::named("ThrottlingException").times(1));
        }
        "i-expired" => faults.start = refused("ExpiredTokenException"),
        "i-unrecognized" => faults.start = refused("UnrecognizedClientException"),
        "i-nodocument" => faults.start = refused("InvalidDocument"),
        "i-broken" => faults.start = refused("InternalServerError"),
        "i-slow" => faults.answer_after = Duration::from_secs(3),
        "i-delay" => {
            *faults = Faults::both(Link {
                delay: Duration::from_millis(30),
                jitter: Duration::from_millis(10),
                ..Link::default()
            });
        }
        "i-lossy" => *faults = Faults::lossy(),
        "i-cut" => faults.cut = Some(Cut::every(Duration::from_secs(2))),
        "i-rough" => *faults = Faults::rough(),
        "i-dead" => faults.silent_after = Some(Duration::from_secs(5)),
        "i-gone" => {
            faults.cut = Some(Cut::every(Duration::from_secs(3)));
            faults.resume_without_token = true;
        }
        "i-timeout" => {
            faults.close_after = Some((
                Duration::from_secs(5),
                "Your session timed out due to inactivity.".to_owned(),
            ));
        }
        "i-garbage" => faults.garbage = Garbage::ALL.to_vec(),
        "i-bash" => {
            options.shell = ["/bin/bash", "--norc", "--noprofile"]
                .map(str::to_owned)
                .to_vec();
        }
        _ => {}
    }
    let Some(kms) = target.strip_prefix("i-kms") else {
        return;
    };
    let mut encryption = Encryption::with(KMS_KEY);
    match kms {
        "port" => encryption.ports = true,
        "lossy" | "rough" => {
            encryption.ports = true;
            *faults = if kms == "lossy" {
                Faults::lossy()
            } else {
                Faults::rough()
            };
        }
        "denied" => {
            faults.data_key = refused("AccessDeniedException").map(|refusal| Refusal {
                message: format!("User: arn:aws:iam::123456789012:user/operator is not authorized to perform: kms:GenerateDataKey on resource: {KMS_KEY} because no identity-based policy allows the kms:GenerateDataKey action"),
                ..refusal
            });
        }
        "missing" => faults.data_key = refused("NotFoundException"),
        "disabled" => faults.data_key = refused("DisabledException"),
        "throttled" => faults.data_key = refused("ThrottlingException"),
        "slow" => faults.data_key_after = Duration::from_secs(30),
        "nodecrypt" => encryption.mischief = Some(Mischief::MayNotDecrypt),
        "challenge" => encryption.mischief = Some(Mischief::WrongChallenge),
        "swapped" => encryption.mischief = Some(Mischief::KeysSwapped),
        "garbage" => encryption.mischief = Some(Mischief::GarbageAfter(2)),
        "clear" => encryption.mischief = Some(Mischief::ClearAfter(2)),
        _ => {}
    }
    options.encryption = Some(encryption);
}
