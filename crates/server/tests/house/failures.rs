//! Parts of the house die, fall silent or come back empty; nobody loses or doubles a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use confab_testkit::fleet::Fleet;
use confab_testkit::http_client::{HttpClient, Method};
use confab_testkit::tcp_proxy::Direction;
use confab_testkit::waiting::wait_until;
use serde_json::{Value, json};

use crate::stage::{
    Follower, OtherService, PATIENCE, Person, api, fleet, gateways, insist, log, person, room, say, start,
};

async fn cast(fleet: &Fleet) -> (Person, Person, String) {
    let (ada, bob) = (person(fleet, "ada").await, person(fleet, "bob").await);
    let room_id = room(fleet, &ada, &[&bob]).await;
    (ada, bob, room_id)
}

fn seq(message: &Value) -> i64 {
    message["seq"].as_i64().expect("a seq")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_killed_before_it_settles_loses_nothing() {
    let fleet = start(fleet()).await;
    let mut service = OtherService::subscribe(&fleet).await;
    let (ada, _, room_id) = cast(&fleet).await;
    let mut last = 0;
    for round in 0..4 {
        for number in 0..50 {
            last = seq(&say(&fleet, &ada, &room_id, &format!("{round}.{number}")).await);
        }
        fleet.publisher(round % 2).kill().await.expect("it runs");
        fleet.publisher(round % 2).start_unready().expect("it starts");
    }
    service.accept_until(&room_id, last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_may_go_away_and_come_back() {
    let fleet = start(fleet().rabbitmq_via_proxy()).await;
    let mut service = OtherService::subscribe(&fleet).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "before").await))
        .await;

    fleet.pipes().rabbitmq_link().cut().await;
    for number in 0..20 {
        let sent = say(&fleet, &ada, &room_id, &format!("without {number}")).await;
        follower.hear_until(seq(&sent)).await;
    }
    fleet
        .pipes()
        .rabbitmq_link()
        .pass()
        .await
        .expect("it listens again");
    let last = seq(&say(&fleet, &ada, &room_id, "after").await);
    follower.hear_until(last).await;
    assert_eq!(follower.resumed, 0, "the sockets stayed open");
    service.accept_until(&room_id, last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rabbitmq_may_fall_silent_and_stay_connected() {
    let fleet = start(fleet().rabbitmq_via_proxy()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "before").await))
        .await;
    fleet
        .pipes()
        .rabbitmq_link()
        .stall(Direction::Both)
        .await
        .expect("it stalls");
    for number in 0..10 {
        let sent = say(&fleet, &ada, &room_id, &format!("in silence {number}")).await;
        follower.hear_until(seq(&sent)).await;
    }
    fleet
        .pipes()
        .rabbitmq_link()
        .pass()
        .await
        .expect("it passes again");
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "after").await))
        .await;
    assert_eq!(follower.resumed, 0, "the sockets stayed open");
}

#[tokio::test(flavor = "multi_thread")]
async fn live_batches_lost_on_the_way_are_healed() {
    let fleet = start(fleet()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "before").await))
        .await;
    // Another live exchange of the same name, to which nobody is bound: the wire works and loses everything.
    let rabbitmq = fleet.pipes().rabbitmq();
    let vhost = fleet.pipes().rabbitmq_url();
    rabbitmq
        .delete_exchange(vhost, "confab.live")
        .await
        .expect("it is deleted");
    let path = format!(
        "exchanges/{}/confab.live",
        vhost.rsplit('/').next().expect("a vhost")
    );
    let as_before = json!({"type": "direct", "durable": true, "auto_delete": false, "arguments": {}});
    rabbitmq
        .manage(Method::PUT, &path, Some(&as_before))
        .await
        .expect("it is declared");
    // Alone in a quiet room: no later batch shows the gap.
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "lost on the way").await))
        .await;
    for number in 0..5 {
        follower
            .hear_until(seq(&say(&fleet, &ada, &room_id, &number.to_string()).await))
            .await;
    }
    assert_eq!(follower.resumed, 0, "the sockets stayed open");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_be_flushed_and_killed() {
    let fleet = start(fleet()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let page = |limit: usize| {
        let (client, path) = (api(&fleet), format!("/rooms/{room_id}/messages?limit={limit}"));
        let token = bob.token.clone();
        async move { client.get(&path, &token).await.expect(200) }
    };
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "before").await))
        .await;
    assert_eq!(page(10).await["items"][0]["content"], "before");
    fleet.pipes().redis().flush().await.expect("flushed");
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "flushed").await))
        .await;
    assert_eq!(page(10).await["items"][0]["content"], "flushed");
    fleet.pipes().redis().kill().await.expect("killed");
    for number in 0..5 {
        let text = format!("without {number}");
        follower
            .hear_until(seq(&say(&fleet, &ada, &room_id, &text).await))
            .await;
        assert_eq!(page(10).await["items"][0]["content"], text.as_str());
    }
    fleet.pipes().redis().start_again().await.expect("started");
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "after").await))
        .await;
    assert_eq!(page(10).await["items"][0]["content"], "after");
    // Presence heals: Bob is there again once his node's next heartbeat has written everything.
    wait_until("Bob is present again", PATIENCE, || async {
        let path = format!("/users/{}/presence", bob.id);
        let presence = api(&fleet).get(&path, &ada.token).await;
        presence.status == 200 && presence.json()["status"] == "online"
    })
    .await;
    assert_eq!(follower.resumed, 0, "the sockets stayed open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateways_clients_resume_elsewhere() {
    let fleet = start(fleet()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut followers = Vec::new();
    for _ in 0..5 {
        followers.push(Follower::open(&gateways(&fleet), &bob, &room_id).await);
    }
    say(&fleet, &ada, &room_id, "before").await;
    fleet.gateway(0).kill().await.expect("it runs");
    let mut last = 0;
    for number in 0..20 {
        last = seq(&say(&fleet, &ada, &room_id, &format!("meanwhile {number}")).await);
    }
    for follower in &mut followers {
        follower.hear_until(last).await;
        assert_eq!(follower.resumed, 1);
        assert_eq!(follower.heard.len(), 21);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_may_restart() {
    let fleet = start(fleet().own_servers()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let api_url = fleet.api(0).url();
    let mut acked = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            acked.push(insist(&api_url, &ada, &room_id, &format!("{round}.{number}")).await);
            if number == 10 {
                fleet
                    .pipes()
                    .postgres()
                    .restart_immediate()
                    .await
                    .expect("it restarts");
            }
        }
    }
    follower.hear_until(seq(acked.last().expect("some"))).await;
    let events = log(&fleet, &ada, &room_id).await;
    for message in &acked {
        let there = events
            .iter()
            .filter(|event| event["event_id"] == message["id"])
            .count();
        assert_eq!(there, 1, "acked is durable, once: {message}");
    }
    wait_until("the API is ready again", PATIENCE, || async {
        HttpClient::new(&api_url)
            .call(Method::GET, "/ready", None, None)
            .await
            .status
            == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_one_process_may_be_killed_while_messages_flow() {
    let fleet = Arc::new(start(fleet().apis(2)).await);
    let mut service = OtherService::subscribe(&fleet).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let mut other = Follower::open(
        &[fleet.gateway(1).ws_url(), fleet.gateway(0).ws_url()],
        &ada,
        &room_id,
    )
    .await;
    let is_over = Arc::new(AtomicBool::new(false));
    let talk = {
        let (fleet, ada, room_id, is_over) = (
            Arc::clone(&fleet),
            ada.clone(),
            room_id.clone(),
            Arc::clone(&is_over),
        );
        tokio::spawn(async move {
            let mut acked = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let count = acked.len();
                let url = fleet.api(count % 2).url();
                acked.push(insist_on_either(&fleet, &url, &ada, &room_id, &format!("m{count}")).await);
            }
            acked
        })
    };
    for member in fleet.members() {
        let before = follower.last_seq;
        member.kill().await.expect("it runs");
        follower.hear_until(before + 20).await;
        other.hear_until(before + 20).await;
        member.start().await.unwrap_or_else(|error| panic!("{error:#}"));
        follower.hear_until(before + 40).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let acked = talk.await.expect("no panic");
    let last = seq(acked.last().expect("some"));
    follower.hear_until(last).await;
    other.hear_until(last).await;
    service.accept_until(&room_id, last).await;

    let order =
        |heard: &[Value]| -> Vec<Value> { heard.iter().map(|event| event["event_id"].clone()).collect() };
    let (one, two) = (order(&follower.heard), order(&other.heard));
    assert_eq!(one, two[two.len() - one.len()..], "one order for all");
    let events = log(&fleet, &ada, &room_id).await;
    for message in &acked {
        let there = events
            .iter()
            .filter(|event| event["event_id"] == message["id"])
            .count();
        assert_eq!(there, 1, "acked is durable, once: {message}");
    }
    let ids: Vec<&Value> = events.iter().map(|event| &event["event_id"]).collect();
    let told: Vec<&Value> = service
        .accepted
        .iter()
        .filter(|body| body["room_id"] == room_id.as_str())
        .map(|body| &body["event_id"])
        .collect();
    assert_eq!(told, ids, "other services have every event, in order");
}

/// A client that knows both nodes: when one does not answer it goes to the other.
async fn insist_on_either(fleet: &Fleet, first: &str, who: &Person, room_id: &str, client_id: &str) -> Value {
    let other = [fleet.api(0).url(), fleet.api(1).url()]
        .into_iter()
        .find(|url| url != first)
        .expect("two");
    tokio::select! {
        message = insist(first, who, room_id, client_id) => message,
        message = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            insist(&other, who, room_id, client_id).await
        } => message,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graceful_stop_tells_sockets_when_to_come_back() {
    let fleet = start(fleet()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let url = format!("{}/ws", fleet.gateway(0).ws_url());
    let mut watcher = confab_testkit::web_socket::WebSocket::connect_with_bearer(&url, &ada.token)
        .await
        .expect("a socket");
    watcher.expect("subscribed").await;
    fleet.gateway(0).terminate_soon().expect("it runs");
    let closing = watcher.expect("server_closing").await;
    assert!(closing["reconnect_after_ms"].is_u64(), "{closing}");
    assert_eq!(watcher.expect_close(PATIENCE).await.code, 4001);
    let exit = fleet.gateway(0).wait(PATIENCE).await.expect("it ends");
    assert_eq!(exit.code, Some(0), "{}", fleet.gateway(0).log_tail(30));
    follower
        .hear_until(seq(&say(&fleet, &ada, &room_id, "after").await))
        .await;
    assert_eq!(follower.resumed, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_gateway_does_no_harm_when_it_thaws() {
    let fleet = start(fleet()).await;
    let (ada, bob, room_id) = cast(&fleet).await;
    let mut follower = Follower::open(&gateways(&fleet), &bob, &room_id).await;
    let mut frozen = Follower::open(&[fleet.gateway(1).ws_url()], &bob, &room_id).await;
    fleet.gateway(1).pause().expect("it runs");
    let mut last = 0;
    for number in 0..20 {
        last = seq(&say(&fleet, &ada, &room_id, &number.to_string()).await);
        follower.hear_until(last).await;
    }
    fleet.gateway(1).resume().expect("it thaws");
    frozen.hear_until(last).await;
    let epoch = json!(
        fleet
            .pipes()
            .query("SELECT count(*) FROM messages")
            .await
            .expect("a count")
    );
    assert!(
        epoch.as_str().is_some_and(|count| count.contains("20")),
        "{epoch}"
    );
}
