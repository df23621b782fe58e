//! Problems: how REST says no (RFC 9457).

use confab_domain::Code;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// Path of the field in the body.
    #[schema(example = "content")]
    pub field: String,
    /// What is wrong and what would be right.
    #[schema(example = "must not be empty")]
    pub reason: String,
}

/// A problem, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "type": "urn:confab:problem:invalid", "title": "The request is not valid", "status": 422,
    "detail": "content: must not be empty", "code": "invalid",
    "request_id": "018cc251-f400-7000-8000-00000000000a",
    "errors": [{"field": "content", "reason": "must not be empty"}]
}))]
pub struct Problem {
    /// A name for this kind of problem, as a URI; not necessarily a page.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// The same for every problem of a kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time, for a developer to read.
    pub detail: String,
    /// One of the closed list: `invalid`, `unauthenticated`, `forbidden`, `not_found`, `method_not_allowed`,
    /// `conflict`, `too_large`, `unsupported_media`, `rate_limited`, `internal`, `unavailable`.
    pub code: String,
    /// To be named when asking for help.
    pub request_id: String,
    /// The fields that were refused, with `invalid` of status 422.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// When a further attempt can succeed, in milliseconds, with `rate_limited` and `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The name of a kind of problem, as a URI.
pub fn problem_type(code: Code) -> String {
    format!("urn:confab:problem:{}", code.as_str())
}

/// The title of a kind of problem.
pub const fn title_of(code: Code) -> &'static str {
    match code {
        Code::Invalid => "The request is not valid",
        Code::Unauthenticated => "Authentication is required",
        Code::Forbidden => "This is not allowed",
        Code::NotFound => "Not found",
        Code::MethodNotAllowed => "Method not allowed",
        Code::Conflict => "It contradicts what is there",
        Code::TooLarge => "Too large",
        Code::UnsupportedMedia => "Unsupported media type",
        Code::RateLimited => "Too many attempts",
        Code::Internal => "Internal error",
        Code::Unavailable => "Unavailable for the moment",
    }
}

/// The HTTP status of a code. `invalid` is 422, or 400 where the body is not JSON at all.
pub const fn status_of(code: Code) -> u16 {
    match code {
        Code::Invalid => 422,
        Code::Unauthenticated => 401,
        Code::Forbidden => 403,
        Code::NotFound => 404,
        Code::MethodNotAllowed => 405,
        Code::Conflict => 409,
        Code::TooLarge => 413,
        Code::UnsupportedMedia => 415,
        Code::RateLimited => 429,
        Code::Internal => 500,
        Code::Unavailable => 503,
    }
}
