//! Arrays and objects of many: bounded in number, refused where a name comes twice.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::routing::name::{NAME_LENGTH_MAX, NameError, SkillName};
use crate::routing::skill::{SkillLevel, Skills};
use crate::routing::ticket::Scalar;

use super::super::bounds::{ATTRIBUTE_TEXT_LENGTH_MAX, ATTRIBUTES_MAX, SKILLS_MAX};
use super::super::unambiguous::{Members, read_members, too_many};
use super::text::{NAME_EXPECTED, Named};
use super::{Whole, inline_schema};

/// The name of a member.
struct Key<K>(K);

struct KeyVisitor<K>(PhantomData<K>);

impl<K: FromStr<Err = NameError>> Visitor<'_> for KeyVisitor<K> {
    type Value = Key<K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "every member's name to be {NAME_EXPECTED}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Key).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de, K: FromStr<Err = NameError>> Deserialize<'de> for Key<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor(PhantomData))
    }
}

impl<K: Ord + fmt::Display, V> Members<Key<K>, V> for BTreeMap<K, V> {
    fn count(&self) -> usize {
        self.len()
    }

    fn keep(&mut self, Key(name): Key<K>, value: V) -> Result<(), String> {
        match self.entry(name) {
            Entry::Occupied(there) => Err(there.key().to_string()),
            Entry::Vacant(free) => {
                free.insert(value);
                Ok(())
            }
        }
    }
}

/// Reads the members of an object whose names are names of one kind.
fn read_named<'de, K, V, A>(map: A, count_max: usize) -> Result<BTreeMap<K, V>, A::Error>
where
    K: FromStr<Err = NameError> + Ord + fmt::Display,
    V: Deserialize<'de>,
    A: MapAccess<'de>,
{
    read_members::<Key<K>, V, _, _>(map, count_max)
}

/// Reads the elements of an array of names; their number is bounded, and repeats count once.
fn read_names<'de, T, A>(mut array: A, count_max: usize) -> Result<BTreeSet<T>, A::Error>
where
    T: FromStr<Err = NameError> + Ord,
    A: SeqAccess<'de>,
{
    let mut names = BTreeSet::new();
    let mut count: usize = 0;
    while let Some(Named(name)) = array.next_element()? {
        count += 1;
        if count > count_max {
            return Err(too_many(count_max, "elements"));
        }
        names.insert(name);
    }
    Ok(names)
}

/// An array of names.
pub(in crate::wire) struct NameSet<T, const COUNT_MAX: usize>(pub(in crate::wire) BTreeSet<T>);

impl<T, const COUNT_MAX: usize> Default for NameSet<T, COUNT_MAX> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

struct NameSetVisitor<T, const COUNT_MAX: usize>(PhantomData<T>);

impl<'de, T: FromStr<Err = NameError> + Ord, const COUNT_MAX: usize> Visitor<'de> for NameSetVisitor<T, COUNT_MAX> {
    type Value = NameSet<T, COUNT_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array of at most {COUNT_MAX} names")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
        read_names(array, COUNT_MAX).map(NameSet)
    }
}

impl<'de, T: FromStr<Err = NameError> + Ord, const COUNT_MAX: usize> Deserialize<'de> for NameSet<T, COUNT_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(NameSetVisitor(PhantomData))
    }
}

impl<T, const COUNT_MAX: usize> JsonSchema for NameSet<T, COUNT_MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = Named::<T>::json_schema(generator);
        json_schema!({ "type": "array", "items": name, "maxItems": COUNT_MAX })
    }
}

/// An object whose members' names are names of one kind.
pub(in crate::wire) struct NamedMap<K, V, const COUNT_MAX: usize>(pub(in crate::wire) BTreeMap<K, V>);

impl<K, V, const COUNT_MAX: usize> Default for NamedMap<K, V, COUNT_MAX> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

struct NamedMapVisitor<K, V, const COUNT_MAX: usize>(PhantomData<(K, V)>);

impl<'de, K, V, const COUNT_MAX: usize> Visitor<'de> for NamedMapVisitor<K, V, COUNT_MAX>
where
    K: FromStr<Err = NameError> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    type Value = NamedMap<K, V, COUNT_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {COUNT_MAX} members")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        read_named(map, COUNT_MAX).map(NamedMap)
    }
}

impl<'de, K, V, const COUNT_MAX: usize> Deserialize<'de> for NamedMap<K, V, COUNT_MAX>
where
    K: FromStr<Err = NameError> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamedMapVisitor(PhantomData))
    }
}

/// An object of many members, each named by a name.
fn members_schema(value: &Schema, count_max: usize) -> Schema {
    json_schema!({
        "type": "object", "additionalProperties": value, "maxProperties": count_max,
        "propertyNames": { "minLength": 1, "maxLength": NAME_LENGTH_MAX },
    })
}

impl<K, V: JsonSchema, const COUNT_MAX: usize> JsonSchema for NamedMap<K, V, COUNT_MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("MembersOf{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        members_schema(&V::json_schema(generator), COUNT_MAX)
    }
}

/// As [`SkillLevel`] bounds it.
type Level = Whole<1, 10>;

/// Skills: an object of levels, or an array of names, which is level 1 of each.
#[derive(Default)]
pub(in crate::wire) struct SkillSet(pub(in crate::wire) Skills);

struct SkillSetVisitor;

impl<'de> Visitor<'de> for SkillSetVisitor {
    type Value = SkillSet;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of skills with levels from 1 to 10 or an array of skills")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let levels: BTreeMap<SkillName, Level> = read_named(map, SKILLS_MAX)?;
        let level = |Whole(number): Level| {
            u8::try_from(number).ok().and_then(SkillLevel::new).expect("a level was just read within its bounds")
        };
        Ok(SkillSet(Skills(levels.into_iter().map(|(name, number)| (name, level(number))).collect())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
        let names: BTreeSet<SkillName> = read_names(array, SKILLS_MAX)?;
        Ok(SkillSet(Skills(names.into_iter().map(|name| (name, SkillLevel::MIN)).collect())))
    }
}

impl<'de> Deserialize<'de> for SkillSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SkillSetVisitor)
    }
}

impl JsonSchema for SkillSet {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Skills".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let levels = members_schema(&Level::json_schema(generator), SKILLS_MAX);
        json_schema!({ "anyOf": [levels, NameSet::<SkillName, SKILLS_MAX>::json_schema(generator)] })
    }
}

/// The value of an attribute.
struct AttributeValue(Scalar);

struct AttributeValueVisitor;

impl Visitor<'_> for AttributeValueVisitor {
    type Value = AttributeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string of at most {ATTRIBUTE_TEXT_LENGTH_MAX} bytes or a number or a boolean or null")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(AttributeValue(Scalar::Bool(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(AttributeValue(Scalar::Int(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(AttributeValue(i64::try_from(value).map_or(Scalar::Large(value), Scalar::Int)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(AttributeValue(Scalar::Float(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.len() > ATTRIBUTE_TEXT_LENGTH_MAX {
            return Err(E::invalid_value(Unexpected::Str(value), &self));
        }
        Ok(AttributeValue(Scalar::Text(value.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(AttributeValue(Scalar::Null))
    }
}

impl<'de> Deserialize<'de> for AttributeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AttributeValueVisitor)
    }
}

/// The name of an attribute: a name like all others, kept as a plain string.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct AttributeName(String);

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AttributeName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        match text.len() {
            0 => Err(NameError::Empty),
            length if length > NAME_LENGTH_MAX => Err(NameError::TooLong),
            _ if text.chars().any(char::is_control) => Err(NameError::ControlCharacter),
            _ => Ok(Self(text.to_owned())),
        }
    }
}

/// A ticket's attributes: an object of scalars.
#[derive(Default)]
pub(in crate::wire) struct Attributes(pub(in crate::wire) BTreeMap<String, Scalar>);

struct AttributesVisitor;

impl<'de> Visitor<'de> for AttributesVisitor {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of at most {ATTRIBUTES_MAX} strings and numbers and booleans and nulls")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let members: BTreeMap<AttributeName, AttributeValue> = read_named(map, ATTRIBUTES_MAX)?;
        Ok(Attributes(members.into_iter().map(|(name, value)| (name.0, value.0)).collect()))
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AttributesVisitor)
    }
}

impl JsonSchema for Attributes {
    inline_schema!("Attributes", {
        let scalar = json_schema!({
            "type": ["string", "number", "boolean", "null"], "maxLength": ATTRIBUTE_TEXT_LENGTH_MAX,
        });
        members_schema(&scalar, ATTRIBUTES_MAX)
    });
}
