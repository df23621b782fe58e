//! A few people and their talk, so that whoever looks at Confab for the first time finds somebody there.
//!
//! **Playing it twice plays it once**: people are known by their names, rooms by theirs, messages by their `client_id`.

mod story;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use confab_api::DemoLogin;
use confab_domain::commands::{self, CreateRoom, SendMessage};
use confab_domain::ports::{NewUser, Ports, RoomFilter};
use confab_domain::{
    Actor, Clock, Error, Limits, MessageId, Rate, Result, RoomId, RoomSettings, Timestamp, Trace, UserId,
    UserRole, queries,
};
use tokio::sync::Mutex;

use self::story::{Line, Room, Story};

/// The accounts were made so long before the first word.
const ACCOUNTS_AGE: Duration = Duration::from_hours(72);
const MINUTE_MS: i64 = 60_000;
/// Of each room this many messages stay unread by those who did not say them.
const UNREAD: i64 = 2;

/// What everybody of the demo logs in with, unless told otherwise.
pub(crate) const PASSWORD: &str = "confab-demo";

/// Offers the demo as long as there is no room.
pub(crate) struct Offer {
    ports: Ports,
    /// One play at a time.
    playing: Mutex<()>,
}

impl Offer {
    pub(crate) fn new(ports: Ports) -> Self {
        Self {
            ports,
            playing: Mutex::new(()),
        }
    }
}

#[async_trait]
impl confab_api::Demo for Offer {
    async fn is_offered(&self) -> bool {
        // When the store does not answer there is nothing to offer either.
        has_rooms(&self.ports).await.is_ok_and(|has_rooms| !has_rooms)
    }

    async fn play(&self) -> Result<Vec<DemoLogin>> {
        let _playing = self.playing.lock().await;
        // Its own rooms are no hindrance: a play that was broken off is ended so.
        if has_rooms(&self.ports).await? && !has_begun(&self.ports).await? {
            return Err(Error::Conflict("there are rooms already"));
        }
        // In a task of its own: who does not wait for the answer must not leave half a demo.
        let ports = self.ports.clone();
        let playing = tokio::spawn(async move { play(&ports, PASSWORD).await });
        playing
            .await
            .map_err(|panic| Error::Internal("the demo broke off", Some(Box::new(panic))))?
    }
}

async fn has_rooms(ports: &Ports) -> Result<bool> {
    // A service sees all rooms.
    let anybody = Actor {
        user_id: UserId::mint(ports.clock.now()),
        role: UserRole::Service,
        session_id: None,
    };
    let page = queries::list_rooms(ports, &anybody, &RoomFilter::default(), None, 1).await?;
    Ok(!page.items.is_empty())
}

/// Whether the first of its people is there, with the demo's password.
async fn has_begun(ports: &Ports) -> Result<bool> {
    let story = Story::bundled();
    let Some(first) = story.people.first() else {
        return Ok(false);
    };
    match ports.accounts.login_of(&first.username).await? {
        Some((_, hash)) => ports.passwords.verify(PASSWORD.to_owned(), hash).await,
        None => Ok(false),
    }
}

/// Makes the people and the rooms that are not there yet, and has everything said.
pub(crate) async fn play(ports: &Ports, password: &str) -> Result<Vec<DemoLogin>> {
    let story = Story::bundled();
    let now = ports.clock.now();
    let clock = Arc::new(StoryClock::at(now.minus(ACCOUNTS_AGE)));
    let ports = Ports {
        clock: Arc::<StoryClock>::clone(&clock),
        limits: Arc::new(unhurried(&ports.limits)),
        ..ports.clone()
    };
    let mut cast = HashMap::new();
    let hash = ports.passwords.hash(password.to_owned()).await?;
    for person in &story.people {
        let user_id = match ports.accounts.login_of(&person.username).await? {
            Some((_, known)) if !ports.passwords.verify(password.to_owned(), known.clone()).await? => {
                return Err(Error::Conflict(
                    "somebody else has a username of the demo, or its password was changed",
                ));
            }
            Some((user, _)) => user.id,
            None => enroll(&ports, &person.username, &person.name, &hash).await?,
        };
        cast.insert(person.username.as_str(), actor(user_id));
    }
    for (index, room) in story.rooms.iter().enumerate() {
        talk(&ports, &clock, now, index, room, &cast).await?;
    }
    Ok(story
        .people
        .into_iter()
        .map(|person| DemoLogin {
            username: person.username,
            display_name: person.name,
            password: password.to_owned(),
        })
        .collect())
}

async fn enroll(ports: &Ports, username: &str, name: &str, hash: &str) -> Result<UserId> {
    let now = ports.clock.now();
    let user = NewUser {
        id: UserId::mint(now),
        username: username.to_owned(),
        email: None,
        display_name: name.to_owned(),
        avatar_url: None,
        password_hash: Some(hash.to_owned()),
        role: UserRole::User,
    };
    Ok(ports.accounts.register(user, now, Trace::default()).await?.id)
}

async fn talk(
    ports: &Ports,
    clock: &StoryClock,
    now: Timestamp,
    index: usize,
    room: &Room,
    cast: &HashMap<&str, Actor>,
) -> Result<()> {
    let lasted: u32 = room.lines.iter().map(|line| line.after).sum();
    let mut at = now.as_millis() - i64::from(room.ended_minutes_ago + lasted) * MINUTE_MS;
    clock.set(at - MINUTE_MS);
    let members: Vec<&Actor> = room
        .members
        .iter()
        .filter_map(|name| cast.get(name.as_str()))
        .collect();
    let room_id = entered(ports, room, &members).await?;
    let mut said: HashMap<&str, MessageId> = HashMap::new();
    let mut last = HashMap::new();
    let mut number = 0;
    for (place, line) in room.lines.iter().enumerate() {
        at += i64::from(line.after) * MINUTE_MS;
        clock.set(at);
        let Some(speaker) = cast.get(line.by.as_str()) else {
            continue;
        };
        let client_id = format!("demo-{index}-{place}");
        let reply_to = line.to.as_deref().and_then(|to| said.get(to)).copied();
        let id;
        (id, number) = say(ports, speaker, room_id, client_id, line, reply_to).await?;
        said.extend(line.id.as_deref().map(|name| (name, id)));
        last.insert(speaker.user_id, number);
        // Later than it was said, as such things are.
        clock.set(at + MINUTE_MS / 2);
        if let Some(text) = &line.edited {
            commands::edit_message(ports, speaker, id, text.clone(), Trace::default()).await?;
        }
        for (emoji, people) in &line.reactions {
            for reactor in people.iter().filter_map(|name| cast.get(name.as_str())) {
                commands::add_reaction(ports, reactor, id, emoji, Trace::default()).await?;
            }
        }
        if line.deleted {
            commands::delete_message(ports, speaker, id, None, Trace::default()).await?;
        }
    }
    for member in members {
        let own = last.get(&member.user_id).copied().unwrap_or_default();
        let read = own.max(number - UNREAD);
        if read > 0 {
            commands::mark_read(ports, member, room_id, read).await?;
        }
    }
    Ok(())
}

/// The room, made and entered by all of them when it was not there.
async fn entered(ports: &Ports, room: &Room, members: &[&Actor]) -> Result<RoomId> {
    let [owner, others @ ..] = members else {
        return Err(Error::Internal("a room of the story is empty", None));
    };
    if let (true, [peer]) = (room.direct, others) {
        let (changed, _) = commands::open_direct_room(ports, owner, peer.user_id, Trace::default()).await?;
        return Ok(changed.room.id);
    }
    let filter = RoomFilter {
        query: Some(room.name.clone()),
        kind: None,
    };
    let found = queries::list_rooms(ports, owner, &filter, None, 100).await?;
    let known = found.items.into_iter().find(|found| {
        found.room.name.as_deref() == Some(room.name.as_str()) && found.room.created_by == Some(owner.user_id)
    });
    if let Some(known) = known {
        return Ok(known.room.id);
    }
    let wanted = CreateRoom {
        kind: room.kind.clone(),
        name: room.name.clone(),
        description: room.description.clone(),
        metadata: None,
        history: None,
        member_ids: others.iter().map(|member| member.user_id).collect(),
        posting: None,
        settings: RoomSettings::default(),
    };
    let made = commands::create_room(ports, owner, wanted, Trace::default()).await?;
    Ok(made.room.id)
}

async fn say(
    ports: &Ports,
    speaker: &Actor,
    room_id: RoomId,
    client_id: String,
    line: &Line,
    reply_to: Option<MessageId>,
) -> Result<(MessageId, i64)> {
    let send = SendMessage {
        content: Some(line.text.clone()),
        client_id: Some(client_id),
        reply_to,
        content_type: line.markdown.then(|| "text/markdown".to_owned()),
        ..SendMessage::default()
    };
    let sent = commands::send_message(ports, speaker, room_id, send, Trace::default()).await?;
    Ok((sent.message.id, sent.message.number))
}

fn actor(user_id: UserId) -> Actor {
    Actor {
        user_id,
        role: UserRole::User,
        session_id: None,
    }
}

/// A story of days is told in a moment.
fn unhurried(limits: &Limits) -> Limits {
    let none = Rate::per_minute(0);
    Limits {
        direct_sends: none,
        room_sends: none,
        room_changes: none,
        edits: none,
        deletes: none,
        reactions: none,
        marks: none,
        ..limits.clone()
    }
}

/// The time within the story.
struct StoryClock(AtomicI64);

impl StoryClock {
    fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.as_millis()))
    }

    fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }
}

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}
