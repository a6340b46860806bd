//! Why Athena did not answer, in sentences for a person, with a hint where there is one.
//!
//! Nothing here reads an answer, and nothing chooses an exit status.

use crate::aws::{self, Failure, SignIn};

const UNREACHABLE: &str =
    "check the network, the region and the endpoint; behind a proxy, set HTTPS_PROXY";
const PERMISSIONS: &str = "athena:StartQueryExecution, GetQueryExecution, GetQueryResults and StopQueryExecution must be allowed \
     on the workgroup, glue:GetDatabase, GetTable and GetPartitions on the tables, s3:GetObject below packs/, and s3:PutObject \
     where Athena writes its results";

/// The longest statement, in bytes (source: Athena's API reference, StartQueryExecution: QueryString).
pub(super) const MAX_STATEMENT: usize = 262_144;

/// Why Athena did not answer.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("no AWS region is set")]
    NoRegion,
    #[error(transparent)]
    Way(#[from] aws::Error),
    #[error("access denied: {message}")]
    AccessDenied { message: String },
    #[error("Athena asks to slow down: {message}")]
    Throttled { message: String },
    #[error("the AWS credentials have expired")]
    ExpiredCredentials { sign_in: Box<SignIn> },
    #[error("the AWS credentials are not known to the service: {message}")]
    UnknownCredentials { message: String },
    #[error("Athena does not take this machine's time: {message}")]
    ClockSkew { message: String },
    #[error("Athena does not take the query: {message}")]
    Invalid { message: String },
    #[error("the statement has {bytes} bytes, and Athena takes no more than {MAX_STATEMENT}")]
    TooLong { bytes: usize },
    #[error("Athena refused with {code}: {message}")]
    Refused { code: String, message: String },
    #[error("no usable AWS credentials: {cause}")]
    NoCredentials { cause: String, hint: String },
    #[error("Athena cannot be reached: {0}")]
    Network(Failure),
    #[error("Athena cannot be reached: {cause}")]
    Unreachable { cause: String },
    #[error("the answer to {call} lacks what it must have")]
    Incomplete { call: &'static str },
    #[error("the tables are not there: {reason}")]
    NoTables { reason: String },
    #[error("the query failed: {reason}")]
    Failed { reason: String },
    #[error("the query was stopped by somebody else: {reason}")]
    Cancelled {
        reason: String,
        /// Bytes that were read for it until then.
        scanned: u64,
    },
}

impl Error {
    /// Of a query that failed. The reason begins with the name that the engine has for it; the sentences behind it are for
    /// persons, and those of S3 and Lake Formation have no such name.
    pub(super) fn of_query(reason: String) -> Self {
        let name = reason.split(':').next().unwrap_or_default();
        match name {
            "TABLE_NOT_FOUND" | "SCHEMA_NOT_FOUND" | "COLUMN_NOT_FOUND" => {
                Self::NoTables { reason }
            }
            "PERMISSION_DENIED" => Self::AccessDenied { message: reason },
            _ if reason.contains("Access Denied") || reason.contains("AccessDenied") => {
                Self::AccessDenied { message: reason }
            }
            _ => Self::Failed { reason },
        }
    }

    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Way(error) => return error.hint(),
            Self::Network(failure) => {
                return failure.hint().or_else(|| Some(UNREACHABLE.to_owned()));
            }
            Self::NoCredentials { hint, .. } => return Some(hint.clone()),
            Self::ExpiredCredentials { sign_in } => return Some(sign_in.hint()),
            Self::NoRegion => "name one with AWS_REGION, or \"region\" in the profile",
            Self::AccessDenied { .. } => PERMISSIONS,
            Self::Throttled { .. } => "wait a moment and try again",
            Self::UnknownCredentials { .. } => {
                "check the access key, the secret and the session token; see them with: aws configure list"
            }
            Self::ClockSkew { .. } => aws::CLOCK_HINT,
            Self::Invalid { .. } => {
                "Athena writes its results somewhere: name it with --athena-output s3://BUCKET/PREFIX/, or a workgroup that \
                 does with --athena-workgroup"
            }
            Self::TooLong { .. } => {
                "ask for less at once, with a shorter pattern or condition, or without --engine"
            }
            Self::Unreachable { .. } => UNREACHABLE,
            Self::NoTables { .. } => {
                "make them once with formats/sql/athena.sql, and name their database with --athena-database"
            }
            Self::Failed { .. } => {
                "--sql prints the statement, to be looked at in Athena; ssm-rec search without --engine needs no Athena"
            }
            Self::Refused { .. } | Self::Incomplete { .. } | Self::Cancelled { .. } => return None,
        };
        Some(hint.to_owned())
    }

    /// Whether nobody was reached, rather than somebody said no.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Unreachable { .. })
    }
}
