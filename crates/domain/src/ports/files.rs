//! Files: their rows in the store, their bytes beside it, and the signatures that open one for minutes.
//!
//! A row is there before the first byte is kept and goes after the last one is gone, so that whatever dies
//! in between leaves nothing that nobody knows of.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::ports::Page;
use crate::{
    Attachment, FileKind, FileRules, Horizon, Result, RoomFile, RoomId, Timestamp, Upload, UploadId, UserId,
};

/// What commands and queries about files work with, besides [`crate::ports::Ports`].
#[derive(Clone)]
pub struct Files {
    /// Their rows.
    pub uploads: Arc<dyn Uploads>,
    /// Their bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Signatures of links.
    pub signatures: Arc<dyn MediaSignatures>,
    /// What may come in.
    pub rules: Arc<FileRules>,
}

/// Bytes that come piece by piece. Each wait ends by itself.
#[async_trait]
pub trait ByteSource: Send {
    /// The next piece, none at the end. After an error there is no more.
    async fn next(&mut self) -> Result<Option<Bytes>>;
}

/// A file that begins to come in.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id.
    pub id: UploadId,
    /// Who brings it.
    pub owner_id: UserId,
    /// Its name, made safe.
    pub filename: String,
    /// When.
    pub created_at: Timestamp,
    /// When it counts as broken off.
    pub due_at: Timestamp,
}

/// A file whose bytes are to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueUpload {
    /// Its row.
    pub id: UploadId,
    /// Its bytes; none when another row needs them still.
    pub blob_id: Option<UploadId>,
}

/// Where a list of a room's files goes on: after the file of this id, of the message of this number.
pub type FileKey = (i64, UploadId);

/// Rows of files in the store. Attaching them to a message belongs to the message's own transaction
/// ([`crate::ports::RoomWrites::send`]), so does letting go of them with a deleted message; becoming the picture of a
/// person or room, and being one no longer, belongs to the change of that person or room.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Notes that a file begins to come in.
    async fn begin(&self, upload: NewUpload) -> Result<()>;

    /// The file is there whole, and goes at `due_at` unless a message bears it by then, or it is a picture. `Conflict` when it
    /// was given up meanwhile.
    async fn finish(&self, file: &Attachment, thumbnail_type: Option<&str>, due_at: Timestamp) -> Result<()>;

    /// The file will not be needed: it goes with the next sweep.
    async fn abandon(&self, id: UploadId, now: Timestamp) -> Result<()>;

    /// Files that are there whole, in the order of `ids`; none for those that are not, and for those whose
    /// message or room was deleted.
    async fn uploads(&self, ids: &[UploadId]) -> Result<Vec<Option<Upload>>>;

    /// A file that is somebody's picture now, or that of a room which is not deleted; there whole, with a thumbnail.
    async fn avatar(&self, id: UploadId) -> Result<Option<Upload>>;

    /// Files of a room's messages from `horizon` on, with their senders' profiles: the newest message's first, and
    /// of one message the file brought last. A range of an index, whatever the kind.
    async fn room_files(
        &self,
        room_id: RoomId,
        horizon: Horizon,
        kind: Option<FileKind>,
        after: Option<FileKey>,
        limit: usize,
    ) -> Result<Page<RoomFile, FileKey>>;

    /// What a person's files take up, in bytes; those that are pictures too.
    async fn used_bytes(&self, owner_id: UserId) -> Result<u64>;

    /// Takes at most `limit` rows that are due, and those of deleted rooms, out of use for good, and leaves
    /// them to the caller until `again_at`. Two callers never get the same row before that.
    async fn take_due(&self, now: Timestamp, again_at: Timestamp, limit: usize) -> Result<Vec<DueUpload>>;

    /// Removes rows whose bytes are gone.
    async fn forget(&self, ids: &[UploadId]) -> Result<()>;
}

/// What was learned of a file while it was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenIn {
    /// As sniffed from its first bytes.
    pub content_type: String,
    /// Bytes as kept.
    pub size: u64,
    /// Pixels, of pictures; as they are to be shown.
    pub dimensions: Option<(u32, u32)>,
    /// A BlurHash, of pictures.
    pub preview: Option<String>,
    /// Type of the thumbnail, when there is one.
    pub thumbnail_type: Option<&'static str>,
}

/// One of the forms a file is kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rendition {
    /// The file.
    Whole,
    /// A small picture of it.
    Thumbnail,
}

/// An open file.
pub struct OpenBlob {
    /// Size of the whole rendition, in bytes, whatever part of it was asked for.
    pub size: u64,
    /// The bytes of the part.
    pub bytes: Box<dyn ByteSource>,
}

/// Bytes of files. Memory is bounded however large a file is.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Keeps a file under `id`: sniffs its type, writes pictures anew without their metadata, the right way
    /// up, and makes their thumbnail.
    ///
    /// `TooLarge` above `bytes_max` (or the bound of pictures), `UnsupportedMedia` for a type that `rules`
    /// do not permit, `Invalid` (field `file`) for an empty file and for a picture that is broken or has too
    /// many pixels. After any error the file is not there; what may be left of it goes with [`Self::remove`].
    async fn take_in(
        &self,
        id: UploadId,
        bytes: &mut dyn ByteSource,
        bytes_max: u64,
        rules: &FileRules,
    ) -> Result<TakenIn>;

    /// Opens a rendition, or a part of it that must lie inside; none when there is no such file.
    async fn open(
        &self,
        id: UploadId,
        rendition: Rendition,
        part: Option<Range<u64>>,
    ) -> Result<Option<OpenBlob>>;

    /// Removes all renditions; succeeds when there are none.
    async fn remove(&self, id: UploadId) -> Result<()>;
}

/// Signs links that open one file for a while, for as long as whom they were made for may read it.
pub trait MediaSignatures: Send + Sync {
    /// A URL-safe signature.
    fn sign(&self, id: UploadId, user_id: UserId, expires_at: Timestamp) -> String;

    /// Whether it is ours; takes the same time for each wrong one. Says nothing about the time.
    fn verify(&self, id: UploadId, user_id: UserId, expires_at: Timestamp, signature: &str) -> bool;
}
