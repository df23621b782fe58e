//! Files: what may come in, and what is known of one that has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::room::words;
use crate::{Attachment, AvatarOf, MessageId, Timestamp, UploadId, User, UserId};

/// A file that came in whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What its viewers are told.
    pub file: Attachment,
    /// Where its bytes are: under its own id, or under that of the file it is a copy of.
    pub blob_id: UploadId,
    /// Who brought it.
    pub owner_id: UserId,
    /// The message that bears it, whose room alone decides who may read it. None: its owner alone.
    pub message_id: Option<MessageId>,
    /// Whose picture it is; then no message bears it, and everybody may see its thumbnail.
    pub avatar_of: Option<AvatarOf>,
    /// Type of its thumbnail, when it has one.
    pub thumbnail_type: Option<String>,
}

words! {
    /// What a file is to who looks through a room's files, by its content type.
    FileKind {
        /// `image/…`
        Image = "image",
        /// `video/…`
        Video = "video",
        /// `audio/…`
        Audio = "audio",
        /// Every other.
        Other = "other",
    }
}

/// A file of a room, with the message that bears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomFile {
    /// What its viewers are told.
    pub file: Attachment,
    /// The message that bears it.
    pub message_id: MessageId,
    /// That message's number in the room.
    pub number: i64,
    /// That message's `seq`.
    pub seq: i64,
    /// Who sent that message.
    pub sender: User,
    /// When that message was sent.
    pub created_at: Timestamp,
}

/// What may come in, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRules {
    /// Largest file, in bytes.
    pub file_bytes_max: u64,
    /// Largest picture that is written anew without its metadata, in bytes; it is held in memory while it is.
    pub image_bytes_max: u64,
    /// Most pixels of such a picture, all frames of an animation counted once.
    pub image_pixels_max: u64,
    /// What one person's files may take up together, in bytes; 0: no bound.
    pub quota_bytes: u64,
    /// Types that may come in (`image/png`, `image/*`); empty: all that are not denied.
    pub types_allowed: Vec<String>,
    /// Types that may not; they win over those allowed.
    pub types_denied: Vec<String>,
    /// A file that no message bears by then, and that is no picture of anybody, is removed.
    pub unattached_ttl: Duration,
    /// How long a signed link opens its file at most; at least half of it.
    pub link_ttl: Duration,
}

impl FileRules {
    /// Whether a file of this type may come in.
    pub fn permit(&self, content_type: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => content_type.starts_with(beginning),
            None => content_type == pattern,
        };
        let is_allowed = self.types_allowed.is_empty() || self.types_allowed.iter().any(fits);
        is_allowed && !self.types_denied.iter().any(fits)
    }
}

impl Default for FileRules {
    fn default() -> Self {
        // Pictures whose metadata, the place they were taken among it, cannot be removed here.
        let denied = [
            "image/avif",
            "image/heic",
            "image/heif",
            "image/jxl",
            "image/tiff",
        ];
        Self {
            file_bytes_max: 100 * 1024 * 1024,
            image_bytes_max: 20 * 1024 * 1024,
            image_pixels_max: 50_000_000,
            quota_bytes: 0,
            types_allowed: Vec::new(),
            types_denied: denied.map(str::to_owned).to_vec(),
            unattached_ttl: Duration::from_hours(24),
            link_ttl: Duration::from_mins(10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_wins_over_what_is_allowed() {
        let mut rules = FileRules::default();
        assert!(rules.permit("image/png") && rules.permit("application/octet-stream"));
        assert!(!rules.permit("image/heic"));
        rules.types_allowed = vec!["image/*".into(), "application/pdf".into()];
        assert!(rules.permit("image/png") && rules.permit("application/pdf"));
        assert!(!rules.permit("image/heic") && !rules.permit("text/plain"));
        rules.types_denied = vec!["*".into()];
        assert!(!rules.permit("image/png"));
    }
}
