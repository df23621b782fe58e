//! Server-sent events: heads, ids, exact resuming, the last word.

use std::time::Duration;

use confab_domain::Trace;
use confab_domain::commands::{remove_member, revoke_session};
use confab_testkit::EventStream;
use serde_json::json;

use crate::house::{Guest, House};

async fn open(house: &House, path: &str, guest: &Guest, more: &[(&str, &str)]) -> EventStream {
    let bearer = format!("Bearer {}", guest.token);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend_from_slice(more);
    EventStream::connect(&format!("{}{path}", house.nodes[0].http_url), &headers)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_room_stream_resumes_exactly_after_its_last_id() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let path = format!("/rooms/{room}/stream");
    let mut stream = open(&house, &path, &ada, &[]).await;
    assert_eq!(stream.status, 200);
    let epoch = house.epoch().await;
    assert_eq!(stream.expect("connected").await.json()["epoch"], epoch);
    let start = stream.expect("subscribed").await.id.unwrap();
    let seq = house.say(&ada, room, "one").await;
    let mut cut_off_at_once = open(&house, &path, &ada, &[("last-event-id", &start)]).await;
    let first = cut_off_at_once.expect("message_created").await;
    assert_eq!(first.json()["seq"], seq);
    let event = stream.expect("message_created").await;
    assert_eq!(event.id.as_deref(), Some(format!("{epoch}.{seq}").as_str()));
    assert_eq!(event.json()["message"]["content"], "one");
    drop(stream);
    house.say(&ada, room, "two").await;
    house.say(&ada, room, "three").await;
    let mut again = open(&house, &path, &ada, &[("last-event-id", &event.id.unwrap())]).await;
    for text in ["two", "three"] {
        assert_eq!(
            again.expect("message_created").await.json()["message"]["content"],
            text
        );
    }
    assert_eq!(again.expect("subscribed").await.json()["reset"], false);
    let mut other_life = open(&house, &format!("{path}?last_event_id=other.1"), &ada, &[]).await;
    assert_eq!(other_life.expect("subscribed").await.json()["reset"], true);
    assert_eq!(
        open(&house, &format!("{path}?last_event_id=nonsense"), &ada, &[])
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn the_stream_of_all_rooms_starts_at_the_heads() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let (one, two) = (house.room(&[&ada]).await, house.room(&[&ada]).await);
    let seq = house.say(&ada, one, "before").await;
    let mut stream = open(&house, "/stream", &ada, &[]).await;
    let connected = stream.expect("connected").await.json();
    assert_eq!(
        connected["rooms"],
        json!({one.to_string(): seq, two.to_string(): house.head(two).await})
    );
    house.say(&ada, two, "after").await;
    let event = stream.expect("message_created").await;
    assert_eq!(
        (event.id.as_deref(), &event.json()["message"]["content"]),
        (None, &json!("after"))
    );
}

#[tokio::test]
async fn strangers_get_a_problem_and_the_removed_a_last_word() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada]).await;
    let path = format!("/rooms/{room}/stream");
    assert_eq!(open(&house, &path, &bob, &[]).await.status, 404);
    let nobody = EventStream::connect(&format!("{}/stream", house.nodes[0].http_url), &[])
        .await
        .unwrap();
    assert_eq!(nobody.status, 401);
    house.add(&ada, room, &bob).await;
    let mut stream = open(&house, &path, &bob, &[]).await;
    stream.expect("subscribed").await;
    remove_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    stream.expect("user_left").await;
    stream.expect("unsubscribed").await;
    assert_eq!(stream.expect("closing").await.json()["code"], 4503);
}

#[tokio::test]
async fn a_ticket_opens_a_stream_once_and_an_ended_login_closes_it() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let url = format!(
        "{}/stream?ticket={}",
        house.nodes[0].http_url,
        house.ticket(&ada).await
    );
    let mut stream = EventStream::connect(&url, &[]).await.unwrap();
    stream.expect("connected").await;
    assert_eq!(EventStream::connect(&url, &[]).await.unwrap().status, 401);
    revoke_session(&house.ports, &ada.actor, ada.actor.session_id.unwrap())
        .await
        .unwrap();
    let closing = stream.expect("closing").await.json();
    assert_eq!(
        (&closing["code"], &closing["reconnect_after_ms"]),
        (&json!(4504), &json!(null))
    );
    assert!(
        stream.next(Duration::from_secs(5)).await.unwrap().is_none(),
        "the stream ends"
    );
}
