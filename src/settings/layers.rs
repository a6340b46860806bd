//! The layers of the configuration, laid over each other: defaults, the organisation's file, the person's file,
//! environment, flags, and the policy above all of them.
//!
//! Nothing here gives a value a meaning; `settings` does.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use directories::{BaseDirs, ProjectDirs};

use super::file::{File, Found, Role, absent};
use super::key::{Key, near};
use super::origin::{Mistake, Origin, Place, Problem};
use super::table::SPECS;
use super::value::{Paths, Value};

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
pub(crate) const REASON: &str = "SSM_REC_REASON";
/// Variables of ours that are no settings.
const OTHERS: [&str; 4] = [
    TRIAL,
    PERSON,
    REASON,
    // Set by `examples/sandbox.rs` for the program that it runs.
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
pub(crate) struct Flags(Vec<(Key, &'static str, String)>);

/// What a command does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It writes recordings: the policy binds it wholly.
    Record,
    /// It reads recordings: `--store` may point at another store, whatever the policy says about where recordings go.
    Read,
}

/// One setting as it came out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InForce {
    pub(crate) value: Option<Value>,
    pub(crate) origin: Origin,
    /// Who else set it, in vain, highest first.
    pub(crate) overruled: Vec<Place>,
}

/// A file that was looked for.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) role: Role,
    pub(crate) path: PathBuf,
    pub(crate) there: bool,
}

/// All settings as they came out, and everything that is wrong with where they come from.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    in_force: Vec<InForce>,
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) looked: Vec<Looked>,
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
        let known: Vec<_> = SPECS
            .iter()
            .filter_map(|spec| spec.key.variable())
            .collect();
        self.environment
            .keys()
            .filter(|name| !known.contains(name) && !OTHERS.contains(&name.as_str()))
            .map(|name| {
                let nearest = near(name, known.iter().map(String::as_str)).map(str::to_owned);
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
    /// Adds what was given with one flag, as it was typed.
    #[must_use]
    pub(crate) fn with(
        mut self,
        key: Key,
        flag: &'static str,
        given: Option<impl Into<String>>,
    ) -> Self {
        self.0.extend(given.map(|given| (key, flag, given.into())));
        self
    }

    /// Adds a flag that takes no value, when it was given.
    #[must_use]
    pub(crate) fn with_switch(self, key: Key, flag: &'static str, given: bool) -> Self {
        self.with(key, flag, given.then_some("true"))
    }
}

impl Layers {
    /// Reads every source and lays them over each other.
    pub(crate) fn read(sources: &Sources, flags: &Flags, purpose: Purpose) -> Self {
        let mut layers = Self {
            in_force: defaults(sources),
            mistakes: Vec::new(),
            looked: Vec::new(),
        };
        let organisation = layers.file(sources, &sources.organisation, Role::Organisation);
        let policy = organisation.policy.clone();
        layers.lay(organisation.values);
        if let Some(path) = &sources.person {
            let person = layers.file(sources, path, Role::Person);
            if sources.person_named && layers.looked.last().is_some_and(|looked| !looked.there) {
                layers.mistakes.push(Mistake {
                    place: Place::File(path.clone()),
                    problem: Problem::Unreadable("there is no such file".to_owned()),
                });
            }
            layers.lay(person.values);
        }
        let environment = layers.environment(sources);
        layers.lay(environment);
        let flags = layers.flags(sources, flags, &policy, purpose);
        let free =
            |key: &Key| purpose == Purpose::Read && *key == Key::Store && flags.contains_key(key);
        let policy = policy.into_iter().filter(|(key, _)| !free(key)).collect();
        layers.lay(flags.clone());
        layers.fix(policy);
        layers
    }

    /// One setting as it came out.
    pub(crate) fn in_force(&self, key: Key) -> &InForce {
        &self.in_force[key as usize]
    }

    fn file(&mut self, sources: &Sources, path: &Path, role: Role) -> File {
        let file = File::read(path, role, sources.home.as_deref());
        self.looked.push(Looked {
            role,
            path: path.to_owned(),
            there: file.is_some(),
        });
        let mut file = file.unwrap_or_default();
        self.mistakes.append(&mut file.mistakes);
        file
    }

    fn environment(&mut self, sources: &Sources) -> BTreeMap<Key, Found> {
        let mut layer = BTreeMap::new();
        for spec in &SPECS {
            let Some(name) = spec.key.variable() else {
                continue;
            };
            let Some(given) = sources.environment.get(&name) else {
                continue;
            };
            let place = Place::Environment(name);
            match given.to_str() {
                Some(given) => self.text(spec.key, given, place, sources, &mut layer),
                None => self.mistakes.push(Mistake {
                    place,
                    problem: Problem::NotText,
                }),
            }
        }
        layer
    }

    fn flags(
        &mut self,
        sources: &Sources,
        flags: &Flags,
        policy: &BTreeMap<Key, Found>,
        purpose: Purpose,
    ) -> BTreeMap<Key, Found> {
        let mut layer = BTreeMap::new();
        for (key, flag, given) in &flags.0 {
            self.text(*key, given, Place::Flag(flag), sources, &mut layer);
        }
        // Whoever asks for something that the policy forbids must not believe to have got it.
        for (key, found) in &layer {
            let binds = purpose == Purpose::Record || *key != Key::Store;
            if let Some(fixed) = policy
                .get(key)
                .filter(|fixed| binds && fixed.value != found.value)
            {
                self.mistakes.push(Mistake {
                    place: found.place.clone(),
                    problem: Problem::Fixed {
                        name: key.name().to_owned(),
                        fixed: fixed.value.toml(),
                        by: fixed.place.clone(),
                    },
                });
            }
        }
        layer
    }

    fn text(
        &mut self,
        key: Key,
        given: &str,
        place: Place,
        sources: &Sources,
        layer: &mut BTreeMap<Key, Found>,
    ) {
        let spec = key.spec();
        let paths = Paths {
            home: sources.home.as_deref(),
            relative: true,
        };
        match spec.kind.read_text(given, paths) {
            Ok(value) => {
                layer.insert(key, Found { value, place });
            }
            Err(refused) => self.mistakes.push(Mistake {
                place,
                problem: refused.problem(spec.name, &spec.kind),
            }),
        }
    }

    fn lay(&mut self, layer: BTreeMap<Key, Found>) {
        for (key, found) in layer {
            let place = found.place.clone();
            self.put(key, found, Origin::Set(place));
        }
    }

    fn fix(&mut self, policy: BTreeMap<Key, Found>) {
        for (key, found) in policy {
            let place = found.place.clone();
            self.put(key, found, Origin::Policy(place));
        }
    }

    fn put(&mut self, key: Key, found: Found, origin: Origin) {
        let slot = &mut self.in_force[key as usize];
        if let Origin::Set(place) = &slot.origin {
            slot.overruled.insert(0, place.clone());
        }
        slot.origin = origin;
        slot.value = Some(found.value);
    }
}

/// What is in force when nobody says anything.
pub(crate) fn defaults(sources: &Sources) -> Vec<InForce> {
    SPECS
        .iter()
        .map(|spec| {
            let below = |folder: &str| {
                let data = sources.data.as_ref()?;
                Some(Value::Text(data.join(folder).display().to_string()))
            };
            let value = match spec.key {
                Key::Store => below("store"),
                Key::Spool => below("spool"),
                _ => spec.default.and_then(|text| {
                    let paths = Paths {
                        home: None,
                        relative: true,
                    };
                    spec.kind.read_text(text, paths).ok()
                }),
            };
            InForce {
                value,
                origin: Origin::Default,
                overruled: Vec::new(),
            }
        })
        .collect()
}
