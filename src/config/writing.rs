//! The way back: a table of the file made from what its reader made of it, key by key.
//!
//! Whoever writes a table takes the noun apart member by member, so that a new member does not compile until it is
//! written, and hands over all keys of the table, so that a key that nobody wrote is noticed by whatever writes it first.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt::{Debug, Display};

use super::duration;
use super::form::{Choice, Flag, Form, Length, Name, PriorityForm, RoleReference, Share, Text, Whole};
use super::key::{Absent, Key, Keys};
use super::list::{List, Set};
use super::written::Written;

/// A form that can be written back: reading what it writes gives the same value.
pub(super) trait Writes: Form {
    /// The value as a file has it.
    fn write(&self, value: &Self::Value) -> Written;
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its key.
    pub(super) key: &'static str,
    /// What the key means, as the reference says it.
    pub(super) meaning: &'static str,
    /// Its value; `None` where the key is absent, and that is no value.
    pub(super) value: Option<Written>,
    /// What holds where the key is absent: a value as TOML, or `the channel's`.
    pub(super) absent: &'static str,
    default: bool,
}

impl Member {
    /// Whether a file that leaves the key out says the same.
    pub(super) fn is_default(&self) -> bool {
        self.default
    }
}

/// A table that is being written.
#[derive(Debug, Default)]
pub(super) struct Writing {
    members: Vec<Member>,
}

impl Writing {
    /// Writes a key that has a value.
    pub(super) fn put<F: Writes>(&mut self, key: &Key<F>, value: impl Borrow<F::Value>) {
        self.add(key, Some(key.form.write(value.borrow())));
    }

    /// Writes a key that may have none.
    pub(super) fn put_some<F: Writes>(&mut self, key: &Key<F>, value: Option<impl Borrow<F::Value>>) {
        self.add(key, value.map(|value| key.form.write(value.borrow())));
    }

    fn add<F: Form>(&mut self, key: &Key<F>, value: Option<Written>) {
        let absent = match key.absent {
            Absent::Default(text) | Absent::Means(text) => text,
            Absent::Required => "",
        };
        let default = match (&value, key.absent) {
            (None, _) => true,
            (Some(value), Absent::Default(default)) => value.to_string() == default,
            (Some(_), Absent::Means(_) | Absent::Required) => false,
        };
        self.members.push(Member { key: key.name, meaning: key.meaning, value, absent, default });
    }

    /// The table, in the order of its keys.
    ///
    /// # Panics
    /// Where a key of the table was not written, or was written twice.
    pub(super) fn finish(self, keys: Keys) -> Vec<Member> {
        let written: BTreeSet<&str> = self.members.iter().map(|member| member.key).collect();
        let declared: BTreeSet<&str> = keys.iter().map(|key| key.name()).collect();
        assert_eq!(written, declared, "every key of a table is written");
        assert_eq!(self.members.len(), declared.len(), "every key of a table is written once");
        let place = |member: &Member| keys.iter().position(|key| key.name() == member.key);
        let mut members = self.members;
        members.sort_by_key(place);
        members
    }

    /// The same as a value, without what is as by default.
    pub(super) fn into_table(self, keys: Keys) -> Written {
        let told = self.finish(keys).into_iter().filter(|member| !member.is_default());
        Written::Table(told.filter_map(|member| Some((member.key.to_owned(), member.value?))).collect())
    }
}

impl Writes for Flag {
    fn write(&self, flag: &bool) -> Written {
        Written::Flag(*flag)
    }
}

impl<T: Debug + Copy + Into<u64> + TryFrom<u64>> Writes for Whole<T> {
    fn write(&self, number: &T) -> Written {
        Written::Whole((*number).into())
    }
}

impl Writes for Length {
    fn write(&self, length: &crate::routing::Millis) -> Written {
        Written::Text(duration::format(*length))
    }
}

impl Writes for Text {
    fn write(&self, text: &String) -> Written {
        Written::text(text)
    }
}

impl<T: Debug + Display> Writes for Name<T> {
    fn write(&self, name: &T) -> Written {
        Written::text(name)
    }
}

impl Writes for RoleReference {
    fn write(&self, name: &crate::routing::RoleName) -> Written {
        Written::text(name)
    }
}

impl<T: Debug + Copy + PartialEq> Writes for Choice<T> {
    fn write(&self, chosen: &T) -> Written {
        let word = self.options.iter().find(|(_, value)| value == chosen).map(|(word, _)| *word);
        Written::text(word.expect("every value of a choice has its word"))
    }
}

impl Writes for PriorityForm {
    fn write(&self, priority: &crate::routing::Priority) -> Written {
        match Self::NAMED.options.iter().find(|(_, value)| value == priority) {
            Some((word, _)) => Written::text(word),
            None => Written::Whole(priority.get().into()),
        }
    }
}

impl Writes for Share {
    fn write(&self, permille: &u16) -> Written {
        Written::Share(*permille)
    }
}

impl<F: Writes> Writes for List<F> {
    fn write(&self, values: &Vec<F::Value>) -> Written {
        Written::List(values.iter().map(|value| self.of.write(value)).collect())
    }
}

impl<F: Writes<Value: Ord>> Writes for Set<F> {
    fn write(&self, values: &BTreeSet<F::Value>) -> Written {
        Written::List(values.iter().map(|value| self.of.write(value)).collect())
    }
}
