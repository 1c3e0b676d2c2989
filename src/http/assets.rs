//! The pages for people: one document, its styles, scripts and texts, compiled in. They hold no data; that they ask for, as
//! whoever has logged in.
//!
//! Only the names in [`Assets`] are served. There is no file system behind them, and so no path to climb out of.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::Shared;
use super::entity_tag::{is_known, with_tag};
use super::problem::Problem;

/// The page may load what it came with, and talk to where it came from. Nothing is inline, nothing comes from elsewhere.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

#[derive(RustEmbed)]
#[folder = "src/http/assets"]
struct Assets;

/// `/`
pub(super) async fn index(headers: HeaderMap) -> Response {
    serve("index.html", &headers)
}

/// `/assets/{*name}`
pub(super) async fn asset(Path(name): Path<String>, State(_): State<Shared>, headers: HeaderMap) -> Response {
    serve(&name, &headers)
}

fn serve(name: &str, request: &HeaderMap) -> Response {
    let (Some(asset), Some(media_type)) = (Assets::get(name), media_type(name)) else {
        return Problem::no_such_page().into_response();
    };
    let hash = asset.metadata.sha256_hash();
    let tag = format!("\"{:032x}\"", u128::from_be_bytes(*hash.first_chunk().expect("SHA-256 has 32 bytes")));
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    let response = if is_known(request, &tag) {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        (headers, asset.data).into_response()
    };
    with_tag(response, Some(&tag))
}

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "json" => Some("application/json"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    fn text_of(name: &str) -> String {
        let asset = Assets::get(name).unwrap_or_else(|| panic!("no asset {name}"));
        String::from_utf8(asset.data.into_owned()).expect("UTF-8")
    }

    fn assets(ending: &str) -> Vec<String> {
        Assets::iter().map(String::from).filter(|name| name.ends_with(ending)).collect()
    }

    fn texts_of(language: &str) -> BTreeMap<String, Value> {
        serde_json::from_str(&text_of(&format!("texts/{language}.json"))).expect("texts by key")
    }

    /// The languages that the pages offer, from their own list.
    fn languages() -> Vec<String> {
        let list = text_of("js/languages.js");
        list.split("code: \"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
    }

    /// The `{names}` in a text, or in all its forms.
    fn names_in(text: &Value) -> BTreeSet<String> {
        let forms: Vec<&str> = match text {
            Value::Object(forms) => forms.values().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let names = |form: &str| -> Vec<String> {
            form.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0.to_owned())).collect()
        };
        forms.into_iter().flat_map(names).collect()
    }

    #[test]
    fn all_languages_say_the_same_things_with_the_same_names_in_them() {
        let english = texts_of("en");
        assert_eq!(languages().len(), assets(".json").len(), "each file of texts is a language that can be chosen");
        for language in languages() {
            let texts = texts_of(&language);
            let keys = |texts: &BTreeMap<String, Value>| texts.keys().cloned().collect::<BTreeSet<_>>();
            let (theirs, ours) = (keys(&texts), keys(&english));
            let differing: Vec<_> = theirs.symmetric_difference(&ours).collect();
            assert!(differing.is_empty(), "{language} and English do not both have {differing:?}");
            for (key, text) in &texts {
                assert_eq!(names_in(text), names_in(&english[key]), "the names in {key} of {language}");
            }
        }
    }

    /// The forms of whole numbers by CLDR.
    fn forms_of(language: &str) -> &'static [&'static str] {
        match language {
            "pl" => &["one", "few", "many", "other"],
            "ar" => &["zero", "one", "two", "few", "many", "other"],
            _ => &["one", "other"],
        }
    }

    #[test]
    fn what_is_counted_has_every_form_that_the_language_has() {
        for language in languages() {
            let wanted: BTreeSet<_> = forms_of(&language).iter().map(|form| (*form).to_owned()).collect();
            for (key, text) in texts_of(&language) {
                let Value::Object(forms) = text else { continue };
                let there: BTreeSet<_> = forms.keys().cloned().collect();
                assert_eq!(there, wanted, "{key} of {language}");
            }
        }
    }

    #[test]
    fn every_text_that_a_script_names_is_there() {
        let texts = texts_of("en");
        for name in assets(".js") {
            let script = text_of(&name);
            for (at, call) in script.match_indices("t(\"") {
                if script[..at].ends_with(char::is_alphanumeric) {
                    continue;
                }
                let key = script[at + call.len()..].split('"').next().unwrap_or_default();
                assert!(texts.contains_key(key), "{name} says {key:?}, and there is no such text");
            }
        }
    }

    #[test]
    fn everything_that_is_embedded_can_be_served_and_loads_nothing_that_is_not() {
        for name in Assets::iter() {
            assert!(media_type(&name).is_some(), "nobody says what {name} is");
        }
        for name in assets(".js") {
            let folder: Vec<&str> = name.split('/').rev().skip(1).collect();
            for line in text_of(&name).lines() {
                let imported = line.split(" from \"").nth(1).filter(|_| line.starts_with("import"));
                let Some(path) = imported.and_then(|rest| rest.split('"').next()) else { continue };
                let mut parts: Vec<&str> = folder.iter().rev().copied().collect();
                for part in path.split('/') {
                    match part {
                        "." => {}
                        ".." => drop(parts.pop()),
                        part => parts.push(part),
                    }
                }
                assert!(Assets::get(&parts.join("/")).is_some(), "{name} imports {path}");
            }
        }
        for loaded in text_of("index.html").split("=\"/assets/").skip(1) {
            let name = loaded.split('"').next().unwrap_or_default();
            assert!(Assets::get(name).is_some(), "index.html loads {name}");
        }
    }

    #[test]
    fn no_script_makes_markup_of_text() {
        for name in assets(".js") {
            let script = text_of(&name);
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style=\""] {
                assert!(!script.contains(sink), "{name} uses {sink}");
            }
        }
    }
}
