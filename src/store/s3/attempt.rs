//! One request, tried until it is answered for good: what a failure means, and how long to wait before the next try.
//!
//! Nothing here knows what is asked. The SDK's own retries are off, because they hide the one thing an upload that
//! never overwrites must know: whether an earlier try may have been carried out.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::super::Error;
use super::body::Sent;
use crate::aws::Unanswered;

/// The first wait; each further one doubles, up to [`LONGEST_WAIT`], and half of it is left to chance, so that many
/// clients of a bucket that comes back do not all ask at once.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// A bucket that is back is noticed within this time.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What a failed try means for the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Trying again can help.
    Passing,
    /// There is an object under that key already.
    Exists,
    /// Another write to the same key was under way at the same moment.
    Conflict,
    /// The multipart upload is no more: completed or aborted.
    NoSuchUpload,
    /// No such object.
    NotFound,
    /// A range beyond the end.
    OutOfRange,
    /// Credentials that are missing or not accepted.
    Credentials { expired: bool },
    /// No, for good.
    Refused,
}

/// A request that was not granted.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) code: String,
    pub(super) message: String,
    /// The server may have carried out this try, or an earlier one of the same request, without our learning of it.
    pub(super) ambiguous: bool,
    /// How often it was tried.
    pub(super) tries: u32,
}

impl Failure {
    /// A failure that no server told: what it did not say, or said wrongly.
    pub(super) fn passing(message: impl Into<String>, ambiguous: bool) -> Self {
        Self {
            kind: Kind::Passing,
            code: "no answer".to_owned(),
            message: message.into(),
            ambiguous,
            tries: 1,
        }
    }

    /// Reads a failed call. `ambiguous` until the answer shows otherwise: an answer below 500 is a plain no.
    pub(super) fn read<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let status = error.raw_response().map(|raw| raw.status().as_u16());
        let message = match error {
            SdkError::ServiceError(_) => error.message().map(str::to_owned),
            _ => None,
        };
        let code = error.code().map(str::to_owned);
        match error {
            SdkError::ServiceError(_) => {
                let code = code.unwrap_or_else(|| spoken_status(status));
                Self {
                    kind: kind(&code, status),
                    message: message.unwrap_or_else(|| "no further message".to_owned()),
                    code,
                    ambiguous: status.is_none_or(|status| !(300..500).contains(&status)),
                    tries: 1,
                }
            }
            _ => unanswered(&Unanswered::of(error), status),
        }
    }

    /// The same, when it is known how much of the body had left: a request cut short was never carried out.
    pub(super) fn after(mut self, sent: &Sent) -> Self {
        self.ambiguous &= sent.whole();
        self
    }

    /// The same as the store's own error.
    pub(super) fn into_error(self, what: &'static str, place: String) -> Error {
        match self.kind {
            Kind::Passing | Kind::Conflict => Error::Unavailable {
                what,
                place,
                tries: self.tries,
                reason: self.to_string(),
            },
            Kind::Exists => Error::Exists { place },
            Kind::NotFound => Error::NotFound { place },
            Kind::Credentials { expired } => Error::Credentials {
                what,
                place,
                reason: self.to_string(),
                expired,
            },
            Kind::NoSuchUpload | Kind::OutOfRange | Kind::Refused => Error::Refused {
                what,
                place,
                code: self.code,
                message: self.message,
            },
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

fn spoken_status(status: Option<u16>) -> String {
    match status {
        Some(403) => "Forbidden".to_owned(),
        Some(404) => "NotFound".to_owned(),
        Some(412) => "PreconditionFailed".to_owned(),
        Some(status) => format!("status {status}"),
        None => "no status".to_owned(),
    }
}

/// Names from the list of S3's error responses in its API reference.
fn kind(code: &str, status: Option<u16>) -> Kind {
    match code {
        "PreconditionFailed" => Kind::Exists,
        "ConditionalRequestConflict" => Kind::Conflict,
        "NoSuchUpload" => Kind::NoSuchUpload,
        "NoSuchKey" | "NotFound" => Kind::NotFound,
        "InvalidRange" => Kind::OutOfRange,
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => {
            Kind::Credentials { expired: true }
        }
        "InvalidAccessKeyId"
        | "InvalidToken"
        | "SignatureDoesNotMatch"
        | "NotSignedUp"
        | "InvalidSecurity" => Kind::Credentials { expired: false },
        // Bytes that arrived damaged or late; the next try sends them again.
        "RequestTimeout"
        | "RequestTimeoutException"
        | "BadDigest"
        | "IncompleteBody"
        | "XAmzContentChecksumMismatch"
        | "XAmzContentSHA256Mismatch"
        | "OperationAborted"
        | "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "TooManyRequests"
        | "InternalError"
        | "ServiceUnavailable"
        | "Busy" => Kind::Passing,
        // Sent with a status of 503, but no server learns a new method by waiting.
        "NotImplemented" => Kind::Refused,
        _ => match status {
            // A good status and no answer that can be read: the next try shows what became of it.
            Some(200..300 | 408 | 425 | 429 | 500..) => Kind::Passing,
            Some(412) => Kind::Exists,
            _ => Kind::Refused,
        },
    }
}

/// Nothing came back that names an error: the credentials, the network, TLS, or an answer cut in the middle.
fn unanswered(unanswered: &Unanswered, status: Option<u16>) -> Failure {
    let kind = match unanswered {
        Unanswered::Credentials { failed, .. } => Kind::Credentials { expired: *failed },
        Unanswered::Network(failure) if failure.is_passing() => Kind::Passing,
        Unanswered::Network(_) | Unanswered::Unsendable(_) => Kind::Refused,
        Unanswered::Broken { .. } => Kind::Passing,
    };
    Failure {
        kind,
        code: match status {
            Some(status) => format!("status {status}, answer cut short"),
            None => "no answer".to_owned(),
        },
        message: unanswered.to_string(),
        // A connection that was never made carried nothing.
        ambiguous: matches!(unanswered, Unanswered::Broken { asked: true, .. }),
        tries: 1,
    }
}

/// Tries until the answer is final or `patience` has passed since the first try.
///
/// The failure that comes back is ambiguous when any try was.
pub(super) async fn persist<T, F, Fut>(patience: Duration, mut attempt: F) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let out_of_patience = tokio::time::sleep(patience);
    tokio::pin!(out_of_patience);
    let mut wait = FIRST_WAIT;
    let mut ambiguous = false;
    let mut tries = 0;
    loop {
        tries += 1;
        let mut failure = match attempt().await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        ambiguous |= failure.ambiguous;
        failure.ambiguous = ambiguous;
        failure.tries = tries;
        if failure.kind != Kind::Passing {
            return Err(failure);
        }
        tracing::debug!(%failure, tries, "trying again");
        tokio::select! {
            biased;
            () = &mut out_of_patience => return Err(failure),
            () = tokio::time::sleep(with_chance(wait)) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// Between half of `wait` and all of it.
fn with_chance(wait: Duration) -> Duration {
    static TURN: AtomicU32 = AtomicU32::new(0);
    // Chance need not be good here, only different for each client and each turn.
    let seed = std::process::id()
        ^ TURN
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_mul(0x9E37_79B9);
    let mixed = (seed ^ (seed >> 15)).wrapping_mul(0x85EB_CA6B);
    wait / 2 + (wait / 2).mul_f64(f64::from(mixed >> 8) / f64::from(1u32 << 24))
}

/// Runs a call that must show life: the answer, or bytes of `sent` leaving, at least every `silence` or so.
pub(super) async fn lively<T>(
    silence: Duration,
    sent: Option<&Sent>,
    call: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(call);
    let mut before = 0;
    loop {
        tokio::select! {
            biased;
            answer = &mut call => return answer,
            () = tokio::time::sleep(silence) => {
                let now = sent.map_or(0, Sent::bytes);
                if now == before {
                    let text = format!("nothing moved for {} s", silence.as_secs_f32());
                    return Err(Failure::passing(text, sent.is_none_or(Sent::whole)));
                }
                before = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Peer;
    use std::cell::Cell;

    fn refused() -> Failure {
        Failure {
            kind: Kind::Refused,
            ..Failure::passing("no", false)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_shorter_than_the_patience_is_outlasted() {
        let tries = Cell::new(0);
        let result = persist(Duration::from_secs(60), || async {
            tries.set(tries.get() + 1);
            if tries.get() < 12 {
                Err(Failure::passing("down", false))
            } else {
                Ok(tries.get())
            }
        })
        .await;
        assert_eq!(result.unwrap(), 12);
    }

    #[tokio::test(start_paused = true)]
    async fn patience_ends_and_a_refusal_ends_it_at_once() {
        let result: Result<(), _> = persist(Duration::from_secs(10), || async {
            Err(Failure::passing("down", false))
        })
        .await;
        let failure = result.unwrap_err();
        assert!(failure.tries > 3 && !failure.ambiguous, "{failure:?}");
        let result: Result<(), _> =
            persist(Duration::from_secs(10), || async { Err(refused()) }).await;
        assert_eq!(result.unwrap_err().tries, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_doubtful_try_makes_the_refusal_after_it_doubtful() {
        let tries = Cell::new(0);
        let result: Result<(), _> = persist(Duration::from_secs(60), || async {
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => Err(Failure::passing("answer lost", true)),
                2 => Err(Failure::passing("refused connection", false)),
                _ => Err(refused()),
            }
        })
        .await;
        assert!(result.unwrap_err().ambiguous);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_shows_no_life_is_given_up() {
        let never = std::future::pending::<Result<(), Failure>>();
        let failure = lively(Duration::from_secs(30), None, never)
            .await
            .unwrap_err();
        assert!(failure.kind == Kind::Passing && failure.ambiguous);
    }

    #[test]
    fn credentials_that_cannot_be_fetched_without_a_network_are_not_wrong() {
        let credentials = |failed| Unanswered::Credentials {
            cause: "no providers in chain provided credentials".to_owned(),
            failed,
            hint: None,
        };
        for failed in [false, true] {
            let failure = unanswered(&credentials(failed), None);
            assert_eq!(failure.kind, Kind::Credentials { expired: failed });
        }
        let away = Unanswered::Network(crate::aws::Failure::Name {
            peer: Peer::Host("sts".to_owned()),
            cause: "failed to lookup address information".to_owned(),
        });
        assert_eq!(unanswered(&away, None).kind, Kind::Passing);
        assert!(!unanswered(&away, None).ambiguous);
        let broken = |asked| Unanswered::Broken {
            cause: "connection reset by peer".to_owned(),
            asked,
        };
        assert!(unanswered(&broken(true), None).ambiguous);
        assert!(!unanswered(&broken(false), None).ambiguous);
        let untrusted = Unanswered::Network(crate::aws::Failure::Certificate {
            peer: Peer::Host("s3".to_owned()),
            cause: "unknown issuer".to_owned(),
        });
        assert_eq!(unanswered(&untrusted, None).kind, Kind::Refused);
    }

    #[test]
    fn s3_error_codes_are_told_apart() {
        for (code, status, expected) in [
            ("AccessDenied", 403, Kind::Refused),
            ("NoSuchBucket", 404, Kind::Refused),
            ("InvalidObjectState", 403, Kind::Refused),
            ("NotImplemented", 501, Kind::Refused),
            ("PreconditionFailed", 412, Kind::Exists),
            ("ConditionalRequestConflict", 409, Kind::Conflict),
            ("NoSuchUpload", 404, Kind::NoSuchUpload),
            ("ExpiredToken", 400, Kind::Credentials { expired: true }),
            (
                "InvalidAccessKeyId",
                403,
                Kind::Credentials { expired: false },
            ),
            ("SlowDown", 503, Kind::Passing),
            ("InternalError", 200, Kind::Passing),
            ("BadDigest", 400, Kind::Passing),
            ("RequestTimeout", 400, Kind::Passing),
            ("status 502", 502, Kind::Passing),
            ("status 418", 418, Kind::Refused),
            ("status 200", 200, Kind::Passing),
        ] {
            assert_eq!(kind(code, Some(status)), expected, "{code}");
        }
    }
}
