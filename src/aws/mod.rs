//! Ways to AWS: region, profile, credentials, endpoints, certificates and proxies, settled once for every connection.
//!
//! Knows no service: whoever calls one builds its client from [`Way::config`], and opens what is no call with
//! [`Way::network`]. Nothing here prints; a person is only asked through the callback that is handed in.
//!
//! What the SDK does by itself is left to it: regions, profiles, SSO, web identities, process, container and instance
//! credentials, FIPS and dual-stack endpoints, `AWS_ENDPOINT_URL` and its kin.

pub mod address;
mod answer;
mod answer_limit;
mod assume_role;
mod certificates;
mod client;
mod credential_cache;
mod endpoints;
mod network;
mod pages;
mod proxy;
mod reach;
mod sign_in;
mod trace;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::identity::IdentityCache;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileSet};
use aws_config::provider_config::ProviderConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};

use assume_role::{AssumedRoles, Base, Chain};
use credential_cache::CredentialCache;

use crate::words::causes;

pub use answer::{Unanswered, blames_clock};
pub use assume_role::{AskMfaCode, MfaQuestion};
pub use certificates::Certificates;
pub use network::{Failure, Network, Peer, Wire};
pub use pages::{Answer, Miss, Pages};
pub use proxy::{Proxies, Proxy};
pub use reach::{Reach, is_inside};
pub use sign_in::SignIn;
pub use trace::{Place, Trace};

/// How long a connection to a service may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long credentials may take to come. A process that gives them may wait for a person: a touch, a browser.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(120);

/// What helps where the service and this machine do not agree about the time.
pub const CLOCK_HINT: &str = "set this machine's clock (timedatectl set-ntp true, or the system's settings for date and time), and try again";

/// What the person chose about the way to AWS; everything else comes from the usual configuration chain.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Overrides the region of profile and environment.
    pub region: Option<String>,
    /// A profile of the shared configuration. Named here it goes before keys in the environment, as with the AWS CLI.
    pub profile: Option<String>,
    /// In place of the usual chain (environment, profile, SSO, instance role).
    pub keys: Option<Keys>,
    /// Asks for the MFA code of a role; without it, a role that wants one is only assumed by what the AWS CLI has kept.
    pub ask_mfa_code: Option<AskMfaCode>,
}

/// Credentials by hand: for tests, and for programs that have them from elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// Never shown.
    pub secret: String,
    /// With temporary credentials. Never shown.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// A settled way: everything that a service's client needs besides the service.
#[derive(Clone, Debug)]
pub struct Way {
    config: SdkConfig,
    network: Network,
    sign_in: SignIn,
}

impl Way {
    /// Settles region, profile, endpoints, certificates, proxies and credentials. Talks to nobody, unless a role wants an
    /// MFA code: then it is asked for and the role assumed.
    ///
    /// # Errors
    /// What was chosen does not exist or cannot be; or the role cannot be assumed.
    pub async fn settle(access: &Access) -> Result<Self, Error> {
        let profiles = profiles(access).await?;
        let network = network_of(Some(&profiles))?;
        let client = client::client(&network)?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .identity_cache(
                IdentityCache::lazy()
                    .load_timeout(CREDENTIALS_TIMEOUT)
                    .build(),
            )
            .http_client(client.clone());
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = chosen_profile(access) {
            loader = loader.profile_name(profile);
        }
        if let Some(keys) = &access.keys {
            let (id, secret) = (keys.id.clone(), keys.secret.clone());
            loader = loader.credentials_provider(Credentials::new(
                id,
                secret,
                keys.session_token.clone(),
                None,
                "options",
            ));
        }
        let mut config = endpoints::without_empty(loader.load().await);
        match config.region().map(AsRef::as_ref) {
            // An empty variable is none.
            Some("") => config = config.into_builder().region(None).build(),
            Some(region) => check_region(region)?,
            None => {}
        }
        if access.keys.is_none() {
            let providers = ProviderConfig::without_region()
                .with_http_client(client)
                .with_region(config.region().cloned())
                .with_use_fips(config.use_fips())
                .with_use_dual_stack(config.use_dual_stack());
            if let Some(provider) = credentials(access, &profiles, &providers, &config).await? {
                config = config.into_builder().credentials_provider(provider).build();
            }
        }
        tracing::debug!(
            region = config.region().map(AsRef::as_ref),
            profile = profiles.selected_profile(),
            proxies = ?network.proxies,
            "the way to AWS is settled"
        );
        Ok(Self {
            sign_in: SignIn::of(&profiles, access.profile.is_none()),
            config,
            network,
        })
    }

    /// What every client is built from.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The same way with connections of its own: those of this one belong to the runtime that opened them.
    ///
    /// # Errors
    /// As [`Way::settle`], for proxies and certificates.
    pub fn apart(&self) -> Result<Self, Error> {
        let client = client::client(&self.network)?;
        let config = self.config.to_builder().http_client(client).build();
        let network = self.network.clone();
        Ok(Self {
            sign_in: self.sign_in.clone(),
            config,
            network,
        })
    }

    /// How connections are opened that are no calls.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Where the credentials come from, and so what helps where there are none.
    #[must_use]
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Shows that something gives credentials, which go nowhere.
    ///
    /// # Errors
    /// Nothing gives any.
    pub async fn gives_credentials(&self) -> Result<(), Error> {
        let none = |cause: String, source| Error::NoCredentials {
            cause,
            sign_in: Box::new(self.sign_in.clone()),
            source,
        };
        let Some(provider) = self.config.credentials_provider() else {
            return Err(none("none are there".to_owned(), None));
        };
        let given = provider.provide_credentials().await;
        given
            .map(drop)
            .map_err(|error| none(answer::plain(&error), below::<Failure>(&error).cloned()))
    }

    /// The endpoint of the person's own for a service, by the id that the SDK has for it.
    #[must_use]
    pub fn own_endpoint(&self, service: &str) -> Option<String> {
        endpoints::own(&self.config, service)
    }

    /// The region in force, where there is one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }
}

/// The shared configuration. The SDK passes over a profile that does not exist and then finds no credentials, which says
/// the wrong thing.
async fn profiles(access: &Access) -> Result<ProfileSet, Error> {
    let chosen = chosen_profile(access).map(Into::into);
    let default = &Default::default();
    let profiles =
        aws_config::profile::load(default, &Default::default(), &Default::default(), chosen)
            .await
            .map_err(|error| Error::Profiles {
                cause: causes(&error),
            })?;
    let name = profiles.selected_profile();
    // Keys by hand need no profile.
    if name != "default" && access.keys.is_none() && profiles.get_profile(name).is_none() {
        return Err(Error::NoSuchProfile {
            profile: name.to_owned(),
        });
    }
    Ok(profiles)
}

/// The profile as the AWS CLI chooses it: by name, `AWS_DEFAULT_PROFILE`, `AWS_PROFILE` (source: botocore's table of
/// variables, in this order). The SDK knows the last one alone. An empty variable is none.
fn chosen_profile(access: &Access) -> Option<String> {
    let named = |variable| std::env::var(variable).ok();
    access
        .profile
        .clone()
        .or_else(|| named("AWS_DEFAULT_PROFILE").filter(|name| !name.is_empty()))
        .or_else(|| match named("AWS_PROFILE")?.as_str() {
            "" => Some("default".to_owned()),
            name => Some(name.to_owned()),
        })
}

/// The network for what is no call to AWS: proxies and certificates hold there too, a profile that is missing does not
/// matter.
///
/// # Errors
/// A proxy or a certificate cannot be used.
pub async fn network() -> Result<Network, Error> {
    network_of(profiles(&Access::default()).await.ok().as_ref())
}

fn network_of(profiles: Option<&ProfileSet>) -> Result<Network, Error> {
    let bundle = std::env::var_os("AWS_CA_BUNDLE")
        .filter(|path| !path.is_empty())
        .or_else(|| profiles?.get("ca_bundle").map(Into::into))
        .map(PathBuf::from);
    Ok(Network {
        proxies: Proxies::from_environment()?,
        certificates: Certificates::load(bundle.as_deref())?,
        reach: Reach::Anywhere,
    })
}

/// Credentials that the SDK's own chain does not give as the AWS CLI does; `None` where it does.
async fn credentials(
    access: &Access,
    profiles: &ProfileSet,
    providers: &ProviderConfig,
    config: &SdkConfig,
) -> Result<Option<SharedCredentialsProvider>, Error> {
    let in_environment = std::env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty());
    if access.profile.is_none() && in_environment {
        return Ok(None);
    }
    let name = profiles.selected_profile();
    let Some(chain) = Chain::of(profiles, name)? else {
        return Ok(access
            .profile
            .as_ref()
            .map(|name| named_profile(name, providers)));
    };
    let base = match &chain.base {
        Base::Keys(keys) => SharedCredentialsProvider::new(keys.clone()),
        Base::Profile(name) => named_profile(name, providers),
        Base::Source(source) => {
            named_source(source, providers).ok_or_else(|| Error::RoleChain {
                profile: name.to_owned(),
                reason: format!("its credential_source is {source:?}, which is none that is known"),
            })?
        }
    };
    let sign_in = SignIn::of_profile(profiles, name);
    let config = config.to_builder().build();
    let roles = AssumedRoles::new(chain, base, sign_in, config, CredentialCache::of_the_cli());
    if let Some(ask) = &access.ask_mfa_code {
        roles.prepare(ask).await?;
    }
    Ok(Some(SharedCredentialsProvider::new(roles)))
}

/// A profile that was asked for by name, without the environment's keys before it.
fn named_profile(name: &str, providers: &ProviderConfig) -> SharedCredentialsProvider {
    let profile = ProfileFileCredentialsProvider::builder()
        .profile_name(name)
        .configure(providers)
        .build();
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", container(providers))
        .or_else("Ec2InstanceMetadata", instance(providers));
    SharedCredentialsProvider::new(chain)
}

fn named_source(source: &str, providers: &ProviderConfig) -> Option<SharedCredentialsProvider> {
    Some(match source.to_ascii_lowercase().as_str() {
        "environment" => {
            SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
        }
        "ecscontainer" => SharedCredentialsProvider::new(container(providers)),
        "ec2instancemetadata" => SharedCredentialsProvider::new(instance(providers)),
        _ => return None,
    })
}

fn container(providers: &ProviderConfig) -> EcsCredentialsProvider {
    EcsCredentialsProvider::builder()
        .configure(providers)
        .build()
}

fn instance(providers: &ProviderConfig) -> ImdsCredentialsProvider {
    ImdsCredentialsProvider::builder()
        .configure(providers)
        .build()
}

/// The region becomes a part of host names.
fn check_region(region: &str) -> Result<(), Error> {
    if region
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-')
    {
        Ok(())
    } else {
        Err(Error::Region {
            region: region.to_owned(),
        })
    }
}

/// The failed connection or the missing credentials below a call's error, if that is what it comes from.
pub fn below<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Why there is no way to AWS.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("{region:?} is no AWS region")]
    Region { region: String },
    #[error("there is no AWS profile {profile:?}")]
    NoSuchProfile { profile: String },
    #[error("the shared AWS configuration does not read: {cause}")]
    Profiles { cause: String },
    #[error("profile {profile:?}: {reason}")]
    RoleChain { profile: String, reason: String },
    #[error("{variable} names no proxy that can be used: {reason}")]
    Proxy {
        variable: &'static str,
        reason: &'static str,
    },
    #[error("cannot use the certificates in {path:?}: {cause}")]
    CaBundle { path: PathBuf, cause: String },
    #[error("this system has no trusted certificates: {cause}")]
    NoRoots { cause: String },
    #[error("no usable AWS credentials: {cause}")]
    NoCredentials {
        cause: String,
        /// Where they should come from.
        sign_in: Box<SignIn>,
        /// Nobody was asked for them.
        source: Option<Failure>,
    },
    #[error("role {role:?} cannot be assumed: {cause}")]
    AssumeRole {
        role: String,
        cause: String,
        /// Nobody was asked for it.
        source: Option<Failure>,
    },
    #[error("no MFA code for {serial:?}: {source}")]
    NoMfaCode { serial: String, source: io::Error },
    #[error(
        "the credentials of MFA device {serial:?} have expired, and nobody can be asked for a code now"
    )]
    NobodyToAsk { serial: String },
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::NoCredentials { sign_in, .. } => return Some(sign_in.hint()),
                Self::AssumeRole { cause, .. } if blames_clock("", cause) => CLOCK_HINT,
                Self::Region { .. } => {
                    "name one with --region, AWS_REGION, or \"region\" in the profile"
                }
                Self::NoSuchProfile { .. } => "list the profiles: aws configure list-profiles",
                Self::Profiles { .. } => "the files are ~/.aws/config and ~/.aws/credentials",
                Self::RoleChain { .. } => "see the profile in ~/.aws/config",
                Self::Proxy { .. } => "it is written like http://USER:PASSWORD@HOST:PORT",
                Self::CaBundle { .. } => {
                    "AWS_CA_BUNDLE, or ca_bundle in the profile, names a file with certificates in PEM"
                }
                Self::NoRoots { .. } => {
                    "install the system's certificates (ca-certificates), or name a file with AWS_CA_BUNDLE"
                }
                Self::AssumeRole { cause, .. } if cause.contains("MultiFactorAuthentication") => {
                    "a code is good once, and for half a minute; check the clock of the device"
                }
                Self::AssumeRole { .. } => {
                    "the role's trust policy must allow these credentials; see who you are with: aws sts get-caller-identity"
                }
                Self::NoMfaCode { .. } => {
                    "a code is asked for at the terminal; without one, sign in first with: aws sts get-caller-identity"
                }
                Self::NobodyToAsk { .. } => {
                    "sign in again in another window: aws sts get-caller-identity"
                }
            }
            .to_owned(),
        )
    }
}
