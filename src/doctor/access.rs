//! Region, whose credentials are in force, this machine's clock, and what the service tells whoever has them.
//!
//! Nothing is changed by a call made here, and no secret is in what is told of one.

use crate::aws::{self, SignIn};
use crate::service::{Caller, Error};
use crate::words::time;

use super::verdict::{Finding, Group};
use super::{Called, Late};

/// The service gives its time in whole seconds, and the answer takes a moment.
const EXACT_MS: u64 = 3_000;
/// AWS refuses a signature that is five minutes off.
const REFUSED_MS: u64 = 4 * 60 * 1000;

/// Why a call shows nothing: something that has a line of its own is in the way.
pub(super) fn in_the_way(error: &Error) -> Option<&'static str> {
    match error {
        Error::NoCredentials { .. }
        | Error::ExpiredCredentials { .. }
        | Error::UnknownCredentials { .. } => Some("there are no credentials that are taken"),
        Error::ClockSkew { .. } => Some("this machine's clock is not taken"),
        _ => None,
    }
}

/// Who the credentials belong to.
pub(super) fn identity(called: &Called<Caller>, sign_in: &SignIn) -> Finding {
    let check = "identity";
    match called {
        Called::Answered(Caller { arn, .. }) => {
            Group::Access.good(check, format!("{arn}, by {}", source(sign_in)))
        }
        Called::NotAsked(why) => Group::Access.unseen(check, why, "mend that first"),
        Called::Late(late) => late.finding(Group::Access, check),
        Called::Failed(error @ Error::ClockSkew { .. }) => {
            Group::Access.unseen(check, &error.to_string(), aws::CLOCK_HINT)
        }
        Called::Failed(error) => {
            let next = error.hint().unwrap_or_else(|| sign_in.hint());
            Group::Access.bad(check, error.to_string(), next)
        }
    }
}

/// What can be told of credentials where no service can be asked.
pub(super) fn without_service(given: Option<Result<(), aws::Error>>, sign_in: &SignIn) -> Finding {
    let (group, check) = (Group::Access, "identity");
    match given {
        Some(Ok(())) => {
            let why = format!("there are {}, and nobody to ask whose", source(sign_in));
            group.unseen(check, &why, "mend the region first")
        }
        Some(Err(error)) => {
            let next = error.hint().unwrap_or_else(|| sign_in.hint());
            group.bad(check, error.to_string(), next)
        }
        None => Late(super::CALL).finding(group, check),
    }
}

fn source(sign_in: &SignIn) -> String {
    match sign_in {
        SignIn::Environment { temporary: true } => "temporary keys in the environment".to_owned(),
        SignIn::Environment { temporary: false } => "keys in the environment".to_owned(),
        SignIn::Sso(name) => format!("aws sso login, profile {name:?}"),
        SignIn::Login(name) => format!("aws login, profile {name:?}"),
        SignIn::Process(name) => format!("the credential_process of profile {name:?}"),
        SignIn::Keys { profile, .. } => format!("the keys of profile {profile:?}"),
        SignIn::WebIdentity(name) => format!("the web identity of profile {name:?}"),
        SignIn::Unknown(name) => format!("profile {name:?} or this machine's role"),
    }
}

/// How far this machine's clock is ahead of the service's, as its answers show.
pub(super) fn clock(ahead_ms: Option<i64>) -> Finding {
    let check = "clock";
    let Some(ahead) = ahead_ms else {
        let next = "it shows once sts answers";
        return Group::Access.unseen(check, "no service has told its time", next);
    };
    let by = std::time::Duration::from_millis(ahead.unsigned_abs());
    let way = if ahead < 0 { "behind" } else { "ahead of" };
    let seen = format!("{} {way} the service's", time::write(by));
    let off = ahead.unsigned_abs();
    if off <= EXACT_MS {
        return Group::Access.good(check, "as the service's, within seconds");
    }
    if off <= REFUSED_MS {
        let seen = format!("{seen}: so are the times in recordings");
        return Group::Access.doubtful(check, seen, aws::CLOCK_HINT);
    }
    let seen = format!("{seen}: AWS refuses what is signed by it");
    Group::Access.bad(check, seen, aws::CLOCK_HINT)
}

/// Whether something may be listed that nobody needs for a session.
pub(super) fn listing(
    called: &Called<()>,
    (check, action): (&'static str, &str),
    needed_by: &str,
) -> Finding {
    let allowed = |(): &()| format!("{action} is allowed");
    asked(called, (check, action), needed_by, allowed)
}

/// What is told to a question that no session needs an answer to, or why nothing is.
pub(super) fn asked<T>(
    called: &Called<T>,
    (check, action): (&'static str, &str),
    needed_by: &str,
    told: impl FnOnce(&T) -> String,
) -> Finding {
    let group = Group::Permissions;
    match called {
        Called::Answered(answer) => group.good(check, told(answer)),
        Called::NotAsked(why) => group.unseen(check, why, "mend that first"),
        Called::Late(late) => late.finding(group, check),
        Called::Failed(Error::AccessDenied { .. } | Error::NodesDenied { .. }) => group.unseen(
            check,
            &format!("{action} is not allowed"),
            format!("sessions run without it; {needed_by}"),
        ),
        Called::Failed(error) => match in_the_way(error) {
            Some(why) => group.unseen(check, why, "mend that first"),
            None if error.is_connection() => group.bad(
                check,
                error.to_string(),
                error.hint().unwrap_or_else(|| Late::TRY_AGAIN.to_owned()),
            ),
            None => group.unseen(
                check,
                &error.to_string(),
                format!("sessions run without it; {needed_by}"),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_comes_of_it() {
        let check = |ahead, verdict, part: &str| {
            let found = clock(ahead);
            assert_eq!(found.verdict, verdict, "{found:?}");
            assert!(found.seen.contains(part), "{found:?}");
        };
        check(Some(900), Verdict::Good, "as the service's");
        check(Some(-2_000), Verdict::Good, "as the service's");
        check(Some(90_000), Verdict::Doubtful, "1m30s ahead of");
        check(Some(-90_000), Verdict::Doubtful, "1m30s behind");
        check(Some(i64::MIN), Verdict::Bad, "behind");
        check(Some(3_600_000), Verdict::Bad, "1h00m ahead of");
        check(None, Verdict::Doubtful, "cannot be seen");
    }

    #[test]
    fn who_may_not_list_has_no_failure() {
        let denied = Error::AccessDenied {
            message: "no".to_owned(),
        };
        let found = listing(
            &Called::Failed(denied),
            ("nodes", "ssm:Describe"),
            "names do",
        );
        assert_eq!(found.verdict, Verdict::Doubtful);
        let broken = Error::Unreachable {
            cause: "no".to_owned(),
        };
        let found = listing(
            &Called::Failed(broken),
            ("nodes", "ssm:Describe"),
            "names do",
        );
        assert_eq!(found.verdict, Verdict::Bad);
        let wrong = Error::UnknownCredentials {
            message: "no".to_owned(),
        };
        let found = listing(
            &Called::Failed(wrong),
            ("nodes", "ssm:Describe"),
            "names do",
        );
        assert_eq!(found.verdict, Verdict::Doubtful, "identity tells of it");
    }
}
