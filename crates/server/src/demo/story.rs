//! What the people of the demo are called and what they say.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The whole of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    pub(super) people: Vec<Person>,
    pub(super) rooms: Vec<Room>,
}

/// Somebody.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) username: String,
    pub(super) name: String,
}

/// A conversation. A direct one has two members and no name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Room {
    #[serde(default)]
    pub(super) direct: bool,
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) description: Option<String>,
    /// Usernames; the first one makes the room.
    pub(super) members: Vec<String>,
    /// How long ago the last line was said.
    pub(super) ended_minutes_ago: u32,
    pub(super) lines: Vec<Line>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// Whose.
    pub(super) by: String,
    /// Minutes after the line before.
    pub(super) after: u32,
    pub(super) text: String,
    #[serde(default)]
    pub(super) markdown: bool,
    /// By which later lines answer it.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// The line it answers.
    #[serde(default)]
    pub(super) to: Option<String>,
    /// What it was changed to.
    #[serde(default)]
    pub(super) edited: Option<String>,
    /// Who reacted, by emoji.
    #[serde(default)]
    pub(super) reactions: BTreeMap<String, Vec<String>>,
    /// Whether it was taken back.
    #[serde(default)]
    pub(super) deleted: bool,
}

impl Story {
    /// The one that is bundled.
    pub(super) fn bundled() -> Self {
        serde_json::from_str(include_str!("story.json")).expect("a test reads the bundled story")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_who_speaks_is_there_and_every_answer_has_its_question() {
        let story = Story::bundled();
        let people: HashSet<&str> = story
            .people
            .iter()
            .map(|person| person.username.as_str())
            .collect();
        for room in &story.rooms {
            assert!(room.members.iter().all(|name| people.contains(name.as_str())));
            assert_eq!(room.direct, room.name.is_empty());
            assert!(!room.direct || room.members.len() == 2);
            let mut said: HashSet<&str> = HashSet::new();
            for line in &room.lines {
                assert!(
                    room.members.contains(&line.by),
                    "{} is not in {}",
                    line.by,
                    room.name
                );
                assert!(
                    line.to.as_deref().is_none_or(|to| said.contains(to)),
                    "{}",
                    line.text
                );
                let mut reactors = line.reactions.values().flatten();
                assert!(reactors.all(|name| room.members.contains(name)), "{}", line.text);
                said.extend(line.id.as_deref());
            }
        }
    }
}
