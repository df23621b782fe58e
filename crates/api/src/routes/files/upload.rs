//! Takes a file in.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use confab_contract::Attachment;
use confab_domain::commands;
use confab_domain::ports::{Files, Ports};
use http::{HeaderMap, StatusCode, header};
use utoipa::ToSchema;

use super::body::{AROUND_BYTES_MAX, UploadForm};
use super::slots::UploadSlots;
use crate::Settings;
use crate::extract::Caller;
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, RateLimited};

/// A file to be uploaded.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the body, which is read as it comes")]
pub(crate) struct UploadBody {
    /// The file, with its name. Its type is found out from its bytes.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload a file
///
/// Until a message bears it, it is its owner's alone; when none does in time (`/capabilities`), it is removed.
/// JPEG and PNG pictures are written anew without their metadata, the right way up; GIF and WebP lose theirs.
/// Send it with `Expect: 100-continue` to learn of a refusal before the bytes are sent.
#[utoipa::path(
    post, path = "/uploads", tag = "files",
    request_body(content = UploadBody, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The file is kept: name its id in `attachments` of a message.", body = Attachment),
        Forbidden, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
pub(crate) async fn upload_file(
    State(ports): State<Arc<Ports>>,
    State(files): State<Arc<Files>>,
    State(slots): State<Arc<UploadSlots>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Answer<(StatusCode, Json<Attachment>)> {
    // What says itself that it is too large is refused before a byte of it is read.
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let bytes_max = files.rules.file_bytes_max;
    if declared.is_some_and(|bytes| bytes > bytes_max + AROUND_BYTES_MAX as u64) {
        return Err(confab_domain::Error::TooLarge { bytes_max }.into());
    }
    let mut form = UploadForm::open(&headers, body)?;
    let _slot = slots.take(caller.actor.user_id)?;
    let taking_in = async {
        let mut file = form.file().await?;
        let name = file.filename.clone();
        let taken = commands::upload_file(&ports, &files, &caller.actor, &name, &mut file).await;
        let failure = file.failure.take();
        drop(file);
        let taken = match (taken, failure) {
            (_, Some(failure)) => return Err(failure),
            (taken, None) => taken?,
        };
        if let Err(failure) = form.end().await {
            // It is the owner's already, and nobody will ever name it.
            files.uploads.abandon(taken.id, ports.clock.now()).await?;
            return Err(failure);
        }
        Ok(taken)
    };
    let taken = tokio::time::timeout(settings.upload_timeout, taking_in)
        .await
        .unwrap_or_else(|_| Err(Failure::malformed("the file took too long")))?;
    Ok((StatusCode::CREATED, Json(taken.into())))
}
