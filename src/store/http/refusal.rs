//! A request that brought nothing: why, and whether the next one may bring more.
//!
//! Nothing here asks again.

use super::super::Error;
use crate::aws::{Failure, Miss};

/// Why a request brought nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server's answer.
    Status(u16),
    /// There is no connection.
    Failure(Failure),
    /// It broke.
    Broken(String),
    /// It cannot be followed, or cannot be asked at all.
    Lasting(String),
    /// What is there is not what was there before.
    Changed,
}

impl Refusal {
    /// Whether the same can succeed later with nobody doing anything.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
            Self::Failure(failure) => failure.is_passing(),
            Self::Broken(_) => true,
            Self::Lasting(_) | Self::Changed => false,
        }
    }

    /// The same as the store's own error.
    pub(super) fn into_error(self, place: &str, tries: u32) -> Error {
        let (what, place) = ("read", place.to_owned());
        if self.is_passing() {
            return Error::Unavailable {
                what,
                place,
                tries,
                reason: self.to_string(),
            };
        }
        let message = self.to_string();
        match self {
            Self::Status(404 | 410) => Error::NotFound { place },
            Self::Status(status) => Error::Refused {
                what,
                place,
                code: format!("status {status}"),
                message,
            },
            Self::Failure(failure) => Error::Unreachable {
                what,
                place,
                failure,
            },
            Self::Changed => Error::Altered {
                place,
                reason: message,
            },
            Self::Broken(_) | Self::Lasting(_) => Error::Refused {
                what,
                place,
                code: "no answer".to_owned(),
                message,
            },
        }
    }
}

impl From<Miss> for Refusal {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Failure(failure) => Self::Failure(failure),
            Miss::Passing(reason) => Self::Broken(reason),
            Miss::Lasting(reason) => Self::Lasting(reason),
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => f.write_str(words(*status)),
            Self::Failure(failure) => failure.fmt(f),
            Self::Broken(reason) | Self::Lasting(reason) => f.write_str(reason),
            Self::Changed => f.write_str("it changed while it was read"),
        }
    }
}

/// Source: RFC 9110, section 15.
fn words(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        412 => "Precondition Failed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "the server said no",
    }
}
