//! A catalogue for made-up days: the same roles and rules, and every time divided.

use crate::routing::Catalogue;
use crate::routing::Millis;
use crate::routing::channel::OwnerGrace;

/// The shortest time that a division leaves: below this nobody, made up or not, answers an offer.
const SHORTEST: Millis = Millis(500);

/// The catalogue with all its times divided by `speed`.
#[must_use]
pub fn hastened(catalogue: &Catalogue, speed: u32) -> Catalogue {
    let divide = |length: &mut Millis| {
        if !length.is_zero() {
            *length = Millis(length.0 / u64::from(speed.max(1))).max(SHORTEST);
        }
    };
    let mut catalogue = catalogue.clone();
    for channel in catalogue.channels.values_mut() {
        divide(&mut channel.offer_timeout);
        divide(&mut channel.wrap_up);
        if let OwnerGrace::After(grace) = &mut channel.owner_grace {
            divide(grace);
        }
    }
    for role in catalogue.roles.values_mut() {
        role.offer_timeout.iter_mut().chain(role.wrap_up.iter_mut()).for_each(divide);
        [&mut role.priority_worth, &mut role.sticky_wait, &mut role.decline_cooldown].into_iter().for_each(divide);
        role.owning.first_reply_within.iter_mut().for_each(divide);
        if let Some(OwnerGrace::After(grace)) = &mut role.owning.owner_grace {
            divide(grace);
        }
        role.cooldowns.no_answer.iter_mut().chain(role.cooldowns.busy.iter_mut()).for_each(divide);
        role.target.iter_mut().for_each(|target| divide(&mut target.answer_within));
        role.overflow.iter_mut().for_each(|step| divide(&mut step.after));
        // Steps whose times have met on the shortest stay in order.
        let mut before = Millis::ZERO;
        for step in &mut role.overflow {
            step.after = step.after.max(Millis(before.0 + 1));
            before = step.after;
        }
    }
    catalogue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};

    #[test]
    fn times_are_divided_and_stay_in_order() {
        let catalogue = config::parse("example", config::EXAMPLE, &Overrides::none()).unwrap().config.catalogue;
        let hasty = hastened(&catalogue, 10);
        let vip = hasty.roles.values().find(|role| role.name.as_str() == "vip").unwrap();
        assert_eq!(vip.target.map(|target| target.answer_within), Some(Millis(6_000)));
        assert_eq!(vip.overflow.iter().map(|step| step.after.0).collect::<Vec<_>>(), [3_000, 12_000]);
        for role in hastened(&catalogue, 1_000_000).roles.values() {
            assert!(role.overflow.is_sorted_by(|a, b| a.after < b.after), "{}", role.name);
        }
    }
}
