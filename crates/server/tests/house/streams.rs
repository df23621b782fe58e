//! Server-sent events of a fleet, and what the documents promise of its doors.

use confab_testkit::event_stream::EventStream;
use confab_testkit::http_client::{HttpClient, Method};

use crate::stage::{PATIENCE, fleet, person, room, say, start};

#[tokio::test(flavor = "multi_thread")]
async fn server_sent_events_resume_by_their_last_id_on_another_gateway() {
    let fleet = start(fleet()).await;
    let (ada, bob) = (person(&fleet, "ada").await, person(&fleet, "bob").await);
    let room_id = room(&fleet, &ada, &[&bob]).await;
    let bearer = format!("Bearer {}", bob.token);
    let stream = |index: usize| format!("{}/rooms/{room_id}/stream", fleet.gateway(index).url());
    let mut first = EventStream::connect(&stream(0), &[("authorization", &bearer)])
        .await
        .expect("a stream");
    first.expect("connected").await;
    say(&fleet, &ada, &room_id, "one").await;
    let heard = first.expect("message_created").await;
    let id = heard.id.clone().expect("an id");
    drop(first);

    say(&fleet, &ada, &room_id, "two").await;
    let headers = [("authorization", bearer.as_str()), ("last-event-id", id.as_str())];
    let mut second = EventStream::connect(&stream(1), &headers)
        .await
        .expect("a stream");
    let missed = second.expect("message_created").await.json();
    assert_eq!(missed["message"]["content"], "two");
    say(&fleet, &ada, &room_id, "three").await;
    let live = second.expect("message_created").await.json();
    assert_eq!(live["seq"].as_i64(), missed["seq"].as_i64().map(|seq| seq + 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_is_alive_ready_and_measured() {
    let fleet = start(fleet()).await;
    for member in fleet.members() {
        let admin = HttpClient::new(member.admin_url());
        admin.call(Method::GET, "/health", None, None).await.expect(200);
        admin.call(Method::GET, "/ready", None, None).await.expect(200);
        let metrics = admin.call(Method::GET, "/metrics", None, None).await;
        assert_eq!(metrics.status, 200);
        assert!(
            metrics.text().contains("confab_"),
            "{} has no measures of ours",
            member.name()
        );
    }
    fleet.stop(PATIENCE).await.expect("all end in order");
}
