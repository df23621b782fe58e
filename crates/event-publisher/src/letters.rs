//! What a page of pending rows becomes: events to publish, and afterwards what may be settled.
//!
//! Go-back-N, per room: only the confirmed prefix settles. What was confirmed after a failure stays pending
//! and goes out again after what failed, so that whoever accepts only the next `seq` sees the order.

use std::collections::HashSet;

use confab_contract::flat::{self, Surroundings};
use confab_domain::ports::{Delivery, OutgoingEvent, Pending, PendingEvent, PendingKey, PendingPage};
use confab_domain::{AccountEvent, Control, Epoch, Event, Result, RoomId};

/// A page made ready.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    /// In the order of the page.
    pub(crate) events: Vec<OutgoingEvent>,
    /// One for each event.
    slips: Vec<Slip>,
    /// Rows without an event to publish.
    hints: Vec<(PendingKey, Control)>,
    /// Rooms with a row that could not be written.
    unwritable: HashSet<RoomId>,
    /// Whether rows were held back because of an earlier one of their room.
    is_held_back: bool,
}

/// What to do once an event is confirmed.
#[derive(Clone, Copy, Debug)]
struct Slip {
    key: PendingKey,
    room_id: Option<RoomId>,
    control: Option<Control>,
}

/// What became of a page.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Rows to settle.
    pub(crate) settled: Vec<PendingKey>,
    /// Control messages of settled rows, to be sent once more.
    pub(crate) controls: Vec<Control>,
    /// Rooms that a queue would not take: their first row alone is tried next.
    pub(crate) suspects: HashSet<RoomId>,
    /// Whether everything went well.
    pub(crate) is_whole: bool,
    /// Whether rows of the page were not even tried.
    pub(crate) is_held_back: bool,
}

impl Letters {
    /// Makes a page ready. Of a suspect room only the first row goes out.
    pub(crate) fn write(page: PendingPage, suspects: &HashSet<RoomId>, with_content: bool) -> Self {
        let mut letters = Self::default();
        let mut tried: HashSet<RoomId> = HashSet::new();
        for Pending { key, event, .. } in page.rows {
            match event {
                PendingEvent::Control(control) => letters.hints.push((key, control)),
                PendingEvent::Account(event) => match account_letter(&event, &page.epoch) {
                    Ok(letter) => {
                        let control = Some(Control::Account {
                            user_id: event.user_id,
                        });
                        letters.events.push(letter);
                        letters.slips.push(Slip {
                            key,
                            room_id: None,
                            control,
                        });
                    }
                    Err(error) => {
                        tracing::error!(%error, event.id = %event.id, "an account event cannot be written");
                    }
                },
                PendingEvent::Room {
                    event,
                    room_kind,
                    external_key,
                } => {
                    let room_id = event.room_id;
                    let is_held_back = letters.unwritable.contains(&room_id)
                        || (suspects.contains(&room_id) && tried.contains(&room_id));
                    if is_held_back {
                        letters.is_held_back = true;
                        continue;
                    }
                    let external_key = external_key.as_deref();
                    let around = Surroundings {
                        epoch: &page.epoch,
                        room_kind,
                        external_key,
                        with_content,
                    };
                    match room_letter(&event, around) {
                        Ok(letter) => {
                            tried.insert(room_id);
                            letters.events.push(letter);
                            let control = control_of(&event);
                            letters.slips.push(Slip {
                                key,
                                room_id: Some(room_id),
                                control,
                            });
                        }
                        Err(error) => {
                            tracing::error!(%error, event.id = %event.id, "an event cannot be written");
                            letters.unwritable.insert(room_id);
                        }
                    }
                }
            }
        }
        letters
    }

    /// What may be settled, given what became of each event.
    pub(crate) fn judge(&self, deliveries: &[Delivery]) -> Outcome {
        let mut outcome = Outcome {
            is_whole: self.unwritable.is_empty(),
            is_held_back: self.is_held_back || !self.unwritable.is_empty(),
            ..Outcome::default()
        };
        for (key, control) in &self.hints {
            outcome.settled.push(*key);
            outcome.controls.push(*control);
        }
        let mut stopped: HashSet<RoomId> = HashSet::new();
        let lost = std::iter::repeat(&Delivery::Lost);
        for (slip, delivery) in self.slips.iter().zip(deliveries.iter().chain(lost)) {
            let is_stopped = slip.room_id.is_some_and(|room_id| stopped.contains(&room_id));
            if *delivery == Delivery::Confirmed && !is_stopped {
                outcome.settled.push(slip.key);
                outcome.controls.extend(slip.control);
                continue;
            }
            outcome.is_whole = false;
            let Some(room_id) = slip.room_id else { continue };
            stopped.insert(room_id);
            if !is_stopped && matches!(delivery, Delivery::Returned | Delivery::Refused) {
                outcome.suspects.insert(room_id);
            }
        }
        outcome
    }
}

fn room_letter(event: &Event, around: Surroundings<'_>) -> Result<OutgoingEvent> {
    let event_type = event.body.event_type();
    Ok(OutgoingEvent {
        event_id: event.id,
        event_type: event_type.to_owned(),
        routing_key: format!("{event_type}.{}", event.room_id),
        source: format!("/rooms/{}", event.room_id),
        subject: flat::subject(event),
        seq: Some(event.seq),
        occurred_at: event.occurred_at,
        correlation_id: event.trace.correlation_id.clone(),
        traceparent: event.trace.traceparent.clone(),
        body: flat::encode_room_event(event, around)?,
    })
}

fn account_letter(event: &AccountEvent, epoch: &Epoch) -> Result<OutgoingEvent> {
    let event_type = event.kind.as_str();
    Ok(OutgoingEvent {
        event_id: event.id,
        event_type: event_type.to_owned(),
        routing_key: format!("{event_type}.{}", event.user_id),
        source: format!("/users/{}", event.user_id),
        subject: event.user_id,
        seq: None,
        occurred_at: event.occurred_at,
        correlation_id: event.trace.correlation_id.clone(),
        traceparent: event.trace.traceparent.clone(),
        body: flat::encode_account_event(event, epoch)?,
    })
}

/// The control message that the writer sent with this event, once.
fn control_of(event: &Event) -> Option<Control> {
    event.body.standing_user_id().map(|user_id| Control::Membership {
        room_id: event.room_id,
        user_id,
    })
}
