//! The skills that agents have, numbered, so that whether somebody has what a ticket demands is a comparison of numbers.
//!
//! A skill has a number while a group has it; what nobody has no group can fulfil.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::name::SkillName;
use super::skill::{SkillLevel, Skills};

/// A numbered skill, and how many groups have it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    number: u32,
    groups: u32,
}

/// The numbers of skills.
#[derive(Debug, Clone, Default)]
pub(super) struct SkillBook {
    entries: HashMap<SkillName, Entry, FixedState>,
    vacant: Vec<u32>,
}

/// Skills by number: what a group has.
#[derive(Debug, Clone)]
pub(super) struct Held(Box<[(u32, SkillLevel)]>);

/// Skills by number: what a ticket demands.
#[derive(Debug, Clone)]
pub(super) enum Demanded {
    /// Each at that level at least.
    AtLeast(Vec<(u32, SkillLevel)>),
    /// One that nobody has.
    TooMuch,
}

impl SkillBook {
    /// One more group has these skills.
    pub(super) fn enter(&mut self, skills: &Skills) -> Held {
        let Self { entries, vacant } = self;
        let held = skills.0.iter().map(|(name, level)| {
            let count = entries.len() + vacant.len();
            let entry = entries.entry(name.clone()).or_insert_with(|| {
                let number = vacant.pop();
                let next = || u32::try_from(count).expect("skills are counted in 32 bits");
                Entry { number: number.unwrap_or_else(next), groups: 0 }
            });
            entry.groups += 1;
            (entry.number, *level)
        });
        Held(held.collect())
    }

    /// One group less has them.
    pub(super) fn leave(&mut self, skills: &Skills) {
        for name in skills.0.keys() {
            let entry = self.entries.get_mut(name).expect("what a group has is numbered");
            entry.groups -= 1;
            if entry.groups == 0 {
                self.vacant.push(entry.number);
                self.entries.remove(name);
            }
        }
    }

    /// What these skills are by number, as a demand.
    pub(super) fn demanded(&self, skills: &Skills) -> Demanded {
        let number = |(name, level): (&SkillName, &SkillLevel)| Some((self.entries.get(name)?.number, *level));
        let numbered: Option<Vec<_>> = skills.0.iter().map(number).collect();
        numbered.map_or(Demanded::TooMuch, Demanded::AtLeast)
    }
}

impl Held {
    /// Whether these skills fulfil what is demanded.
    pub(super) fn fulfil(&self, demanded: &Demanded) -> bool {
        let Demanded::AtLeast(levels) = demanded else { return false };
        let has = |(number, level): &(u32, SkillLevel)| self.0.iter().any(|(own, held)| own == number && held >= level);
        levels.iter().all(has)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skills(levels: &[(&str, u8)]) -> Skills {
        Skills(levels.iter().map(|(name, level)| (name.parse().unwrap(), SkillLevel::new(*level).unwrap())).collect())
    }

    #[test]
    fn numbers_fulfil_what_names_fulfil() {
        let all = [&[][..], &[("de", 3)], &[("de", 5)], &[("en", 1)], &[("de", 4), ("en", 2)], &[("pl", 9)]];
        let mut book = SkillBook::default();
        let held: Vec<(Skills, Held)> = all[..5].iter().map(|held| (skills(held), book.enter(&skills(held)))).collect();
        for demanded in all.iter().map(|demanded| skills(demanded)) {
            for (names, numbers) in &held {
                assert_eq!(
                    numbers.fulfil(&book.demanded(&demanded)),
                    names.fulfil(&demanded),
                    "{names:?} {demanded:?}"
                );
            }
        }
    }

    #[test]
    fn the_number_of_a_skill_that_nobody_has_any_more_is_given_to_the_next() {
        let mut book = SkillBook::default();
        let (german, both) = (skills(&[("de", 3)]), skills(&[("de", 3), ("en", 3)]));
        book.enter(&german);
        book.enter(&both);
        book.leave(&both);
        assert!(matches!(book.demanded(&both), Demanded::TooMuch));
        let polish = book.enter(&skills(&[("pl", 1)]));
        assert!(polish.fulfil(&book.demanded(&skills(&[("pl", 1)]))));
        assert!(!polish.fulfil(&book.demanded(&german)));
        assert_eq!((book.entries.len(), book.vacant.len()), (2, 0));
    }
}
