//! JSON that cannot be read in two ways: where a member comes twice, one reader takes the first and another the last.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::{Map, Number, Value, map};

use super::unreadable::quote;

/// What the members of an object are kept in, by the names under which they were read.
pub(super) trait Members<N, V>: Default {
    /// How many there are.
    fn count(&self) -> usize;

    /// Keeps one more; of one that is there already the name comes back.
    fn keep(&mut self, name: N, value: V) -> Result<(), String>;
}

/// Reads the members of an object; their number is bounded, and each name comes once.
pub(super) fn read_members<'de, N, V, M, A>(mut map: A, count_max: usize) -> Result<M, A::Error>
where
    N: Deserialize<'de>,
    V: Deserialize<'de>,
    M: Members<N, V>,
    A: MapAccess<'de>,
{
    let mut members = M::default();
    while let Some(name) = map.next_key::<N>()? {
        if members.count() == count_max {
            return Err(too_many(count_max, "members"));
        }
        members.keep(name, map.next_value()?).map_err(|name| {
            A::Error::custom(format_args!("expected every member once, found {:?} twice", quote(&name)))
        })?;
    }
    Ok(members)
}

pub(super) fn too_many<E: Error>(count_max: usize, of_what: &'static str) -> E {
    E::invalid_value(Unexpected::Other("more"), &format!("at most {count_max} {of_what}").as_str())
}

impl Members<String, Unambiguous> for Map<String, Value> {
    fn count(&self) -> usize {
        self.len()
    }

    fn keep(&mut self, name: String, Unambiguous(value): Unambiguous) -> Result<(), String> {
        match self.entry(name) {
            map::Entry::Occupied(there) => Err(there.key().clone()),
            map::Entry::Vacant(free) => {
                free.insert(value);
                Ok(())
            }
        }
    }
}

/// A value in which no member of an object comes twice, however deep.
#[derive(Debug)]
pub struct Unambiguous(pub Value);

struct UnambiguousVisitor;

impl<'de> Visitor<'de> for UnambiguousVisitor {
    type Value = Unambiguous;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Unambiguous(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Unambiguous(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Unambiguous(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Unambiguous(element)) = array.next_element()? {
            elements.push(element);
        }
        Ok(Unambiguous(Value::Array(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        // Whoever takes the whole of a body has bounded its length.
        read_members::<String, Unambiguous, _, _>(map, usize::MAX).map(|members| Unambiguous(Value::Object(members)))
    }
}

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnambiguousVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        serde_json::from_str::<Unambiguous>(text).map(|it| it.0).map_err(|error| error.to_string())
    }

    #[test]
    fn what_can_be_read_in_one_way_is_read_as_by_everybody() {
        let text = r#"{"a":[1,-2,2.5,1e3,true,null,"x\u00e9",{"a":{"a":[]}}],"b":18446744073709551615,"":{}}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_member_that_comes_twice_is_refused_however_deep_and_however_it_is_written() {
        for text in [r#"{"a":1,"b":2,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(r#"expected every member once, found "a" twice at line 1"#), "{error}");
        }
    }
}
