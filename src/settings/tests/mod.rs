//! Configurations as small files, variables and flags, and what comes of them.
//!
//! Nothing here reads this machine's own configuration.

mod files;
mod layers;
mod rules;
mod values;

use std::ffi::OsString;
use std::fs;

use super::value::Value;
use super::*;

/// Files in a folder of their own, and a home that is not there.
struct Scene {
    folder: tempfile::TempDir,
    sources: Sources,
}

impl Scene {
    fn new(organisation: &str, person: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            if !text.is_empty() {
                fs::write(&path, text).unwrap();
            }
            path
        };
        let sources = Sources {
            organisation: file("organisation.toml", organisation),
            person: Some(file("person.toml", person)),
            home: Some("/home/ann".into()),
            data: Some("/home/ann/data".into()),
            ..Sources::default()
        };
        Self { folder, sources }
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sources
            .environment
            .insert(name.to_owned(), OsString::from(value));
        self
    }

    fn layers(&self, flags: &Flags) -> Layers {
        Layers::read(&self.sources, flags, Purpose::Record)
    }

    fn settings(&self) -> Settings {
        Settings::of(self.layers(&none())).unwrap()
    }

    /// Value and origin of one setting, paths without their folder.
    fn told(&self, flags: &Flags, spec: &Spec) -> (String, String) {
        let layers = self.layers(flags);
        assert_eq!(layers.mistakes, [], "no mistakes were meant here");
        let in_force = layers.values.in_force(spec);
        let value = in_force
            .value
            .as_ref()
            .map_or_else(|| "-".to_owned(), Value::toml);
        (value, self.plain(&in_force.origin.to_string()))
    }

    /// Every mistake with its hint, paths without their folder.
    fn mistakes(&self, flags: &Flags) -> Vec<String> {
        let layers = self.layers(flags);
        let told = |mistake: &Mistake| {
            let hint = mistake.problem.hint().map(|hint| format!(" ({hint})"));
            self.plain(&format!("{mistake}{}", hint.unwrap_or_default()))
        };
        layers.mistakes.iter().map(told).collect()
    }

    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

fn none() -> Flags {
    Flags::default()
}

#[track_caller]
fn check_person(text: &str, expected: &[&str]) {
    assert_eq!(Scene::new("", text).mistakes(&none()), expected);
}
