//! What became of a call that the service did not grant, told apart by the types of the SDK's errors.
//!
//! Nothing here knows a service: what a code means is for whoever made the call.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};

use super::network::Failure;
use super::{Error, below, client};

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
        let cause = plain(error);
        if let Some(found) = below::<CredentialsError>(error) {
            return Self::Credentials {
                cause,
                failed: !matches!(found, CredentialsError::CredentialsNotLoaded(_)),
                hint: None,
            };
        }
        match error {
            SdkError::ConstructionFailure(_) => Self::Unsendable(cause),
            SdkError::TimeoutError(_) => Self::Broken {
                cause: "it does not answer in time".to_owned(),
                asked: true,
            },
            // What does not read comes of something between that is no AWS: its words about JSON help nobody.
            SdkError::ResponseError(_) | SdkError::ServiceError(_) => Self::Broken {
                cause: match error.raw_response().and_then(status) {
                    Some(status) => {
                        format!(
                            "what answers is not AWS (HTTP status {status}, and nothing that reads)"
                        )
                    }
                    None => "what answers is not AWS: it does not read".to_owned(),
                },
                asked: true,
            },
            _ => Self::Broken {
                cause,
                asked: !below::<ConnectorError>(error).is_some_and(client::is_connect),
            },
        }
    }
}

fn status<R: 'static>(raw: &R) -> Option<u16> {
    let response = (raw as &dyn Any).downcast_ref::<HttpResponse>()?;
    Some(response.status().as_u16())
}

/// What the SDK says of its own layers, to nobody's use.
const LAYERS: [&str; 7] = [
    "dispatch failure",
    "response error",
    "service error",
    "failed to construct request",
    "request has timed out",
    "unhandled error",
    "unexpected credentials error",
];

/// An error and what is behind it, without the layers of the SDK in between.
pub(super) fn plain(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = error.downcast_ref() {
            return "none are there".to_owned();
        }
        let is_layer = error.is::<CredentialsError>()
            || error.is::<ConnectorError>()
            || error.is::<hyper_util::client::legacy::Error>();
        let text = error.to_string();
        let text = text.trim();
        if is_layer || LAYERS.contains(&text) || said.iter().any(|said| said.contains(text)) {
            continue;
        }
        let is_missing = error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::NotFound);
        // The sign-ins of the AWS CLI are files that it makes (`~/.aws/sso/cache`, `~/.aws/login/cache`).
        if is_missing && said.iter().any(|said| said.contains("/cache/")) {
            return "nobody has signed in".to_owned();
        }
        if text.contains("token has expired") || text.contains("token is expired") {
            return "the sign-in has expired".to_owned();
        }
        said.push(of_process(text).unwrap_or_else(|| text.to_owned()));
    }
    match said.is_empty() {
        true => error.to_string(),
        false => said.join(": "),
    }
}

/// What the SDK says of a `credential_process`, in the words of the program itself.
fn of_process(text: &str) -> Option<String> {
    let (_, failed) = text.split_once("external process exited with code exit status: ")?;
    let (status, stderr) = failed.split_once(". Stderr:")?;
    let says = match stderr.trim() {
        "" => String::new(),
        stderr => format!(": {stderr}"),
    };
    Some(format!(
        "the credential_process ended with status {status}{says}"
    ))
}

/// Whether a refusal is about the time that a request bears. The codes are AWS's common errors; services with Signature 4
/// say it under the code of a wrong signature too, and only their sentence tells.
#[must_use]
pub fn blames_clock(code: &str, message: &str) -> bool {
    matches!(
        code,
        "RequestTimeTooSkewed" | "RequestTimeTooSkewedException" | "RequestInTheFuture"
    ) || [
        "Signature expired",
        "Signature not yet current",
        "RequestTimeTooSkewed",
    ]
    .iter()
    .any(|sentence| message.contains(sentence))
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
    fn no_layer_of_the_sdk_is_told_and_no_cause_is_lost() {
        #[derive(Debug, thiserror::Error)]
        #[error("failed to read `/home/x/.aws/sso/cache/0a.json`")]
        struct Read(#[source] io::Error);
        let check = |error: Failed, expected: &str| {
            let said = Unanswered::of(&error).to_string();
            assert_eq!(said, expected);
        };
        check(
            dispatch(CredentialsError::not_loaded("Attempted: a, b, c")),
            "none are there",
        );
        let missing = Read(io::ErrorKind::NotFound.into());
        check(
            dispatch(CredentialsError::unhandled(missing)),
            "nobody has signed in",
        );
        let forbidden = Read(io::Error::from_raw_os_error(13));
        check(
            dispatch(CredentialsError::provider_error(forbidden)),
            "failed to read `/home/x/.aws/sso/cache/0a.json`: Permission denied (os error 13)",
        );
        check(
            dispatch(CredentialsError::unhandled(
                "the SSO token has expired and cannot be refreshed",
            )),
            "the sign-in has expired",
        );
        check(
            dispatch(CredentialsError::provider_error(
                "Error retrieving credentials: external process exited with code exit status: 3. Stderr: locked\n",
            )),
            "the credential_process ended with status 3: locked",
        );
        let reset = io::Error::other("connection closed before message completed");
        check(
            dispatch(reset),
            "connection closed before message completed",
        );
        check(SdkError::timeout_error("x"), "it does not answer in time");
        check(
            SdkError::response_error("Error at offset 0", ()),
            "what answers is not AWS: it does not read",
        );
    }

    #[test]
    fn a_refusal_about_the_time_is_told_from_one_about_the_key() {
        for (code, message) in [
            (
                "InvalidSignatureException",
                "Signature expired: 20260101T000000Z is now earlier than",
            ),
            (
                "SignatureDoesNotMatch",
                "Signature not yet current: 20260101T000000Z is still later than",
            ),
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
            ),
            ("RequestInTheFuture", ""),
        ] {
            assert!(blames_clock(code, message), "{code}");
        }
        assert!(!blames_clock(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match"
        ));
        assert!(!blames_clock(
            "ExpiredTokenException",
            "The security token included in the request is expired"
        ));
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
