//! Query parameters: unknown, doubled and malformed ones are 422 and named.

use axum::extract::FromRequestParts;
use confab_domain::FieldError;
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::body::named;
use crate::failure::Failure;

/// Parameters of the query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        parse(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if value.contains('\0') {
            return Err(Failure::field(name, "must not hold U+0000"));
        }
    }
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let (field, reason) = named(&error.path().to_string(), &error.inner().to_string());
        Failure::fields(vec![FieldError { field, reason }])
    })
}

/// A page of a list and nothing else.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(crate) limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    pub(crate) cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_parameter() {
        for (query, name) in [
            ("limit=x", "limit"),
            ("limit=", "limit"),
            ("limit=1.5", "limit"),
            ("limit=99999999999999999999", "limit"),
            ("limit=1&limit=2", "limit"),
            ("cursor=a%00b", "cursor"),
            ("limits=1", "limits"),
        ] {
            let failure = parse::<Listing>(query).expect_err(query);
            assert_eq!(failure.status.as_u16(), 422);
            assert_eq!(failure.errors[0].field, name, "{query}: {:?}", failure.errors);
        }
        assert_eq!(
            parse::<Listing>("limit=7&cursor=%41").unwrap().cursor.as_deref(),
            Some("A")
        );
        assert!(parse::<Listing>("").is_ok());
    }
}
