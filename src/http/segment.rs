//! A name as one part of an address.
//!
//! Names may be `.` and `..`, and whoever resolves an address takes those for steps, which are gone before anybody is asked:
//! browsers, most clients, proxies, and written as `%2E` too (RFC 3986, section 5.2.4; the URL standard's "double-dot URL path
//! segment"). So in an address they have a mark before them, `~.` and `~..`, as has a name that looks like a marked one already. As
//! they are they are understood too, where nobody has resolved them on their way.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

const MARK: char = '~';

/// A name of any letters as one part of the path of an address.
pub(crate) fn segment(name: &str) -> String {
    let mark = if is_step(name) { MARK.to_string() } else { String::new() };
    mark + &encoded(name)
}

/// A part of a path or a query (RFC 3986): all but what never has a meaning of its own is encoded.
pub(crate) fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().fold(String::new(), |encoded, byte| match byte {
        byte if is_plain(byte) => encoded + &char::from(byte).to_string(),
        byte => encoded + &format!("%{byte:02X}"),
    })
}

/// The name for which a part of a path stands, which is no longer encoded.
pub(super) fn name_of(part: &str) -> &str {
    part.strip_prefix(MARK).filter(|name| is_step(name)).unwrap_or(part)
}

/// Whether it would be taken for a step, or for what stands for one.
fn is_step(name: &str) -> bool {
    matches!(name.trim_start_matches(MARK), "." | "..")
}

/// The name in the address of a request.
#[derive(Debug)]
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = PathRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, PathRejection> {
        let Path(part) = Path::<String>::from_request_parts(parts, state).await?;
        Ok(Self(name_of(&part).to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_letters_is_one_part_of_an_address_that_stands_for_it_alone() {
        for (name, expected) in [
            ("T-1_a.b~c", "T-1_a.b~c"),
            ("T-1/é ?", "T-1%2F%C3%A9%20%3F"),
            ("a&b=c%d", "a%26b%3Dc%25d"),
            (".", "~."),
            ("..", "~.."),
            ("~.", "~~."),
            ("~~..", "~~~.."),
            ("...", "..."),
            ("~", "~"),
            ("~a.", "~a."),
            ("%2e", "%252e"),
        ] {
            let part = segment(name);
            assert_eq!(part, expected);
            let decoded = percent_decoded(&part);
            assert_eq!(name_of(&decoded), name);
        }
        assert_eq!(name_of(".."), "..", "where nobody has resolved it");
    }

    fn percent_decoded(part: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = part.bytes();
        while let Some(byte) = rest.next() {
            let hex = |digit: Option<u8>| char::from(digit.expect("two digits")).to_digit(16).expect("a digit");
            bytes.push(match byte {
                b'%' => u8::try_from(hex(rest.next()) * 16 + hex(rest.next())).expect("a byte"),
                byte => byte,
            });
        }
        String::from_utf8(bytes).expect("UTF-8")
    }
}
