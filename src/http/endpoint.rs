//! An address of the API, declared once: its method, who may use it, what goes in, what comes out. The router, the access
//! checks and the OpenAPI document are made from the same declaration, so none of them can leave one out.

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::Shared;
use super::audit;
use super::authority::{Authority, Forbidden, Right};
use super::entry;

/// Makes the schema of a type.
pub(super) type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// Who may use an address. What it is used upon may be looked at more closely behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing: by this one becomes known.
    Nothing,
    /// Whoever shows a valid token; what is asked for is looked at one by one.
    Token,
    /// Whoever has one of these.
    OneOf(&'static [Right]),
}

/// How an address is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// As OpenAPI spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// What an address takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Takes {
    pub(super) media_type: &'static str,
    pub(super) schema: SchemaOf,
    /// Whether it can be left out.
    pub(super) optional: bool,
}

/// What an address answers where all is well.
#[derive(Debug, Clone)]
pub(super) struct Gives {
    pub(super) status: StatusCode,
    pub(super) media_type: &'static str,
    pub(super) schema: Option<SchemaOf>,
    pub(super) meaning: &'static str,
    /// Forms beside that one, which have no schema.
    pub(super) other_media_types: Vec<&'static str>,
}

impl Gives {
    fn new(status: StatusCode, media_type: &'static str, schema: Option<SchemaOf>, meaning: &'static str) -> Self {
        Self { status, media_type, schema, meaning, other_media_types: Vec::new() }
    }
}

/// One address with one method.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) verb: Verb,
    /// Below `/api`: `/v1/tickets/{id}`.
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) summary: &'static str,
    pub(super) takes: Vec<Takes>,
    pub(super) query: Option<SchemaOf>,
    pub(super) gives: Vec<Gives>,
    /// Problems that only this address has, beyond those of all.
    pub(super) problems: Vec<StatusCode>,
    /// Whether an `Idempotency-Key` is looked at.
    pub(super) is_idempotent: bool,
    /// Whether it is written into the audit log.
    is_audited: bool,
    router: MethodRouter<Shared>,
}

/// The media type of nearly everything.
pub(super) const JSON: &str = "application/json";

fn schema_of<T: JsonSchema>() -> SchemaOf {
    |generator| generator.subschema_for::<T>()
}

impl Endpoint {
    /// An address, and who answers it.
    pub(super) fn new<H, T>(verb: Verb, path: &'static str, needs: Needs, summary: &'static str, handler: H) -> Self
    where
        H: Handler<T, Shared>,
        T: 'static,
    {
        Self {
            verb,
            path,
            needs,
            summary,
            takes: Vec::new(),
            query: None,
            gives: Vec::new(),
            problems: Vec::new(),
            is_idempotent: false,
            is_audited: false,
            router: on(verb.filter(), handler),
        }
    }

    /// It takes a body of this type.
    pub(super) fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as(JSON, schema_of::<T>(), false)
    }

    /// It takes a body of that schema.
    pub(super) fn takes_as(mut self, media_type: &'static str, schema: SchemaOf, optional: bool) -> Self {
        self.takes.push(Takes { media_type, schema, optional });
        self
    }

    /// Its query.
    pub(super) fn query<T: JsonSchema>(self) -> Self {
        Self { query: Some(schema_of::<T>()), ..self }
    }

    /// It answers this.
    pub(super) fn gives<T: JsonSchema>(mut self, status: StatusCode, meaning: &'static str) -> Self {
        self.gives.push(Gives::new(status, JSON, Some(schema_of::<T>()), meaning));
        self
    }

    /// It answers JSON of that schema.
    pub(super) fn gives_as(mut self, status: StatusCode, schema: SchemaOf, meaning: &'static str) -> Self {
        self.gives.push(Gives::new(status, JSON, Some(schema), meaning));
        self
    }

    /// It answers something that has no schema.
    pub(super) fn gives_plain(mut self, status: StatusCode, media_type: &'static str, meaning: &'static str) -> Self {
        self.gives.push(Gives::new(status, media_type, None, meaning));
        self
    }

    /// The last of these comes in this form too, where that is asked for.
    pub(super) fn or_gives(mut self, media_type: &'static str) -> Self {
        self.gives.last_mut().expect("it gives something").other_media_types.push(media_type);
        self
    }

    /// It answers this with nothing in it.
    pub(super) fn gives_nothing(self, status: StatusCode, meaning: &'static str) -> Self {
        self.gives_plain(status, "", meaning)
    }

    /// It may have these problems beyond those that every address has.
    pub(super) fn fails(mut self, statuses: &[StatusCode]) -> Self {
        self.problems.extend_from_slice(statuses);
        self
    }

    /// It makes an event: a repeat with the same `Idempotency-Key` changes nothing, and another request is refused.
    pub(super) fn idempotent(self) -> Self {
        let statuses = [
            StatusCode::NOT_FOUND,
            StatusCode::CONFLICT,
            StatusCode::UNPROCESSABLE_ENTITY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        Self { is_idempotent: true, ..self.fails(&statuses) }
    }

    /// It is written into the audit log, who used it, and not used where it can't be.
    pub(super) fn audited(self) -> Self {
        Self { is_audited: true, ..self.fails(&[StatusCode::SERVICE_UNAVAILABLE]) }
    }

    /// The parts of its path that stand for something.
    pub(super) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Its handler, behind the check of who asks.
    pub(super) fn into_router(self, shared: &Shared) -> (&'static str, MethodRouter<Shared>) {
        let guard = middleware::from_fn_with_state((shared.clone(), self.needs), permit);
        let recorded = if self.is_audited {
            self.router.layer(middleware::from_fn_with_state(shared.clone(), audit::record))
        } else {
            self.router
        };
        if self.needs == Needs::Nothing { (self.path, recorded) } else { (self.path, recorded.layer(guard)) }
    }
}

/// Lets those pass who may use the address.
async fn permit(State((_, needs)): State<(Shared, Needs)>, request: Request, next: Next) -> Response {
    let author = request.extensions().get::<Authority>();
    let Some(author) = author else {
        // Nothing comes here without having been authenticated; whatever does is refused.
        return entry::forbidden(Forbidden { detail: "nobody is known to ask".to_owned() }).into_response();
    };
    match needs.check(author) {
        Ok(()) => next.run(request).await,
        Err(forbidden) => entry::forbidden(forbidden).into_response(),
    }
}

impl Needs {
    fn check(self, author: &Authority) -> Result<(), Forbidden> {
        match self {
            Self::Nothing | Self::Token => Ok(()),
            Self::OneOf(rights) if rights.iter().any(|right| author.may(*right)) => Ok(()),
            Self::OneOf(rights) => {
                let names: Vec<_> = rights.iter().map(|right| right.as_str()).collect();
                Err(Forbidden { detail: format!("this needs the permission {}", names.join(" or ")) })
            }
        }
    }
}
