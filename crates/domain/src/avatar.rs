//! Pictures of people and rooms: an address elsewhere, or an upload that everybody is shown.

use crate::{Actor, Error, Result, RoomId, Upload, UploadId, UserId, text};

/// What the address of an upload begins with, as everybody is shown it.
const AVATARS: &str = "/avatars/";

/// Whose picture an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvatarOf {
    /// A person's.
    User(UserId),
    /// A room's.
    Room(RoomId),
}

/// Another picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewAvatar {
    /// None from now on.
    Cleared,
    /// What is elsewhere. A path of this server is taken only where it is the present value, as clients send it back.
    Url(String),
    /// An upload of the actor's own.
    Upload(UploadId),
}

impl From<Option<String>> for NewAvatar {
    fn from(url: Option<String>) -> Self {
        url.map_or(Self::Cleared, Self::Url)
    }
}

/// Where everybody is shown an upload, while it is a picture.
pub fn avatar_url(id: UploadId) -> String {
    format!("{AVATARS}{id}")
}

/// The upload behind an `avatar_url`; none of an address elsewhere.
pub fn avatar_upload(url: &str) -> Option<UploadId> {
    url.strip_prefix(AVATARS)?.parse().ok()
}

/// The `avatar_url` that takes the place of the `present` one. `upload` is what is known of the upload that is wanted,
/// read under a lock that it cannot change behind.
pub fn next_avatar_url(
    wanted: &NewAvatar,
    present: Option<&str>,
    upload: Option<&Upload>,
    actor: &Actor,
) -> Result<Option<String>> {
    match wanted {
        NewAvatar::Cleared => Ok(None),
        NewAvatar::Url(url) => {
            if present != Some(url) {
                text::url(url).map_err(|reason| Error::invalid("avatar_url", reason))?;
            }
            Ok(Some(url.clone()))
        }
        NewAvatar::Upload(id) => {
            let next = avatar_url(*id);
            // What is so already is answered, whoever uploaded it.
            if present != Some(&next) {
                fit(upload, actor).map_err(|reason| Error::invalid("upload_id", reason))?;
            }
            Ok(Some(next))
        }
    }
}

/// The same words for a file of somebody else and for none at all.
fn fit(upload: Option<&Upload>, actor: &Actor) -> Result<(), &'static str> {
    let upload = upload
        .filter(|upload| upload.owner_id == actor.user_id)
        .ok_or("is no upload of yours")?;
    if upload.message_id.is_some() {
        return Err("belongs to a message; upload it once more");
    }
    if upload.avatar_of.is_some() {
        return Err("is a picture already; upload it once more");
    }
    // Everybody is shown the small picture, which is made of those alone that are written anew.
    if upload.thumbnail_type.is_none() {
        return Err("must be a JPEG, PNG, GIF or WebP picture");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Attachment, MessageId, UserRole};
    use uuid::Uuid;

    const ID: UploadId = UploadId(Uuid::from_u128(7));

    fn actor() -> Actor {
        Actor {
            user_id: UserId(Uuid::from_u128(1)),
            role: UserRole::User,
            session_id: None,
        }
    }

    fn upload() -> Upload {
        Upload {
            file: Attachment {
                id: ID,
                filename: "a.png".into(),
                content_type: "image/png".into(),
                size: 1,
                width: Some(1),
                height: Some(1),
                preview: None,
                has_thumbnail: true,
            },
            blob_id: ID,
            owner_id: actor().user_id,
            message_id: None,
            avatar_of: None,
            thumbnail_type: Some("image/png".into()),
        }
    }

    fn refused(outcome: Result<Option<String>>) -> String {
        match outcome {
            Err(Error::Invalid(fields)) => fields[0].field.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_picture_is_a_free_upload_of_ones_own() {
        let wanted = NewAvatar::Upload(ID);
        let next = |upload: &Upload| next_avatar_url(&wanted, None, Some(upload), &actor());
        let url = avatar_url(ID);
        assert_eq!(next(&upload()).unwrap().as_deref(), Some(url.as_str()));
        assert_eq!(avatar_upload(&url), Some(ID));
        assert_eq!(avatar_upload("https://img.example/avatars/7"), None);
        for wrong in [
            Upload {
                owner_id: UserId(Uuid::from_u128(2)),
                ..upload()
            },
            Upload {
                message_id: Some(MessageId(Uuid::nil())),
                ..upload()
            },
            Upload {
                avatar_of: Some(AvatarOf::User(actor().user_id)),
                ..upload()
            },
            Upload {
                thumbnail_type: None,
                ..upload()
            },
        ] {
            assert_eq!(refused(next(&wrong)), "upload_id", "{wrong:?}");
        }
        assert_eq!(
            refused(next_avatar_url(&wanted, None, None, &actor())),
            "upload_id"
        );
        // What is so already needs nothing more.
        let again = next_avatar_url(&wanted, Some(&url), None, &actor());
        assert_eq!(again.unwrap(), Some(url));
    }

    #[test]
    fn a_path_of_this_server_is_kept_and_never_taken() {
        let path = avatar_url(ID);
        let wanted = NewAvatar::Url(path.clone());
        let next = |present: Option<&str>| next_avatar_url(&wanted, present, None, &actor());
        assert_eq!(next(Some(&path)).unwrap(), Some(path.clone()));
        for present in [None, Some("/avatars/x"), Some("https://img.example/a.png")] {
            assert_eq!(refused(next(present)), "avatar_url", "{present:?}");
        }
        let elsewhere = NewAvatar::from(Some("https://img.example/a.png".to_owned()));
        assert!(next_avatar_url(&elsewhere, Some(&path), None, &actor()).is_ok());
        assert_eq!(
            next_avatar_url(&NewAvatar::from(None), Some(&path), None, &actor()).unwrap(),
            None
        );
    }
}
