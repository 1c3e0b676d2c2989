//! What replay needs of an event: nothing, where the event tells the outside something and makes nothing true. A third of a
//! journal is of that kind, and is not made into events again only to be dropped.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, EnumAccess, Error, IgnoredAny, IntoDeserializer, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::routing::Event;

/// An event of a replay; nothing where it makes nothing true, so that only its number counts, and its time.
#[derive(Debug)]
pub(super) struct Replayed(pub(super) Option<Event>);

/// How the journal names the events that make nothing true; see `Event` for what each is.
const TOLD: [&str; 3] = ["AgentChanged", "AgentReconciled", "CommandRejected"];

impl<'de> Deserialize<'de> for Replayed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Names are looked at as they are read; which there are the event itself knows.
        deserializer.deserialize_enum("Event", &[], AnyEvent)
    }
}

/// Reads the name of an event, and skips what follows or reads the event.
struct AnyEvent;

impl<'de> Visitor<'de> for AnyEvent {
    type Value = Replayed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Replayed, A::Error> {
        let (name, rest) = access.variant_seed(Name)?;
        match name {
            Named::Told => rest.struct_variant(&[], Skipped).map(|()| Replayed(None)),
            Named::Event(name) => Event::deserialize(Begun { name, rest }).map(Some).map(Replayed),
        }
    }
}

/// The name of an event.
enum Named<'de> {
    Event(Cow<'de, str>),
    Told,
}

struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Named<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Named<'de>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Named<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an event")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Named<'de>, E> {
        Ok(if TOLD.contains(&name) { Named::Told } else { Named::Event(name.into()) })
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Named<'de>, E> {
        Ok(if TOLD.contains(&name) { Named::Told } else { Named::Event(name.to_owned().into()) })
    }
}

/// Skips the members of an event, however they are written.
struct Skipped;

impl<'de> Visitor<'de> for Skipped {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the members of an event")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while members.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// An event whose name has been read.
struct Begun<'de, R> {
    name: Cow<'de, str>,
    rest: R,
}

impl<'de, R: VariantAccess<'de>> EnumAccess<'de> for Begun<'de, R> {
    type Error = R::Error;
    type Variant = R;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, R), R::Error> {
        let name: StrDeserializer<'_, R::Error> = self.name.as_ref().into_deserializer();
        Ok((seed.deserialize(name)?, self.rest))
    }
}

impl<'de, R: VariantAccess<'de>> Deserializer<'de> for Begun<'de, R> {
    type Error = R::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, R::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::command::{Rejection, RejectionCode};
    use crate::routing::{AgentView, BareState, Identity, Timestamp};

    fn told() -> [Event; 3] {
        let agent = || "ana".parse().expect("a name");
        let rejection = Rejection { code: RejectionCode::UnknownAgent, detail: "there is no agent ana".to_owned() };
        let none = Vec::new;
        [
            Event::AgentChanged { agent: agent(), view: AgentView::default() },
            Event::AgentReconciled { agent: agent(), taken: none(), created: none(), returned: none(), ended: none() },
            Event::CommandRejected { rejection, ticket: None, agent: Some(agent()) },
        ]
    }

    fn replayed(event: &Event) -> Option<Event> {
        let bytes = rmp_serde::to_vec_named(event).expect("an event is written");
        rmp_serde::from_slice::<Replayed>(&bytes).expect("and read").0
    }

    #[test]
    fn what_is_skipped_makes_nothing_true_and_counts() {
        let identity = Identity { instance: 1, seed: 1 };
        let (mut applied, mut passed) = (BareState::new(identity), BareState::new(identity));
        for (at, event) in (5..).map(Timestamp).zip(told()) {
            assert_eq!(replayed(&event), None, "{event:?}");
            applied.apply(at, &event);
            passed.pass(at);
        }
        assert_eq!((applied.hash(), applied.next_seq()), (passed.hash(), 4));
    }

    #[test]
    fn what_makes_something_true_is_read_as_it_was_written() {
        let events = [
            Event::ClosedForgotten { before: Timestamp(7) },
            Event::RoleLooked { role: "billing".parse().expect("a name") },
            Event::TicketBreached {
                ticket: "t-1".parse().expect("a name"),
                role: "billing".parse().expect("a name"),
                channel: "call".parse().expect("a name"),
                due_at: Timestamp(9),
            },
        ];
        for event in events {
            assert_eq!(replayed(&event), Some(event));
        }
    }
}
