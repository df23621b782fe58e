//! The OpenAPI document: made from the handlers that serve the traffic, completed by rule.
//!
//! A handler declares its successes and the problems of its own (403, 404, 409, 429); what follows from its
//! shape (401 with a token, 400, 413 and 415 with a body, 422 with anything to check, 500 and 503 always)
//! is added here, so that no operation can forget it.

mod examples;

use std::collections::BTreeMap;

use confab_contract::{LogEntry, MessageExtras, Problem, ReactionCount, problem_type, status_of, title_of};
use confab_domain::Code;
use serde_json::{Value, json};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{AllOf, AnyOfBuilder, OneOf};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, LicenseBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response,
    ResponseBuilder, Schema, Tag, Type, tag::TagBuilder,
};
use utoipa::{IntoResponses, ToSchema};

use crate::failure::Failure;
use crate::{routes, scopes};

/// Name of the security scheme.
const BEARER: &str = "access_token";

/// The OpenAPI 3.1 document of the REST API and the streams.
pub fn openapi() -> OpenApi {
    let (_, mut document) = routes::all().split_for_parts();
    document.merge(routes::large_routes().split_for_parts().1);
    document.merge(routes::streams());
    let license = LicenseBuilder::new()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"));
    document.info = InfoBuilder::new()
        .title("Confab")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("../../assets/pages/introduction.md")))
        .license(Some(license.build()))
        .build();
    document.tags = Some(tags());
    let components = document.components.get_or_insert_default();
    let mut schemas = Vec::new();
    Problem::schemas(&mut schemas);
    schemas.push((
        Problem::name().into_owned(),
        <Problem as utoipa::PartialSchema>::schema(),
    ));
    components.schemas.extend(schemas);
    components.responses.extend(problems());
    components.security_schemes.insert(
        BEARER.to_owned(),
        RefOr::T(SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some("The access token of a login, or of an outside issuer."))
                .build(),
        )),
    );
    let keys = ApiKeyValue::with_description("X-API-Key", include_str!("../../assets/pages/api_keys.md"));
    components.security_schemes.insert(
        scopes::API_KEY.to_owned(),
        RefOr::T(SecurityScheme::ApiKey(ApiKey::Header(keys))),
    );
    for item in document.paths.paths.values_mut() {
        operations(item).into_iter().for_each(complete);
    }
    name_wildcards(&mut document);
    for (name, schema) in &mut document.components.get_or_insert_default().schemas {
        if let RefOr::T(schema) = schema {
            settle(name, schema);
        }
    }
    examples::add_examples(&mut document);
    document
}

/// `/schemas/{*name}` is the router's way to say that a name may hold slashes; OpenAPI has none.
fn name_wildcards(document: &mut OpenApi) {
    let paths = std::mem::take(&mut document.paths.paths);
    document.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace("{*", "{"), item))
        .collect();
}

/// Says of a schema what its Rust type cannot: an answer bears all its fields, null or not, and an entry of
/// the log may fit more than one form.
fn settle(name: &str, schema: &mut Schema) {
    let is_request = name.ends_with("Body") && name != "EventBody" || name == "NewMember";
    let has_optional_fields =
        name == Problem::name() || name == MessageExtras::name() || name == ReactionCount::name();
    if !is_request && !has_optional_fields {
        require_all(schema);
    }
    if let (true, Schema::OneOf(one_of)) = (name == LogEntry::name(), &*schema) {
        let any_of = one_of
            .items
            .iter()
            .cloned()
            .fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        *schema = Schema::AnyOf(any_of.description(one_of.description.clone()).build());
    }
}

fn require_all(schema: &mut Schema) {
    match schema {
        Schema::Object(object) => object.required = object.properties.keys().cloned().collect(),
        Schema::AllOf(AllOf { items, .. }) | Schema::OneOf(OneOf { items, .. }) => {
            for item in items {
                if let RefOr::T(schema) = item {
                    require_all(schema);
                }
            }
        }
        _ => {}
    }
}

fn operations(item: &mut PathItem) -> Vec<&mut Operation> {
    [
        &mut item.get,
        &mut item.post,
        &mut item.put,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
    .collect()
}

/// Adds the problems that follow from an operation's shape.
fn complete(operation: &mut Operation) {
    let mut codes = vec![Code::Internal, Code::Unavailable];
    if operation.security.is_some() {
        // 403 also for a key that does not open it.
        codes.extend([Code::Unauthenticated, Code::Forbidden, Code::RateLimited]);
    }
    let has_body = operation.request_body.is_some();
    if has_body {
        codes.extend([Code::TooLarge, Code::UnsupportedMedia]);
        operation
            .responses
            .responses
            .insert("400".to_owned(), reference(MALFORMED));
    }
    if has_body || operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) {
        codes.push(Code::Invalid);
    }
    for code in codes {
        let responses = &mut operation.responses.responses;
        responses
            .entry(status_of(code).to_string())
            .or_insert_with(|| reference(code.as_str()));
    }
}

/// Name of the 400 among the responses.
const MALFORMED: &str = "malformed";

fn reference(name: &str) -> RefOr<Response> {
    RefOr::Ref(Ref::from_response_name(name))
}

/// Every problem once, to be referred to.
fn problems() -> BTreeMap<String, RefOr<Response>> {
    let malformed = Failure::malformed("the body is not JSON: EOF while parsing a value");
    let mut all: BTreeMap<_, _> = Code::ALL
        .into_iter()
        .map(|code| (code.as_str().to_owned(), RefOr::T(problem(code, &example(code)))))
        .collect();
    let malformed = serde_json::to_value(malformed.problem(REQUEST_ID)).unwrap_or_default();
    let response = ResponseBuilder::new()
        .description("The body is not JSON at all.")
        .content("application/problem+json", content(&malformed));
    all.insert(MALFORMED.to_owned(), RefOr::T(response.build()));
    all
}

const REQUEST_ID: &str = "018cc251-f400-7000-8000-00000000000a";

fn example(code: Code) -> Value {
    let mut example = json!({
        "type": problem_type(code), "title": title_of(code), "status": status_of(code),
        "detail": description(code), "code": code.as_str(), "request_id": REQUEST_ID,
    });
    match code {
        Code::Invalid => {
            example["detail"] = json!("limit: must be 1 to 100");
            example["errors"] = json!([{"field": "limit", "reason": "must be 1 to 100"}]);
        }
        Code::RateLimited => example["retry_after_ms"] = json!(2_000),
        Code::Unavailable => example["retry_after_ms"] = json!(1_000),
        _ => {}
    }
    example
}

fn content(example: &Value) -> utoipa::openapi::Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .example(Some(example.clone()))
        .build()
}

fn problem(code: Code, example: &Value) -> Response {
    let header = |text: &str, kind: Type| {
        HeaderBuilder::new()
            .description(Some(text))
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .build()
    };
    let response = ResponseBuilder::new()
        .description(description(code))
        .content("application/problem+json", content(example));
    let wait = || header("Seconds to wait before a further attempt.", Type::Integer);
    match code {
        Code::Unauthenticated => {
            response.header("WWW-Authenticate", header("How to authenticate.", Type::String))
        }
        Code::MethodNotAllowed => response.header("Allow", header("The methods of this path.", Type::String)),
        Code::Unavailable => response.header("Retry-After", wait()),
        Code::RateLimited => response
            .header("Retry-After", wait())
            .header(
                "RateLimit",
                header(
                    "What is left of the budget, and when there is more.",
                    Type::String,
                ),
            )
            .header(
                "RateLimit-Policy",
                header("The budget and its window.", Type::String),
            ),
        _ => response,
    }
    .build()
}

const fn description(code: Code) -> &'static str {
    match code {
        Code::Invalid => "A field or parameter is not valid; `errors` names each.",
        Code::Unauthenticated => "There is no access token, or it is not valid, or no longer.",
        Code::Forbidden => "You may know of it, but not do this.",
        Code::NotFound => "It does not exist, or not for you: the two are never told apart.",
        Code::MethodNotAllowed => "This path does not take that method.",
        Code::Conflict => "It contradicts what is there.",
        Code::TooLarge => "The body is too large; see `/capabilities`.",
        Code::UnsupportedMedia => {
            "The body must be `application/json`; an upload `multipart/form-data`, its file of a type that is taken."
        }
        Code::RateLimited => "Too many attempts; this one changed nothing.",
        Code::Internal => "A bug of ours. The outcome is unknown: repeat with the same id.",
        Code::Unavailable => "A part we need is away. The outcome is unknown: repeat with the same id.",
    }
}

macro_rules! declared_problems {
    ($($(#[$doc:meta])* $name:ident = $code:expr),* $(,)?) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([(status_of($code).to_string(), reference($code.as_str()))])
            }
        }
    )*};
}

declared_problems! {
    /// 401 of an operation that takes no token.
    Unauthenticated = Code::Unauthenticated,
    /// 403.
    Forbidden = Code::Forbidden,
    /// 404.
    NotFound = Code::NotFound,
    /// 409.
    Conflict = Code::Conflict,
    /// 429.
    RateLimited = Code::RateLimited,
}

fn tags() -> Vec<Tag> {
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    vec![
        tag(
            "account",
            "Register, log in, and keep one's own account and logins.",
        ),
        tag("users", "Other people."),
        tag(
            "host product",
            "For the backend of the product that Confab is part of: its keys, people and rooms.",
        ),
        tag("rooms", "Public, private and direct rooms."),
        tag("members", "Who is in a room, and as what."),
        tag("invitations", "Links by which people come into a room."),
        tag("moderation", "Who is kept out of a room, or silent in it."),
        tag("messages", "Send, read, edit, delete."),
        tag("files", "Upload, fetch, and sign links to files of messages."),
        tag(
            "log",
            "Everything durable that happened in a room, in its one order.",
        ),
        tag("reactions", "Emoji on messages, and pinned messages."),
        tag(
            "conversations",
            "One's own list of rooms, and what one set in it.",
        ),
        tag("marks", "Who has read and received what."),
        tag("presence", "Who is there now."),
        tag(
            "streams",
            "Live events: WebSocket and SSE. Frames and events are described in `/asyncapi.json`.",
        ),
        tag("operations", "For operators and tools; no token needed."),
    ]
}
