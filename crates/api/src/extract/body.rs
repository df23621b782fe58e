//! JSON bodies: not JSON is 400, another content type or encoding 415, a wrong field 422 with its path.

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use confab_domain::FieldError;
use http::{HeaderMap, StatusCode, header};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use tokio::time::timeout;

use crate::failure::Failure;

/// A body that takes longer to arrive is refused: less than requests are given by default, so that the client learns
/// that nothing was done.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);

/// A JSON body. Its type refuses unknown fields itself (`deny_unknown_fields`).
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) || is_compressed(request.headers()) {
            return Err(Failure::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
        let body = timeout(BODY_TIMEOUT, Bytes::from_request(request, state))
            .await
            .map_err(|_| Failure::malformed("the body did not arrive in time; nothing was done"))?
            .map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Failure::of_status(StatusCode::PAYLOAD_TOO_LARGE),
                _ => Failure::malformed("the body ended early"),
            })?;
        parse(&body).map(Self)
    }
}

/// A JSON body that may be left out whole; then the default.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let is_without = !request.headers().contains_key(header::CONTENT_TYPE)
            && request.body().size_hint().exact() == Some(0);
        if is_without {
            return Ok(Self(T::default()));
        }
        JsonBody::from_request(request, state)
            .await
            .map(|JsonBody(body)| Self(body))
    }
}

/// A field of a PATCH: absent keeps, null clears, a value sets.
pub(crate) type Patch<T> = Option<Option<T>>;

/// Reads a [`Patch`]: with `#[serde(default)]` an absent field is `None`, null is `Some(None)`.
pub(crate) fn present<'de, D, T>(deserializer: D) -> Result<Patch<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A struct read from an object alone: serde would take an array too, its fields by position.
#[derive(Debug)]
pub(crate) struct AsObject<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for AsObject<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, fields: M) -> Result<T, M::Error> {
                T::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

fn is_compressed(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || (essence.len() > 5 && essence[essence.len() - 5..].eq_ignore_ascii_case("+json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let AsObject(value) = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        // Of a body that is both, the wrong field comes first in the text, but not being JSON weighs more.
        match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => refusal(&error.path().to_string(), error.inner()),
            Err(broken) => refusal("", &broken),
        }
    })?;
    reader.end().map_err(|error| refusal("", &error))?;
    Ok(value)
}

fn refusal(path: &str, error: &serde_json::Error) -> Failure {
    if error.classify() != Category::Data {
        return Failure::malformed(format!("the body is not JSON: {error}"));
    }
    // The position says nothing to whoever built the body from an object.
    let said = error.to_string();
    let said = said
        .rsplit_once(" at line ")
        .map_or(said.as_str(), |(reason, _)| reason);
    let (field, reason) = named(path, said);
    Failure::fields(vec![FieldError { field, reason }])
}

/// The field a serde error is about. Missing, unknown and doubled fields are named in the message, the
/// path then being that of the object around them (or, for some, already their own).
pub(crate) fn named(path: &str, said: &str) -> (String, String) {
    let path = if path == "." { "" } else { path };
    let kinds = [
        ("missing field `", "is required"),
        ("unknown field `", "is not known here"),
        ("duplicate field `", "is given twice"),
    ];
    for (prefix, reason) in kinds {
        if let Some(name) = said.strip_prefix(prefix).and_then(|rest| rest.split('`').next()) {
            let own = path == name || path.ends_with(&format!(".{name}"));
            let field = match path {
                _ if own => path.to_owned(),
                "" => name.to_owned(),
                _ => format!("{path}.{name}"),
            };
            return (shortened(&field), reason.to_owned());
        }
    }
    let field = if path.is_empty() { "body" } else { path };
    (shortened(field), shortened(said))
}

/// A field's name as the client wrote it goes back in the answer, but not a megabyte of it.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARS_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    async fn refused(body: axum::body::Body, encoding: &str) -> (StatusCode, String) {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_ENCODING, encoding)
            .body(body)
            .unwrap();
        let failure = JsonBody::<Value>::from_request(request, &()).await.unwrap_err();
        let problem = failure.problem("1");
        (StatusCode::from_u16(problem.status).unwrap(), problem.detail)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_halfway_or_is_compressed_is_the_clients_fault() {
        let stalled = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let (status, detail) = refused(axum::body::Body::from_stream(stalled), "identity").await;
        assert_eq!(
            (status, detail.contains("nothing was done")),
            (StatusCode::BAD_REQUEST, true)
        );
        let (status, _) = refused("{}".into(), "gzip").await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused matters here")]
    struct Sample {
        name: String,
        #[serde(default)]
        inner: Vec<AsObject<Inner>>,
        #[serde(default, deserialize_with = "present")]
        about: Patch<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused matters here")]
    struct Inner {
        count: i64,
    }

    fn field(body: &str) -> (u16, String, String) {
        let failure = parse::<Sample>(body.as_bytes()).expect_err(body);
        let first = failure.errors.first().cloned();
        let (field, reason) = first.map(|error| (error.field, error.reason)).unwrap_or_default();
        (failure.status.as_u16(), field, reason)
    }

    #[test]
    fn a_refusal_names_the_field() {
        for (body, status, name) in [
            ("", 400, ""),
            ("{", 400, ""),
            ("{\"name\":\"\u{1}\"}", 400, ""),
            ("{\"name\":\"x\"} tail", 400, ""),
            ("{\"nom\":", 400, ""),
            ("[]", 422, "body"),
            ("[\"x\"]", 422, "body"),
            ("{\"name\":\"x\",\"inner\":[[1]]}", 422, "inner[0]"),
            ("null", 422, "body"),
            ("{}", 422, "name"),
            ("{\"name\":7}", 422, "name"),
            ("{\"name\":{}}", 422, "name"),
            ("{\"name\":\"x\",\"nom\":1}", 422, "nom"),
            ("{\"name\":\"x\",\"name\":\"y\"}", 422, "name"),
            (
                "{\"name\":\"x\",\"inner\":[{\"count\":1},{\"count\":\"1\"}]}",
                422,
                "inner[1].count",
            ),
            ("{\"name\":\"x\",\"inner\":[{}]}", 422, "inner[0].count"),
            (
                "{\"name\":\"x\",\"inner\":[{\"count\":1,\"c\":2}]}",
                422,
                "inner[0].c",
            ),
            ("{\"name\":\"x\",\"inner\":7}", 422, "inner"),
            ("{\"name\":\"x\",\"about\":7}", 422, "about"),
        ] {
            let (got_status, got, reason) = field(body);
            assert_eq!((got_status, got.as_str()), (status, name), "{body}: {reason}");
        }
    }

    #[test]
    fn null_clears_and_absence_keeps() {
        let read = |body: &str| parse::<Sample>(body.as_bytes()).unwrap().about;
        assert_eq!(read("{\"name\":\"x\"}"), None);
        assert_eq!(read("{\"name\":\"x\",\"about\":null}"), Some(None));
        assert_eq!(read("{\"name\":\"x\",\"about\":\"y\"}"), Some(Some("y".into())));
    }

    #[test]
    fn only_json_is_read() {
        let with = |value: &'static str| {
            HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_static(value))])
        };
        assert!(is_json(&with("application/json; charset=utf-8")));
        assert!(is_json(&with("application/merge-patch+json")));
        assert!(!is_json(&with("text/plain")));
        assert!(!is_json(&HeaderMap::new()));
    }
}
