//! A key of the configuration, declared once: its name, its form with bounds, its default, its meaning.
//!
//! The declaration is what [`super::section::Section`] reads by and what [`super::reference`] prints, so that the two
//! can't drift apart.

use serde_json::Value;

use super::form::Form;

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Absent {
    /// This value, as TOML.
    Default(&'static str),
    /// Something that is no value of the key: `as the channel says`.
    Means(&'static str),
    /// It has to be there.
    Required,
}

/// A key whose values have the form `F`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<F> {
    pub(super) name: &'static str,
    pub(super) form: F,
    pub(super) absent: Absent,
    pub(super) meaning: &'static str,
}

impl<F: Form> Key<F> {
    /// A key with a default, given as TOML for the reference; a test holds it to the default in the code.
    pub(super) const fn new(name: &'static str, form: F, default: &'static str, meaning: &'static str) -> Self {
        Self { name, form, absent: Absent::Default(default), meaning }
    }

    /// A key whose absence means something that is no value.
    pub(super) const fn optional(name: &'static str, form: F, absent: &'static str, meaning: &'static str) -> Self {
        Self { name, form, absent: Absent::Means(absent), meaning }
    }

    /// A key that has to be there.
    pub(super) const fn required(name: &'static str, form: F, meaning: &'static str) -> Self {
        Self { name, form, absent: Absent::Required, meaning }
    }
}

/// A key as the reference sees it, whatever its form.
pub(super) trait Described: Sync {
    fn name(&self) -> &'static str;
    fn absent(&self) -> Absent;
    fn meaning(&self) -> &'static str;
    /// What its values look like, with their bounds.
    fn expected(&self) -> String;
    /// The same for programs, as JSON Schema.
    fn schema(&self) -> Value;
}

impl<F: Form + Sync> Described for Key<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn absent(&self) -> Absent {
        self.absent
    }

    fn meaning(&self) -> &'static str {
        self.meaning
    }

    fn expected(&self) -> String {
        self.form.expected()
    }

    fn schema(&self) -> Value {
        self.form.schema()
    }
}

/// The keys of one section.
pub(super) type Keys = &'static [&'static dyn Described];
