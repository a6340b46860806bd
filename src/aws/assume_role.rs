//! Roles that a profile assumes, one after the other, with an MFA code where one is wanted.
//!
//! The SDK assumes roles too, but knows neither `mfa_serial` nor `duration_seconds`, and never the credentials that the
//! AWS CLI keeps. Nothing here asks a person by itself: the callback that is handed in does.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::profile::{Profile, ProfileSet};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_sdk_sts::config::Region;
use aws_sdk_sts::error::ProvideErrorMetadata;

use super::answer::{Unanswered, plain};
use super::credential_cache::{Call, CredentialCache};
use super::{Error, SignIn, below};

/// How long kept credentials must last to begin with. As the AWS CLI has it, so that both agree on who is asked.
const LASTS_TO_BEGIN: Duration = Duration::from_secs(15 * 60);
/// How long they must last to go on.
const LASTS_TO_GO_ON: Duration = Duration::from_secs(10);
/// How often a mistyped code is asked for again.
const TRIES: u32 = 3;
/// Where STS is asked when no region is set: the one that is always enabled.
const ANY_REGION: &str = "us-east-1";

/// Asks a person for an MFA code.
#[derive(Clone)]
pub struct AskMfaCode(Arc<Ask>);

type Ask = dyn Fn(&MfaQuestion) -> io::Result<String> + Send + Sync;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MfaQuestion {
    /// The device: an ARN, or a serial number.
    pub serial: String,
    /// The code before this one was not accepted.
    pub again: bool,
}

impl AskMfaCode {
    /// The callback may block; it is given a thread that may.
    pub fn new(ask: impl Fn(&MfaQuestion) -> io::Result<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    async fn ask(&self, question: MfaQuestion) -> Result<String, Error> {
        let ask = Arc::clone(&self.0);
        let serial = question.serial.clone();
        let answer = tokio::task::spawn_blocking(move || ask(&question)).await;
        let answer = answer.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into()));
        answer
            .map(|code| code.trim().to_owned())
            .map_err(|source| Error::NoMfaCode { serial, source })
    }
}

impl fmt::Debug for AskMfaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AskMfaCode")
    }
}

impl PartialEq for AskMfaCode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for AskMfaCode {}

/// A role to assume, as a profile has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Role {
    arn: String,
    mfa_serial: Option<String>,
    external_id: Option<String>,
    session_name: Option<String>,
    duration_seconds: Option<i32>,
}

impl Role {
    fn of(profile: &Profile) -> Result<Option<Self>, Error> {
        // With a web identity the role comes first in the chain, not on top of other credentials: the SDK's affair.
        let (Some(arn), None) = (
            profile.get("role_arn"),
            profile.get("web_identity_token_file"),
        ) else {
            return Ok(None);
        };
        let text = |name| profile.get(name).map(str::to_owned);
        let duration_seconds = match profile.get("duration_seconds") {
            None => None,
            Some(seconds) => Some(seconds.trim().parse().map_err(|_| Error::RoleChain {
                profile: profile.name().to_owned(),
                reason: format!("duration_seconds is {seconds:?}, which is no number"),
            })?),
        };
        Ok(Some(Self {
            arn: arn.to_owned(),
            mfa_serial: text("mfa_serial"),
            external_id: text("external_id"),
            session_name: text("role_session_name"),
            duration_seconds,
        }))
    }

    fn call(&self) -> Call<'_> {
        Call {
            duration_seconds: self.duration_seconds,
            external_id: self.external_id.as_deref(),
            role_arn: &self.arn,
            role_session_name: self.session_name.as_deref(),
            serial_number: self.mfa_serial.as_deref(),
        }
    }
}

/// What the first role is assumed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// Whatever a profile without a role says.
    Profile(String),
    /// Keys that stand in a profile.
    Keys(Credentials),
    /// `Environment`, `Ec2InstanceMetadata` or `EcsContainer`.
    Source(String),
}

/// A profile's roles, the last one to be assumed first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) base: Base,
    roles: Vec<Role>,
}

impl Chain {
    /// The chain that begins at a profile; `None` where it assumes no role.
    ///
    /// # Errors
    /// The profiles lead nowhere.
    pub(super) fn of(profiles: &ProfileSet, name: &str) -> Result<Option<Self>, Error> {
        let mut roles = Vec::new();
        let mut passed = Vec::new();
        let mut name = name.to_owned();
        let base = loop {
            let wrong = |reason: String| Error::RoleChain {
                profile: name.clone(),
                reason,
            };
            let Some(profile) = profiles.get_profile(&name) else {
                if roles.is_empty() {
                    return Ok(None);
                }
                return Err(wrong("there is no such profile".to_owned()));
            };
            if passed.contains(&name) {
                return Err(wrong("its source_profile leads back to itself".to_owned()));
            }
            if !roles.is_empty()
                && let Some(keys) = keys(profile)
            {
                break Base::Keys(keys);
            }
            let Some(role) = Role::of(profile)? else {
                break Base::Profile(name);
            };
            roles.push(role);
            match (
                profile.get("source_profile"),
                profile.get("credential_source"),
            ) {
                (Some(source), None) if source == name => match keys(profile) {
                    Some(keys) => break Base::Keys(keys),
                    None => return Err(wrong("it is its own source and has no keys".to_owned())),
                },
                (Some(source), None) => {
                    let source = source.to_owned();
                    passed.push(std::mem::replace(&mut name, source));
                }
                (None, Some(source)) => break Base::Source(source.to_owned()),
                (Some(_), Some(_)) => {
                    return Err(wrong(
                        "it has both source_profile and credential_source".to_owned(),
                    ));
                }
                (None, None) => {
                    return Err(wrong(
                        "it has a role_arn and neither source_profile nor credential_source"
                            .to_owned(),
                    ));
                }
            }
        };
        Ok((!roles.is_empty()).then_some(Self { base, roles }))
    }

    fn wants_mfa(&self) -> bool {
        self.roles.iter().any(|role| role.mfa_serial.is_some())
    }
}

fn keys(profile: &Profile) -> Option<Credentials> {
    Some(Credentials::new(
        profile.get("aws_access_key_id")?,
        profile.get("aws_secret_access_key")?,
        profile.get("aws_session_token").map(str::to_owned),
        None,
        "profile",
    ))
}

/// Credentials that come of assuming roles.
#[derive(Debug)]
pub(super) struct AssumedRoles {
    chain: Chain,
    base: SharedCredentialsProvider,
    /// Where the base comes from.
    sign_in: SignIn,
    /// Without credentials.
    config: SdkConfig,
    cache: Option<CredentialCache>,
    current: Mutex<Option<Credentials>>,
}

impl AssumedRoles {
    pub(super) fn new(
        chain: Chain,
        base: SharedCredentialsProvider,
        sign_in: SignIn,
        config: SdkConfig,
        cache: Option<CredentialCache>,
    ) -> Self {
        Self {
            chain,
            base,
            sign_in,
            config,
            cache,
            current: Mutex::new(None),
        }
    }

    /// Assumes the roles at once where a person must be asked for it: later the terminal belongs to the session.
    ///
    /// # Errors
    /// A role cannot be assumed.
    pub(super) async fn prepare(&self, ask: &AskMfaCode) -> Result<(), Error> {
        if self.chain.wants_mfa() {
            let credentials = self.obtain(Some(ask), LASTS_TO_BEGIN).await?;
            self.keep(credentials);
        }
        Ok(())
    }

    fn keep(&self, credentials: Credentials) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
    }

    fn now(&self) -> SystemTime {
        self.config
            .time_source()
            .map_or(SystemTime::UNIX_EPOCH, |source| source.now())
    }

    async fn obtain(
        &self,
        ask: Option<&AskMfaCode>,
        lasts: Duration,
    ) -> Result<Credentials, Error> {
        let roles = &self.chain.roles;
        let kept = roles.iter().enumerate().find_map(|(at, role)| {
            let credentials = self.cache.as_ref()?.read(&role.call(), self.now(), lasts)?;
            Some((at, credentials))
        });
        let (left, mut credentials) = match kept {
            Some((at, credentials)) => (at, credentials),
            None => {
                let base = self.base.provide_credentials().await;
                let base = base.map_err(|error| Error::NoCredentials {
                    cause: plain(&error),
                    sign_in: Box::new(self.sign_in.clone()),
                    source: below(&error).cloned(),
                })?;
                (roles.len(), base)
            }
        };
        for role in roles.iter().take(left).rev() {
            credentials = self.assume(role, credentials, ask).await?;
            if let Some(cache) = &self.cache {
                // A cache that cannot be written costs one more question, later.
                let _ = cache.write(&role.call(), &credentials);
            }
        }
        Ok(credentials)
    }

    async fn assume(
        &self,
        role: &Role,
        with: Credentials,
        ask: Option<&AskMfaCode>,
    ) -> Result<Credentials, Error> {
        let config = self
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(with));
        let config = match self.config.region() {
            Some(_) => config.build(),
            None => config.region(Region::from_static(ANY_REGION)).build(),
        };
        let client = aws_sdk_sts::Client::new(&config);
        let session_name = role.session_name.clone().unwrap_or_else(|| {
            let now = self.now().duration_since(SystemTime::UNIX_EPOCH);
            format!("ssm-rec-{}", now.unwrap_or_default().as_secs())
        });
        let mut tries = 0;
        loop {
            let code = match (&role.mfa_serial, ask) {
                (None, _) => None,
                (Some(serial), None) => {
                    return Err(Error::NobodyToAsk {
                        serial: serial.clone(),
                    });
                }
                (Some(serial), Some(ask)) => {
                    let question = MfaQuestion {
                        serial: serial.clone(),
                        again: tries > 0,
                    };
                    Some(ask.ask(question).await?)
                }
            };
            tries += 1;
            let answer = client
                .assume_role()
                .role_arn(&role.arn)
                .role_session_name(&session_name)
                .set_external_id(role.external_id.clone())
                .set_duration_seconds(role.duration_seconds)
                .set_serial_number(role.mfa_serial.clone())
                .set_token_code(code.clone())
                .send()
                .await;
            let given = match answer {
                Ok(answer) => answer.credentials,
                // STS says so of a code that is mistyped, used up or too old.
                Err(error)
                    if code.is_some()
                        && tries < TRIES
                        && error.message().is_some_and(is_about_the_code) =>
                {
                    continue;
                }
                Err(error) => {
                    let cause = match (error.code(), error.message()) {
                        (Some(code), Some(message)) => format!("{code}: {message}"),
                        _ => Unanswered::of(&error).to_string(),
                    };
                    return Err(Error::AssumeRole {
                        role: role.arn.clone(),
                        cause,
                        source: below(&error).cloned(),
                    });
                }
            };
            let given = given.ok_or_else(|| Error::AssumeRole {
                role: role.arn.clone(),
                cause: "the answer lacks the credentials".to_owned(),
                source: None,
            })?;
            return Ok(Credentials::new(
                given.access_key_id,
                given.secret_access_key,
                Some(given.session_token),
                SystemTime::try_from(given.expiration).ok(),
                "AssumeRole",
            ));
        }
    }
}

fn is_about_the_code(message: &str) -> bool {
    message.contains("one time pass code") || message.contains("'tokenCode'")
}

impl ProvideCredentials for AssumedRoles {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let current = self
                .current
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            let lasts = |credentials: &Credentials| {
                credentials
                    .expiry()
                    .is_none_or(|expires| expires > self.now() + LASTS_TO_GO_ON)
            };
            if let Some(credentials) = current.filter(lasts) {
                return Ok(credentials);
            }
            // Nobody can be asked now. Another program may have been, and left the answer in the cache.
            let credentials = self
                .obtain(None, LASTS_TO_GO_ON)
                .await
                .map_err(CredentialsError::provider_error)?;
            self.keep(credentials.clone());
            Ok(credentials)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::sign_in;

    /// As a configuration file has them; the names alone stand in the text.
    async fn profiles(text: &str) -> ProfileSet {
        sign_in::tests::profiles(&text.replace('[', "[profile ")).await
    }

    #[tokio::test]
    async fn a_chain_ends_at_keys_a_profile_or_a_source() {
        let set = profiles(
            "[ops]\nrole_arn=R1\nmfa_serial=M\nsource_profile=mid\n\
             [mid]\nrole_arn=R2\nsource_profile=keys\n\
             [keys]\naws_access_key_id=A\naws_secret_access_key=S\nrole_arn=unused\n\
             [sso]\nrole_arn=R1\nsource_profile=login\n\
             [login]\nsso_session=x\n\
             [box]\nrole_arn=R1\ncredential_source=Ec2InstanceMetadata\n\
             [self]\nrole_arn=R1\nsource_profile=self\naws_access_key_id=A\naws_secret_access_key=S\n\
             [plain]\nregion=x\n\
             [web]\nrole_arn=R1\nweb_identity_token_file=t\n",
        )
        .await;
        let chain = |name| Chain::of(&set, name).unwrap();
        let ops = chain("ops").unwrap();
        assert!(matches!(&ops.base, Base::Keys(keys) if keys.access_key_id() == "A"));
        let arns: Vec<&str> = ops.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(arns, ["R1", "R2"]);
        assert!(ops.wants_mfa());
        assert_eq!(
            chain("sso").unwrap().base,
            Base::Profile("login".to_owned())
        );
        assert_eq!(
            chain("box").unwrap().base,
            Base::Source("Ec2InstanceMetadata".to_owned())
        );
        assert!(matches!(chain("self").unwrap().base, Base::Keys(_)));
        assert_eq!(chain("plain"), None);
        assert_eq!(chain("web"), None);
        assert_eq!(chain("missing"), None);
    }

    #[tokio::test]
    async fn chains_that_lead_nowhere_are_named() {
        let set = profiles(
            "[a]\nrole_arn=R\nsource_profile=b\n[b]\nrole_arn=R\nsource_profile=a\n\
             [c]\nrole_arn=R\nsource_profile=gone\n\
             [d]\nrole_arn=R\n\
             [e]\nrole_arn=R\nsource_profile=a\nduration_seconds=long\n",
        )
        .await;
        for (name, wanted) in [
            ("a", "leads back"),
            ("c", "\"gone\": there is no such profile"),
            ("d", "neither"),
            ("e", "no number"),
        ] {
            let error = Chain::of(&set, name).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
