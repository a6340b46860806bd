//! Where credentials come from, and so what brings new ones when they are missing, expired or unknown.
//!
//! Nothing here fetches credentials, and nothing here holds one.

use std::fmt;

use aws_config::profile::{Profile, ProfileSet};

/// More links than a chain of roles has; one that goes in a circle ends here.
const LONGEST_CHAIN: usize = 16;

/// What credentials come of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Variables.
    Environment {
        /// They end some time.
        temporary: bool,
    },
    /// `aws sso login`.
    Sso(String),
    /// `aws login`.
    Login(String),
    /// A program that the profile names.
    Process(String),
    /// Keys in the shared files.
    Keys {
        /// Whose.
        profile: String,
        /// They end some time.
        temporary: bool,
    },
    /// A token in a file, which something else renews.
    WebIdentity(String),
    /// The machine's role, or nothing at all.
    Unknown(String),
}

impl SignIn {
    /// What gives the credentials that are in force: the environment, where it comes first and has keys, or the profile.
    pub(super) fn of(profiles: &ProfileSet, environment_first: bool) -> Self {
        if environment_first && is_set("AWS_ACCESS_KEY_ID") {
            return Self::environment();
        }
        Self::of_profile(profiles, profiles.selected_profile())
    }

    fn environment() -> Self {
        Self::Environment {
            temporary: is_set("AWS_SESSION_TOKEN"),
        }
    }

    /// What a profile's credentials, or those that its role is assumed with, come of.
    pub(super) fn of_profile(profiles: &ProfileSet, name: &str) -> Self {
        let mut name = name.to_owned();
        for _ in 0..LONGEST_CHAIN {
            let Some(profile) = profiles.get_profile(&name) else {
                break;
            };
            let has = |key| profile.get(key).is_some();
            if has("role_arn") && has("web_identity_token_file") {
                return Self::WebIdentity(name);
            }
            if has("role_arn") {
                match (
                    profile.get("source_profile"),
                    profile.get("credential_source"),
                ) {
                    (Some(source), _) if source != name => {
                        name = source.to_owned();
                        continue;
                    }
                    (None, Some(source)) if source.eq_ignore_ascii_case("environment") => {
                        return Self::environment();
                    }
                    _ => {}
                }
            }
            return Self::of_one(profile, name);
        }
        Self::Unknown(name)
    }

    fn of_one(profile: &Profile, name: String) -> Self {
        let has = |key| profile.get(key).is_some();
        if has("sso_session") || has("sso_start_url") {
            Self::Sso(name)
        } else if has("login_session") {
            Self::Login(name)
        } else if has("credential_process") {
            Self::Process(name)
        } else if has("aws_access_key_id") {
            Self::Keys {
                profile: name,
                temporary: has("aws_session_token"),
            }
        } else {
            Self::Unknown(name)
        }
    }

    /// What the person can do for new credentials.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Environment { temporary: true } => {
                "renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in the environment, or unset them"
                    .to_owned()
            }
            Self::Environment { temporary: false } => {
                "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or unset them"
                    .to_owned()
            }
            Self::Sso(name) => format!("sign in again: aws sso login{}", Flag(name)),
            Self::Login(name) => format!("sign in again: aws login{}", Flag(name)),
            Self::Process(name) => {
                format!("run by hand what profile {name:?} names as credential_process: it has to print credentials")
            }
            Self::Keys {
                profile,
                temporary: true,
            } => format!("renew the keys and the session token of profile {profile:?} in ~/.aws/credentials"),
            Self::Keys { profile, .. } => {
                format!("check the keys of the profile, or enter new ones: aws configure{}", Flag(profile))
            }
            Self::WebIdentity(name) => {
                format!("the token in the web_identity_token_file of profile {name:?} must be there and must not have expired")
            }
            Self::Unknown(_) => {
                "sign in (aws login, or aws sso login), choose a profile with --profile, or run: aws configure".to_owned()
            }
        }
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// ` --profile NAME`, where one has to be named.
struct Flag<'a>(&'a str);

impl fmt::Display for Flag<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        match self.0 {
            "default" => Ok(()),
            name if name.chars().all(plain) => write!(f, " --profile {name}"),
            name => write!(f, " --profile {name:?}"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a configuration file of this text holds.
    #[allow(
        deprecated,
        reason = "the only way to read profiles that are in no file"
    )]
    pub(in crate::aws) async fn profiles(text: &str) -> ProfileSet {
        use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
        let files = ProfileFiles::builder()
            .with_contents(ProfileFileKind::Config, text)
            .build();
        aws_config::profile::load(&Default::default(), &Default::default(), &files, None)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn what_helps_is_told_by_what_the_profile_holds() {
        let set = profiles(
            "[default]\nsso_session=x\n[sso-session x]\nsso_region=r\nsso_start_url=u\n\
             [profile console]\nlogin_session=arn:aws:iam::1:user/x\n\
             [profile tool]\ncredential_process=x\n\
             [profile kept]\naws_access_key_id=A\naws_secret_access_key=S\n\
             [profile lent]\naws_access_key_id=A\naws_secret_access_key=S\naws_session_token=T\n\
             [profile pod]\nrole_arn=R\nweb_identity_token_file=f\n\
             [profile role]\nrole_arn=R\nsource_profile=middle\n[profile middle]\nrole_arn=R\nsource_profile=console\n\
             [profile own]\nrole_arn=R\nsource_profile=own\naws_access_key_id=A\naws_secret_access_key=S\n\
             [profile round]\nrole_arn=R\nsource_profile=about\n[profile about]\nrole_arn=R\nsource_profile=round\n\
             [profile bare]\nregion=x\n",
        )
        .await;
        for (name, expected) in [
            ("default", "sign in again: aws sso login"),
            ("console", "sign in again: aws login --profile console"),
            ("role", "sign in again: aws login --profile console"),
            ("tool", "run by hand what profile \"tool\" names"),
            ("kept", "aws configure --profile kept"),
            ("own", "aws configure --profile own"),
            (
                "lent",
                "renew the keys and the session token of profile \"lent\"",
            ),
            ("pod", "web_identity_token_file of profile \"pod\""),
            ("bare", "choose a profile"),
            ("round", "choose a profile"),
            ("nobody's", "choose a profile"),
        ] {
            let hint = SignIn::of_profile(&set, name).hint();
            assert!(hint.contains(expected), "{name}: {hint}");
        }
    }
}
