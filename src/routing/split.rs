//! A split: tickets are shared out between roles by weight, each for good.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::draw;
use super::name::{RoleName, RuleName, TicketId};

/// The largest weight of a role in a split.
pub const SPLIT_WEIGHT_MAX: u32 = 1_000_000;

/// Roles with their weights, of which at least one is more than nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Split(pub BTreeMap<RoleName, u32>);

impl Split {
    /// Whether nothing is split.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of all weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().map(|weight| u64::from(*weight)).sum()
    }

    /// The role of a ticket, by the rule that has this split: the same however often it is asked, whatever came before.
    /// Different rules draw independently. None where no role has any weight.
    #[must_use]
    pub fn role_of(&self, seed: u64, rule: &RuleName, ticket: &TicketId) -> Option<&RoleName> {
        let drawn = draw::spread(seed ^ draw::of_name(ticket.as_str()) ^ draw::spread(draw::of_name(rule.as_str())));
        // A share of the total, so that a change of the weights moves as few tickets as can be.
        let scaled = (u128::from(drawn) * u128::from(self.total())) >> u64::BITS;
        let mut point = u64::try_from(scaled).expect("less than the total");
        self.0.iter().find_map(|(role, weight)| match point.checked_sub(u64::from(*weight)) {
            None => Some(role),
            Some(beyond) => {
                point = beyond;
                None
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 42;

    fn split(weights: &[(&str, u32)]) -> Split {
        Split(weights.iter().map(|(name, weight)| (RoleName::parse(name).unwrap(), *weight)).collect())
    }

    fn rule(name: &str) -> RuleName {
        RuleName::parse(name).unwrap()
    }

    /// The role of each of ten thousand tickets.
    fn roles(split: &Split, rule: &RuleName) -> Vec<Option<RoleName>> {
        let ticket = |number| TicketId::parse(&format!("ticket-{number}")).unwrap();
        (0..10_000).map(|number| split.role_of(SEED, rule, &ticket(number)).cloned()).collect()
    }

    fn count(roles: &[Option<RoleName>], role: &str) -> usize {
        roles.iter().filter(|drawn| drawn.as_ref().is_some_and(|drawn| drawn.as_str() == role)).count()
    }

    #[test]
    fn tickets_are_shared_out_by_weight() {
        let roles = roles(&split(&[("vendor-a", 70), ("vendor-b", 30), ("vendor-c", 0)]), &rule("vendors"));
        // Three standard deviations of a binomial distribution are 137.
        assert!(count(&roles, "vendor-a").abs_diff(7_000) < 137, "{}", count(&roles, "vendor-a"));
        assert_eq!(count(&roles, "vendor-a") + count(&roles, "vendor-b"), 10_000);
    }

    #[test]
    fn a_change_of_weights_moves_only_what_it_has_to() {
        let before = roles(&split(&[("a", 70), ("b", 30)]), &rule("r"));
        assert_eq!(before, roles(&split(&[("a", 7), ("b", 3)]), &rule("r")));
        let after = roles(&split(&[("a", 80), ("b", 20)]), &rule("r"));
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        assert!(moved.abs_diff(1_000) < 90, "{moved}");
    }

    #[test]
    fn two_rules_draw_independently() {
        let halves = split(&[("a", 1), ("b", 1)]);
        let (one, other) = (roles(&halves, &rule("one")), roles(&halves, &rule("other")));
        let alike = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        assert!(alike.abs_diff(5_000) < 150, "{alike}");
    }

    #[test]
    fn a_split_without_weight_gives_nobody_anything() {
        let ticket = TicketId::parse("t1").unwrap();
        assert_eq!(split(&[("a", 0)]).role_of(SEED, &rule("r"), &ticket), None);
        assert_eq!(Split::default().role_of(SEED, &rule("r"), &ticket), None);
    }
}
