//! The port `Blobs` on an object store: a local folder, or whatever speaks S3.

use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use confab_domain::ports::{Blobs, ByteSource, OpenBlob, Rendition, TakenIn};
use confab_domain::{Error, FileRules, Result, UploadId};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use image::ImageFormat;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    ClientOptions, GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt, RetryConfig,
};
use tokio::sync::Semaphore;

use crate::incoming::Incoming;
use crate::picture::{self, Refusal, Rewritten};
use crate::sniff::{HEAD_BYTES, sniff};

/// What a large file is passed on in, in bytes: the least that S3 takes, and the same for each but the last,
/// as some stores ask.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// How long one part, one small file or one removal may take, with its retries.
const STORE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long the next bytes of an open file may take.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a picture waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection to the store may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one request to the store may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
/// Pixels of all pictures that are worked on at once, in millions; a larger one is worked on alone.
const MEGAPIXELS_AT_ONCE: u32 = 64;

/// Where to find an S3-compatible store.
#[derive(Clone, Default)]
pub struct S3Settings {
    /// The bucket.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// `https://host[:port]`; none for Amazon's own.
    pub endpoint: Option<String>,
    /// Both or none; none: what the machine it runs on is allowed.
    pub keys: Option<(String, String)>,
    /// Whether the bucket is part of the host name.
    pub bucket_in_host: bool,
    /// What all keys begin with, without slashes at its ends.
    pub prefix: String,
}

/// Bytes of files, kept.
#[derive(Clone, Debug)]
pub struct Shelf {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// The folder it is in, when it is in one.
    folder: Option<Arc<FilePath>>,
    /// In pixels and in cores, so that neither memory nor processors are given away to pictures alone.
    megapixels: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl Shelf {
    /// In a folder that exists. What is written is flushed to the disk.
    pub fn in_folder(folder: &FilePath) -> Result<Self> {
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| Error::unavailable("the folder of files cannot be used", error))?;
        let store = store.with_fsync(true).with_automatic_cleanup(true);
        Ok(Self {
            folder: Some(folder.into()),
            ..Self::on(Arc::new(store), "")
        })
    }

    /// In a store that speaks S3. Nobody is asked yet.
    pub fn in_s3(settings: &S3Settings) -> Result<Self> {
        let is_plain = settings
            .endpoint
            .as_ref()
            .is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&settings.bucket)
            .with_region(&settings.region)
            .with_virtual_hosted_style_request(settings.bucket_in_host)
            // One request a file: not every store knows the other way.
            .with_disable_bulk_delete(true)
            .with_allow_http(is_plain)
            .with_client_options(
                ClientOptions::new()
                    .with_allow_http(is_plain)
                    .with_connect_timeout(CONNECT_TIMEOUT)
                    .with_timeout(REQUEST_TIMEOUT),
            )
            .with_retry(RetryConfig {
                max_retries: 3,
                retry_timeout: REQUEST_TIMEOUT,
                ..RetryConfig::default()
            });
        if let Some(endpoint) = &settings.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((id, secret)) = &settings.keys {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let store = builder
            .build()
            .map_err(|error| Error::internal("the S3 store cannot be used as it is set", error))?;
        Ok(Self::on(Arc::new(store), &settings.prefix))
    }

    fn on(store: Arc<dyn ObjectStore>, prefix: &str) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            store,
            prefix: Path::from(prefix),
            folder: None,
            megapixels: Arc::new(Semaphore::new(MEGAPIXELS_AT_ONCE as usize)),
            workers: Arc::new(Semaphore::new(cores)),
        }
    }

    /// Two letters of the random part of the id first: folders stay small, and stores spread by beginnings.
    fn key(&self, id: UploadId, rendition: Rendition) -> Path {
        let id = id.0.simple().to_string();
        let folder = match rendition {
            Rendition::Whole => "files",
            Rendition::Thumbnail => "thumbnails",
        };
        self.prefix
            .clone()
            .join(folder)
            .join(&id[id.len() - 2..])
            .join(id.as_str())
    }

    async fn put(&self, key: &Path, bytes: Bytes) -> Result<()> {
        within(self.store.put(key, bytes.into())).await.map(|_| ())
    }

    /// Passes a file on as it is.
    async fn stream(&self, key: &Path, mut incoming: Incoming<'_>) -> Result<u64> {
        incoming.fill(PART_BYTES).await?;
        if incoming.has_ended() && incoming.buffer.len() <= PART_BYTES {
            self.put(key, incoming.buffer.split().freeze()).await?;
            return Ok(incoming.bytes());
        }
        let upload = within(self.store.put_multipart(key)).await?;
        let mut parts = Parts(Some(upload));
        loop {
            incoming.fill(PART_BYTES).await?;
            if incoming.buffer.is_empty() {
                break;
            }
            let length = incoming.buffer.len().min(PART_BYTES);
            let part = incoming.buffer.split_to(length).freeze();
            // One after another: the client is slowed down to the store's pace, and memory stays small.
            within(parts.open()?.put_part(part.into())).await?;
            incoming.buffer = owned(incoming.buffer);
        }
        within(parts.open()?.complete()).await?;
        parts.0 = None;
        Ok(incoming.bytes())
    }

    async fn picture(
        &self,
        id: UploadId,
        mut incoming: Incoming<'_>,
        format: ImageFormat,
        rules: &FileRules,
    ) -> Result<(u64, Rewritten)> {
        incoming.bound(rules.image_bytes_max)?;
        incoming.fill(usize::MAX).await?;
        let bytes = incoming.buffer.split().freeze();
        let mut picture = self.rewritten(bytes, format, rules.image_pixels_max).await?;
        let whole = Bytes::from(std::mem::take(&mut picture.bytes));
        let size = whole.len() as u64;
        let thumbnail = Bytes::from(std::mem::take(&mut picture.thumbnail));
        let mut kept = Kept(Some(whole));
        self.stream(
            &self.key(id, Rendition::Whole),
            Incoming::new(&mut kept, u64::MAX),
        )
        .await?;
        self.put(&self.key(id, Rendition::Thumbnail), thumbnail).await?;
        Ok((size, picture))
    }

    async fn rewritten(&self, bytes: Bytes, format: ImageFormat, pixels_max: u64) -> Result<Rewritten> {
        let head = bytes.clone();
        let (width, height) = apart(move || picture::measured(&head, format, pixels_max)).await?;
        let megapixels = (u64::from(width) * u64::from(height)).div_ceil(1_000_000);
        let weight = u32::try_from(megapixels)
            .unwrap_or(u32::MAX)
            .clamp(1, MEGAPIXELS_AT_ONCE);
        let turn = async {
            let pixels = Arc::clone(&self.megapixels).acquire_many_owned(weight).await;
            (pixels, Arc::clone(&self.workers).acquire_owned().await)
        };
        let turn = tokio::time::timeout(TURN_TIMEOUT, turn)
            .await
            .map_err(|elapsed| Error::unavailable("too many pictures are being worked on", elapsed))?;
        let begun = tokio::time::Instant::now();
        // The turn goes along: it must last as long as the work, also when nobody waits for it any more.
        let picture = apart(move || {
            let picture = picture::rewritten(&bytes, format, pixels_max);
            drop(turn);
            picture
        })
        .await?;
        metrics::histogram!("confab_picture_seconds").record(begun.elapsed().as_secs_f64());
        Ok(picture)
    }
}

#[async_trait]
impl Blobs for Shelf {
    async fn take_in(
        &self,
        id: UploadId,
        bytes: &mut dyn ByteSource,
        bytes_max: u64,
        rules: &FileRules,
    ) -> Result<TakenIn> {
        let mut incoming = Incoming::new(bytes, bytes_max);
        incoming.fill(HEAD_BYTES).await?;
        if incoming.buffer.is_empty() {
            return Err(Error::invalid("file", "must not be empty"));
        }
        let content_type = sniff(&incoming.buffer);
        if !rules.permit(content_type) {
            return Err(Error::UnsupportedMedia(format!(
                "files of the type {content_type} may not be uploaded here"
            )));
        }
        let taken = match picture::format_of(content_type) {
            None => TakenIn {
                content_type: content_type.to_owned(),
                size: self.stream(&self.key(id, Rendition::Whole), incoming).await?,
                dimensions: None,
                preview: None,
                thumbnail_type: None,
            },
            Some(format) => {
                let (size, picture) = self.picture(id, incoming, format, rules).await?;
                TakenIn {
                    content_type: content_type.to_owned(),
                    size,
                    dimensions: Some((picture.width, picture.height)),
                    preview: picture.preview,
                    thumbnail_type: Some(picture.thumbnail_type),
                }
            }
        };
        metrics::counter!("confab_uploads_total").increment(1);
        metrics::counter!("confab_upload_bytes_total").increment(taken.size);
        Ok(taken)
    }

    async fn open(
        &self,
        id: UploadId,
        rendition: Rendition,
        part: Option<Range<u64>>,
    ) -> Result<Option<OpenBlob>> {
        let options = GetOptions {
            range: part.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let key = self.key(id, rendition);
        let opening = tokio::time::timeout(READ_TIMEOUT, self.store.get_opts(&key, options)).await;
        let opened = match opening {
            Ok(Ok(opened)) => opened,
            Ok(Err(object_store::Error::NotFound { .. })) => return Ok(None),
            Ok(Err(error)) => return Err(away(error)),
            Err(elapsed) => return Err(away(elapsed)),
        };
        Ok(Some(OpenBlob {
            size: opened.meta.size,
            bytes: Box::new(Outgoing(opened.into_stream())),
        }))
    }

    async fn remove(&self, id: UploadId) -> Result<()> {
        for rendition in [Rendition::Whole, Rendition::Thumbnail] {
            let key = self.key(id, rendition);
            match tokio::time::timeout(STORE_TIMEOUT, self.store.delete(&key)).await {
                Ok(Ok(()) | Err(object_store::Error::NotFound { .. })) => {}
                Ok(Err(error)) => return Err(away(error)),
                Err(elapsed) => return Err(away(elapsed)),
            }
            // A process that died in the middle left its parts beside the place; S3 has rules for that.
            if let Some(folder) = &self.folder {
                let aside = folder.join(format!("{key}#1"));
                let _ = tokio::fs::remove_file(aside).await;
            }
        }
        metrics::counter!("confab_files_removed_total").increment(1);
        Ok(())
    }
}

/// A file that is written in parts; given up unless it is completed.
struct Parts(Option<Box<dyn MultipartUpload>>);

impl Parts {
    fn open(&mut self) -> Result<&mut Box<dyn MultipartUpload>> {
        self.0
            .as_mut()
            .ok_or(Error::Internal("a file was completed twice", None))
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        // Also when the client went away and all of this is dropped in the middle.
        if let (Some(mut upload), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Ok(Err(error)) = tokio::time::timeout(STORE_TIMEOUT, upload.abort()).await {
                    tracing::warn!(%error, "parts of a broken upload were not removed");
                }
            });
        }
    }
}

/// Bytes that are there already, as a source.
struct Kept(Option<Bytes>);

#[async_trait]
impl ByteSource for Kept {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        Ok(self.0.take())
    }
}

/// An open file, with a bound on each wait.
struct Outgoing(BoxStream<'static, object_store::Result<Bytes>>);

#[async_trait]
impl ByteSource for Outgoing {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        match tokio::time::timeout(READ_TIMEOUT, self.0.next()).await {
            Ok(piece) => piece.transpose().map_err(away),
            Err(elapsed) => Err(away(elapsed)),
        }
    }
}

/// What is left of a buffer in memory of its own, so that a part that was sent does not stay with it.
fn owned(rest: BytesMut) -> BytesMut {
    BytesMut::from(&rest[..])
}

async fn within<T>(operation: impl Future<Output = object_store::Result<T>>) -> Result<T> {
    match tokio::time::timeout(STORE_TIMEOUT, operation).await {
        Ok(outcome) => outcome.map_err(away),
        Err(elapsed) => Err(away(elapsed)),
    }
}

fn away(error: impl Into<confab_domain::Source>) -> Error {
    Error::unavailable("the store of files does not answer", error)
}

/// Runs what is slow and may be provoked to panic on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T> {
    let refusal = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => return Ok(done),
        Ok(Err(refusal)) => refusal,
        Err(error) => {
            tracing::error!(%error, "reading a picture panicked");
            Refusal::Broken("it cannot be read")
        }
    };
    Err(Error::invalid(
        "file",
        match refusal {
            Refusal::Broken(why) => format!("is a picture that cannot be read: {why}"),
            Refusal::TooManyPixels { width, height } => {
                format!("is a picture of too many pixels: {width} × {height}")
            }
        },
    ))
}
