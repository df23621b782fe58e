//! A multipart body, read with bounded memory whoever sends it how.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use confab_domain::Error;
use confab_domain::ports::ByteSource;
use futures_util::Stream;
use http::{HeaderMap, StatusCode, header};
use multer::{Field, Multipart};

use crate::failure::{Answer, Failure};

/// The one field.
const FIELD: &str = "file";
/// Most bytes of a body that are not its file: boundaries and the heads of parts.
pub(super) const AROUND_BYTES_MAX: usize = 64 * 1024;
/// How long the next bytes may take.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A multipart body with one file in it.
pub(super) struct UploadForm {
    parts: Multipart<'static>,
    in_file: Arc<AtomicBool>,
}

/// The file of a form on its way in.
pub(super) struct UploadField {
    pub(super) filename: String,
    field: Field<'static>,
    /// Why it broke off, as its sender is told.
    pub(super) failure: Option<Failure>,
}

impl UploadForm {
    /// Nothing is read yet.
    pub(super) fn open(headers: &HeaderMap, body: Body) -> Answer<Self> {
        let content_type = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let boundary = multer::parse_boundary(content_type).map_err(|_| {
            let mut failure = Failure::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
            failure.detail = "send multipart/form-data with the field `file`".into();
            failure
        })?;
        let in_file = Arc::new(AtomicBool::new(false));
        let body = Measured {
            body: body.into_data_stream(),
            in_file: Arc::clone(&in_file),
            around_bytes: 0,
            has_just_yielded: false,
        };
        Ok(Self {
            parts: Multipart::new(body, boundary),
            in_file,
        })
    }

    /// The file, which must be the first field.
    pub(super) async fn file(&mut self) -> Answer<UploadField> {
        let field = self.next().await?;
        let field = field.ok_or_else(|| Failure::field(FIELD, "is required"))?;
        let name = field.name().unwrap_or_default();
        if name != FIELD {
            return Err(unknown(name));
        }
        self.in_file.store(true, Ordering::Relaxed);
        Ok(UploadField {
            filename: field.file_name().unwrap_or_default().to_owned(),
            field,
            failure: None,
        })
    }

    /// Nothing may follow the file: the body is read to its end, which also tells that none of it was cut off.
    pub(super) async fn end(&mut self) -> Answer<()> {
        self.in_file.store(false, Ordering::Relaxed);
        match self.next().await? {
            None => Ok(()),
            Some(field) if field.name() == Some(FIELD) => Err(Failure::field(FIELD, "is given twice")),
            Some(field) => Err(unknown(field.name().unwrap_or_default())),
        }
    }

    async fn next(&mut self) -> Answer<Option<Field<'static>>> {
        match tokio::time::timeout(IDLE_TIMEOUT, self.parts.next_field()).await {
            Ok(field) => field.map_err(|error| refusal(&error)),
            Err(_) => Err(too_slow()),
        }
    }
}

#[async_trait]
impl ByteSource for UploadField {
    async fn next(&mut self) -> confab_domain::Result<Option<Bytes>> {
        let failure = match tokio::time::timeout(IDLE_TIMEOUT, self.field.chunk()).await {
            Ok(Ok(piece)) => return Ok(piece),
            Ok(Err(error)) => refusal(&error),
            Err(_) => too_slow(),
        };
        self.failure = Some(failure);
        Err(Error::invalid(FIELD, "broke off"))
    }
}

fn unknown(name: &str) -> Failure {
    let name: String = name.chars().take(100).collect();
    Failure::field(name, "is not known here: send the field `file` alone")
}

fn too_slow() -> Failure {
    Failure::malformed(format!("nothing came for {} s", IDLE_TIMEOUT.as_secs()))
}

fn refusal(error: &multer::Error) -> Failure {
    match error {
        multer::Error::StreamReadFailed(source) if source.is::<TooMuchAround>() => {
            Failure::malformed("the body holds too much besides its file")
        }
        _ => Failure::malformed("the body is not whole multipart/form-data"),
    }
}

#[derive(Debug)]
struct TooMuchAround;

impl std::fmt::Display for TooMuchAround {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too much around the file")
    }
}

impl std::error::Error for TooMuchAround {}

/// The parser reads on as long as its stream has something at hand, and keeps all of it: given a piece at a
/// time, it holds no more than that. What is not the file is counted, for the parser would look for the end of
/// a head for ever.
struct Measured {
    body: BodyDataStream,
    in_file: Arc<AtomicBool>,
    around_bytes: usize,
    has_just_yielded: bool,
}

impl Stream for Measured {
    type Item = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_just_yielded) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = match std::task::ready!(Pin::new(&mut self.body).poll_next(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            Some(Ok(piece)) => piece,
        };
        self.has_just_yielded = true;
        if self.in_file.load(Ordering::Relaxed) {
            self.around_bytes = 0;
        } else {
            // The first piece may hold much of the file.
            if self.around_bytes > AROUND_BYTES_MAX {
                return Poll::Ready(Some(Err(TooMuchAround.into())));
            }
            self.around_bytes += piece.len();
        }
        Poll::Ready(Some(Ok(piece)))
    }
}
