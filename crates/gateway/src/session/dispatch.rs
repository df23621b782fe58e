//! A frame of the client becomes a command of the domain, and its outcome a reply.

use std::sync::Arc;

use confab_domain::commands::{
    self, add_reaction, delete_message, edit_message, forward_message, mark_delivered, mark_read,
    pin_message, remove_reaction, send_message, unpin_message,
};
use confab_domain::ports::{Changed, Sent};
use confab_domain::{Code, Error, MessageId, Result, Trace};

use super::authentication::{Proved, prove_token};
use super::marks::{MarkKind, WaitingMark};
use crate::hub::{Encoded, Subscriber};
use crate::protocol::{ClientFrame, CloseCode, ServerFrame, error_frame};
use crate::shared::Shared;

/// What came of a frame that was worked on beside others.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A reply.
    Reply(ServerFrame),
    /// Nothing to say: the frame bore no `ref` and went well.
    Silent,
    /// A token was checked.
    Renewed {
        reference: Option<String>,
        identity: Box<commands::Identity>,
    },
    /// A token was not good.
    Refused(CloseCode),
}

/// Works on a frame that needs nothing of the session but who it is.
pub(super) async fn perform(
    shared: Arc<Shared>,
    subscriber: Arc<Subscriber>,
    reference: Option<String>,
    frame: ClientFrame,
    correlation_id: Arc<str>,
) -> Outcome {
    if let ClientFrame::Auth { token } = frame {
        return match prove_token(&shared.ports, &token).await {
            Proved::Identity(identity) => Outcome::Renewed {
                reference,
                identity: Box::new(identity),
            },
            Proved::Refused(code) => Outcome::Refused(code),
        };
    }
    let is_send = matches!(frame, ClientFrame::Message { .. } | ClientFrame::Forward(_));
    let is_quiet = matches!(
        frame,
        ClientFrame::Typing { .. }
            | ClientFrame::Read { .. }
            | ClientFrame::Delivered { .. }
            | ClientFrame::Presence { .. }
    );
    let trace = Trace {
        correlation_id: Some(correlation_id),
        traceparent: None,
    };
    match act(&shared, &subscriber, reference.clone(), frame, trace).await {
        Ok(_) if is_quiet && reference.is_none() => Outcome::Silent,
        Ok(reply) => Outcome::Reply(reply),
        Err(error) => {
            note(&error, &subscriber, is_send);
            Outcome::Reply(error_frame(reference, None, &error))
        }
    }
}

/// Writes a mark that bore no `ref`; only a failure is told.
pub(super) async fn write_mark(shared: &Shared, subscriber: &Subscriber, mark: WaitingMark) {
    let (ports, actor) = (&shared.ports, subscriber.actor());
    let written = match mark.kind {
        MarkKind::Read => mark_read(ports, &actor, mark.room_id, mark.number).await,
        MarkKind::Delivered => mark_delivered(ports, &actor, mark.room_id, mark.number).await,
    };
    if let Err(error) = written {
        note(&error, subscriber, false);
        let frame = error_frame(None, Some(mark.room_id), &error);
        subscriber.push([&Encoded::reply("error", &frame.to_json())]);
    }
}

fn note(error: &Error, subscriber: &Subscriber, is_send: bool) {
    if matches!(error.code(), Code::Internal | Code::Unavailable) {
        tracing::warn!(%error, connection.id = %subscriber.id, is_send, "a frame failed");
    }
}

async fn act(
    shared: &Shared,
    subscriber: &Arc<Subscriber>,
    reference: Option<String>,
    frame: ClientFrame,
    trace: Trace,
) -> Result<ServerFrame> {
    let (ports, actor) = (&shared.ports, subscriber.actor());
    match frame {
        ClientFrame::Message { room_id, send } => {
            let sent = send_message(ports, &actor, room_id, *send, trace).await?;
            Ok(ack_of_send(reference, &sent))
        }
        ClientFrame::Forward(forward) => {
            let sent = forward_message(ports, &actor, forward, trace).await?;
            Ok(ack_of_send(reference, &sent))
        }
        ClientFrame::Edit { message_id, content } => {
            let changed = edit_message(ports, &actor, message_id, content, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::Delete { message_id, reason } => {
            let changed = delete_message(ports, &actor, message_id, reason, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::React { message_id, emoji } => {
            let changed = add_reaction(ports, &actor, message_id, &emoji, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::Unreact { message_id, emoji } => {
            let changed = remove_reaction(ports, &actor, message_id, &emoji, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::Pin { message_id } => {
            let changed = pin_message(ports, &actor, None, message_id, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::Unpin { message_id } => {
            let changed = unpin_message(ports, &actor, None, message_id, trace).await?;
            Ok(ack_of_change(reference, message_id, &changed))
        }
        ClientFrame::Read { room_id, number } => {
            let mark = mark_read(ports, &actor, room_id, number).await?;
            Ok(ack_of_mark(reference, mark))
        }
        ClientFrame::Delivered { room_id, number } => {
            let mark = mark_delivered(ports, &actor, room_id, number).await?;
            Ok(ack_of_mark(reference, mark))
        }
        ClientFrame::Typing { room_id, active } => {
            let is_known_member = shared.hub.is_live(subscriber, room_id);
            if !is_known_member || shared.typing.admits(actor.user_id, room_id, active) {
                let shown = commands::set_typing(ports, &actor, room_id, active, is_known_member).await;
                if !matches!(shown, Ok(true)) {
                    // What was never begun must not end by itself.
                    shared.typing.forget(actor.user_id, room_id);
                }
                shown?;
            }
            Ok(ServerFrame::ack(reference))
        }
        ClientFrame::Presence { status } => {
            if subscriber.set_status(status) {
                shared.desk.changed(subscriber);
            }
            Ok(ServerFrame::ack(reference))
        }
        ClientFrame::Ping => Ok(ServerFrame::Pong {
            reference,
            server_time: ports.clock.now(),
        }),
        ClientFrame::Auth { .. }
        | ClientFrame::Subscribe { .. }
        | ClientFrame::Unsubscribe { .. }
        | ClientFrame::Resume { .. } => Err(Error::Internal("the session itself takes this frame", None)),
    }
}

fn ack_of_send(reference: Option<String>, sent: &Sent) -> ServerFrame {
    ServerFrame::Ack {
        reference,
        message_id: Some(sent.message.id),
        number: Some(sent.message.number),
        seq: Some(sent.message.seq),
        created_at: Some(sent.message.created_at),
        duplicate: Some(sent.is_duplicate),
        unread: None,
        expires_at: None,
    }
}

fn ack_of_change(reference: Option<String>, message_id: MessageId, changed: &Changed) -> ServerFrame {
    ServerFrame::Ack {
        reference,
        message_id: Some(message_id),
        number: changed.events.iter().find_map(|event| event.body.about_number()),
        seq: changed.events.last().map(|event| event.seq),
        created_at: None,
        duplicate: None,
        unread: None,
        expires_at: None,
    }
}

fn ack_of_mark(reference: Option<String>, mark: confab_domain::ports::Mark) -> ServerFrame {
    ServerFrame::Ack {
        reference,
        message_id: None,
        number: Some(mark.number),
        seq: None,
        created_at: None,
        duplicate: None,
        unread: Some(mark.unread),
        expires_at: None,
    }
}
