//! Skills: a name with a level, and a ticket's demand for levels.

use serde::{Deserialize, Serialize};

use super::name::SkillName;
use super::sorted::Sorted;

/// How well: 1 (some) to 10 (nobody better).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct SkillLevel(u8);

impl SkillLevel {
    /// The level demanded where a ticket only names a skill, and held where an agent only names one.
    pub const MIN: Self = Self(1);
    /// The highest level.
    pub const MAX: Self = Self(10);

    /// A level within its bounds.
    #[must_use]
    pub fn new(level: u8) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&level).then_some(Self(level))
    }

    /// The level as a number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// For members that are only written where they say something.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(super) fn no_levels(levels: &u8) -> bool {
    *levels == 0
}

impl TryFrom<u8> for SkillLevel {
    type Error = &'static str;

    fn try_from(level: u8) -> Result<Self, Self::Error> {
        Self::new(level).ok_or("a skill level is a number from 1 to 10")
    }
}

impl From<SkillLevel> for u8 {
    fn from(level: SkillLevel) -> Self {
        level.0
    }
}

/// The skills that somebody has, or that a ticket demands at least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Skills(pub Sorted<SkillName, SkillLevel>);

impl Skills {
    /// Each demanded so many levels lower; what would fall below the lowest is not demanded any more.
    #[must_use]
    pub fn lowered(&self, levels: u8) -> Self {
        let lowered = |level: &SkillLevel| level.0.checked_sub(levels).and_then(SkillLevel::new);
        Self(self.0.iter().filter_map(|(name, level)| Some((name.clone(), lowered(level)?))).collect())
    }

    /// Whether these skills fulfil every level that `demanded` asks for.
    #[must_use]
    pub fn fulfil(&self, demanded: &Self) -> bool {
        self.first_missing(demanded).is_none()
    }

    /// The first demanded skill, by name, that is absent or below its level.
    #[must_use]
    pub fn first_missing<'a>(&self, demanded: &'a Self) -> Option<&'a SkillName> {
        let lacks = |(name, level): &(&SkillName, &SkillLevel)| self.0.get(*name).is_none_or(|own| own < *level);
        demanded.0.iter().find(lacks).map(|(name, _)| name)
    }

    /// The sum of the levels held of the skills that `demanded` names: how well they match.
    #[must_use]
    pub fn match_score(&self, demanded: &Self) -> u32 {
        demanded.0.keys().filter_map(|name| self.0.get(name)).map(|level| u32::from(level.get())).sum()
    }
}
