//! Signs links for `<img>` and the like, which send no token.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::Attachment;
use confab_domain::commands::{self, MediaLink};
use confab_domain::ports::{Files, Ports};
use confab_domain::{Timestamp, UploadId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Caller, JsonBody};
use crate::failure::Answer;

/// Files to be opened by a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"ids": ["018cc251-f400-7000-8000-0000000000d1"]}))]
pub(crate) struct SignMediaBody {
    /// Uploads.
    #[schema(value_type = Vec<Uuid>, min_items = 1, max_items = 100)]
    ids: Vec<UploadId>,
}

/// Links to files.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedMediaList {
    /// One for each file that you may read, in the order asked; others are left out.
    items: Vec<SignedMedia>,
}

/// A link that opens one file for minutes, for as long as whom it was made for may read it.
#[derive(Serialize, ToSchema)]
pub(crate) struct SignedMedia {
    /// The upload.
    #[schema(value_type = Uuid)]
    id: UploadId,
    /// Opens the file without a token. Links made within some minutes are equal, so that caches hold.
    #[schema(example = "/media/018cc251-f400-7000-8000-0000000000d1/cat.jpg?user=…&expires=…&signature=…")]
    url: String,
    /// Opens its thumbnail; null where there is none.
    #[schema(
        example = "/media/018cc251-f400-7000-8000-0000000000d1/cat.jpg?size=thumbnail&user=…&expires=…&signature=…"
    )]
    thumbnail_url: Option<String>,
    /// From then on the links open nothing.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Sign links
///
/// For `<img>`, `<video>` and downloads, which cannot send a token. A link opens one file, for minutes, and
/// only while you may read that file.
#[utoipa::path(
    post, path = "/media/sign", tag = "files", request_body = SignMediaBody,
    responses((status = 200, description = "The links.", body = SignedMediaList)),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn sign_media(
    State(ports): State<Arc<Ports>>,
    State(files): State<Arc<Files>>,
    caller: Caller,
    JsonBody(body): JsonBody<SignMediaBody>,
) -> Answer<Json<SignedMediaList>> {
    let user_id = caller.actor.user_id;
    let links = commands::sign_media(&ports, &files, &caller.actor, &body.ids).await?;
    let items = links.into_iter().map(|link| {
        let MediaLink {
            upload,
            expires_at,
            signature,
        } = link;
        let file = Attachment::from(upload.file);
        let proof = format!(
            "user={user_id}&expires={}&signature={signature}",
            expires_at.as_millis()
        );
        SignedMedia {
            id: file.id,
            url: format!("{}?{proof}", file.url),
            thumbnail_url: file.thumbnail_url.map(|url| format!("{url}&{proof}")),
            expires_at,
        }
    });
    Ok(Json(SignedMediaList {
        items: items.collect(),
    }))
}
