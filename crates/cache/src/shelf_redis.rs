//! Cached rooms in Redis: a hash a room for the slow part, one for the recent messages.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::{Epoch, Message, Room, RoomId};
use redis::{Cmd, Pipeline};

use crate::link::{Away, RedisLink};
use crate::measures;
use crate::note::Note;
use crate::recent::{MESSAGES_MAX, Recent, Touch};
use crate::scripts::{GET_RECENT, MOVE_RECENT, PUT_RECENT, PUT_ROOM};
use crate::settings::RoomCacheSettings;
use crate::shelf::{Run, Shelf, jittered};

/// Commands in one pipeline.
const PIPELINE_COMMANDS_MAX: usize = 500;

/// Notes kept of one message; more empty the page, whose next reader has them all counted.
const NOTES_BYTES_MAX: usize = 4 * 1024;

/// What is kept of a message: its JSON, and what became of it since that was written.
const ENTRY_TEXTS: usize = 2;

fn kept_message(entry: &[Option<String>]) -> Option<Arc<Message>> {
    let [text, notes] = entry else {
        return None;
    };
    let mut message: Message = serde_json::from_str(text.as_deref()?).ok()?;
    Note::apply_lines(notes.as_deref().unwrap_or_default(), &mut message)?;
    Some(Arc::new(message))
}

pub(crate) struct RedisShelf {
    link: RedisLink,
    room_ttl: Duration,
    recent_ttl: Duration,
}

impl RedisShelf {
    pub(crate) fn new(link: RedisLink, settings: &RoomCacheSettings) -> Self {
        Self {
            link,
            room_ttl: settings.room_ttl,
            recent_ttl: settings.recent_ttl,
        }
    }

    async fn get_recent(&self, room_id: RoomId, epoch: &Epoch, seq: i64) -> Result<Option<Recent>, Away> {
        let mut call = GET_RECENT.on(&self.link.keys().recent(room_id, epoch));
        let found: Option<Vec<Option<String>>> = self.link.query(call.arg(seq)).await?;
        Ok(found.and_then(|found| {
            let (older, entries) = found.split_first()?;
            // What cannot be read was written by a version that should have had another key: a miss.
            let messages = entries.chunks(ENTRY_TEXTS).map(kept_message);
            let messages = messages.collect::<Option<Vec<_>>>()?;
            Some(Recent {
                seq,
                messages,
                has_older: older.as_deref() == Some("1"),
            })
        }))
    }

    fn put_room_call(&self, epoch: &Epoch, version: i64, room: &Room) -> Cmd {
        let mut call = PUT_ROOM.on(&self.link.keys().room(room.id, epoch));
        call.arg(version).arg(json(room)).arg(ttl_ms(self.room_ttl));
        call
    }

    fn move_recent_call(&self, run: &Run) -> Cmd {
        let mut call = MOVE_RECENT.on(&self.link.keys().recent(run.room_id, &run.epoch));
        let (first, last) = run.bounds();
        call.arg(first)
            .arg(last)
            .arg(ttl_ms(self.recent_ttl))
            .arg(MESSAGES_MAX)
            .arg(NOTES_BYTES_MAX);
        for event in &run.events {
            // The last two: whom it answers (or which one it is), and the note of it.
            let (kind, number, text, id, note) = match Touch::of(event) {
                None => continue,
                Some(Touch::New(message)) => (
                    "new",
                    message.number,
                    json(message),
                    message.reply_to.map(|id| id.to_string()),
                    Some(Note::answered_by(message)),
                ),
                Some(Touch::Changed(message)) => {
                    let id = Some(message.id.to_string());
                    ("changed", message.number, json(message), id, None)
                }
                Some(Touch::Noted(number, note)) => ("noted", number, Vec::new(), None, Some(note)),
                Some(Touch::Gone(number, id)) => ("gone", number, Vec::new(), Some(id.to_string()), None),
                Some(Touch::Lost(number)) => ("lost", number, Vec::new(), None, None),
            };
            call.arg(event.seq)
                .arg(kind)
                .arg(number)
                .arg(text)
                .arg(id.unwrap_or_default())
                .arg(note.as_ref().map(Note::line).unwrap_or_default());
        }
        call
    }
}

#[async_trait]
impl Shelf for RedisShelf {
    async fn recent(&self, room_id: RoomId, epoch: &Epoch, seq: i64) -> Option<Arc<Recent>> {
        if let Ok(recent) = self.get_recent(room_id, epoch, seq).await {
            return recent.map(Arc::new);
        }
        measures::fallback("rooms");
        None
    }

    async fn put_recent(&self, room_id: RoomId, epoch: &Epoch, recent: &Arc<Recent>) {
        let mut call = PUT_RECENT.on(&self.link.keys().recent(room_id, epoch));
        let lowest = recent.messages.first().map_or(1, |message| message.number);
        call.arg(recent.seq)
            .arg(ttl_ms(self.recent_ttl))
            .arg(u8::from(recent.has_older))
            .arg(lowest);
        for message in &recent.messages {
            call.arg(json(&**message));
        }
        // Not kept is a miss for the next reader.
        let _: Result<(), Away> = self.link.query(&call).await;
    }

    async fn room(&self, room_id: RoomId, epoch: &Epoch, version: i64) -> Option<Room> {
        let mut get = redis::cmd("HMGET");
        get.arg(self.link.keys().room(room_id, epoch))
            .arg("version")
            .arg("room");
        match self.link.query::<(Option<i64>, Option<String>)>(&get).await {
            Ok((Some(kept), Some(text))) if kept == version => serde_json::from_str(&text).ok(),
            Ok(_) => None,
            Err(_) => {
                measures::fallback("rooms");
                None
            }
        }
    }

    async fn put_room(&self, epoch: &Epoch, version: i64, room: &Room) {
        let _: Result<(), Away> = self.link.query(&self.put_room_call(epoch, version, room)).await;
    }

    async fn move_on(&self, runs: &[Run]) {
        for some in runs.chunks(PIPELINE_COMMANDS_MAX / 2) {
            let mut pipeline = Pipeline::new();
            for run in some {
                if let Some((version, room)) = run.room() {
                    pipeline
                        .add_command(self.put_room_call(&run.epoch, version, room))
                        .ignore();
                }
                pipeline.add_command(self.move_recent_call(run)).ignore();
            }
            // What does not get through leaves pages behind that no reader takes for current.
            let within = self.link.settings().bulk_timeout;
            let _: Result<(), Away> = self.link.pipeline(&pipeline, within).await;
        }
    }
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("rooms and messages have no keys but text")
}

fn ttl_ms(ttl: Duration) -> u64 {
    u64::try_from(jittered(ttl).as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}
