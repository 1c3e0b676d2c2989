//! Automations, what they set, and what tickets remember of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rolecall::journal::Entry;
use rolecall::routing::automation::{Automation, AutomationActions, Occasion, Settings};
use rolecall::routing::event::Taking;
use rolecall::routing::offer::{Reason, Trigger};
use rolecall::routing::role::Role;
use rolecall::routing::{AutomationName, Catalogue, Command, Event, Millis, Permission, Priority, Timestamp};

use super::{agent, channel, role, skills, taking, ticket};

pub(super) fn entries() -> Vec<Entry> {
    let name = |text| AutomationName::parse(text).expect("a name");
    let refund = || BTreeSet::from([Permission::parse("refund.issue").expect("a name")]);
    let waits = Automation {
        name: name("VIP waits too long"),
        on: Occasion::Waiting,
        after: Millis(300_000),
        when: Some("customer.tier == 'vip'".to_owned()),
        times: 3,
        set: AutomationActions {
            role: Some(role()),
            priority: Some(Priority::HIGH),
            raise_priority: 2,
            skills: skills(),
            permissions: refund(),
            release: false,
        },
        notify: Some("A VIP has been waiting for five minutes".to_owned()),
    };
    let tells = |on| Automation {
        name: name("tells"),
        on,
        after: Millis::ZERO,
        when: None,
        times: 1,
        set: AutomationActions { release: on == Occasion::Silent, ..AutomationActions::default() },
        notify: None,
    };
    let occasions = [
        Occasion::Owned,
        Occasion::Silent,
        Occasion::Created,
        Occasion::Updated,
        Occasion::RoleChanged,
        Occasion::Returned,
        Occasion::AtRisk,
        Occasion::Breached,
    ];
    let catalogue = Arc::new(Catalogue {
        roles: [(role(), Role::named(role()))].into(),
        automations: [waits].into_iter().chain(occasions.map(tells)).collect(),
        ..Catalogue::default()
    });
    let replaced = Event::CatalogueReplaced { catalogue: Arc::clone(&catalogue), changes: Vec::new(), version: 1 };
    let fired = |agent, set, notify| Event::TicketAutomated {
        ticket: ticket(),
        role: Some(role()),
        channel: channel(),
        automation: name("VIP waits too long"),
        agent,
        set: Box::new(set),
        notify,
    };
    let set = Settings {
        role: Some(role()),
        priority: Some(Priority::URGENT),
        skills: skills(),
        permissions: refund(),
        released: true,
    };
    let in_vain = Event::AutomationInVain { ticket: ticket(), automation: name("tells") };
    let reason = Reason { trigger: Trigger::Automated, ..Reason::clone(&taking().reason) };
    let events = vec![
        fired(None, Settings::default(), None),
        fired(Some(agent()), set, Some("look".to_owned())),
        in_vain,
        Event::OfferMade { taking: Taking { reason: reason.into(), ..taking() }, expires_at: Timestamp(8) },
    ];
    let commands = [(Command::ReplaceCatalogue { catalogue }, vec![replaced]), (Command::Elapse, events)];
    let entry =
        |(place, (command, events))| Entry { first_seq: place, at: Timestamp(1_700_000_000_000), command, events };
    (1..).zip(commands).map(entry).collect()
}
