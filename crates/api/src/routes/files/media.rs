//! Gives a file out, to those who may read the message that bears it.

use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use confab_domain::ports::{ByteSource, Files, OpenBlob, Ports, Rendition};
use confab_domain::{Code, Timestamp, Upload, UploadId, UserId, queries};
use futures_util::stream;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::ranges::{Asked, asked, has_it};
use crate::extract::{Caller, Path, Query};
use crate::failure::{Answer, Failure};
use crate::openapi::NotFound;
use crate::router::AppState;

/// Types that a browser may show in place: none of them runs anything. All others are saved.
const SHOWN: [&str; 16] = [
    "audio/aac",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "image/bmp",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
    "video/ogg",
    "video/quicktime",
    "video/webm",
];
/// Should a browser take a file for a page all the same: it may show its own pictures and do nothing else.
pub(super) const FILE_POLICY: &str = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
    sandbox; frame-ancestors 'none'";
pub(super) const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// `/media/{upload_id}/{filename}`
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct MediaPath {
    /// The upload.
    #[param(value_type = Uuid)]
    upload_id: UploadId,
    /// Its name, as in `url` of the attachment.
    filename: String,
}

/// What of a file, and by which right.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MediaQuery {
    /// `thumbnail`: a small picture of it.
    #[param(inline)]
    size: Option<Size>,
    /// Of a signed link: whom it was made for.
    #[param(value_type = Option<Uuid>)]
    user: Option<UserId>,
    /// Of a signed link: its end, in milliseconds since 1970.
    expires: Option<u64>,
    /// Of a signed link: the proof.
    signature: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Size {
    Thumbnail,
}

/// Fetch a file
///
/// With a token, or by a link of `POST /media/sign`. Who may not read the message that bears it (or, before
/// any does, is not its owner) gets 404. Single ranges, `ETag` and `If-None-Match` are understood. What a
/// browser could run is always saved (`Content-Disposition: attachment`), never shown.
#[utoipa::path(
    get, path = "/media/{upload_id}/{filename}", tag = "files", params(MediaPath, MediaQuery),
    responses(
        (status = 200, description = "The file.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 304, description = "The client's copy is the file."),
        (status = 416, description = "The part lies outside the file; `Content-Range` tells its size."),
        NotFound
    ),
    security(("access_token" = []), ("api_key" = ["read"]), ())
)]
pub(crate) async fn media(
    State(state): State<AppState>,
    Path(path): Path<MediaPath>,
    Query(query): Query<MediaQuery>,
    request: Request,
) -> Answer<Response> {
    let (mut parts, _) = request.into_parts();
    let (ports, files) = (&state.ports, &state.files);
    let link = Link::of(&query)?;
    let upload = if let Some(link) = &link {
        link.upload(ports, files, path.upload_id).await?
    } else {
        let caller = Caller::from_request_parts(&mut parts, &state).await?;
        queries::media(ports, files, &caller.actor, path.upload_id).await?
    };
    if upload.file.filename != path.filename {
        return Err(confab_domain::Error::NotFound.into());
    }
    let mut response = match (query.size, &upload.thumbnail_type) {
        (None, _) => whole(files, &upload, &parts).await?,
        (Some(Size::Thumbnail), Some(kind)) => thumbnail(files, &upload, kind, &parts.headers).await?,
        (Some(Size::Thumbnail), None) => return Err(confab_domain::Error::NotFound.into()),
    };
    metrics::counter!("confab_media_answers_total", "status" => response.status().as_u16().to_string())
        .increment(1);
    let headers = response.headers_mut();
    let cached = if let Some(link) = &link {
        // The link is the right: as long as it opens the file, the browser need not ask again. Pages of the host
        // product show it, wherever they come from.
        headers.insert(CROSS_ORIGIN, HeaderValue::from_static("cross-origin"));
        let left = link.expires_at.since(ports.clock.now()).as_secs();
        format!("private, max-age={left}")
    } else {
        headers.insert(header::VARY, HeaderValue::from_static("Authorization"));
        "private, no-cache".to_owned()
    };
    headers.insert(header::CACHE_CONTROL, text_value(&cached)?);
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(FILE_POLICY),
    );
    Ok(response)
}

/// A signed link.
struct Link<'a> {
    user_id: UserId,
    expires_at: Timestamp,
    signature: &'a str,
}

impl<'a> Link<'a> {
    fn of(query: &'a MediaQuery) -> Answer<Option<Self>> {
        match (query.user, query.expires, &query.signature) {
            (None, None, None) => Ok(None),
            (Some(user_id), Some(expires), Some(signature)) => Ok(Some(Self {
                user_id,
                expires_at: Timestamp::from_millis(i64::try_from(expires).unwrap_or(i64::MAX)),
                signature,
            })),
            _ => Err(Failure::field(
                "signature",
                "goes with `user` and `expires`, as POST /media/sign gave them",
            )),
        }
    }

    async fn upload(&self, ports: &Ports, files: &Files, id: UploadId) -> confab_domain::Result<Upload> {
        queries::signed_media(ports, files, id, self.user_id, self.expires_at, self.signature).await
    }
}

async fn whole(files: &Files, upload: &Upload, parts: &Parts) -> Answer<Response> {
    let file = &upload.file;
    let etag = format!("\"{}\"", file.id);
    if has_it(&parts.headers, &etag) {
        return not_modified(&etag);
    }
    let size = u64::try_from(file.size).unwrap_or(0);
    let part = match asked(&parts.headers, size, &etag) {
        Asked::Whole => None,
        Asked::Part(part) => Some(part),
        Asked::Outside => {
            let mut failure = Failure::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                Code::Invalid,
                format!("the file has {size} bytes"),
            );
            let range = text_value(&format!("bytes */{size}"))?;
            failure.headers.push((header::CONTENT_RANGE, range));
            return Err(failure);
        }
    };
    let opened = opened(files, upload, Rendition::Whole, part.clone()).await?;
    let mut response = Body::from_stream(pieces(opened.bytes)).into_response();
    let headers = response.headers_mut();
    let length = part.as_ref().map_or(opened.size, |part| part.end - part.start);
    headers.insert(header::CONTENT_LENGTH, length.into());
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, text_value(&etag)?);
    headers.insert(header::CONTENT_TYPE, content_type(&file.content_type)?);
    headers.insert(header::CONTENT_DISPOSITION, disposition(upload)?);
    if let Some(part) = part {
        let range = format!("bytes {}-{}/{}", part.start, part.end - 1, opened.size);
        headers.insert(header::CONTENT_RANGE, text_value(&range)?);
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// Small: always whole.
pub(super) async fn thumbnail(
    files: &Files,
    upload: &Upload,
    kind: &str,
    asked: &HeaderMap,
) -> Answer<Response> {
    let etag = format!("\"{}-thumbnail\"", upload.file.id);
    if has_it(asked, &etag) {
        return not_modified(&etag);
    }
    let opened = opened(files, upload, Rendition::Thumbnail, None).await?;
    let mut response = Body::from_stream(pieces(opened.bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, opened.size.into());
    headers.insert(header::ETAG, text_value(&etag)?);
    headers.insert(header::CONTENT_TYPE, text_value(kind)?);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
    Ok(response)
}

async fn opened(
    files: &Files,
    upload: &Upload,
    rendition: Rendition,
    part: Option<std::ops::Range<u64>>,
) -> Answer<OpenBlob> {
    let opened = files.blobs.open(upload.blob_id, rendition, part).await?;
    opened.ok_or_else(|| {
        tracing::error!(upload.id = %upload.file.id, "the bytes of a file are gone");
        confab_domain::Error::NotFound.into()
    })
}

fn not_modified(etag: &str) -> Answer<Response> {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().insert(header::ETAG, text_value(etag)?);
    Ok(response)
}

/// A failure in the middle ends the connection: the client sees that the file is not whole.
fn pieces(
    bytes: Box<dyn ByteSource>,
) -> impl stream::Stream<Item = confab_domain::Result<bytes::Bytes>> + Send {
    stream::try_unfold(bytes, |mut bytes| async move {
        let piece = bytes.next().await.inspect_err(|error| {
            tracing::warn!(%error, "a file could not be read to its end");
        })?;
        Ok(piece.map(|piece| (piece, bytes)))
    })
}

fn content_type(kind: &str) -> Answer<HeaderValue> {
    match kind {
        "text/plain" => Ok(HeaderValue::from_static("text/plain; charset=utf-8")),
        kind => text_value(kind),
    }
}

/// Shown or saved, and under which name: in ASCII for old clients, and whole (RFC 6266).
fn disposition(upload: &Upload) -> Answer<HeaderValue> {
    let file = &upload.file;
    let how = if SHOWN.contains(&file.content_type.as_str()) {
        "inline"
    } else {
        "attachment"
    };
    let plain: String = file
        .filename
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let whole = utf8_percent_encode(&file.filename, NON_ALPHANUMERIC);
    text_value(&format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{whole}"))
}

fn text_value(text: &str) -> Answer<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|error| confab_domain::Error::internal("a header of a file", error).into())
}
