//! Arrays of things that are a name, or say more than that.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::routing::name::NameError;

use super::text::{NAME_EXPECTED, Named};

/// An array of so many elements at most, in order.
pub(in crate::wire) struct Bounded<T, const COUNT_MAX: usize>(pub(in crate::wire) Vec<T>);

struct BoundedVisitor<T, const COUNT_MAX: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const COUNT_MAX: usize> Visitor<'de> for BoundedVisitor<T, COUNT_MAX> {
    type Value = Bounded<T, COUNT_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {COUNT_MAX} elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == COUNT_MAX {
                return Err(A::Error::invalid_value(Unexpected::Other("more"), &self));
            }
            elements.push(element);
        }
        Ok(Bounded(elements))
    }
}

impl<'de, T: Deserialize<'de>, const COUNT_MAX: usize> Deserialize<'de> for Bounded<T, COUNT_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundedVisitor(PhantomData))
    }
}

impl<T: JsonSchema, const COUNT_MAX: usize> JsonSchema for Bounded<T, COUNT_MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Array".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "maxItems": COUNT_MAX, "items": T::json_schema(generator) })
    }
}

/// A name, or an object that says more.
pub(in crate::wire) enum NamedOr<N, T> {
    /// The name alone.
    Name(N),
    /// The members of the object.
    Members(T),
}

struct NamedOrVisitor<N, T>(PhantomData<(N, T)>);

impl<'de, N: FromStr<Err = NameError>, T: Deserialize<'de>> Visitor<'de> for NamedOrVisitor<N, T> {
    type Value = NamedOr<N, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME_EXPECTED} or an object")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(NamedOr::Name).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(NamedOr::Members)
    }
}

impl<'de, N: FromStr<Err = NameError>, T: Deserialize<'de>> Deserialize<'de> for NamedOr<N, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamedOrVisitor(PhantomData))
    }
}

impl<N, T: JsonSchema> JsonSchema for NamedOr<N, T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NameOrObject".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [Named::<N>::json_schema(generator), T::json_schema(generator)] })
    }
}
