//! Publishing many events at once on one channel, and finding out what became of each.

use std::collections::HashSet;
use std::pin::Pin;
use std::task::Poll;

use confab_domain::ports::{Delivery, OutgoingEvent};
use futures_util::poll;
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::{Channel, Confirmation, PublisherConfirm};
use tokio::time::{Instant, timeout_at};

use super::message::properties;
use crate::topology::{EVENTS_EXCHANGE, short};

type Write<'a> = Pin<Box<dyn Future<Output = lapin::Result<PublisherConfirm>> + Send + 'a>>;

/// Publishes all in order. The channel must have no other open confirm.
pub(super) async fn publish_all(
    channel: &Channel,
    events: &[OutgoingEvent],
    deadline: Instant,
) -> Vec<Delivery> {
    let mut writes = Vec::with_capacity(events.len());
    for event in events {
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..Default::default()
        };
        let (exchange, key) = (EVENTS_EXCHANGE.into(), short(&event.routing_key));
        let mut write: Write<'_> =
            Box::pin(channel.basic_publish(exchange, key, mandatory, &event.body, properties(event)));
        // The first poll queues the frames: one after the other keeps the order.
        let begun = match poll!(write.as_mut()) {
            Poll::Ready(written) => Begun::Written(written),
            Poll::Pending => Begun::Writing(write),
        };
        writes.push(begun);
    }
    let mut answers = Vec::with_capacity(events.len());
    for write in writes {
        // Past the deadline each is still looked at once, so that no answer that is there is lost.
        let written = match write {
            Begun::Written(written) => Ok(written),
            Begun::Writing(write) => timeout_at(deadline, write).await,
        };
        let answer = match written {
            Ok(Ok(confirm)) => timeout_at(deadline, confirm).await.ok().and_then(Result::ok),
            Ok(Err(_)) | Err(_) => None,
        };
        answers.push(answer);
    }
    judge(events, answers)
}

enum Begun<'a> {
    Written(lapin::Result<PublisherConfirm>),
    Writing(Write<'a>),
}

fn judge(events: &[OutgoingEvent], answers: Vec<Option<Confirmation>>) -> Vec<Delivery> {
    let plain: Vec<Option<Plain>> = answers
        .into_iter()
        .map(|answer| answer.map(Plain::from))
        .collect();
    let ids: Vec<String> = events.iter().map(|event| event.event_id.to_string()).collect();
    judge_plain(&ids, &plain)
}

/// A broker's answer to one message, with the id of whichever returned message came along.
struct Plain {
    is_ack: bool,
    returned: Option<String>,
}

impl From<Confirmation> for Plain {
    fn from(confirmation: Confirmation) -> Self {
        let is_ack = confirmation.is_ack();
        let id_of = |message: BasicReturnMessage| {
            message
                .delivery
                .properties
                .message_id()
                .as_ref()
                .map(ToString::to_string)
        };
        Self {
            is_ack,
            returned: confirmation
                .take_message()
                .map(|message| id_of(message).unwrap_or_default()),
        }
    }
}

/// Returns are matched by id, since they come along with any answer of the channel.
///
/// A return waits for the next answer, so a return of an answered message can stay unseen only when the answer
/// of another returned message is still out and that one's return was seen instead. As soon as a return is seen
/// of a message without an answer, no ack is proof any more.
fn judge_plain(ids: &[String], answers: &[Option<Plain>]) -> Vec<Delivery> {
    let returned: HashSet<&str> = answers
        .iter()
        .flatten()
        .filter_map(|answer| answer.returned.as_deref())
        .collect();
    let is_proof = ids
        .iter()
        .zip(answers)
        .all(|(id, answer)| answer.is_some() || !returned.contains(id.as_str()));
    let judge = |(id, answer): (&String, &Option<Plain>)| match answer {
        _ if returned.contains(id.as_str()) => Delivery::Returned,
        Some(answer) if !answer.is_ack => Delivery::Refused,
        Some(_) if is_proof => Delivery::Confirmed,
        Some(_) | None => Delivery::Lost,
    };
    ids.iter().zip(answers).map(judge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(answers: &[Option<(bool, Option<&str>)>]) -> Vec<Delivery> {
        let ids: Vec<String> = (0..answers.len()).map(|index| index.to_string()).collect();
        let plain = |answer: &Option<(bool, Option<&str>)>| {
            answer.map(|(is_ack, returned)| Plain {
                is_ack,
                returned: returned.map(str::to_owned),
            })
        };
        judge_plain(&ids, &answers.iter().map(plain).collect::<Vec<_>>())
    }

    #[test]
    fn a_return_on_the_wrong_answer_is_matched_by_its_id() {
        use Delivery::{Confirmed, Lost, Refused, Returned};
        assert_eq!(
            judged(&[Some((true, Some("1"))), Some((true, None))]),
            [Confirmed, Returned]
        );
        assert_eq!(
            judged(&[Some((true, None)), Some((false, None)), None]),
            [Confirmed, Refused, Lost]
        );
        // The return of 2 took the place of another one, perhaps of 1's.
        assert_eq!(
            judged(&[Some((true, None)), Some((true, Some("2"))), None]),
            [Lost, Lost, Returned]
        );
    }
}
