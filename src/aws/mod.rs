//! Ways to AWS: region, profile, credentials, endpoints, settled once for every call.
//!
//! Knows no service: whoever calls one builds its client from [`Way::config`]. Nothing here prints or asks a person.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::Credentials;

/// How long a connection to a service may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the person chose about the way to AWS; everything else comes from the usual configuration chain.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Overrides the region of profile and environment.
    pub region: Option<String>,
    /// A profile of the shared configuration.
    pub profile: Option<String>,
    /// In place of the usual chain (environment, profile, SSO, instance role).
    pub keys: Option<Keys>,
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
}

impl Way {
    /// Settles region, profile, endpoints and credentials.
    ///
    /// # Errors
    /// What was chosen does not exist or cannot be.
    pub async fn settle(access: &Access) -> Result<Self, Error> {
        let profile = access
            .profile
            .clone()
            .or_else(|| std::env::var("AWS_PROFILE").ok());
        if let Some(profile) = &profile {
            check_profile(profile)?;
        }
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = &access.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &access.profile {
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
        let config = loader.load().await;
        if let Some(region) = config.region() {
            check_region(region.as_ref())?;
        }
        Ok(Self { config })
    }

    /// What every client is built from.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// The region in force, where there is one.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.config.region().map(AsRef::as_ref)
    }
}

/// The region becomes a part of host names.
fn check_region(region: &str) -> Result<(), Error> {
    if !region.is_empty()
        && region
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

/// The SDK passes over a profile that does not exist and then finds no credentials, which says the wrong thing.
fn check_profile(profile: &str) -> Result<(), Error> {
    let home = directories::BaseDirs::new().map(|folders| folders.home_dir().join(".aws"));
    let files = [
        ("AWS_CONFIG_FILE", "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    ];
    let known = files.iter().any(|(variable, name)| {
        let path = std::env::var_os(variable)
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join(name)));
        let text = path
            .and_then(|path| std::fs::read_to_string(path).ok())
            .unwrap_or_default();
        text.lines().any(|line| {
            let section = line
                .trim()
                .strip_prefix('[')
                .and_then(|rest| rest.split_once(']'))
                .map(|(section, _)| section.trim());
            let section =
                section.map(|section| section.strip_prefix("profile").unwrap_or(section).trim());
            section == Some(profile)
        })
    });
    if known || profile == "default" {
        Ok(())
    } else {
        Err(Error::NoSuchProfile {
            profile: profile.to_owned(),
        })
    }
}

/// Why there is no way to AWS.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences are the documentation")]
pub enum Error {
    #[error("{region:?} is no AWS region")]
    Region { region: String },
    #[error("there is no AWS profile {profile:?}")]
    NoSuchProfile { profile: String },
}

impl Error {
    /// What the person can do next.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Region { .. } => {
                    "name one with --region, AWS_REGION, or \"region\" in the profile"
                }
                Self::NoSuchProfile { .. } => "list the profiles: aws configure list-profiles",
            }
            .to_owned(),
        )
    }
}
