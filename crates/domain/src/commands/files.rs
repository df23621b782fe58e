//! Takes files in, signs links to them, and sweeps away what nobody bears.

use std::collections::HashSet;
use std::time::Duration;

use super::budgets;
use crate::ports::{ByteSource, Files, NewUpload, Ports};
use crate::{Actor, Attachment, Error, Result, Timestamp, Upload, UploadId, UserRole, queries, text};

/// Links signed at once.
pub const SIGNED_AT_ONCE_MAX: usize = 100;

/// A file that is not whole by then was broken off. Longer than any request may last.
const ARRIVAL_TTL: Duration = Duration::from_hours(3);
/// Bytes that could not be removed are tried again after this.
const REMOVAL_PAUSE: Duration = Duration::from_mins(2);

/// Takes a file in. It belongs to its owner alone until a message of theirs bears it.
pub async fn upload_file(
    ports: &Ports,
    files: &Files,
    actor: &Actor,
    filename: &str,
    bytes: &mut dyn ByteSource,
) -> Result<Attachment> {
    budgets::take_of(ports, "uploads", actor, ports.limits.uploads).await?;
    let bytes_left = quota_left(files, actor).await?;
    let bytes_max = files.rules.file_bytes_max.min(bytes_left);
    let now = ports.clock.now();
    let id = UploadId::mint(now);
    let filename = text::filename(filename);
    files
        .uploads
        .begin(NewUpload {
            id,
            owner_id: actor.user_id,
            filename: filename.clone(),
            created_at: now,
            due_at: now.plus(ARRIVAL_TTL),
        })
        .await?;
    let taken = match files.blobs.take_in(id, bytes, bytes_max, &files.rules).await {
        Ok(taken) => taken,
        Err(refusal) => {
            // What is left of it goes with the next sweep; without this word, when it is due anyway.
            if let Err(error) = files.uploads.abandon(id, ports.clock.now()).await {
                tracing::warn!(%error, upload.id = %id, "a broken upload was not marked");
            }
            return Err(match refusal {
                // What did not fit would have been small enough, had there been more left.
                Error::TooLarge { bytes_max } if bytes_max == bytes_left => Error::OverQuota { bytes_left },
                other => other,
            });
        }
    };
    let file = Attachment {
        id,
        filename,
        content_type: taken.content_type,
        size: i64::try_from(taken.size).unwrap_or(i64::MAX),
        width: taken.dimensions.map(|(width, _)| width),
        height: taken.dimensions.map(|(_, height)| height),
        preview: taken.preview,
        has_thumbnail: taken.thumbnail_type.is_some(),
    };
    let due_at = ports.clock.now().plus(files.rules.unattached_ttl);
    files.uploads.finish(&file, taken.thumbnail_type, due_at).await?;
    Ok(file)
}

/// What the files of this person may still take up; a picture counts like any file. Files that come in at once may
/// together pass the quota by as much as they are.
async fn quota_left(files: &Files, actor: &Actor) -> Result<u64> {
    let quota_bytes = files.rules.quota_bytes;
    if quota_bytes == 0 || actor.role == UserRole::Service {
        return Ok(u64::MAX);
    }
    let used = files.uploads.used_bytes(actor.user_id).await?;
    match quota_bytes.saturating_sub(used) {
        0 => Err(Error::Forbidden(
            "your files take up all that you have; delete messages with files first",
        )),
        left => Ok(left),
    }
}

/// A link that opens one file for a while without a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLink {
    /// The file.
    pub upload: Upload,
    /// From then on it opens nothing.
    pub expires_at: Timestamp,
    /// The proof.
    pub signature: String,
}

/// Signs links to files that the actor may read now; others are left out.
///
/// The end is rounded, so that links made within some minutes are equal and a browser's cache can hold what
/// they open.
pub async fn sign_media(
    ports: &Ports,
    files: &Files,
    actor: &Actor,
    ids: &[UploadId],
) -> Result<Vec<MediaLink>> {
    if ids.is_empty() || ids.len() > SIGNED_AT_ONCE_MAX {
        return Err(Error::invalid(
            "ids",
            format!("must hold 1 to {SIGNED_AT_ONCE_MAX} ids"),
        ));
    }
    let mut seen = HashSet::new();
    let ids: Vec<UploadId> = ids.iter().copied().filter(|id| seen.insert(*id)).collect();
    let expires_at = link_end(ports.clock.now(), files.rules.link_ttl);
    let readable = queries::readable_media(ports, files, actor, &ids).await?;
    let links = readable.into_iter().map(|upload| MediaLink {
        signature: files.signatures.sign(upload.file.id, actor.user_id, expires_at),
        upload,
        expires_at,
    });
    Ok(links.collect())
}

/// At most `ttl` from now, at least half of it, and the same for as long as half of it.
fn link_end(now: Timestamp, ttl: Duration) -> Timestamp {
    let half_ms = i64::try_from(ttl.as_millis() / 2).unwrap_or(i64::MAX).max(1);
    let begun = now.as_millis().div_euclid(half_ms).saturating_mul(half_ms);
    Timestamp::from_millis(begun.saturating_add(half_ms.saturating_mul(2)))
}

/// Removes a load of files that nobody bears: broken off, never attached, of deleted messages and rooms. How
/// many were due. What cannot be removed now is tried again later, until it is.
pub async fn sweep_files(files: &Files, now: Timestamp, limit: usize) -> Result<u64> {
    let due = files
        .uploads
        .take_due(now, now.plus(REMOVAL_PAUSE), limit)
        .await?;
    let mut gone = Vec::with_capacity(due.len());
    for upload in &due {
        match upload.blob_id {
            None => gone.push(upload.id),
            Some(blob_id) => match files.blobs.remove(blob_id).await {
                Ok(()) => gone.push(upload.id),
                Err(error) => {
                    tracing::warn!(%error, upload.id = %upload.id, "a file was not removed; it will be tried again");
                }
            },
        }
    }
    files.uploads.forget(&gone).await?;
    Ok(due.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_made_close_together_are_equal_and_last_long_enough() {
        let ttl = Duration::from_mins(10);
        let at = |ms: i64| link_end(Timestamp::from_millis(ms), ttl).as_millis();
        assert_eq!(at(0), 600_000);
        assert_eq!(at(299_999), 600_000);
        assert_eq!(at(300_000), 900_000);
        for now in [1_i64, 123_456, 299_999, 1_767_225_612_345] {
            assert!((300_000..=600_000).contains(&(at(now) - now)), "{now}");
        }
    }
}
