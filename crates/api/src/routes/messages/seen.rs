//! Messages as one viewer sees them: with `mine` in each reaction, asked of the store once for all.

use std::sync::Arc;

use confab_contract::Message;
use confab_domain::ports::Ports;
use confab_domain::{self as domain, Actor, queries};

use crate::failure::Answer;

/// Messages of any rooms, in their order.
pub(crate) async fn messages_seen(
    ports: &Ports,
    viewer: &Actor,
    messages: &[Arc<domain::Message>],
) -> Answer<Vec<Message>> {
    let own = queries::own_reactions(ports, viewer, messages.iter().map(AsRef::as_ref)).await?;
    let seen = |message: &Arc<domain::Message>| {
        let id = message.id;
        Message::for_viewer(message.as_ref().clone(), |emoji| {
            own.contains(&(id, emoji.to_owned()))
        })
    };
    Ok(messages.iter().map(seen).collect())
}

/// One message.
pub(crate) async fn message_seen(
    ports: &Ports,
    viewer: &Actor,
    message: &Arc<domain::Message>,
) -> Answer<Message> {
    let own = queries::own_reactions(ports, viewer, [message.as_ref()]).await?;
    Ok(Message::for_viewer(message.as_ref().clone(), |emoji| {
        own.contains(&(message.id, emoji.to_owned()))
    }))
}
