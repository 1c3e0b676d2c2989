//! JSON that cannot be read in two ways: where a member comes twice, one reader takes the first and another the last.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// A value in which no member of an object comes twice, however deep.
#[derive(Debug)]
pub(super) struct Unambiguous(pub(super) Value);

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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("expected every member once, found {name:?} twice")));
            }
            let Unambiguous(value) = map.next_value()?;
            members.insert(name, value);
        }
        Ok(Unambiguous(Value::Object(members)))
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
