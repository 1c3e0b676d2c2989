//! How long headers are, and what is left out where they are too long.
//!
//! The headers of a message go in one frame, which can't be cut. RabbitMQ takes a message whose frame is as long as a frame may
//! be (128 KiB, unless it is told otherwise), and closes the connection over one header more. So a message that is handed
//! on with headers of ours beside its own may have to lose some of those.

use lapin::types::{AMQPValue, FieldTable};

/// Headers that were left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub count: usize,
    /// How long they were together, in bytes.
    pub bytes: usize,
}

/// The headers without the longest, so that all together are no longer than that; `None` where they are short enough as they are.
pub(super) fn shortened(headers: &FieldTable, bytes_max: usize) -> Option<(FieldTable, LeftOut)> {
    let mut bytes_left = table_length(headers);
    if bytes_left <= bytes_max {
        return None;
    }
    let mut longest_last: Vec<_> = headers.into_iter().collect();
    longest_last.sort_by_cached_key(|(name, value)| entry_length(name.as_str(), value));
    let mut left_out = LeftOut { count: 0, bytes: 0 };
    while bytes_left > bytes_max
        && let Some((name, value)) = longest_last.pop()
    {
        let length = entry_length(name.as_str(), value);
        bytes_left -= length;
        left_out = LeftOut { count: left_out.count + 1, bytes: left_out.bytes + length };
    }
    let mut kept = FieldTable::default();
    for (name, value) in longest_last {
        kept.insert(name.clone(), value.clone());
    }
    Some((kept, left_out))
}

/// On the wire, without the length that stands before it.
fn table_length(table: &FieldTable) -> usize {
    table.into_iter().map(|(name, value)| entry_length(name.as_str(), value)).sum()
}

/// Name, type, value.
fn entry_length(name: &str, value: &AMQPValue) -> usize {
    1 + name.len() + 1 + value_length(value)
}

/// As RabbitMQ writes values (its "AMQP 0-9-1 Errata", section 3), without the type.
fn value_length(value: &AMQPValue) -> usize {
    match value {
        AMQPValue::Void => 0,
        AMQPValue::Boolean(_) | AMQPValue::ShortShortInt(_) | AMQPValue::ShortShortUInt(_) => 1,
        AMQPValue::ShortInt(_) | AMQPValue::ShortUInt(_) => 2,
        AMQPValue::LongInt(_) | AMQPValue::LongUInt(_) | AMQPValue::Float(_) => 4,
        AMQPValue::DecimalValue(_) => 5,
        AMQPValue::LongLongInt(_) | AMQPValue::Double(_) | AMQPValue::Timestamp(_) => 8,
        AMQPValue::ShortString(text) => 1 + text.as_str().len(),
        AMQPValue::LongString(text) => 4 + text.len(),
        AMQPValue::ByteArray(bytes) => 4 + bytes.len(),
        AMQPValue::FieldArray(values) => {
            4 + values.as_slice().iter().map(|value| 1 + value_length(value)).sum::<usize>()
        }
        AMQPValue::FieldTable(table) => 4 + table_length(table),
    }
}

#[cfg(test)]
mod tests {
    use lapin::types::ShortString;

    use super::*;

    fn text(length: usize) -> AMQPValue {
        AMQPValue::LongString("x".repeat(length).into())
    }

    #[test]
    fn what_is_longest_is_left_out_until_the_rest_is_short_enough() {
        let mut headers = FieldTable::default();
        headers.insert("a".into(), text(100));
        headers.insert("b".into(), text(40));
        headers.insert("c".into(), AMQPValue::FieldArray(vec![text(50), AMQPValue::Void].into()));
        // Each has a byte for the length of the name, the name, the type, and four for the length of the value.
        assert_eq!(table_length(&headers), (7 + 100) + (7 + 40) + (7 + 5 + 50 + 1));
        assert_eq!(shortened(&headers, 217), None);
        let (kept, left_out) = shortened(&headers, 216).expect("they are too long");
        assert_eq!(left_out, LeftOut { count: 1, bytes: 107 });
        assert_eq!(kept.inner().keys().map(ShortString::as_str).collect::<Vec<_>>(), ["b", "c"]);
        let (kept, left_out) = shortened(&headers, 0).expect("they are too long");
        assert_eq!((kept, left_out), (FieldTable::default(), LeftOut { count: 3, bytes: 217 }));
    }
}
