//! What a room tells about itself in messages of type `system`, where its admins want that.
//!
//! They are messages like any other: numbered, in history, counted as unread. They name nobody, nobody edits them,
//! and what is in them for machines is `metadata.system`.

use serde_json::{Value, json};

use super::{Effect, Facts};
use crate::{Actor, LeaveReason, MemberRole, MessageId, UserId};

/// People who are named in one text; further ones are counted.
pub const NAMED_MAX: usize = 3;

/// One message of the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// What happened, for machines.
    kind: &'static str,
    /// To whom; the actor themselves when it is theirs alone.
    pub user_ids: Vec<UserId>,
    /// The room's new name.
    name: Option<String>,
    /// The message it is about.
    message_id: Option<MessageId>,
}

impl Notice {
    const fn about(kind: &'static str, user_ids: Vec<UserId>) -> Self {
        Self {
            kind,
            user_ids,
            name: None,
            message_id: None,
        }
    }

    /// `metadata` of the message.
    pub fn metadata(&self) -> Value {
        let mut system = json!({ "type": self.kind });
        if let Some(first) = self.user_ids.first() {
            system["user_id"] = json!(first);
        }
        if self.user_ids.len() > 1 {
            system["user_ids"] = json!(self.user_ids);
        }
        if let Some(name) = &self.name {
            system["name"] = json!(name);
        }
        if let Some(message_id) = &self.message_id {
            system["message_id"] = json!(message_id);
        }
        json!({ "system": system })
    }

    /// The text, in English; `name_of` knows the people of [`Self::user_ids`] and the actor.
    pub fn text(&self, actor: &Actor, name_of: impl Fn(UserId) -> String) -> String {
        let by = name_of(actor.user_id);
        let whom = || listed(&self.user_ids, &name_of);
        let is_own = self.user_ids == [actor.user_id];
        match self.kind {
            "joined" if is_own => format!("{by} joined"),
            "joined" => format!("{by} added {}", whom()),
            "left" => format!("{} left", whom()),
            "removed" => format!("{by} removed {}", whom()),
            "banned" => format!("{by} banned {}", whom()),
            "owner_changed" => format!("{} owns the room now", whom()),
            "renamed" => format!(
                "{by} renamed the room to \u{201c}{}\u{201d}",
                self.name.as_deref().unwrap_or_default()
            ),
            "pinned" => format!("{by} pinned a message"),
            "avatar_changed" => format!("{by} changed the room's picture"),
            "description_changed" => format!("{by} changed the room's description"),
            other => format!("{by}: {other}"),
        }
    }
}

fn listed(user_ids: &[UserId], name_of: impl Fn(UserId) -> String) -> String {
    let names: Vec<String> = user_ids.iter().take(NAMED_MAX).map(|id| name_of(*id)).collect();
    let further = user_ids.len() - names.len();
    match (names.as_slice(), further) {
        ([one], 0) => one.clone(),
        ([first @ .., last], 0) => format!("{} and {last}", first.join(", ")),
        (all, further) => format!("{} and {further} more", all.join(", ")),
    }
}

/// What these effects give to tell, in their order; those who come in together are told together.
pub fn notices(effects: &[Effect], facts: &Facts) -> Vec<Notice> {
    let mut notices: Vec<Notice> = Vec::new();
    for effect in effects {
        match effect {
            Effect::Joined { user_id, .. } => match notices.iter_mut().find(|notice| notice.kind == "joined")
            {
                Some(joined) => joined.user_ids.push(*user_id),
                None => notices.push(Notice::about("joined", vec![*user_id])),
            },
            Effect::Left { user_id, reason } => {
                let kind = match reason {
                    LeaveReason::Left => "left",
                    LeaveReason::Removed => "removed",
                    LeaveReason::Banned => "banned",
                };
                notices.push(Notice::about(kind, vec![*user_id]));
            }
            Effect::MemberUpdated {
                user_id,
                role: MemberRole::Owner,
                ..
            } => notices.push(Notice::about("owner_changed", vec![*user_id])),
            Effect::MessagePinned { message_id, .. } => notices.push(Notice {
                message_id: Some(*message_id),
                ..Notice::about("pinned", Vec::new())
            }),
            Effect::RoomUpdated(room) => {
                if room.name != facts.room.name {
                    notices.push(Notice {
                        name: room.name.clone(),
                        ..Notice::about("renamed", Vec::new())
                    });
                }
                if room.avatar_url != facts.room.avatar_url {
                    notices.push(Notice::about("avatar_changed", Vec::new()));
                }
                if room.description != facts.room.description {
                    notices.push(Notice::about("description_changed", Vec::new()));
                }
            }
            _ => {}
        }
    }
    notices
}

#[cfg(test)]
mod tests {
    use super::super::tests::{actor, facts, id};
    use super::*;
    use crate::{Room, RoomKind, UserRole};

    #[test]
    fn people_are_told_of_together_and_a_name_with_its_words() {
        let room = facts(RoomKind::Private, Some(MemberRole::Owner), &[]);
        let joined = |n| Effect::Joined {
            user_id: id(n),
            role: MemberRole::Member,
        };
        let renamed = Room {
            name: Some("new".into()),
            ..room.room.clone()
        };
        let effects = [
            joined(2),
            joined(3),
            joined(4),
            joined(5),
            Effect::RoomUpdated(Box::new(renamed)),
        ];
        let told = notices(&effects, &room);
        let by = actor(1, UserRole::User);
        let texts: Vec<_> = told
            .iter()
            .map(|notice| notice.text(&by, |user_id| format!("p{}", user_id.0.as_bytes()[0])))
            .collect();
        assert_eq!(
            texts,
            [
                "p1 added p2, p3, p4 and 1 more",
                "p1 renamed the room to \u{201c}new\u{201d}"
            ]
        );
        assert_eq!(
            told[0].metadata()["system"]["user_ids"].as_array().unwrap().len(),
            4
        );
        assert_eq!(
            told[1].metadata(),
            json!({"system": {"type": "renamed", "name": "new"}})
        );
        assert_eq!(
            listed(&[id(1), id(2)], |user_id| user_id.0.as_bytes()[0].to_string()),
            "1 and 2"
        );
        let own = notices(&[joined(1)], &room);
        assert_eq!(own[0].text(&by, |_| "Ada".into()), "Ada joined");
    }
}
