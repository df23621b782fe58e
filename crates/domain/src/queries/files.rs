//! Files, as one viewer may read them: by the room of the message that bears them, and by no other.

use std::collections::HashMap;

use super::people::is_kept_apart;
use super::{access_for, horizon};
use crate::ports::{FileKey, Files, Page, Ports};
use crate::rights::Act;
use crate::{
    Actor, Error, FileKind, MessageId, Result, RoomAccess, RoomFile, RoomId, Timestamp, Upload, UploadId,
    UserId,
};

/// A file that the actor may read now. Whoever may not learns nothing: `NotFound`.
pub async fn media(ports: &Ports, files: &Files, actor: &Actor, id: UploadId) -> Result<Upload> {
    let upload = files.uploads.uploads(&[id]).await?.pop().flatten();
    let upload = upload.ok_or(Error::NotFound)?;
    readable(ports, actor, &upload).await?;
    Ok(upload)
}

/// A picture of a person or room, for everybody: only while it is one.
pub async fn avatar(files: &Files, id: UploadId) -> Result<Upload> {
    files.uploads.avatar(id).await?.ok_or(Error::NotFound)
}

/// A file by a signed link: while the link lasts, and while whom it was made for may read the file.
pub async fn signed_media(
    ports: &Ports,
    files: &Files,
    id: UploadId,
    user_id: UserId,
    expires_at: Timestamp,
    signature: &str,
) -> Result<Upload> {
    let is_ours = files.signatures.verify(id, user_id, expires_at, signature);
    if !is_ours || ports.clock.now() >= expires_at {
        return Err(Error::Unauthenticated(
            "the link is not valid, or no longer: sign another",
        ));
    }
    let account = ports.standings.account_states(&[user_id]).await?.pop();
    let account = account.filter(|account| account.is_open).ok_or(Error::NotFound)?;
    let actor = Actor {
        user_id,
        role: account.role,
        session_id: None,
    };
    media(ports, files, &actor, id).await
}

/// The files of a room's messages, the newest message's first.
pub async fn list_files(
    ports: &Ports,
    files: &Files,
    actor: &Actor,
    room_id: RoomId,
    kind: Option<FileKind>,
    after: Option<FileKey>,
    limit: usize,
) -> Result<(RoomAccess, Page<RoomFile, FileKey>)> {
    let access = access_for(ports, actor, room_id, Act::Read).await?;
    let seen_from = horizon(actor, &access);
    let uploads = &files.uploads;
    let mut page = uploads.room_files(room_id, seen_from, kind, after, limit).await?;
    let is_apart = is_kept_apart(ports, actor, &access).await?;
    for file in &mut page.items {
        file.sender.expire_status(ports.clock.now());
        if is_apart && file.sender.id != actor.user_id {
            file.sender.last_seen_at = None;
        }
    }
    Ok((access, page))
}

/// Those of these files that the actor may read, in order.
pub(crate) async fn readable_media(
    ports: &Ports,
    files: &Files,
    actor: &Actor,
    ids: &[UploadId],
) -> Result<Vec<Upload>> {
    let mut found = Vec::new();
    // The files of one message are judged once.
    let mut judged: HashMap<MessageId, bool> = HashMap::new();
    for upload in files.uploads.uploads(ids).await?.into_iter().flatten() {
        let known = upload.message_id.and_then(|id| judged.get(&id).copied());
        let is_readable = match known {
            Some(is_readable) => is_readable,
            None => match readable(ports, actor, &upload).await {
                Ok(()) => true,
                Err(Error::NotFound) => false,
                Err(error) => return Err(error),
            },
        };
        if let Some(message_id) = upload.message_id {
            judged.insert(message_id, is_readable);
        }
        if is_readable {
            found.push(upload);
        }
    }
    Ok(found)
}

async fn readable(ports: &Ports, actor: &Actor, upload: &Upload) -> Result<()> {
    match upload.message_id {
        None if upload.owner_id == actor.user_id => Ok(()),
        None => Err(Error::NotFound),
        Some(message_id) => {
            let view = super::message(ports, actor, message_id).await?;
            if view.message.is_deleted() {
                return Err(Error::NotFound);
            }
            Ok(())
        }
    }
}
