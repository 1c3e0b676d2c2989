//! Customers: what they want, how they come, and for how long they wait.

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use crate::client::Heard;
use crate::routing::{Millis, Timestamp};
use crate::wire::EventKind;

use super::day::INTENSITY_MAX;
use super::intent::Intent;
use super::{DAY_USUAL, Traffic, scaled};

/// One who waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Customer {
    channel: String,
    /// How often they have begun to wait.
    asked: u32,
}

/// What people come for: how often, the type, on which channels (a channel named twice is twice as likely), and words.
struct Concern {
    weight: u32,
    kind: &'static str,
    channels: &'static [&'static str],
    subjects: &'static [&'static str],
}

const fn concern(
    weight: u32,
    kind: &'static str,
    channels: &'static [&'static str],
    subjects: &'static [&'static str],
) -> Concern {
    Concern { weight, kind, channels, subjects }
}

const CONCERNS: &[Concern] = &[
    concern(
        12,
        "invoice",
        &["call", "email", "email", "chat"],
        &["The invoice shows two months", "Where is my invoice?"],
    ),
    concern(8, "payment", &["call", "chat"], &["My card was refused", "Charged twice"]),
    concern(8, "refund", &["email", "chat", "call"], &["I sent it back three weeks ago", "Refund for order 4711"]),
    concern(12, "fault", &["call", "chat", "chat"], &["The router blinks red", "No dial tone since the storm"]),
    concern(10, "how-to", &["chat", "email"], &["How do I move my mailbox?", "Where is the switch for roaming?"]),
    concern(1, "outage", &["call"], &["The whole street is dark"]),
    concern(5, "enquiry", &["call", "chat", "email"], &["Is fibre available at our place?"]),
    concern(4, "offer", &["email", "call"], &["An offer for fifty seats, please"]),
    concern(4, "order", &["call", "chat"], &["I'd like the big one"]),
    concern(2, "contract", &["email"], &["We'd like to change the term"]),
    concern(6, "mention", &["social"], &["Your hotline plays my song", "Down again?! @us"]),
    concern(4, "post", &["social"], &["Thread about our move with you"]),
    concern(3, "review", &["social"], &["Two stars, and here is why"]),
    concern(7, "question", &["email", "chat", "call"], &["Are you open on Sunday?", "Whom do I talk to about …"]),
    concern(4, "feedback", &["email"], &["Praise for the lady on the phone"]),
];

/// How many customers are VIPs, ask for a language, or name a role that nobody has.
const VIP: f64 = 0.06;
const IN_A_LANGUAGE: f64 = 0.06;
const FOR_NOBODY: f64 = 0.002;

/// For how long people wait at the least, and how much longer in the mean.
fn patience_ms(channel: &str) -> (u64, u64) {
    match channel {
        "call" => (15_000, 60_000),
        "chat" => (20_000, 70_000),
        _ => (120_000, 240_000),
    }
}

impl Traffic {
    /// A Poisson process whose rate follows the day, by thinning (Lewis and Shedler 1979).
    pub(super) fn arrive(&mut self, at: Timestamp) {
        let rate_max_per_ms = self.options.rate * INTENSITY_MAX / 1_000.0;
        let gap_ms = -(1.0 - self.rng.random::<f64>()).ln() / rate_max_per_ms;
        self.agenda.plan(at + Millis(scaled(1, gap_ms.round())), Intent::Arrive);
        if self.rng.random::<f64>() * INTENSITY_MAX < self.day.intensity(at) {
            self.ask(at);
        }
    }

    /// Somebody wants something.
    fn ask(&mut self, at: Timestamp) {
        self.tally.arrived += 1;
        let ticket = format!("{}-{}", self.options.run, self.tally.arrived);
        let concern = CONCERNS
            .choose_weighted(&mut self.rng, |concern| concern.weight)
            .expect("the list is not empty and its weights are positive");
        let channel = *concern.channels.choose(&mut self.rng).expect("every concern has a channel");
        let subject = *concern.subjects.choose(&mut self.rng).expect("every concern has a subject");
        let mut data = json!({
            "ticket_id": ticket,
            "type": concern.kind,
            "channel": channel,
            "subject": subject,
            "customer": {"id": format!("c{}", self.rng.random_range(1_000..9_999))},
        });
        self.embellish(&mut data, concern.kind, channel);
        let kind = if channel == "call" { EventKind::CallQueued } else { EventKind::TicketCreated };
        self.say(kind, at, data);
        self.wait_again(&ticket, channel, at);
    }

    /// What only some tickets have.
    fn embellish(&mut self, data: &mut Value, kind: &str, channel: &str) {
        if self.chance(VIP) && channel != "social" {
            data["customer"]["tier"] = json!("vip");
        }
        match kind {
            "refund" => data["attributes"] = json!({"amount": self.rng.random_range(5..400)}),
            "fault" if self.chance(0.3) => data["skills"] = json!({"networking": self.rng.random_range(2..6)}),
            _ if channel != "social" && self.chance(IN_A_LANGUAGE) => {
                let language = *["fr", "de"].choose(&mut self.rng).expect("the list is not empty");
                data["customer"]["language"] = json!(language);
                data["skills"] = json!({language: 4});
            }
            _ => {}
        }
        if self.chance(0.1) {
            data["priority"] = json!("high");
        }
        if self.chance(FOR_NOBODY) {
            data["role"] = json!("lost-and-found");
        }
    }

    /// Somebody begins to wait, or does so again.
    pub(super) fn wait_again(&mut self, ticket: &str, channel: &str, at: Timestamp) {
        let customer = self.waiting.entry(ticket.to_owned());
        let customer = customer.or_insert_with(|| Customer { channel: channel.to_owned(), asked: 0 });
        customer.asked += 1;
        let intent = Intent::LosePatience { ticket: ticket.to_owned(), asked: customer.asked };
        let (least, more) = patience_ms(channel);
        let drawn = least + scaled(more, -(1.0 - self.rng.random::<f64>()).ln());
        let stretch = self.options.day.as_secs_f64() / DAY_USUAL.as_secs_f64();
        self.agenda.plan(at + Millis(scaled(drawn, stretch)), intent);
    }

    /// Whoever is to be called back waits on no line meanwhile. Here nobody calls: that is another system's work.
    pub(super) fn on_callback(&mut self, heard: &Heard) {
        if heard.ticket().and_then(|ticket| self.waiting.remove(ticket)).is_some() {
            self.tally.to_be_called_back += 1;
        }
    }

    pub(super) fn lose_patience(&mut self, ticket: &str, asked: u32, at: Timestamp) {
        let Some(customer) = self.waiting.get(ticket).filter(|customer| customer.asked == asked) else { return };
        let kind = if customer.channel == "call" { EventKind::CallAbandoned } else { EventKind::TicketCancelled };
        self.waiting.remove(ticket);
        self.tally.gave_up += 1;
        self.say(kind, at, json!({"ticket_id": ticket, "reason": "lost patience"}));
    }
}
