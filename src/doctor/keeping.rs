//! The store and the spool: whether they take what is recorded, and whether they keep it.
//!
//! Nothing is stored, made or removed here.

use std::io;

use crate::store::Error;
use crate::store::s3::{Lock, Standing};
use crate::store::standing::Folder;
use crate::words::size;

use super::Late;
use super::verdict::{Finding, Group};

/// Less room than this is soon used up.
const LITTLE: u64 = 1 << 30;

/// What the settings want of a bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Object Lock is asked for with each recording.
    pub(super) retention: bool,
    /// Encryption is asked for with each recording.
    pub(super) encryption: bool,
}

/// A folder to write to.
pub(super) fn folder(group: Group, shown: &str, found: &Folder, setting: &str) -> Finding {
    let check = "folder";
    let elsewhere =
        format!("give yourself the right to write there, or name another folder: {setting}");
    if let Err(error) = &found.writable {
        let nearest = found.nearest.display();
        let seen = match (found.is_there, error.kind()) {
            (true, io::ErrorKind::NotADirectory) => format!("{shown} is no folder"),
            (true, _) => format!("cannot write to {shown}: {error}"),
            (false, _) => format!("{shown} cannot be made in {nearest}: {error}"),
        };
        return group.bad(check, seen, elsewhere);
    }
    if let Some(error) = &found.distrust {
        return group.bad(check, error.to_string(), error.hint().unwrap_or(elsewhere));
    }
    let mut seen = match found.is_there {
        false => format!("{shown} will be made when it is needed"),
        true => match found.mode {
            Some(mode) => format!("{shown}, mode {mode:03o}, nobody else may write"),
            None => shown.to_owned(),
        },
    };
    if let Some(free) = found.free {
        seen.push_str(&format!(", {} free", size::write(free)));
        if free < LITTLE {
            return group.doubtful(
                check,
                seen,
                format!("make room, or name another folder: {setting}"),
            );
        }
    }
    group.good(check, seen)
}

/// A bucket.
pub(super) fn bucket(location: &str, standing: &Standing, wanted: &Wanted) -> Vec<Finding> {
    let group = Group::Store;
    let mut findings = vec![match &standing.listing {
        Ok(true) => group.good("bucket", format!("{location} answers and can be listed")),
        Ok(false) => group.good("bucket", format!("{location} answers; nothing is there yet")),
        Err(error) if is_denied(error) => group.unseen(
            "bucket",
            &format!("{location} answers, and may not be listed"),
            "operators need not list; whether recordings are taken shows when one is stored: ssm-rec upload",
        ),
        Err(error) => failed("bucket", error),
    }];
    // What has no bucket, or no answer, has no settings either.
    if standing
        .listing
        .as_ref()
        .is_err_and(|error| !is_denied(error))
    {
        return findings;
    }
    findings.push(lock(&standing.lock, wanted));
    findings.push(match &standing.versions {
        Ok(true) => group.good("versions", "what is written over or removed is kept"),
        Ok(false) => group.doubtful(
            "versions",
            "none are kept: what is removed is gone",
            "switch versioning on: aws s3api put-bucket-versioning; examples/aws has a whole bucket",
        ),
        Err(error) => setting("versions", error, "s3:GetBucketVersioning"),
    });
    findings.push(match &standing.encryption {
        Ok(Some(how)) => group.good("encryption", how.as_str()),
        Ok(None) if wanted.encryption => group.good("encryption", "asked for with each recording"),
        Ok(None) => group.doubtful(
            "encryption",
            "the bucket names none",
            "set it for the bucket, or set upload.sse",
        ),
        Err(error) => setting("encryption", error, "s3:GetEncryptionConfiguration"),
    });
    findings
}

fn lock(told: &Result<Option<Lock>, Error>, wanted: &Wanted) -> Finding {
    let (group, check) = (Group::Store, "lock");
    match told {
        Ok(Some(Lock { default: Some(how) })) => group.good(check, format!("Object Lock, {how}")),
        Ok(Some(_)) if wanted.retention => {
            group.good(check, "Object Lock, asked for with each recording")
        }
        Ok(Some(_)) => group.doubtful(
            check,
            "Object Lock is on, and nothing says for how long",
            "give the bucket a default retention, or set upload.object_lock_mode and upload.retention_days",
        ),
        Ok(None) if wanted.retention => group.bad(
            check,
            "the settings ask for Object Lock, which the bucket does not have: it takes no recording",
            "make a bucket with Object Lock (examples/aws), or take upload.object_lock_mode out",
        ),
        Ok(None) => group.doubtful(
            check,
            "no Object Lock: whoever may delete can remove recordings",
            "make a bucket with Object Lock: examples/aws",
        ),
        Err(error) => setting(check, error, "s3:GetBucketObjectLockConfiguration"),
    }
}

/// Of a setting that is not told.
fn setting(check: &'static str, error: &Error, action: &str) -> Finding {
    let group = Group::Store;
    match error {
        error if is_denied(error) => group.unseen(
            check,
            &format!("{action} is not allowed"),
            "operators need not see it; let a reviewer or an auditor run this",
        ),
        error => group.unseen(check, &error.to_string(), Late::TRY_AGAIN),
    }
}

fn failed(check: &'static str, error: &Error) -> Finding {
    let next = match error {
        // What is advised there is about a recording that could not be stored.
        Error::Unavailable { .. } => None,
        error => error.hint(),
    };
    let next = next.unwrap_or_else(|| "check the store's location: ssm-rec config".to_owned());
    Group::Store.bad(check, error.to_string(), next)
}

/// Whether S3 knows who asks, and says no.
fn is_denied(error: &Error) -> bool {
    matches!(error, Error::Refused { code, .. } if matches!(&code[..], "AccessDenied" | "AllAccessDisabled" | "Forbidden"))
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;

    fn refused(code: &str) -> Error {
        Error::Refused {
            what: "list",
            place: "s3://b/".to_owned(),
            code: code.to_owned(),
            message: "no".to_owned(),
        }
    }

    fn verdicts(standing: &Standing, wanted: &Wanted) -> Vec<Verdict> {
        let found = bucket("s3://b", standing, wanted);
        found.into_iter().map(|one| one.verdict).collect()
    }

    #[test]
    fn a_bucket_that_keeps_is_good_one_that_does_not_is_doubtful_and_one_that_tells_nothing_cannot_be_seen()
     {
        use Verdict::{Bad, Doubtful, Good};
        let keeps = Standing {
            listing: Ok(true),
            lock: Ok(Some(Lock {
                default: Some("COMPLIANCE for 365 days".to_owned()),
            })),
            versions: Ok(true),
            encryption: Ok(Some("aws:kms".to_owned())),
        };
        let none = Wanted::default();
        assert_eq!(verdicts(&keeps, &none), [Good; 4]);
        let loose = Standing {
            listing: Ok(false),
            lock: Ok(None),
            versions: Ok(false),
            encryption: Ok(None),
        };
        assert_eq!(
            verdicts(&loose, &none),
            [Good, Doubtful, Doubtful, Doubtful]
        );
        let wanted = Wanted {
            retention: true,
            encryption: true,
        };
        assert_eq!(verdicts(&loose, &wanted), [Good, Bad, Doubtful, Good]);
        let denied = || refused("AccessDenied");
        let silent = Standing {
            listing: Err(denied()),
            lock: Err(denied()),
            versions: Err(denied()),
            encryption: Err(denied()),
        };
        assert_eq!(verdicts(&silent, &none), [Doubtful; 4]);
        let gone = Standing {
            listing: Err(refused("NoSuchBucket")),
            ..silent
        };
        assert_eq!(verdicts(&gone, &none), [Bad]);
    }

    #[test]
    fn a_folder_is_judged_by_who_may_write_and_how_much() {
        let found = |writable, free| Folder {
            nearest: "/a".into(),
            is_there: true,
            distrust: None,
            writable,
            mode: Some(0o700),
            free: Some(free),
        };
        let check = |found: &Folder, verdict, part: &str| {
            let told = folder(Group::Store, "/a", found, "store");
            assert_eq!(told.verdict, verdict, "{told:?}");
            assert!(told.seen.contains(part), "{told:?}");
        };
        check(&found(Ok(()), 1 << 40), Verdict::Good, "mode 700");
        check(&found(Ok(()), 5), Verdict::Doubtful, "5 B free");
        let denied = || Err(io::ErrorKind::PermissionDenied.into());
        check(
            &found(denied(), 1 << 40),
            Verdict::Bad,
            "cannot write to /a",
        );
        let open = Folder {
            distrust: Some(Error::Untrusted {
                place: "/a".to_owned(),
                reason: "others may write to it",
            }),
            ..found(Ok(()), 1 << 40)
        };
        check(&open, Verdict::Bad, "others may write");
    }
}
