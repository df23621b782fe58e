//! The demo of a first run: fills an empty database. Open, for there is nobody yet.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_domain::Error;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Demo;
use crate::extract::JsonBody;
use crate::failure::Answer;
use crate::openapi::{Conflict, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(play_demo))
}

/// Nothing to say: an empty object. A page of another origin cannot send it unasked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub(crate) struct PlayDemoBody {}

/// Somebody of the demo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"username": "iris", "display_name": "Iris Winter", "password": "confab-demo"}))]
pub struct DemoLogin {
    /// To log in with.
    pub username: String,
    /// What others read.
    pub display_name: String,
    /// To log in with.
    pub password: String,
}

/// Who there is now.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "people": [{"username": "iris", "display_name": "Iris Winter", "password": "confab-demo"}]
}))]
pub(crate) struct DemoCast {
    /// The people, to log in as.
    people: Vec<DemoLogin>,
}

/// Play the demo
///
/// Makes a few people and rooms with talk in several languages. Only on the all-in-one with nothing but embedded
/// parts, on a loopback address, while there is no room and `DEMO` is not switched off; `GET /capabilities` lists
/// the feature `demo` as long as it is so.
#[utoipa::path(
    post, path = "/demo", tag = "operations", request_body = PlayDemoBody,
    responses((status = 201, description = "It is there.", body = DemoCast), NotFound, Conflict)
)]
async fn play_demo(
    State(demo): State<Option<Arc<dyn Demo>>>,
    JsonBody(PlayDemoBody {}): JsonBody<PlayDemoBody>,
) -> Answer<(StatusCode, Json<DemoCast>)> {
    let demo = demo.ok_or(Error::NotFound)?;
    let people = demo.play().await?;
    Ok((StatusCode::CREATED, Json(DemoCast { people })))
}
