//! Decides a batch, under the locks of its rooms: repeats first, then rights, then places. No I/O.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use confab_domain::ports::NewMessage;
use confab_domain::rights::{SendFacts, may_read, may_send};
use confab_domain::{
    Attachment, Body, Error, Extras, Findings, Horizon, Member, Message, MessageId, Posting, Preview, Result,
    RoomId, RoomKind, Timestamp, Upload, UploadId, UserId,
};
use uuid::Uuid;

use super::job::Job;
use crate::mentions::named_ids;

/// Where a room's counters stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) last_seq: i64,
    pub(crate) last_number: i64,
}

/// What is so about one send, read after the locks were held.
#[derive(Clone, Debug)]
pub(crate) struct SendRow {
    /// None when there is no such room, or it was deleted.
    pub(crate) room: Option<RoomState>,
    pub(crate) membership: Option<Member>,
    pub(crate) is_sender_open: bool,
    /// When the sender last sent into the room.
    pub(crate) last_sent_at: Option<Timestamp>,
    /// The message that already bears this `client_id`.
    pub(crate) repeat_id: Option<MessageId>,
    /// The message it answers, when that is in the same room.
    pub(crate) parent: Option<Parent>,
}

/// A message that is answered.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) seq: i64,
    pub(crate) preview: Preview,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomState {
    pub(crate) kind: RoomKind,
    /// Whether everybody in it may see all of it.
    pub(crate) is_open_to_all: bool,
    pub(crate) is_active: bool,
    pub(crate) is_peer_shut: bool,
    pub(crate) posting: Posting,
    pub(crate) slow_mode_seconds: i64,
}

/// A message that was sent before, with the hash of its body.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub(crate) message: Arc<Message>,
    pub(crate) body_hash: Uuid,
}

/// A message that somebody forwards, with what they may be judged by in its room.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) message: Message,
    pub(crate) kind: RoomKind,
    pub(crate) membership: Option<Member>,
}

/// The messages that are forwarded, by themselves and by who forwards them.
pub(crate) type Sources = HashMap<(MessageId, UserId), Source>;

/// What becomes of one send.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is the message of this index in [`Plan::messages`].
    Accepted(usize),
    /// It repeats that message of the same batch.
    RepeatInBatch(usize),
    /// It was there before. `is_own` when an earlier attempt of this very send committed it.
    Repeat { message: Arc<Message>, is_own: bool },
    /// It is refused.
    Refused(Error),
    /// Its room is held by somebody else.
    LeftOut,
}

/// A file that is borne once more, with the bytes it has.
#[derive(Debug)]
pub(crate) struct Copied {
    pub(crate) id: UploadId,
    pub(crate) source_id: UploadId,
    pub(crate) owner_id: UserId,
    pub(crate) room_id: RoomId,
    pub(crate) message_id: MessageId,
}

/// Somebody is named in a message.
#[derive(Debug)]
pub(crate) struct Mention {
    pub(crate) room_id: RoomId,
    /// The nil id stands for everybody.
    pub(crate) user_id: Uuid,
    pub(crate) number: i64,
    pub(crate) seq: i64,
    pub(crate) said_at: Timestamp,
}

/// What to write, and what to answer.
#[derive(Debug)]
pub(crate) struct Plan {
    /// For each send, in order.
    pub(crate) verdicts: Vec<Verdict>,
    /// To be inserted, in order, each with the index of its send.
    pub(crate) messages: Vec<(usize, Arc<Message>)>,
    /// The heads to move.
    pub(crate) heads: BTreeMap<RoomId, (Counters, Timestamp)>,
    /// Files that messages bear from now on.
    pub(crate) attached: Vec<(UploadId, RoomId, MessageId)>,
    /// Files of forwarded messages, to be borne a second time under an id of their own.
    pub(crate) copied: Vec<Copied>,
    /// Senders have read up to what they said; in the order in which all writers lock members.
    pub(crate) marks: BTreeMap<(RoomId, UserId), i64>,
    /// Messages that were answered, by their `seq`: how often, and when last.
    pub(crate) answered: BTreeMap<(RoomId, i64), (i64, Timestamp)>,
    /// Who is named in which message.
    pub(crate) mentions: Vec<Mention>,
    /// When all of it is sent, for slow mode.
    pub(crate) sent_at: Timestamp,
}

/// Decides the batch. `rows` are in the order of `jobs`; `heads` holds the rooms that were locked.
pub(crate) fn plan(
    jobs: &[Job],
    heads: &HashMap<RoomId, Counters>,
    rows: &[SendRow],
    repeats: &HashMap<MessageId, Repeat>,
    uploads: &HashMap<UploadId, Upload>,
    sources: &Sources,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan {
        verdicts: Vec::with_capacity(jobs.len()),
        messages: Vec::with_capacity(jobs.len()),
        heads: BTreeMap::new(),
        attached: Vec::new(),
        copied: Vec::new(),
        marks: BTreeMap::new(),
        answered: BTreeMap::new(),
        mentions: Vec::new(),
        sent_at: now,
    };
    // Files that earlier sends of the batch took.
    let mut taken: HashSet<UploadId> = HashSet::new();
    // A client_id that occurs twice in the batch: which message it became.
    let mut accepted: HashMap<Uuid, usize> = HashMap::with_capacity(jobs.len());
    // Rooms of which a send was left out: what follows it there must not go before it.
    let mut left: HashSet<RoomId> = HashSet::new();
    for (index, (job, row)) in jobs.iter().zip(rows).enumerate() {
        let verdict = match judge(job, row, heads, repeats, sources) {
            Judged::New(_) if left.contains(&job.message.room_id) => Verdict::LeftOut,
            Judged::Verdict(verdict) => verdict,
            Judged::New(counters) => match accepted.get(&job.client_key) {
                Some(&first) if jobs[plan.messages[first].0].body_hash == job.body_hash => {
                    Verdict::RepeatInBatch(first)
                }
                Some(_) => Verdict::Refused(another_body()),
                None => match admit(job, row, last_sent_at(&plan, job, row, now), now)
                    .and_then(|()| body(job, sources))
                    .and_then(|body| Ok((files(job, &body, uploads, &taken)?, body)))
                {
                    Err(error) => Verdict::Refused(error),
                    Ok((files, body)) => {
                        let place = place(&mut plan, job, counters);
                        bear(&mut plan, &mut taken, job, &files);
                        note_others(&mut plan, job, row, place);
                        plan.messages
                            .push((index, Arc::new(message(job, &body, row, place, files.files))));
                        accepted.insert(job.client_key, plan.messages.len() - 1);
                        Verdict::Accepted(plan.messages.len() - 1)
                    }
                },
            },
        };
        if matches!(verdict, Verdict::LeftOut) {
            left.insert(job.message.room_id);
        }
        plan.verdicts.push(verdict);
    }
    plan
}

/// When the sender last sent into the room; an earlier send of the batch counts, too.
fn last_sent_at(plan: &Plan, job: &Job, row: &SendRow, now: Timestamp) -> Option<Timestamp> {
    let sender = (job.message.room_id, job.message.actor.user_id);
    if plan.marks.contains_key(&sender) {
        Some(now)
    } else {
        row.last_sent_at
    }
}

enum Judged {
    Verdict(Verdict),
    New(Counters),
}

/// What can be said before rights are asked, so that a lost ack can always be healed.
fn judge(
    job: &Job,
    row: &SendRow,
    heads: &HashMap<RoomId, Counters>,
    repeats: &HashMap<MessageId, Repeat>,
    sources: &Sources,
) -> Judged {
    if let Some(repeat) = row.repeat_id.and_then(|id| repeats.get(&id)) {
        return Judged::Verdict(if repeat.body_hash == job.body_hash {
            Verdict::Repeat {
                message: Arc::clone(&repeat.message),
                is_own: repeat.message.id == job.message.id,
            }
        } else {
            Verdict::Refused(another_body())
        });
    }
    if row.room.is_none() {
        return Judged::Verdict(Verdict::Refused(Error::NotFound));
    }
    let is_source_held =
        source(job, sources).is_some_and(|source| !heads.contains_key(&source.message.room_id));
    match heads.get(&job.message.room_id) {
        Some(counters) if !is_source_held => Judged::New(*counters),
        _ => Judged::Verdict(Verdict::LeftOut),
    }
}

/// The message that this send forwards, if it stands.
fn source<'a>(job: &Job, sources: &'a Sources) -> Option<&'a Source> {
    let NewMessage { actor, body, .. } = &job.message;
    let forward = body.forward.as_ref()?;
    sources.get(&(forward.source_id, actor.user_id))
}

/// What is said: of a forward what its source says now, read under the lock of the source's room, so that
/// nobody forwards what was taken from them or from everybody.
fn body<'a>(job: &'a Job, sources: &Sources) -> Result<Cow<'a, Body>> {
    let NewMessage { actor, body, .. } = &job.message;
    if body.forward.is_none() {
        return Ok(Cow::Borrowed(body));
    }
    let Source {
        message,
        kind,
        membership,
    } = source(job, sources).ok_or(Error::NotFound)?;
    may_read(actor, *kind, membership.as_ref(), message.number)?;
    Body::forwarding(message).map(Cow::Owned)
}

fn admit(job: &Job, row: &SendRow, last_sent_at: Option<Timestamp>, now: Timestamp) -> Result<()> {
    let Some(room) = row.room else {
        return Err(Error::NotFound);
    };
    may_send(&SendFacts {
        kind: room.kind,
        is_active: room.is_active,
        user_role: job.message.actor.role,
        sender_deactivated: !row.is_sender_open,
        membership: row.membership.as_ref(),
        peer_unreachable: room.is_peer_shut,
        posting: room.posting,
        slow_mode_seconds: room.slow_mode_seconds,
        last_sent_at,
        now,
    })?;
    if job.message.body.reply_to.is_some() {
        let horizon = row
            .membership
            .as_ref()
            .filter(|member| member.is_current())
            .map_or(Horizon::ALL, Member::horizon);
        if !row
            .parent
            .as_ref()
            .is_some_and(|parent| horizon.shows_message(parent.preview.number))
        {
            return Err(Error::invalid("reply_to", "is no message of this room"));
        }
    }
    Ok(())
}

/// The files of a send, in its order, and which of them are copies of others.
#[derive(Default)]
struct Borne {
    files: Vec<Attachment>,
    /// For each, the file it is a copy of.
    sources: Vec<Option<UploadId>>,
}

/// Each file is its sender's own, whole, and of no message yet; or one of the message that is forwarded, which
/// its forwarder may read.
fn files(
    job: &Job,
    body: &Body,
    uploads: &HashMap<UploadId, Upload>,
    taken: &HashSet<UploadId>,
) -> Result<Borne> {
    let NewMessage {
        actor, created_at, ..
    } = &job.message;
    let source_id = body.forward.as_ref().map(|forward| forward.source_id);
    let mut borne = Borne::default();
    let mut findings = Findings::default();
    for (index, id) in body.attachments.iter().enumerate() {
        let is_free = |upload: &Upload| {
            upload.owner_id == actor.user_id
                && upload.message_id.is_none()
                && upload.avatar_of.is_none()
                && !taken.contains(id)
        };
        match uploads.get(id) {
            Some(upload) if is_free(upload) => {
                borne.files.push(upload.file.clone());
                borne.sources.push(None);
            }
            Some(upload) if source_id.is_some() && upload.message_id == source_id => {
                borne.files.push(Attachment {
                    id: UploadId::mint(*created_at),
                    ..upload.file.clone()
                });
                borne.sources.push(Some(*id));
            }
            Some(upload) if upload.owner_id == actor.user_id && upload.avatar_of.is_some() => {
                findings.add(
                    format!("attachments[{index}]"),
                    "is the picture of a person or room; upload it once more",
                );
            }
            // The same words for a file of somebody else and for none at all.
            _ => findings.add(
                format!("attachments[{index}]"),
                "is no upload of yours that is free to attach",
            ),
        }
    }
    findings.finish()?;
    Ok(borne)
}

fn bear(plan: &mut Plan, taken: &mut HashSet<UploadId>, job: &Job, borne: &Borne) {
    let NewMessage {
        id, room_id, actor, ..
    } = &job.message;
    for (file, source) in borne.files.iter().zip(&borne.sources) {
        match source {
            None => {
                taken.insert(file.id);
                plan.attached.push((file.id, *room_id, *id));
            }
            Some(source_id) => plan.copied.push(Copied {
                id: file.id,
                source_id: *source_id,
                owner_id: actor.user_id,
                room_id: *room_id,
                message_id: *id,
            }),
        }
    }
}

/// The next place in the room.
fn place(plan: &mut Plan, job: &Job, locked: Counters) -> Counters {
    let created_at = job.message.created_at;
    let (counters, last_message_at) = plan
        .heads
        .entry(job.message.room_id)
        .or_insert((locked, created_at));
    counters.last_seq += 1;
    counters.last_number += 1;
    // Two nodes' clocks differ: the latest stands.
    *last_message_at = created_at.max(*last_message_at);
    plan.marks.insert(
        (job.message.room_id, job.message.actor.user_id),
        counters.last_number,
    );
    *counters
}

/// What the message does to others: it answers one, and names people.
fn note_others(plan: &mut Plan, job: &Job, row: &SendRow, place: Counters) {
    let room_id = job.message.room_id;
    if let Some(parent) = row.parent.as_ref() {
        let answers = plan.answered.entry((room_id, parent.seq));
        let (count, last_at) = answers.or_insert((0, job.message.created_at));
        *count += 1;
        *last_at = job.message.created_at;
    }
    let named = named_ids(&job.message.body.named);
    plan.mentions.extend(named.into_iter().map(|user_id| Mention {
        room_id,
        user_id,
        number: place.last_number,
        seq: place.last_seq,
        said_at: job.message.created_at,
    }));
}

fn message(job: &Job, body: &Body, row: &SendRow, place: Counters, attachments: Vec<Attachment>) -> Message {
    let NewMessage {
        id,
        room_id,
        actor,
        client_id,
        created_at,
        ..
    } = &job.message;
    Message {
        id: *id,
        room_id: *room_id,
        number: place.last_number,
        seq: place.last_seq,
        updated_seq: place.last_seq,
        sender_id: actor.user_id,
        client_id: client_id.clone(),
        content: Some(body.content.clone()),
        content_type: body.content_type,
        reply_to: body.reply_to,
        metadata: body.metadata.clone(),
        created_at: *created_at,
        edited_at: None,
        deleted_at: None,
        attachments,
        extras: Extras {
            named: body.named.clone(),
            forwarded_from: body.forward.as_ref().map(|forward| forward.origin.clone()),
            // The event is the same for everybody, so it shows what everybody may see.
            parent: row
                .parent
                .as_ref()
                .filter(|_| row.room.is_some_and(|room| room.is_open_to_all))
                .map(|parent| Box::new(parent.preview.clone())),
            ..Extras::default()
        },
    }
}

/// The refusal of a used `client_id` with another body.
pub(crate) const fn another_body() -> Error {
    Error::Conflict("this client_id was used for another message")
}
