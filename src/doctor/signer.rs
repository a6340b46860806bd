//! The key that signs recordings, and whether its signatures count.
//!
//! Nothing is signed here, and nobody is asked for a passphrase.

use chrono::{DateTime, Utc};
use formats::signature::{AllowedSigners, Verdict as Standing};

use crate::aws::Way;
use crate::signing::{Error, Key, Signer};

use super::Late;
use super::verdict::{Finding, Group};

/// Whose signatures count, where somebody has said; or why that does not read.
pub(crate) type Signers = Result<Option<AllowedSigners>, String>;

/// The key and the file that says whose signatures count.
pub(super) async fn examined(
    key: Option<&Key>,
    signers: &Signers,
    way: Result<&Way, String>,
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let group = Group::Signing;
    let Some(key) = key else {
        return match signers {
            Ok(Some(_)) => vec![group.doubtful(
                "key",
                "recordings are not signed, and review.allowed_signers says whose signatures count",
                "name a key: record.sign_key",
            )],
            Ok(None) => vec![group.good("key", "none is named: recordings are not signed")],
            Err(error) => vec![unread(error)],
        };
    };
    let way = match (key, way) {
        (Key::Kms(_), Err(why)) => return vec![group.unseen("key", &why, "mend that first")],
        (_, way) => way.ok(),
    };
    let settled = async || match way {
        Some(way) => Ok(way.clone()),
        // Only KMS needs a way.
        None => Err(crate::aws::Error::Profiles {
            cause: String::new(),
        }),
    };
    let passphrase = std::env::var("SSM_REC_SIGN_PASSPHRASE").ok();
    let mut ask = |_: &std::path::Path, again: bool| match again {
        false => passphrase.clone().map(Into::into),
        true => None,
    };
    let opened = tokio::time::timeout(super::CALL, Signer::open(key, &mut ask, settled)).await;
    let signer = match opened {
        Err(_) | Ok(Err(Error::Late)) => return vec![Late(super::CALL).finding(group, "key")],
        Ok(Err(error)) => return vec![failed(&error)],
        Ok(Ok(signer)) => signer,
    };
    let fingerprint = signer.fingerprint();
    let held = match key {
        Key::File(path) => path.display().to_string(),
        Key::Agent(_) => "the ssh-agent".to_owned(),
        Key::Kms(id) => format!("KMS, {id}"),
    };
    let mut findings = vec![group.good("key", format!("{fingerprint} of {held}"))];
    match signers {
        Ok(Some(signers)) => {
            findings.push(counted(&signers.judge(signer.public(), Some(now), None)));
        }
        Ok(None) => {}
        Err(error) => findings.push(unread(error)),
    }
    findings
}

fn failed(error: &Error) -> Finding {
    let group = Group::Signing;
    let next = error.hint();
    let next = next.unwrap_or_else(|| "check record.sign_key: ssm-rec config".to_owned());
    match error {
        Error::Passphrase(_) => {
            let why = format!("{error}; it is asked for when a session starts");
            group.unseen("key", &why, next)
        }
        error => group.bad("key", format!("{error}: no session starts"), next),
    }
}

fn unread(error: &str) -> Finding {
    let next = "check review.allowed_signers: ssm-rec config";
    Group::Signing.bad("signers", error, next)
}

fn counted(standing: &Standing) -> Finding {
    let (group, check) = (Group::Signing, "signers");
    let (why, next) = match standing {
        Standing::Allowed(signer) => {
            return group.good(
                check,
                format!("its signatures count as those of {}", signer.principals),
            );
        }
        Standing::Unknown => (
            "no line names the key".to_owned(),
            "let whoever keeps review.allowed_signers add it",
        ),
        Standing::OtherTime(signer) => (
            format!("line {} names the key for another time", signer.line),
            "let whoever keeps review.allowed_signers renew it, or sign with another key",
        ),
        Standing::OtherPrincipal(signer)
        | Standing::OtherNamespace(signer)
        | Standing::Authority(signer) => (
            format!("line {} names the key for another purpose", signer.line),
            "let whoever keeps review.allowed_signers add it for recordings",
        ),
    };
    group.doubtful(check, format!("its signatures do not count: {why}"), next)
}
