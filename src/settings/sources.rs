//! Where configuration may come from: two files, the environment, the flags of a command.
//!
//! Nothing here reads a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::file::absent;
use super::spec::{Setting, Spec};
use super::table::specs;
use crate::words::slip;

/// The organisation's file. A fixed path, from no variable: what a person can set must not lead around a policy.
const ORGANISATION: &str = if cfg!(windows) {
    r"C:\ProgramData\ssm-rec\config.toml"
} else {
    "/etc/ssm-rec/config.toml"
};
/// Names another organisation's file, for a trial of a policy; heeded only on a machine that has none.
pub(crate) const TRIAL: &str = "SSM_REC_ORG_CONFIG";
/// Names the person's file.
const PERSON: &str = "SSM_REC_CONFIG";
/// Gives a reason where no flag can: under the AWS CLI, in an SSH configuration.
const REASON: &str = "SSM_REC_REASON";
/// The reason that the environment gives. An empty one is none: a variable is often set and left empty.
pub(crate) fn reason_of_environment() -> Option<String> {
    std::env::var(REASON)
        .ok()
        .filter(|reason| !reason.trim().is_empty())
}

/// Variables of ours that are no settings.
const OTHERS: [&str; 6] = [
    TRIAL,
    PERSON,
    "SSM_REC_LOG",
    REASON,
    // Read where the key is opened: `recorded/signature.rs`.
    "SSM_REC_SIGN_PASSPHRASE",
    // Set by `examples/sandbox` for the program that it runs.
    "SSM_REC_SANDBOX_CHILD",
];

/// Where configuration may come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) organisation: PathBuf,
    pub(crate) person: Option<PathBuf>,
    /// The person's file was named, so it must be there.
    pub(crate) person_named: bool,
    /// Every variable that begins with `SSM_REC_`.
    pub(crate) environment: BTreeMap<String, OsString>,
    /// What `~/` stands for.
    pub(crate) home: Option<PathBuf>,
    /// Where this person's programs keep their data.
    pub(crate) data: Option<PathBuf>,
    /// A trial file was named on a machine that has the real one.
    pub(crate) trial_refused: bool,
}

/// Which settings a command's flags set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags(pub(super) Vec<Flag>);

/// One of them, as it was typed.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub(super) sets: &'static Spec,
    pub(super) name: &'static str,
    pub(super) given: String,
}

impl Sources {
    /// Those of this process.
    pub(crate) fn here() -> Self {
        let environment: BTreeMap<_, _> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| name.starts_with("SSM_REC_") && !value.is_empty())
            .collect();
        let project = ProjectDirs::from("", "", "ssm-rec");
        let named = environment.get(PERSON).map(PathBuf::from);
        let (organisation, trial_refused) = organisation_file(
            Path::new(ORGANISATION),
            environment.get(TRIAL).map(PathBuf::from),
        );
        Self {
            organisation,
            trial_refused,
            person_named: named.is_some(),
            person: named.or_else(|| {
                project
                    .as_ref()
                    .map(|folders| folders.config_dir().join("config.toml"))
            }),
            home: BaseDirs::new().map(|folders| folders.home_dir().to_owned()),
            data: project.map(|folders| folders.data_local_dir().to_owned()),
            environment,
        }
    }

    /// Variables that look like settings and are none, with the name that was likely meant.
    pub(crate) fn unknown_variables(&self) -> Vec<(&str, Option<String>)> {
        let known: Vec<_> = specs().filter_map(Spec::variable).collect();
        self.environment
            .keys()
            .filter(|name| !known.contains(name) && !OTHERS.contains(&name.as_str()))
            .map(|name| {
                let nearest =
                    slip::nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
                (name.as_str(), nearest)
            })
            .collect()
    }
}

/// The real file when there is one, or when it cannot be seen whether there is; else the trial file.
/// The second half tells that a trial file was named in vain.
pub(super) fn organisation_file(real: &Path, trial: Option<PathBuf>) -> (PathBuf, bool) {
    let missing = matches!(fs::symlink_metadata(real), Err(error) if absent(&error));
    match trial {
        Some(trial) if missing => (trial, false),
        Some(_) => (real.to_owned(), true),
        None => (real.to_owned(), false),
    }
}

impl Flags {
    /// Adds what was given with one flag.
    #[must_use]
    pub(crate) fn with<T>(
        mut self,
        setting: &'static Setting<T>,
        name: &'static str,
        given: Option<impl Into<String>>,
    ) -> Self {
        let sets = &setting.spec;
        self.0.extend(given.map(|given| Flag {
            sets,
            name,
            given: given.into(),
        }));
        self
    }

    /// Adds a flag that takes no value, when it was given.
    #[must_use]
    pub(crate) fn with_switch(
        self,
        setting: &'static Setting<bool>,
        name: &'static str,
        given: bool,
    ) -> Self {
        self.with(setting, name, given.then_some("true"))
    }
}
