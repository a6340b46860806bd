//! What became of a call that the service did not grant, told apart by the types of the SDK's errors.
//!
//! Nothing here knows a service: what a code means is for whoever made the call.

use std::error::Error as StdError;
use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};

use super::network::Failure;
use super::{Error, below, client};
use crate::words::causes;

/// Why there is no answer that names an error.
#[derive(Debug)]
pub enum Unanswered {
    /// Nothing was asked, because there are no credentials to ask with.
    Credentials {
        /// What is wrong with them.
        cause: String,
        /// There is something that should give them, and it does not, or not any more.
        failed: bool,
        /// What helps, where that is known.
        hint: Option<String>,
    },
    /// Nothing was asked, because there is no connection.
    Network(Failure),
    /// There is nothing that could be asked: no region, a wrong argument.
    Unsendable(String),
    /// The conversation broke off, or was not understood.
    Broken {
        /// How.
        cause: String,
        /// The service may have heard the question.
        asked: bool,
    },
}

impl Unanswered {
    /// Reads the error of a call.
    pub fn of<E, R>(error: &SdkError<E, R>) -> Self
    where
        E: StdError + 'static,
        R: fmt::Debug + 'static,
    {
        // Credentials come over the same network: away, it says nothing of them.
        if let Some(failure) = below::<Failure>(error) {
            return Self::Network(failure.clone());
        }
        // What the credentials lack is said in one sentence; the SDK's own around it help nobody.
        if let Some(found) = below::<Error>(error) {
            return Self::Credentials {
                cause: found.to_string(),
                failed: true,
                hint: found.hint(),
            };
        }
        let cause = causes(error);
        if let Some(found) = below::<CredentialsError>(error) {
            return Self::Credentials {
                cause,
                failed: !matches!(found, CredentialsError::CredentialsNotLoaded(_)),
                hint: None,
            };
        }
        match error {
            SdkError::ConstructionFailure(_) => Self::Unsendable(cause),
            _ => Self::Broken {
                cause,
                asked: !below::<ConnectorError>(error).is_some_and(client::is_connect),
            },
        }
    }
}

/// In the words of whatever failed.
impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(failure) => failure.fmt(f),
            Self::Credentials { cause, .. }
            | Self::Unsendable(cause)
            | Self::Broken { cause, .. } => f.write_str(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::super::network::Peer;
    use super::*;

    type Failed = SdkError<io::Error, ()>;

    fn dispatch(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Failed {
        SdkError::dispatch_failure(ConnectorError::other(source.into(), None))
    }

    #[test]
    fn errors_are_told_apart_by_what_they_are_and_not_by_their_words() {
        let away = || Failure::Name {
            peer: Peer::Host("sso".to_owned()),
            cause: "no credentials, no identity".to_owned(),
        };
        let check = |error: Failed, expected: &str| {
            let found = match Unanswered::of(&error) {
                Unanswered::Credentials { failed: false, .. } => "none",
                Unanswered::Credentials { failed: true, .. } => "failed",
                Unanswered::Network(_) => "network",
                Unanswered::Unsendable(_) => "unsendable",
                Unanswered::Broken { asked: true, .. } => "broken",
                Unanswered::Broken { asked: false, .. } => "not asked",
            };
            assert_eq!(found, expected, "{error:?}");
        };
        check(dispatch(CredentialsError::not_loaded("none")), "none");
        check(
            dispatch(CredentialsError::invalid_configuration("expired")),
            "failed",
        );
        let ours = Error::NobodyToAsk {
            serial: "arn".to_owned(),
        };
        check(dispatch(CredentialsError::provider_error(ours)), "failed");
        check(dispatch(away()), "network");
        // Credentials that cannot be fetched without a network are not wrong.
        let call = dispatch(away());
        check(dispatch(CredentialsError::provider_error(call)), "network");
        check(SdkError::construction_failure("no region"), "unsendable");
        check(
            SdkError::timeout_error("the identity of the credentials"),
            "broken",
        );
        check(SdkError::response_error("certificate", ()), "broken");
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        check(
            SdkError::dispatch_failure(ConnectorError::io(reset.into())),
            "broken",
        );
    }
}
