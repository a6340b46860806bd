//! The service calls around a session: start, resume, terminate, and who is asking.
//!
//! Nothing here opens a data channel, and nothing retries beyond what the SDK does by itself.

mod clock;
pub mod current;
mod endpoints;
mod error;
pub mod history;
pub mod nodes;
pub mod preferences;
mod started;
mod stream;

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::types::{SessionFilter, SessionFilterKey, SessionState};

pub use endpoints::Endpoints;
pub use error::Error;

pub use started::{Entrance, Started, is_session_id};

use crate::aws::{Access, Network, Unanswered, Way, address, blames_clock};
use clock::ServiceClock;
use started::Endings;

/// What to ask of StartSession.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `i-…`, `mi-…`.
    pub target: String,
    /// What the person called it, where that was not its id. The service is not told.
    pub target_name: Option<String>,
    /// `None`: the account's default shell document.
    pub document: Option<String>,
    /// 1 to 256 characters.
    pub reason: Option<String>,
    /// As the document defines them.
    pub parameters: BTreeMap<String, Vec<String>>,
}

/// A request that may be made, and whoever let it pass answers for that: a bare [`Request`] starts no session.
pub trait Passed {
    /// What is asked.
    fn request(&self) -> &Request;
}

/// Who asks, as the service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The full ARN.
    pub arn: String,
    /// Twelve digits.
    pub account: String,
}

/// The service, with the credentials and the region in force.
#[derive(Clone, Debug)]
pub struct Service {
    ssm: aws_sdk_ssm::Client,
    sts: aws_sdk_sts::Client,
    region: String,
    network: Network,
    clock: ServiceClock,
    way: Way,
    access: Access,
    endpoint_url: Option<String>,
    endings: Arc<Endings>,
}

impl Service {
    /// Systems Manager by the given way, at `endpoint_url` instead of the region's endpoint if there is one. Talks to
    /// nobody yet.
    ///
    /// # Errors
    /// There is no region, or no way.
    pub async fn open(access: &Access, endpoint_url: Option<&str>) -> Result<Self, Error> {
        Self::by_way(Way::settle(access).await?, access, endpoint_url)
    }

    /// The same by a way that is settled already.
    ///
    /// # Errors
    /// There is no region.
    pub fn by_way(way: Way, access: &Access, endpoint_url: Option<&str>) -> Result<Self, Error> {
        let region = way.region().ok_or(Error::NoRegion)?.to_owned();
        let clock = ServiceClock::default();
        let mut ssm = aws_sdk_ssm::config::Builder::from(way.config()).interceptor(clock.clone());
        if let Some(endpoint) = endpoint_url {
            ssm = ssm.endpoint_url(endpoint);
        }
        let sts = aws_sdk_sts::config::Builder::from(way.config()).interceptor(clock.of_another());
        Ok(Self {
            ssm: aws_sdk_ssm::Client::from_conf(ssm.build()),
            sts: aws_sdk_sts::Client::from_conf(sts.build()),
            region,
            network: way.network().clone(),
            clock,
            way,
            access: Access {
                // In the middle of a session nobody can be asked.
                ask_mfa_code: None,
                ..access.clone()
            },
            endpoint_url: endpoint_url.map(str::to_owned),
            endings: Arc::default(),
        })
    }

    /// The same service by a way that is settled anew: credentials that were renewed since are found. Nobody is asked.
    ///
    /// # Errors
    /// As [`Service::open`].
    pub async fn renewed(&self) -> Result<Self, Error> {
        let region = Some(self.region.clone());
        let access = Access {
            region,
            ..self.access.clone()
        };
        let renewed = Self::open(&access, self.endpoint_url.as_deref()).await?;
        Ok(Self {
            endings: self.endings.clone(),
            ..renewed
        })
    }

    /// The same service with connections of its own, for another runtime.
    fn apart(&self) -> Result<Self, Error> {
        Self::by_way(
            self.way.apart()?,
            &self.access,
            self.endpoint_url.as_deref(),
        )
    }

    /// The way by which it is reached: for whoever talks to another service in the same session.
    #[must_use]
    pub fn way(&self) -> &Way {
        &self.way
    }

    /// The region in force.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// How the data channel is reached.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Lets a data channel's address pass: a host of the region's message service, or whatever an endpoint of the person's
    /// own names.
    ///
    /// # Errors
    /// It leads elsewhere.
    pub fn check_stream(&self, entrance: &Entrance) -> Result<(), Error> {
        let given = self.endpoint_url.as_deref();
        let host = |endpoint| address::bare_host(&address::parse(endpoint).ok()?);
        let asked = given.and_then(host).or_else(|| self.clock.host());
        stream::check(&entrance.stream_url, &self.region, asked.as_deref())
    }

    /// How far this machine's clock is ahead of the service's, as the last answer showed; `None` before any.
    /// The service gives its time in whole seconds.
    #[must_use]
    pub fn clock_offset_ms(&self) -> Option<i64> {
        self.clock.offset_ms()
    }

    /// Starts a session, which is ended again unless somebody carries it.
    ///
    /// # Errors
    /// The service refuses or cannot be reached; the error says why and what to do.
    pub async fn start(&self, passed: &impl Passed) -> Result<Started, Error> {
        let request = passed.request();
        let mut call = self
            .ssm
            .start_session()
            .target(&request.target)
            .set_document_name(request.document.clone())
            .set_reason(request.reason.clone());
        for (name, values) in &request.parameters {
            call = call.parameters(name, values.clone());
        }
        let answer = call
            .send()
            .await
            .map_err(|error| self.error(&error, Subject::Start(request)))?;
        match (answer.session_id, answer.stream_url, answer.token_value) {
            (Some(session_id), Some(stream_url), Some(token)) => {
                tracing::info!(session_id, target = request.target, "a session is started");
                let entrance = Entrance { stream_url, token };
                let is_good = is_session_id(&session_id);
                let started = Started::at(self, session_id, entrance);
                // Ended by being dropped, and named nowhere.
                if is_good {
                    Ok(started)
                } else {
                    Err(Error::SessionId)
                }
            }
            _ => Err(Error::Incomplete {
                call: "StartSession",
            }),
        }
    }

    /// A new way into a running session; `None` when the service says that it is over.
    ///
    /// # Errors
    /// The service cannot be reached or refuses.
    pub async fn resume(&self, session_id: &str) -> Result<Option<Entrance>, Error> {
        let answer = self
            .ssm
            .resume_session()
            .session_id(session_id)
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("DoesNotExistException") => return Ok(None),
            Err(error) => return Err(self.error(&error, Subject::Session(session_id))),
        };
        let token = answer.token_value.filter(|token| !token.is_empty());
        Ok(match (answer.stream_url, token) {
            (Some(stream_url), Some(token)) => Some(Entrance { stream_url, token }),
            _ => None,
        })
    }

    /// Ends a session. That it has ended already is no error.
    ///
    /// # Errors
    /// The service cannot be reached or refuses.
    pub async fn terminate(&self, session_id: &str) -> Result<(), Error> {
        tracing::info!(session_id, "ending the session");
        match self.end(session_id).await {
            Err(Error::NoSuchSession { .. }) => Ok(()),
            ended => ended,
        }
    }

    /// On what a running session runs, as the service tells it; `None` when it tells nothing.
    ///
    /// # Errors
    /// The service cannot be reached or refuses.
    pub async fn target_of(&self, session_id: &str) -> Result<Option<String>, Error> {
        let failed = |error| self.error(&error, Subject::Session(session_id));
        let of_session = SessionFilter::builder()
            .key(SessionFilterKey::SessionId)
            .value(session_id)
            .build();
        let Ok(of_session) = of_session else {
            return Ok(None);
        };
        let answer = self
            .ssm
            .describe_sessions()
            .state(SessionState::Active)
            .filters(of_session)
            .send()
            .await
            .map_err(failed)?;
        let mut sessions = answer.sessions.unwrap_or_default().into_iter();
        let found = sessions.find(|session| session.session_id.as_deref() == Some(session_id));
        Ok(found
            .and_then(|session| session.target)
            .filter(|target| !target.is_empty()))
    }

    /// Who the credentials belong to.
    ///
    /// # Errors
    /// The service cannot be reached or refuses.
    pub async fn caller(&self) -> Result<Caller, Error> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| self.error(&error, Subject::Caller))?;
        match (answer.arn, answer.account) {
            (Some(arn), Some(account)) => Ok(Caller { arn, account }),
            _ => Err(Error::Incomplete {
                call: "GetCallerIdentity",
            }),
        }
    }

    fn error<E, R>(&self, error: &SdkError<E, R>, subject: Subject<'_>) -> Error
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: fmt::Debug + 'static,
    {
        let Some(code) = error.code() else {
            return match Unanswered::of(error) {
                Unanswered::Network(failure) => Error::Network(failure),
                Unanswered::Credentials { cause, hint, .. } => Error::NoCredentials {
                    cause,
                    hint: hint.unwrap_or_else(|| self.way.sign_in().hint()),
                },
                other => Error::Unreachable {
                    cause: other.to_string(),
                },
            };
        };
        let message = error.message().unwrap_or("no further message").to_owned();
        let ahead_ms = self.clock.offset_ms();
        let is_skewed = ahead_ms.is_some_and(|ahead| ahead.unsigned_abs() > MAX_SKEW_MS);
        match (code, subject) {
            (code, _) if blames_clock(code, &message) => Error::ClockSkew { ahead_ms, message },
            // Said of a wrong clock and of expired credentials alike.
            ("RequestExpired", _) if is_skewed => Error::ClockSkew { ahead_ms, message },
            ("TargetNotConnected", Subject::Start(request)) => Error::TargetNotConnected {
                target: request.target.clone(),
            },
            ("InvalidDocument" | "InvalidDocumentContent", Subject::Start(request)) => {
                let document = request
                    .document
                    .clone()
                    .unwrap_or_else(|| DEFAULT_DOCUMENT.to_owned());
                Error::InvalidDocument { document, message }
            }
            ("AccessDeniedException" | "AccessDenied", _) => Error::AccessDenied { message },
            ("ThrottlingException" | "Throttling" | "TooManyRequestsException", _) => {
                Error::Throttled { message }
            }
            ("ExpiredTokenException" | "ExpiredToken" | "RequestExpired", _) => {
                let sign_in = Box::new(self.way.sign_in().clone());
                Error::ExpiredCredentials { sign_in }
            }
            (
                "UnrecognizedClientException"
                | "InvalidClientTokenId"
                | "InvalidSignatureException"
                | "SignatureDoesNotMatch",
                _,
            ) => Error::UnknownCredentials { message },
            ("InternalServerError", _) => Error::Internal { message },
            ("DoesNotExistException", Subject::Session(session_id)) => Error::NoSuchSession {
                session_id: session_id.to_owned(),
            },
            (code, _) => Error::Refused {
                code: code.to_owned(),
                message,
            },
        }
    }
}

/// AWS takes a signature for five minutes before and after.
const MAX_SKEW_MS: u64 = 4 * 60 * 1000;

/// What the account uses when no document is named.
pub const DEFAULT_DOCUMENT: &str = "SSM-SessionManagerRunShell";
/// A command that has a terminal.
pub const INTERACTIVE_DOCUMENT: &str = "AWS-StartInteractiveCommand";

enum Subject<'a> {
    Start(&'a Request),
    Session(&'a str),
    Caller,
}
