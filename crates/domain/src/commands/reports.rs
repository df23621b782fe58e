//! Tells the moderators of messages, and is done with what was told.

use super::budgets;
use super::change::change;
use crate::ports::{Changed, Ports};
use crate::{Actor, Deed, Error, MessageId, Result, RoomId, Trace, queries, text};

/// Tells the moderators of somebody else's message. A second time changes nothing.
pub async fn report_message(
    ports: &Ports,
    actor: &Actor,
    message_id: MessageId,
    reason: String,
    trace: Trace,
) -> Result<Changed> {
    text::reason(&reason).map_err(|refusal| Error::invalid("reason", refusal))?;
    budgets::take_of(ports, "reports", actor, ports.limits.reports).await?;
    let room_id = queries::message(ports, actor, message_id).await?.message.room_id;
    let deed = Deed::Report { message_id, reason };
    change(ports, actor, room_id, deed, trace).await
}

/// Is done with all that was told of a message. Twice changes nothing.
pub async fn resolve_reports(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    message_id: MessageId,
    trace: Trace,
) -> Result<Changed> {
    let deed = Deed::ResolveReports(message_id);
    change(ports, actor, room_id, deed, trace).await
}
