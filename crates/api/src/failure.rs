//! The one mapping of failures to answers: RFC 9457 problems with a code of the closed list.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use confab_contract::{FieldProblem, Problem, problem_type, status_of, title_of};
use confab_domain::{Code, Error, FieldError};
use http::{HeaderName, HeaderValue, StatusCode, header};

/// What a client is told to wait when a part is away.
const UNAVAILABLE_RETRY_AFTER: Duration = Duration::from_secs(1);

/// What a handler or extractor answers instead of a success.
///
/// It becomes a response without a body that carries itself as an extension; [`crate::middleware::scope`],
/// which knows the request's id, writes the body.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) code: Code,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) errors: Vec<FieldError>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) retry_after: Option<Duration>,
    /// For the log only.
    pub(crate) source: Option<Arc<Error>>,
}

/// What handlers answer.
pub(crate) type Answer<T> = Result<T, Failure>;

impl Failure {
    /// A failure of that status whose code is `code`.
    pub(crate) fn new(status: StatusCode, code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let failure = Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            retry_after: None,
            source: None,
        };
        match code {
            Code::Unavailable => failure.retry_after(UNAVAILABLE_RETRY_AFTER),
            Code::Unauthenticated => failure.challenge("Bearer realm=\"confab\""),
            _ => failure,
        }
    }

    /// Says how to authenticate.
    pub(crate) fn challenge(mut self, challenge: &'static str) -> Self {
        self.headers
            .push((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        self
    }

    /// Says when to come back.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.headers
            .push((header::RETRY_AFTER, whole_seconds(wait).into()));
        self.retry_after = Some(wait);
        self
    }

    /// 400: not even JSON.
    pub(crate) fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::Invalid, detail)
    }

    /// 422: these fields.
    pub(crate) fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => Cow::Owned(format!("{}: {}", one.field, one.reason)),
            _ => Cow::Borrowed("several fields are not valid"),
        };
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::Invalid, detail)
        }
    }

    /// 422: this field.
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::fields(vec![FieldError {
            field: field.into(),
            reason: reason.into(),
        }])
    }

    /// A bare answer of the framework, by its status alone.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::UNAUTHORIZED => (Code::Unauthenticated, "a valid access token is required"),
            StatusCode::FORBIDDEN => (Code::Forbidden, "this is not allowed"),
            StatusCode::NOT_FOUND => (Code::NotFound, "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => (
                Code::MethodNotAllowed,
                "this path does not take that method; see the Allow header",
            ),
            StatusCode::CONFLICT => (Code::Conflict, "it contradicts what is there"),
            StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (Code::UnsupportedMedia, "send application/json"),
            StatusCode::TOO_MANY_REQUESTS => (Code::RateLimited, "too many attempts"),
            StatusCode::SERVICE_UNAVAILABLE => {
                (Code::Unavailable, "no answer in time; the outcome is unknown")
            }
            status if status.is_client_error() => (Code::Invalid, "the request is not valid"),
            _ => (Code::Internal, "something went wrong on our side"),
        };
        Self::new(status, code, detail)
    }

    /// The body of the answer.
    pub(crate) fn problem(&self, request_id: &str) -> Problem {
        let errors = self.errors.iter().map(|error| FieldProblem {
            field: error.field.clone(),
            reason: error.reason.clone(),
        });
        Problem {
            problem_type: problem_type(self.code),
            title: title_of(self.code).to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.to_string(),
            code: self.code.as_str().to_owned(),
            request_id: request_id.to_owned(),
            errors: errors.collect(),
            retry_after_ms: self
                .retry_after
                .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    fn rate_limited(retry_after: Duration, limit: u32, window: Duration) -> Self {
        let mut failure = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            Code::RateLimited,
            format!(
                "at most {limit} in {} s; this attempt changed nothing",
                whole_seconds(window)
            ),
        )
        .retry_after(retry_after);
        let wait_seconds = whole_seconds(retry_after);
        let window_seconds = whole_seconds(window);
        for (name, value) in [
            (
                "ratelimit-policy",
                format!("\"default\";q={limit};w={window_seconds}"),
            ),
            ("ratelimit", format!("\"default\";r=0;t={wait_seconds}")),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                failure.headers.push((HeaderName::from_static(name), value));
            }
        }
        failure
    }
}

/// Seconds, rounded up and at least 1: a client that waits so long is never told to wait again for a
/// fraction.
fn whole_seconds(duration: Duration) -> u64 {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1)
}

/// The status of a code on REST.
pub(crate) fn status(code: Code) -> StatusCode {
    StatusCode::from_u16(status_of(code)).expect("the contract names lawful statuses")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = error.code();
        let said = |detail: &'static str| Self::new(status(code), code, detail);
        match error {
            Error::Invalid(errors) => Self::fields(errors),
            Error::Unauthenticated(detail) | Error::Forbidden(detail) | Error::Conflict(detail) => {
                said(detail)
            }
            Error::TooLarge { bytes_max } => Self::new(
                status(code),
                code,
                format!("a file has at most {bytes_max} bytes"),
            ),
            Error::OverQuota { bytes_left } => Self::new(
                status(code),
                code,
                format!(
                    "your files take up almost all that you have: {bytes_left} bytes are left; delete messages with \
                     files first"
                ),
            ),
            Error::UnsupportedMedia(detail) => Self::new(status(code), code, detail),
            Error::NotFound => said("it does not exist, or not for you"),
            Error::RateLimited {
                retry_after,
                limit,
                window,
            } => Self::rate_limited(retry_after, limit, window),
            Error::Unavailable(detail, _) => Self {
                source: Some(Arc::new(error)),
                ..said(detail)
            },
            Error::Internal(..) => Self {
                source: Some(Arc::new(error)),
                ..said("something went wrong on our side")
            },
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_status_and_one_title() {
        let mut titles = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(status(code).is_client_error() || status(code).is_server_error());
            assert!(titles.insert(title_of(code)), "{code:?}");
        }
    }

    #[test]
    fn a_refused_attempt_says_when_to_come_back() {
        let failure = Failure::from(Error::RateLimited {
            retry_after: Duration::from_millis(1_200),
            limit: 30,
            window: Duration::from_mins(1),
        });
        assert_eq!(failure.status, StatusCode::TOO_MANY_REQUESTS);
        let headers = http::HeaderMap::from_iter(failure.headers);
        assert_eq!(headers[header::RETRY_AFTER], "2");
        assert_eq!(headers["ratelimit"], "\"default\";r=0;t=2");
        assert_eq!(headers["ratelimit-policy"], "\"default\";q=30;w=60");
    }

    #[test]
    fn what_broke_inside_is_not_told_outside() {
        let failure = Failure::from(Error::internal("reading a room", "relation \"rooms\" is missing"));
        assert!(!failure.detail.contains("relation"));
        assert!(failure.source.is_some());
    }
}
