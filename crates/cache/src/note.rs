//! Small changes of a message, beside its text: how each moves a kept message on.

use confab_domain::{Message, Timestamp, UserId};
use serde::{Deserialize, Serialize};

/// What happened to a message. In Redis these are kept beside its JSON, one a line, since a script that wrote the JSON
/// anew would not give it back bit for bit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub(crate) enum Note {
    /// Somebody answered it, which counts there and is no change of its own.
    Answered {
        at: Timestamp,
    },
    ReactionAdded {
        seq: i64,
        emoji: String,
    },
    ReactionRemoved {
        seq: i64,
        emoji: String,
    },
    Pinned {
        seq: i64,
        at: Timestamp,
        /// None in a note of the version before.
        by: Option<UserId>,
    },
    Unpinned {
        seq: i64,
    },
}

impl Note {
    /// What this reply is to the message it answers.
    pub(crate) const fn answered_by(reply: &Message) -> Self {
        Self::Answered { at: reply.created_at }
    }

    /// Does to a message what the store did to it.
    pub(crate) fn apply(&self, message: &mut Message) {
        let extras = &mut message.extras;
        let seq = match self {
            Self::Answered { at } => {
                extras.reply_count += 1;
                extras.last_reply_at = Some(*at);
                return;
            }
            Self::ReactionAdded { seq, emoji } => {
                extras.count_reaction(emoji);
                seq
            }
            Self::ReactionRemoved { seq, emoji } => {
                extras.discount_reaction(emoji);
                seq
            }
            Self::Pinned { seq, at, by } => {
                extras.pinned_at = Some(*at);
                extras.pinned_by = *by;
                seq
            }
            Self::Unpinned { seq } => {
                extras.pinned_at = None;
                extras.pinned_by = None;
                seq
            }
        };
        message.updated_seq = *seq;
    }

    /// As it is kept.
    pub(crate) fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("notes have no keys but text");
        line.push('\n');
        line
    }

    /// Applies all that is kept; none when a line cannot be read.
    pub(crate) fn apply_lines(lines: &str, message: &mut Message) -> Option<()> {
        for line in lines.lines() {
            serde_json::from_str::<Self>(line).ok()?.apply(message);
        }
        Some(())
    }
}
