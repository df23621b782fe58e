//! The HTTP side of a new socket or stream: origin, query, and problems for what is refused before it begins.

use axum::body::Body;
use axum::response::Response;
use confab_contract::{FieldProblem, Problem, problem_type, status_of, title_of};
use confab_domain::{Code, Error};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::settings::Settings;

/// What the query of a socket or stream may say.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub(crate) struct Query {
    pub(crate) ticket: Option<String>,
    /// Refused: named only so that it can be.
    pub(crate) token: Option<String>,
    /// `none`: follow nothing until asked.
    pub(crate) subscribe: Option<String>,
    /// SSE: as the header `Last-Event-ID`.
    pub(crate) last_event_id: Option<String>,
}

/// What is admitted before anybody is signed in.
pub(crate) struct Admission {
    pub(crate) query: Query,
    pub(crate) request_id: Option<String>,
}

impl Admission {
    /// Checks what needs no store: the origin and the query.
    pub(crate) fn check(
        settings: &Settings,
        headers: &HeaderMap,
        query: Option<&str>,
    ) -> Result<Self, Box<Response>> {
        let request_id = headers
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
            .map(str::to_owned);
        let admission = Self {
            query: Query::default(),
            request_id,
        };
        if !check_origin(settings, headers) {
            return Err(Box::new(admission.refuse(&Error::Forbidden(
                "this origin may not open sockets or streams",
            ))));
        }
        match serde_urlencoded(query.unwrap_or_default()) {
            Some(query) => Ok(Self { query, ..admission }),
            None => Err(Box::new(
                admission.refuse(&Error::invalid("query", "is not a lawful query string")),
            )),
        }
    }

    /// The answer for what is refused.
    pub(crate) fn refuse(&self, error: &Error) -> Response {
        problem(error, self.request_id.as_deref())
    }
}

fn serde_urlencoded(query: &str) -> Option<Query> {
    let uri = http::Uri::builder()
        .path_and_query(format!("/?{query}"))
        .build()
        .ok()?;
    axum::extract::Query::try_from_uri(&uri)
        .ok()
        .map(|axum::extract::Query(query)| query)
}

/// Whether a page of this origin may connect. Without the header it is no browser. The origin must be in the
/// list exactly, or be the host that was asked.
pub(crate) fn check_origin(settings: &Settings, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else { return false };
    if settings
        .origins
        .iter()
        .any(|listed| listed == "*" || listed == origin)
    {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let authority = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"));
    authority.is_some_and(|authority| host.is_some_and(|host| host.eq_ignore_ascii_case(authority)))
}

/// An error as `application/problem+json`.
fn problem(error: &Error, request_id: Option<&str>) -> Response {
    let code = error.code();
    let (detail, errors) = match error {
        Error::Invalid(fields) => (
            error.to_string(),
            fields
                .iter()
                .map(|field| FieldProblem {
                    field: field.field.clone(),
                    reason: field.reason.clone(),
                })
                .collect(),
        ),
        Error::Unauthenticated(detail) | Error::Forbidden(detail) | Error::Conflict(detail) => {
            ((*detail).to_owned(), Vec::new())
        }
        Error::TooLarge { .. } | Error::OverQuota { .. } | Error::UnsupportedMedia(_) => {
            (error.to_string(), Vec::new())
        }
        Error::NotFound => ("there is no such thing, or not for you".to_owned(), Vec::new()),
        Error::RateLimited { .. } => ("too many of these; try again later".to_owned(), Vec::new()),
        Error::Unavailable(..) => ("a part of the service is away; try again".to_owned(), Vec::new()),
        Error::Internal(..) => ("something of ours broke".to_owned(), Vec::new()),
    };
    let retry_after_ms = matches!(code, Code::Unavailable | Code::RateLimited).then_some(1_000);
    let body = Problem {
        problem_type: problem_type(code),
        title: title_of(code).to_owned(),
        status: status_of(code),
        detail,
        code: code.as_str().to_owned(),
        request_id: request_id.unwrap_or_default().to_owned(),
        errors,
        retry_after_ms,
    };
    let body = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status_of(code)).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if retry_after_ms.is_some() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if code == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(origins: &[&str], origin: &str, host: &str) -> bool {
        let settings = Settings {
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
            ..Settings::default()
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        headers.insert(header::HOST, host.parse().unwrap());
        check_origin(&settings, &headers)
    }

    #[test]
    fn origins_are_exact_or_the_same_host() {
        let listed = &["https://chat.example.com"];
        assert!(allows(listed, "https://chat.example.com", "api.example.com"));
        assert!(!allows(listed, "http://chat.example.com", "api.example.com"));
        assert!(!allows(
            listed,
            "https://chat.example.com.evil.net",
            "api.example.com"
        ));
        assert!(!allows(listed, "https://evilchat.example.com", "api.example.com"));
        assert!(!allows(listed, "null", "api.example.com"));
        assert!(allows(&[], "http://localhost:8080", "localhost:8080"));
        assert!(!allows(&[], "http://localhost:9999", "localhost:8080"));
        assert!(check_origin(&Settings::default(), &HeaderMap::new()));
    }
}
