//! The layers of the configuration, laid over each other: defaults, the organisation's file, the person's file,
//! environment, flags, and the policy above all of them.
//!
//! Nothing here gives a value a meaning; each section does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::file::{File, Role};
use super::in_force::{Found, Values};
use super::kind::Paths;
use super::origin::{Mistake, Origin, Place, Problem};
use super::places::STORE;
use super::rules::{Rules, Said};
use super::sources::{Flags, Sources};
use super::spec::Spec;
use super::table::specs;
use super::upload;

/// What one layer sets, by name.
type Layer = BTreeMap<&'static str, Found>;

/// What a command does with the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It writes recordings: the policy binds it wholly.
    Record,
    /// It reads recordings: `--store` may point at another store, whatever the policy says about where recordings go.
    Read,
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
    pub(crate) values: Values,
    pub(crate) mistakes: Vec<Mistake>,
    pub(crate) looked: Vec<Looked>,
    pub(crate) rules: Rules,
}

/// A store that the policy fixes is a place, not a name: what says where its bucket is holds as the organisation has it,
/// in its policy or else anywhere in its file, and where it has nothing, nobody else has.
struct WithStore {
    by: Place,
    places: Vec<(&'static str, Option<Found>)>,
}

impl WithStore {
    fn of(organisation: &File) -> Option<Self> {
        let by = organisation.policy.get(STORE.spec.name)?.place.clone();
        let not_fixed = |spec: &&&Spec| !organisation.policy.contains_key(spec.name);
        let places = upload::WHERE.iter().filter(not_fixed);
        Some(Self {
            by,
            places: places
                .map(|spec| (spec.name, organisation.values.get(spec.name).cloned()))
                .collect(),
        })
    }

    /// Whoever asks for another place must not believe to have got it.
    fn broken_by(&self, flags: &Layer) -> Vec<Mistake> {
        let mistake = |(name, own): &(&'static str, Option<Found>)| {
            let asked = flags.get(name)?;
            let same = own.as_ref().is_some_and(|own| own.value == asked.value);
            (!same).then(|| Mistake {
                place: asked.place.clone(),
                problem: Problem::FixedWith {
                    name: (*name).to_owned(),
                    by: self.by.clone(),
                },
            })
        };
        self.places.iter().filter_map(mistake).collect()
    }
}

impl Layers {
    /// Reads every source and lays them over each other.
    pub(crate) fn read(sources: &Sources, flags: &Flags, purpose: Purpose) -> Self {
        let mut layers = Self {
            values: Values::defaults(specs(), sources.data.as_deref()),
            mistakes: Vec::new(),
            looked: Vec::new(),
            rules: Rules::default(),
        };
        let organisation = layers.file(sources, &sources.organisation, Role::Organisation);
        let policy = organisation.policy.clone();
        let mut rules_of_person: Vec<Said> = Vec::new();
        let with_store = WithStore::of(&organisation);
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
            rules_of_person = person.rules;
        }
        let environment = layers.environment(sources);
        layers.lay(environment);
        let flags = layers.flags(sources, flags, &policy, purpose);
        let free = |name: &str| {
            purpose == Purpose::Read && name == STORE.spec.name && flags.contains_key(name)
        };
        // Whoever reads from another store says where that one is.
        let with_store = with_store.filter(|_| !free(STORE.spec.name));
        if let Some(with_store) = &with_store {
            layers.mistakes.extend(with_store.broken_by(&flags));
        }
        let policy = policy.into_iter().filter(|(name, _)| !free(name)).collect();
        layers.lay(flags);
        if let Some(WithStore { by, places }) = with_store {
            for (name, own) in places {
                match own {
                    Some(Found { value, place }) => {
                        layers.values.put(name, value, Origin::Policy(place));
                    }
                    None => layers.values.fix_unset(name, by.clone()),
                }
            }
        }
        layers.fix(policy);
        let (rules, mistakes) = Rules::of(organisation.rules, rules_of_person, &layers.values);
        layers.rules = rules;
        layers.mistakes.extend(mistakes);
        layers.mistakes.extend(upload::conflicts(&layers.values));
        layers
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

    fn environment(&mut self, sources: &Sources) -> Layer {
        let mut layer = Layer::new();
        for spec in specs() {
            let Some(name) = spec.variable() else {
                continue;
            };
            let Some(given) = sources.environment.get(&name) else {
                continue;
            };
            let place = Place::Environment(name);
            match given.to_str() {
                Some(given) => self.text(spec, given, place, sources, &mut layer),
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
        policy: &Layer,
        purpose: Purpose,
    ) -> Layer {
        let mut layer = Layer::new();
        for flag in &flags.0 {
            let place = Place::Flag(flag.name);
            self.text(flag.sets, &flag.given, place, sources, &mut layer);
        }
        // Whoever asks for something that the policy forbids must not believe to have got it.
        for spec in specs() {
            let binds = purpose == Purpose::Record || spec.name != STORE.spec.name;
            if let (Some(found), Some(fixed)) = (layer.get(spec.name), policy.get(spec.name))
                && binds
                && fixed.value != found.value
            {
                self.mistakes.push(Mistake {
                    place: found.place.clone(),
                    problem: Problem::Fixed {
                        name: spec.name.to_owned(),
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
        spec: &'static Spec,
        given: &str,
        place: Place,
        sources: &Sources,
        layer: &mut Layer,
    ) {
        let paths = Paths {
            home: sources.home.as_deref(),
            relative: true,
        };
        match spec.kind.read_text(given, paths) {
            Ok(value) => {
                layer.insert(spec.name, Found { value, place });
            }
            Err(refused) => self.mistakes.push(Mistake {
                place,
                problem: refused.problem(spec.name, &spec.kind),
            }),
        }
    }

    fn lay(&mut self, layer: Layer) {
        for (name, Found { value, place }) in layer {
            self.values.put(name, value, Origin::Set(place));
        }
    }

    fn fix(&mut self, policy: Layer) {
        for (name, Found { value, place }) in policy {
            self.values.put(name, value, Origin::Policy(place));
        }
    }
}
