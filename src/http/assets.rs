//! The wallboard: one page, its style and its script, compiled in. It holds no data; that it asks for with a token.
//!
//! Only the names in [`Assets`] are served. There is no file system behind them, and so no path to climb out of.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

use super::Shared;
use super::problem::Problem;

/// The page may load what it came with, and talk to where it came from. Nothing is inline, nothing comes from elsewhere.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(RustEmbed)]
#[folder = "src/http/assets"]
struct Assets;

/// `/`
pub(super) async fn wallboard(headers: HeaderMap) -> Response {
    serve("wallboard.html", &headers)
}

/// `/assets/{name}`
pub(super) async fn asset(Path(name): Path<String>, State(_): State<Shared>, headers: HeaderMap) -> Response {
    serve(&name, &headers)
}

fn serve(name: &str, request: &HeaderMap) -> Response {
    let (Some(asset), Some(media_type)) = (Assets::get(name), media_type(name)) else {
        return Problem::no_such_page().into_response();
    };
    let hash = asset.metadata.sha256_hash();
    let tag = format!("\"{:032x}\"", u128::from_be_bytes(*hash.first_chunk().expect("SHA-256 has 32 bytes")));
    let tag = HeaderValue::from_str(&tag).expect("hexadecimal digits in quotes are a header's value");
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag.clone()),
    ];
    if request.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, asset.data).into_response()
}

fn media_type(name: &str) -> Option<&'static str> {
    match name.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}
