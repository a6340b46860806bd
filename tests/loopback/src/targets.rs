//! The targets that stand for a fault, so that a person can ask for one by name.
//!
//! Nothing here acts; it chooses among the options and faults.

use std::time::Duration;

use crate::faults::{Cut, Faults, Garbage, Link, Mischief, Refusal};
use crate::options::{Encryption, Options};

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
pub(crate) fn apply(target: &str, options: &mut Options) {
    let faults = &mut options.faults;
    let refused = |code| Some(Refusal::named(code));
    match target {
        "i-notconnected" => {
            let message = format!("{target} is not connected.");
            faults.start = Some(Refusal::named("TargetNotConnected").saying(message));
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
            let message = format!(
                "User: arn:aws:iam::123456789012:user/operator is not authorized to perform: kms:GenerateDataKey on resource: {KMS_KEY} because no identity-based policy allows the kms:GenerateDataKey action"
            );
            faults.data_key = Some(Refusal::named("AccessDeniedException").saying(message));
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
