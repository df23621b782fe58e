//! The scope of one request: its id and trace, its span and figures, and the problem it may end in.

use std::any::Any;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use confab_domain::{Code, Trace};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tokio::time::Instant;
use tracing::Instrument;
use uuid::Uuid;

use crate::budgets;
use crate::failure::Failure;

/// The header of a request's id, in both directions.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a client, in bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;
const REQUESTS_TOTAL: &str = "confab_http_requests_total";
const REQUEST_SECONDS: &str = "confab_http_request_seconds";
const PROBLEM_JSON: &str = "application/problem+json";
/// W3C trace context.
const TRACEPARENT: &str = "traceparent";

/// Describes the figures that requests leave behind; call it once, after the recorder is installed.
pub fn describe_metrics() {
    metrics::describe_counter!(REQUESTS_TOTAL, "HTTP requests by method, route and status");
    metrics::describe_histogram!(
        REQUEST_SECONDS,
        metrics::Unit::Seconds,
        "Time until the head of an answer, by method and route"
    );
}

/// Runs a request in its scope.
pub(crate) async fn scope(mut request: Request, next: Next) -> Response {
    let request_id = request_id(request.headers());
    let trace = Trace {
        correlation_id: Some(request_id.clone()),
        traceparent: traceparent(request.headers()),
    };
    let method = known_method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    // The path and query stay out of the span: ids are for the correlation id to find, and queries may
    // bear a ticket.
    let span = tracing::info_span!(
        "request",
        otel.kind = "server",
        http.request.method = method,
        http.route = %route,
        correlation_id = %request_id,
        api_key.id = tracing::field::Empty,
    );
    request.extensions_mut().insert(trace);
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        request.headers_mut().insert(X_REQUEST_ID, value);
    }
    let begun = Instant::now();
    let answered = async {
        let response = next.run(request).instrument(span.clone()).await;
        span.in_scope(|| as_problem(response, &request_id))
    };
    let mut response = budgets::told(answered, Response::headers_mut).await;
    let elapsed = begun.elapsed();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    span.in_scope(|| {
        tracing::debug!(
            http.response.status_code = status,
            elapsed_ms = elapsed.as_millis(),
            "answered"
        );
    });
    metrics::counter!(
        REQUESTS_TOTAL,
        "method" => method, "route" => route.clone(), "status" => status.to_string()
    )
    .increment(1);
    metrics::histogram!(REQUEST_SECONDS, "method" => method, "route" => route).record(elapsed.as_secs_f64());
    response
}

/// A panic in a handler: a bug of ours, told to the log and to nobody else.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    tracing::error!(panic = said, "a handler panicked");
    Failure::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// Gives every failed answer its body: ours by what they carry, the framework's bare ones by their status.
fn as_problem(mut response: Response, request_id: &str) -> Response {
    let failure = match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        // A stream answers its own problems.
        None if is_problem(&response) => return response,
        None if response.status().is_client_error() || response.status().is_server_error() => {
            Failure::of_status(response.status())
        }
        None => return response,
    };
    if let Some(error) = &failure.source {
        let source = std::error::Error::source(error.as_ref());
        let source = source.map(ToString::to_string).unwrap_or_default();
        if failure.code == Code::Unavailable {
            tracing::warn!(%error, source, "unavailable");
        } else {
            tracing::error!(%error, source, "internal error");
        }
    }
    let body =
        serde_json::to_vec(&failure.problem(request_id)).expect("a problem holds only strings and numbers");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    for (name, value) in failure.headers {
        headers.insert(name, value);
    }
    *response.status_mut() = failure.status;
    *response.body_mut() = Body::from(body);
    response
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == PROBLEM_JSON)
}

/// The client's id when it is short and plain, else one of ours.
fn request_id(headers: &HeaderMap) -> Arc<str> {
    let plain = |text: &&str| {
        (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&byte))
    };
    headers
        .get(X_REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(plain)
        .map_or_else(|| Uuid::new_v4().to_string().into(), Arc::from)
}

/// A trace context of the one version we know: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zero.
fn traceparent(headers: &HeaderMap) -> Option<Arc<str>> {
    let text = headers.get(TRACEPARENT)?.to_str().ok()?;
    let mut parts = text.split('-');
    let hex = |part: Option<&str>, digits: usize| {
        part.is_some_and(|part| {
            part.len() == digits
                && part
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    };
    let named = |part: Option<&str>| part.is_some_and(|part| part.bytes().any(|byte| byte != b'0'));
    let (version, trace_id, parent_id, flags) = (parts.next(), parts.next(), parts.next(), parts.next());
    let good = version == Some("00")
        && hex(trace_id, 32)
        && named(trace_id)
        && hex(parent_id, 16)
        && named(parent_id)
        && hex(flags, 2)
        && parts.next().is_none();
    good.then(|| text.into())
}

/// A method as a label: whatever else a client makes up is one word.
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )])
    }

    #[test]
    fn a_request_id_is_taken_when_it_is_plain() {
        assert_eq!(&*request_id(&headers("x-request-id", "abc-1")), "abc-1");
        for bad in ["", "a b", "a\"b", &"x".repeat(129)] {
            assert_ne!(&*request_id(&headers("x-request-id", bad)), bad);
        }
        assert_eq!(request_id(&HeaderMap::new()).len(), 36);
    }

    #[test]
    fn only_a_lawful_trace_context_travels_on() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(traceparent(&headers("traceparent", good)).as_deref(), Some(good));
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(traceparent(&headers("traceparent", bad)), None, "{bad}");
        }
    }
}
