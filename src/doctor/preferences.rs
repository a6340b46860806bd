//! What the account's preferences ask of every session: a key that encrypts it, and when it ends by itself.
//!
//! Nothing is encrypted to find out whether it may be.

use crate::service::preferences::Preferences;

use super::verdict::Finding;
use super::{Called, access};

/// The key that sessions are encrypted with.
pub(super) fn key(called: &Called<Option<Preferences>>) -> Option<&str> {
    match called {
        Called::Answered(Some(preferences)) => preferences.key.as_deref(),
        _ => None,
    }
}

pub(super) fn judged(called: &Called<Option<Preferences>>) -> Finding {
    let action = ("preferences", "ssm:GetDocument");
    let needed_by = "whether they need a KMS key shows with --try";
    access::asked(called, action, needed_by, |answer| match answer {
        Some(preferences) => told(preferences),
        None => "the account has none of its own".to_owned(),
    })
}

fn told(preferences: &Preferences) -> String {
    let Preferences {
        key,
        idle_minutes,
        longest_minutes,
    } = preferences;
    let mut told = match key {
        Some(key) => format!(
            "sessions are encrypted with {key}: who starts one needs kms:GenerateDataKey on it"
        ),
        None => "sessions need no KMS key".to_owned(),
    };
    if let Some(minutes) = idle_minutes {
        told.push_str(&format!("; they end after {minutes} min without input"));
    }
    if let Some(minutes) = longest_minutes {
        told.push_str(&format!("; after {minutes} min in any case"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::verdict::Verdict;
    use super::*;
    use crate::service::Error;

    #[test]
    fn a_key_is_told_with_what_it_takes_and_silence_is_no_failure() {
        let preferences = Preferences {
            key: Some("alias/s".to_owned()),
            idle_minutes: Some("20".to_owned()),
            longest_minutes: Some("60".to_owned()),
        };
        let asked = Called::Answered(Some(preferences));
        assert_eq!(key(&asked), Some("alias/s"));
        assert_eq!(
            judged(&asked).seen,
            "sessions are encrypted with alias/s: who starts one needs kms:GenerateDataKey on it; they end after 20 min without \
             input; after 60 min in any case"
        );
        let denied = Called::Failed(Error::AccessDenied {
            message: "no".to_owned(),
        });
        assert_eq!(judged(&denied).verdict, Verdict::Doubtful);
        assert_eq!(key(&denied), None);
        assert_eq!(judged(&Called::Answered(None)).verdict, Verdict::Good);
    }
}
