//! The body before anybody looks inside: its size, its encoding, its depth, its grammar.

use serde::de::IgnoredAny;

use super::bounds::{DEPTH_MAX, MESSAGE_SIZE_MAX};
use super::unreadable::UnreadableCode::{BadEnvelope, BadJson, TooLarge};
use super::unreadable::{Fault, quote};

/// The body as text that is safe to parse: of bounded size, UTF-8, of bounded depth.
pub(super) fn read(body: &[u8]) -> Result<&str, Fault> {
    check_size(body)?;
    let text = std::str::from_utf8(body).map_err(|error| {
        Fault::new(BadJson, format!("expected UTF-8, found other bytes at offset {}", error.valid_up_to()))
    })?;
    // RFC 8259 lets a parser ignore a byte order mark, and .NET likes to write one.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_too_deep(text.as_bytes()) {
        return Err(Fault::new(BadJson, format!("expected at most {DEPTH_MAX} levels of nesting, found more")));
    }
    Ok(text)
}

/// That it is no longer than an event may be.
pub(super) fn check_size(body: &[u8]) -> Result<(), Fault> {
    if body.len() <= MESSAGE_SIZE_MAX {
        return Ok(());
    }
    Err(Fault::new(TooLarge, format!("expected at most {MESSAGE_SIZE_MAX} bytes, found {}", body.len())))
}

/// Whether arrays and objects are nested deeper than [`DEPTH_MAX`]. Of text that is no JSON the answer means nothing,
/// and the parser will say so.
fn is_too_deep(text: &[u8]) -> bool {
    let mut depth: usize = 0;
    let mut in_string = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if in_string => {
                bytes.next();
            }
            b'{' | b'[' if !in_string => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return true;
                }
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Why this text is no JSON, where it is none.
pub(super) fn check_grammar(text: &str) -> Result<(), Fault> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(Fault::new(BadJson, format!("expected JSON, found an error: {error}"))),
    }
}

/// That the text is an object, before it is read as an envelope.
pub(super) fn check_opening(text: &str) -> Result<(), Fault> {
    let start = text.trim_start_matches([' ', '\t', '\n', '\r']);
    if start.starts_with('{') {
        return Ok(());
    }
    check_grammar(text)?;
    Err(Fault::new(BadEnvelope, format!("$: expected an object, found {}", quote(start))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_of_strings_only() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_too_deep(nested(DEPTH_MAX).as_bytes()));
        assert!(is_too_deep(nested(DEPTH_MAX + 1).as_bytes()));
        assert!(!is_too_deep(format!("\"\\\"{}\"", "[".repeat(100)).as_bytes()));
        assert!(!is_too_deep("[]".repeat(100).as_bytes()));
        assert!(!is_too_deep(b"\"\\"));
    }
}
