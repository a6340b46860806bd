//! All settings as they came out, each with its origin, and what they mean.
//!
//! Nothing here reads a source, or decides which of several wins.

use std::collections::BTreeMap;
use std::path::Path;

use super::origin::{Origin, Place};
use super::spec::{Setting, Spec};
use super::value::Value;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// One setting as it came out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InForce {
    pub(crate) value: Option<Value>,
    pub(crate) origin: Origin,
    /// Who else set it, in vain, highest first.
    pub(crate) overruled: Vec<Place>,
}

/// Every setting by its name.
#[derive(Clone, Debug)]
pub(crate) struct Values(BTreeMap<&'static str, InForce>);

impl Values {
    /// What is in force when nobody says anything.
    pub(crate) fn defaults(
        specs: impl Iterator<Item = &'static Spec>,
        data: Option<&Path>,
    ) -> Self {
        let in_force = |spec: &'static Spec| InForce {
            value: spec.default(data),
            origin: Origin::Default,
            overruled: Vec::new(),
        };
        Self(specs.map(|spec| (spec.name, in_force(spec))).collect())
    }

    /// One setting as it came out. Every setting is in the table, or the first test that asks for it fails here.
    pub(crate) fn in_force(&self, spec: &Spec) -> &InForce {
        &self.0[spec.name]
    }

    /// What the value in force means; `None` when there is none.
    pub(crate) fn given<T>(&self, setting: &Setting<T>) -> Option<T> {
        let value = self.in_force(&setting.spec).value.as_ref()?;
        setting.meaning(value)
    }

    /// The same for a setting that is off, or empty, when there is no value; one with a default always has one.
    pub(crate) fn of<T: Default>(&self, setting: &Setting<T>) -> T {
        self.given(setting).unwrap_or_default()
    }

    /// Leaves a setting without a value, whoever gave it one: it goes with another that is fixed.
    pub(super) fn fix_unset(&mut self, name: &str, by: Place) {
        if let Some(slot) = self.0.get_mut(name) {
            if let Origin::Set(place) = &slot.origin {
                slot.overruled.insert(0, place.clone());
            }
            slot.origin = Origin::Policy(by);
            slot.value = None;
        }
    }

    /// Whether the organisation's policy fixes a setting.
    pub(crate) fn is_fixed(&self, spec: &Spec) -> bool {
        matches!(self.in_force(spec).origin, Origin::Policy(_))
    }

    /// Puts what was found into force, over what was.
    pub(super) fn put(&mut self, name: &str, value: Value, origin: Origin) {
        let Some(slot) = self.0.get_mut(name) else {
            return;
        };
        if let Origin::Set(place) = &slot.origin {
            slot.overruled.insert(0, place.clone());
        }
        slot.origin = origin;
        slot.value = Some(value);
    }
}
