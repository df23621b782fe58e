//! One send on its way through a lane, and the two hashes by which a repeat is known.

use confab_domain::ports::{NewMessage, Sent};
use confab_domain::{Body, Result, RoomId, UserId};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use uuid::Uuid;

/// A send that waits for its commit.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) message: NewMessage,
    pub(crate) client_key: Uuid,
    pub(crate) body_hash: Uuid,
    /// Where the answer goes. Nobody may be listening any more; the send goes on all the same.
    pub(crate) reply: oneshot::Sender<Result<Sent>>,
}

impl Job {
    pub(crate) fn new(message: NewMessage) -> (Self, oneshot::Receiver<Result<Sent>>) {
        let (reply, answer) = oneshot::channel();
        let job = Self {
            client_key: client_key(message.room_id, message.actor.user_id, &message.client_id),
            body_hash: body_hash(&message.body),
            message,
            reply,
        };
        (job, answer)
    }

    /// About what it weighs in a batch, in bytes.
    pub(crate) fn weight(&self) -> usize {
        self.message.body.content.len() + 256
    }
}

/// What a repeat is found by: six bytes of the room id, so that the keys of a room are neighbours in the
/// index, then ten of a hash of room, sender and `client_id`.
pub(crate) fn client_key(room_id: RoomId, sender_id: UserId, client_id: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(room_id.0.as_bytes());
    hash.update(sender_id.0.as_bytes());
    hash.update(client_id.as_bytes());
    let digest = hash.finalize();
    let mut key = [0; 16];
    key[..6].copy_from_slice(&room_id.0.as_bytes()[10..]);
    key[6..].copy_from_slice(&digest[..10]);
    Uuid::from_bytes(key)
}

/// Tells two bodies apart: a repeat with another body is a conflict.
pub(crate) fn body_hash(body: &Body) -> Uuid {
    let mut hash = Sha256::new();
    hash.update(body.content_type.as_str().as_bytes());
    hash.update([0]);
    hash.update(body.reply_to.map_or([0; 16], |id| *id.0.as_bytes()));
    hash_json(&mut hash, &body.metadata);
    // Only what is there: the hashes of bodies without files stay what they always were.
    for upload_id in &body.attachments {
        hash.update([1]);
        hash.update(upload_id.0.as_bytes());
    }
    match &body.forward {
        // A forward is known by its source: what that says may change between two attempts.
        Some(forward) => {
            hash = Sha256::new();
            hash.update([2]);
            hash.update(forward.source_id.0.as_bytes());
        }
        None => hash.update(body.content.as_bytes()),
    }
    let digest = hash.finalize();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(short)
}

/// The same for two objects that differ only in the order of their keys.
fn hash_json(hash: &mut Sha256, json: &Json) {
    match json {
        Json::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            hash.update(format!("{{{}:", entries.len()).as_bytes());
            for (key, value) in entries {
                hash.update(format!("{}:{key}", key.len()).as_bytes());
                hash_json(hash, value);
            }
        }
        Json::Array(items) => {
            hash.update(format!("[{}:", items.len()).as_bytes());
            for item in items {
                hash_json(hash, item);
            }
        }
        other => {
            let text = other.to_string();
            hash.update(format!("{}:{text}", text.len()).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use confab_domain::{ContentType, Forward, ForwardedFrom, MessageId, UploadId};
    use serde_json::json;

    use super::*;

    fn body(content: &str, metadata: Json) -> Body {
        Body {
            content: content.into(),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata,
            attachments: Vec::new(),
            named: confab_domain::Named::default(),
            forward: None,
        }
    }

    #[test]
    fn a_body_is_known_by_all_it_says() {
        let same = body_hash(&body("a", json!({"x": 1, "y": [2]})));
        assert_eq!(
            same,
            body_hash(&body("a", serde_json::from_str(r#"{"y":[2],"x":1}"#).unwrap()))
        );
        assert_ne!(same, body_hash(&body("b", json!({"x": 1, "y": [2]}))));
        assert_ne!(same, body_hash(&body("a", json!({"x": 1, "y": [3]}))));
        let markdown = Body {
            content_type: ContentType::Markdown,
            ..body("a", json!({"x": 1, "y": [2]}))
        };
        assert_ne!(same, body_hash(&markdown));
        let with_files = |files: &[u128]| Body {
            attachments: files.iter().map(|n| UploadId(Uuid::from_u128(*n))).collect(),
            ..body("a", json!({"x": 1, "y": [2]}))
        };
        assert_ne!(same, body_hash(&with_files(&[1])));
        assert_ne!(body_hash(&with_files(&[1, 2])), body_hash(&with_files(&[2, 1])));
        let forward = |content: &str, source: u128, origin: u128| Body {
            forward: Some(Forward {
                source_id: MessageId(Uuid::from_u128(source)),
                source_room_id: RoomId(Uuid::from_u128(2)),
                origin: ForwardedFrom {
                    message_id: MessageId(Uuid::from_u128(origin)),
                    sender_id: UserId(Uuid::from_u128(1)),
                    created_at: confab_domain::Timestamp::from_millis(0),
                },
            }),
            ..body(content, json!({}))
        };
        let first = body_hash(&forward("a", 1, 1));
        assert_eq!(first, body_hash(&forward("edited", 1, 1)));
        assert_ne!(
            first,
            body_hash(&forward("a", 2, 1)),
            "a forward of the same origin"
        );
        assert_eq!(
            first,
            body_hash(&forward("a", 1, 9)),
            "which may be known no longer"
        );
    }

    #[test]
    fn a_key_belongs_to_room_sender_and_client_id() {
        let (room, other_room) = (RoomId(Uuid::from_u128(1)), RoomId(Uuid::from_u128(2)));
        let (ann, bob) = (UserId(Uuid::from_u128(3)), UserId(Uuid::from_u128(4)));
        let key = client_key(room, ann, "a");
        assert_eq!(key, client_key(room, ann, "a"));
        assert_ne!(key, client_key(room, ann, "b"));
        assert_ne!(key, client_key(room, bob, "a"));
        assert_ne!(key, client_key(other_room, ann, "a"));
    }
}
