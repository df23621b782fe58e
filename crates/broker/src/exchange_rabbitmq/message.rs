//! An event as an AMQP message: properties and CloudEvents headers.

use confab_domain::ports::OutgoingEvent;
use lapin::BasicProperties;
use lapin::types::FieldTable;

use crate::topology::{short, text};

const APP_ID: &str = "confab";
const PERSISTENT: u8 = 2;

pub(super) fn properties(event: &OutgoingEvent) -> BasicProperties {
    let mut properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.event_id.to_string().into())
        .with_type(short(&event.event_type))
        .with_timestamp(u64::try_from(event.occurred_at.as_seconds()).unwrap_or(0))
        .with_app_id(APP_ID.into())
        .with_headers(headers(event));
    if let Some(correlation_id) = &event.correlation_id {
        properties = properties.with_correlation_id(short(correlation_id));
    }
    properties
}

fn headers(event: &OutgoingEvent) -> FieldTable {
    let mut headers = FieldTable::default();
    let mut put = |name: &str, value: &str| {
        headers.insert(name.into(), text(value));
    };
    put("cloudEvents_specversion", "1.0");
    put("cloudEvents_type", &format!("confab.{}.v1", event.event_type));
    put("cloudEvents_source", &event.source);
    put("cloudEvents_id", &event.event_id.to_string());
    put("cloudEvents_time", &event.occurred_at.to_string());
    put("cloudEvents_subject", &event.subject.to_string());
    if let Some(seq) = event.seq {
        // Padded, so that comparing the text compares the numbers.
        put("cloudEvents_sequence", &format!("{seq:020}"));
    }
    if let Some(traceparent) = &event.traceparent {
        put("traceparent", traceparent);
    }
    headers
}
