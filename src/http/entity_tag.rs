//! Entity tags (RFC 9110, sections 8.8.3 and 13.1): as what something was seen, and what a request says of that.
//!
//! A tag is another one as soon as what it came with is. So a reader who has that still can be told so and nothing more
//! (`If-None-Match`), and a writer who has looked at something older overwrites nothing (`If-Match`).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::api::bad_request;
use super::problem::Problem;

/// Of a digest so many bytes: nobody meets two things that have these in common.
const DIGEST_LENGTH: usize = 12;

/// What was digested, in letters.
pub(super) fn letters(digest: Sha256) -> String {
    digest.finalize()[..DIGEST_LENGTH].iter().fold(String::new(), |letters, byte| letters + &format!("{byte:02x}"))
}

/// What is written so, in letters.
pub(super) fn letters_of(written: &[u8]) -> String {
    letters(Sha256::new_with_prefix(written))
}

/// The tag of these letters.
pub(super) fn tag(letters: &str) -> String {
    format!("\"{letters}\"")
}

/// The answer with its tag, where it has one.
pub(super) fn with_tag(mut response: Response, tag: Option<&str>) -> Response {
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(tag).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// A tag as a request names it. Whoever changes an answer on its way makes its tag a weak one.
#[derive(Debug)]
struct Mark<'a> {
    is_weak: bool,
    /// In its quotes, or [`WHATEVER`].
    tag: &'a str,
}

/// Stands for whatever is there.
const WHATEVER: &str = "*";

/// The tags that such a header names, which may come more than once. What can't be read is no tag of anything.
fn named<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<Vec<Mark<'a>>>, Problem> {
    let mut marks = None;
    for value in headers.get_all(name) {
        let text = value.to_str().map_err(|_| bad_request(format!("{name}: expected an entity tag")))?;
        marks.get_or_insert_with(Vec::new).extend(listed(text).unwrap_or_default());
    }
    Ok(marks)
}

/// `"one", W/"another"`; within the quotes anything may stand, commas too.
fn listed(text: &str) -> Option<Vec<Mark<'_>>> {
    let mut marks = Vec::new();
    let mut rest = text.trim_matches([' ', '\t', ',']);
    if rest == WHATEVER {
        return Some(vec![Mark { is_weak: false, tag: WHATEVER }]);
    }
    while !rest.is_empty() {
        let weak = rest.strip_prefix("W/");
        let quoted = weak.unwrap_or(rest);
        let length = quoted.strip_prefix('"')?.find('"')? + 2;
        let (tag, behind) = quoted.split_at(length);
        marks.push(Mark { is_weak: weak.is_some(), tag });
        rest = behind.trim_start_matches([' ', '\t', ',']);
    }
    Some(marks)
}

/// What has to be there for a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Matching {
    /// Something.
    Anything,
    /// What has one of these tags.
    OneOf(Vec<String>),
}

/// What `If-Match` says, where it is there. A weak tag never matches: it is not that of all that there was to see.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Matching>, Problem> {
    let Some(marks) = named(headers, &header::IF_MATCH)? else { return Ok(None) };
    if marks.iter().any(|mark| mark.tag == WHATEVER) {
        return Ok(Some(Matching::Anything));
    }
    let strong = marks.iter().filter(|mark| !mark.is_weak);
    Ok(Some(Matching::OneOf(strong.map(|mark| mark.tag.to_owned()).collect())))
}

/// Whether whoever asks has what has this tag, by `If-None-Match`: then 304 says so, and nothing more need be sent.
pub(super) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let marks = named(headers, &header::IF_NONE_MATCH).ok().flatten().unwrap_or_default();
    marks.iter().any(|mark| mark.tag == tag || mark.tag == WHATEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), HeaderValue::from_str(value).expect("a header's value"))).collect()
    }

    #[test]
    fn a_reader_knows_what_has_one_of_its_tags_weak_or_strong() {
        let known = |values: &[&str]| is_known(&headers(&header::IF_NONE_MATCH, values), "\"a,b\"");
        for values in [&["\"a,b\""][..], &["W/\"a,b\""], &["\"x\", W/\"y\" ,\"a,b\""], &["\"x\"", "\"a,b\""], &["*"]] {
            assert!(known(values), "{values:?}");
        }
        for values in [&[][..], &["\"a\""], &["a,b"], &["\"a,b"], &["\"x\", \"b\""], &[""], &["w/\"a,b\""]] {
            assert!(!known(values), "{values:?}");
        }
    }

    #[test]
    fn a_writer_has_to_have_seen_all_of_it() {
        let matching = |values: &[&str]| if_match(&headers(&header::IF_MATCH, values)).expect("ASCII");
        let one_of = |tags: &[&str]| Some(Matching::OneOf(tags.iter().map(|tag| (*tag).to_owned()).collect()));
        assert_eq!(matching(&[]), None);
        assert_eq!(matching(&["*"]), Some(Matching::Anything));
        assert_eq!(matching(&["\"a\", W/\"b\"", "\"c\""]), one_of(&["\"a\"", "\"c\""]));
        assert_eq!(matching(&["W/\"a\""]), one_of(&[]), "nothing is overwritten by it");
        assert_eq!(matching(&["a"]), one_of(&[]));
        let no_text = HeaderValue::from_bytes(b"\"\xff\"").expect("a header's value");
        assert!(if_match(&[(header::IF_MATCH, no_text)].into_iter().collect()).is_err());
    }
}
