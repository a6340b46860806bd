//! Why the service did not do what was asked, in sentences for a person, with a hint where there is one.
//!
//! Nothing here reads an answer, and nothing chooses an exit status.

use std::time::Duration;

use crate::aws::{self, Failure, SignIn};
use crate::words::time;

const UNREACHABLE: &str =
    "check the network, the region and the endpoint; behind a proxy, set HTTPS_PROXY";

/// Why the service did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("no AWS region is set")]
    NoRegion,
    #[error(transparent)]
    Way(#[from] aws::Error),
    #[error("target {target:?} is not connected to Systems Manager")]
    TargetNotConnected { target: String },
    #[error("session document {document:?} cannot be used: {message}")]
    InvalidDocument { document: String, message: String },
    #[error("access denied: {message}")]
    AccessDenied { message: String },
    #[error("the service asks to slow down: {message}")]
    Throttled { message: String },
    #[error("the AWS credentials have expired")]
    ExpiredCredentials { sign_in: Box<SignIn> },
    #[error("the AWS credentials are not known to the service: {message}")]
    UnknownCredentials { message: String },
    #[error("{}", skew(*.ahead_ms, .message))]
    ClockSkew {
        /// How far this machine's clock is ahead of the service's, where that is known.
        ahead_ms: Option<i64>,
        message: String,
    },
    #[error("the service has a fault of its own: {message}")]
    Internal { message: String },
    #[error("there is no session {session_id:?}")]
    NoSuchSession { session_id: String },
    #[error("the service refused with {code}: {message}")]
    Refused { code: String, message: String },
    #[error("no usable AWS credentials: {cause}")]
    NoCredentials { cause: String, hint: String },
    #[error("the service cannot be reached: {0}")]
    Network(Failure),
    #[error("the service cannot be reached: {cause}")]
    Unreachable { cause: String },
    #[error("the answer to {call} lacks what it must have")]
    Incomplete { call: &'static str },
    #[error("the service's pages of sessions lead in a circle")]
    EndlessHistory,
    #[error("the service's pages of managed nodes lead in a circle")]
    EndlessNodes,
    #[error("managed nodes may not be listed: {message}")]
    NodesDenied { message: String },
    #[error("the service names more open sessions than there can be")]
    TooManyOpen,
    /// The id itself is not to be told.
    #[error("the service named the session as no service does")]
    SessionId,
    #[error(
        "the service names {host:?} for the data channel, which is none of Systems Manager's in {region}"
    )]
    ForeignStream { host: String, region: String },
    #[error("its answer was not waited for any longer")]
    Late,
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Way(error) => return error.hint(),
            Self::NoRegion => "name one with --region, AWS_REGION, or \"region\" in the profile".to_owned(),
            Self::TargetNotConnected { target } => format!(
                "check that the agent runs and reports: aws ssm describe-instance-information --filters Key=InstanceIds,Values={target}"
            ),
            Self::InvalidDocument { .. } => {
                "list the session documents: aws ssm list-documents --filters Key=DocumentType,Values=Session".to_owned()
            }
            Self::AccessDenied { .. } => {
                "ssm:StartSession must be allowed on the target and on the document; see who you are with: aws sts get-caller-identity".to_owned()
            }
            Self::NodesDenied { .. } => {
                "name the target by its id (i-… or mi-…); names take ssm:DescribeInstanceInformation, which AmazonSSMReadOnlyAccess allows".to_owned()
            }
            Self::Throttled { .. } => "wait a moment and try again".to_owned(),
            Self::ExpiredCredentials { sign_in } => sign_in.hint(),
            Self::ClockSkew { .. } => aws::CLOCK_HINT.to_owned(),
            Self::UnknownCredentials { .. } => {
                "check the access key, the secret and the session token; see them with: aws configure list".to_owned()
            }
            Self::Internal { .. } => "try again; the AWS health dashboard tells of outages".to_owned(),
            Self::NoCredentials { hint, .. } => hint.clone(),
            Self::Network(failure) => return failure.hint().or_else(|| Some(UNREACHABLE.to_owned())),
            Self::Unreachable { .. } => UNREACHABLE.to_owned(),
            Self::ForeignStream { .. } => {
                "nothing was sent there; an endpoint of your own is named with --endpoint-url or AWS_ENDPOINT_URL_SSM"
                    .to_owned()
            }
            Self::NoSuchSession { .. } | Self::Refused { .. } | Self::Incomplete { .. }
            | Self::EndlessHistory | Self::EndlessNodes | Self::TooManyOpen | Self::SessionId | Self::Late => {
                return None;
            }
        })
    }

    /// Whether other credentials may do better.
    #[must_use]
    pub fn is_credentials(&self) -> bool {
        matches!(
            self,
            Self::AccessDenied { .. }
                | Self::NodesDenied { .. }
                | Self::ExpiredCredentials { .. }
                | Self::UnknownCredentials { .. }
                | Self::NoCredentials { .. }
        )
    }

    /// Whether nobody was reached, rather than somebody said no.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Unreachable { .. })
    }
}

fn skew(ahead_ms: Option<i64>, message: &str) -> String {
    match ahead_ms {
        Some(ahead) => {
            let by = time::write(Duration::from_millis(ahead.unsigned_abs()));
            let way = if ahead < 0 { "behind" } else { "ahead of" };
            format!("this machine's clock is {by} {way} the service's")
        }
        None => format!("the service does not take this machine's time: {message}"),
    }
}
