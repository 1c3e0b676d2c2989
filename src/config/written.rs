//! Values of the configuration as they are written in a file: a reader's way back.

use std::fmt::{self, Write};

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// The widest line into which a list is put; a longer one has a line for each of its values.
const LINE_LENGTH_MAX: usize = 110;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(u64),
    /// A share, in thousandths.
    Share(u16),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A table, in the order in which it is written.
    Table(Vec<(String, Self)>),
}

impl Written {
    /// A text.
    pub(super) fn text(value: impl fmt::Display) -> Self {
        Self::Text(value.to_string())
    }

    /// The values of a list that has no tables in it.
    pub(super) fn plain_elements(&self) -> Option<&[Self]> {
        match self {
            Self::List(values) if !values.iter().any(|value| matches!(value, Self::Table(_))) => Some(values),
            _ => None,
        }
    }

    /// As a value after `key = `: on one line, or where that were too long, a list with a line for each value.
    pub(super) fn after_key(&self, key: &str) -> String {
        let line = self.to_string();
        match self {
            Self::List(values) if key.len() + line.len() > LINE_LENGTH_MAX => {
                let lines: Vec<String> = values.iter().map(|value| format!("    {value},\n")).collect();
                format!("[\n{}]", lines.concat())
            }
            _ => line,
        }
    }
}

/// As TOML, on one line.
impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Share(1_000) => f.write_str("1.0"),
            Self::Share(permille) => f.write_str(format!("0.{permille:03}").trim_end_matches('0')),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", values.join(", "))
            }
            Self::Table(members) if members.is_empty() => f.write_str("{}"),
            Self::Table(members) => {
                let members: Vec<String> =
                    members.iter().map(|(key, value)| format!("{} = {value}", written_key(key))).collect();
                write!(f, "{{ {} }}", members.join(", "))
            }
        }
    }
}

/// As JSON.
impl Serialize for Written {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_u64(*number),
            Self::Share(permille) => serializer.serialize_f64(f64::from(*permille) / 1_000.0),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                values.iter().try_for_each(|value| list.serialize_element(value))?;
                list.end()
            }
            Self::Table(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
        }
    }
}

/// A key, in quotes where it needs them.
pub(super) fn written_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { basic(key) }
}

/// A text in the quotes that need the fewest escapes: conditions are full of `"`.
pub(super) fn quoted(text: &str) -> String {
    let literal = text.contains(['"', '\\']) && !text.contains(|c: char| c == '\'' || c.is_control());
    if literal { format!("'{text}'") } else { basic(text) }
}

fn basic(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => write!(quoted, "\\u{:04X}", u32::from(c)).expect("a string takes everything"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> toml::Table {
        line.parse().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    #[test]
    fn a_share_is_written_as_people_write_it() {
        let written = |permille| Written::Share(permille).to_string();
        assert_eq!([1, 50, 900, 999, 1_000].map(written), ["0.001", "0.05", "0.9", "0.999", "1.0"]);
    }

    #[test]
    fn conditions_are_written_without_escapes() {
        assert_eq!(quoted(r#"customer.tier == "vip""#), r#"'customer.tier == "vip"'"#);
        assert_eq!(quoted("plain"), "\"plain\"");
        assert_eq!(quoted("it's \"so\""), "\"it's \\\"so\\\"\"");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in any::<String>(), key in any::<String>()) {
            let line = format!("x = {{ {} = [{}] }}", written_key(&key), quoted(&text));
            let table = read(&line);
            let back = table["x"][&key][0].as_str().map(str::to_owned);
            prop_assert_eq!(back, Some(text));
        }
    }
}
