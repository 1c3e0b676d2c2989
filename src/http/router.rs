//! Which address is answered by what. Apart from the server, so that tests can ask it without a socket.

use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::get;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use super::endpoint::Needs;
use super::problem::Problem;
use super::{Shared, access, assets, endpoints, health};

/// The largest body of a request: a batch of a hundred events of some kilobytes each.
pub(super) const BODY_MAX_BYTES: usize = 1024 * 1024;

/// How long making an answer may take. A stream begins within it and lasts as long as it likes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Every address of the daemon.
pub(super) fn router(shared: Shared) -> Router {
    let (mut api, mut door) = (Router::new(), Router::new());
    for endpoint in endpoints::endpoints() {
        let is_open = endpoint.needs == Needs::Nothing;
        let (path, method) = endpoint.into_router(&shared);
        let router = if is_open { &mut door } else { &mut api };
        *router = std::mem::take(router).route(path, method);
    }
    let api = api
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        // What is not allowed is not even looked for.
        .layer(middleware::from_fn_with_state(shared.clone(), access::authenticate))
        .merge(door)
        .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    Router::new()
        .route("/", get(assets::index))
        .route("/assets/{*name}", get(assets::asset))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .nest("/api", api)
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(RequestBodyLimitLayer::new(BODY_MAX_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_TIMEOUT))
        // Whoever else refuses, says so in our words.
        .layer(middleware::map_response(async |response: Response| Problem::in_place_of(response)))
        .layer(always(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(always(header::X_FRAME_OPTIONS, "DENY"))
        .layer(always(header::REFERRER_POLICY, "no-referrer"))
        .layer(always(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .with_state(shared)
}

fn always(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
}

async fn not_found() -> Problem {
    Problem::no_such_page()
}

async fn not_allowed() -> Problem {
    Problem::no_such_method()
}
