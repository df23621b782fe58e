//! Following rooms live: order, visibility, new rooms.

use confab_domain::Trace;
use confab_domain::commands::{join_room, set_account_open};
use confab_testkit::WebSocket;
use serde_json::json;

use crate::house::{House, PATIENCE, events_up_to, message, seqs};

#[tokio::test]
async fn a_message_goes_from_socket_to_socket() {
    let house = House::build(crate::house::Plan {
        nodes: 2,
        ..Default::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let mut hers = house.following(&ada, 1).await;
    let mut his = house.following_on(1, &bob, 1).await;
    hers.send_json(&message(room, "m1", "hello")).await;
    let ack = hers.expect_reply("m1").await;
    assert_eq!(
        (&ack["type"], &ack["number"], &ack["duplicate"]),
        (&json!("ack"), &json!(1), &json!(false))
    );
    for socket in [&mut hers, &mut his] {
        let event = socket.expect("message_created").await;
        assert_eq!(event["seq"], ack["seq"]);
        assert_eq!(event["event_id"], ack["message_id"]);
        assert_eq!(event["message"]["content"], "hello");
    }
}

#[tokio::test]
async fn replies_names_reasons_and_forwards_travel_by_socket() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let (room, other) = (
        house.room(&[&ada, &bob]).await,
        house.room_with(&[&ada, &bob], "private", "since_join").await,
    );
    let (mut hers, mut his) = (house.following(&ada, 2).await, house.following(&bob, 2).await);
    hers.send_json(&message(room, "m1", "question")).await;
    let said = hers.expect_reply("m1").await["message_id"].clone();
    his.expect("message_created").await;
    let reply =
        json!({"type": "message", "ref": "m2", "room_id": room, "content": "@Bob @here", "reply_to": said});
    hers.send_json(&reply).await;
    let answer = hers.expect_reply("m2").await["message_id"].clone();
    let heard = his.expect("message_created").await["message"].clone();
    assert_eq!(heard["parent"]["content"], "question");
    assert_eq!(heard["mentions"], json!([bob.id]));
    assert_eq!(heard["mentions_here"], true);

    let forward =
        json!({"type": "forward", "ref": "f", "message_id": said, "room_id": other, "client_id": "f-1"});
    hers.send_json(&forward).await;
    let ack = hers.expect_reply("f").await;
    assert_eq!((&ack["type"], &ack["duplicate"]), (&json!("ack"), &json!(false)));
    let heard = his.expect("message_created").await["message"].clone();
    assert_eq!(heard["forwarded_from"]["message_id"], said);
    let forwarded = heard["id"].clone();
    hers.send_json(&forward).await;
    assert_eq!(hers.expect_reply("f").await["duplicate"], true);

    // Where not everybody may see every parent, no event shows one.
    let reply =
        json!({"type": "message", "ref": "m3", "room_id": other, "content": "x", "reply_to": forwarded});
    hers.send_json(&reply).await;
    assert_eq!(hers.expect_reply("m3").await["type"], "ack");
    let heard = his.expect("message_created").await["message"].clone();
    assert!(
        heard["reply_to"] == forwarded && heard.get("parent").is_none(),
        "{heard}"
    );

    let delete = json!({"type": "delete", "ref": "d", "message_id": answer, "reason": ""});
    hers.send_json(&delete).await;
    assert_eq!(hers.expect_reply("d").await["errors"][0]["field"], "reason");
    let delete = json!({"type": "delete", "ref": "d", "message_id": answer, "reason": "spam"});
    hers.send_json(&delete).await;
    assert_eq!(hers.expect_reply("d").await["type"], "ack");
    let heard = his.expect("message_deleted").await;
    assert_eq!(heard["message_id"], answer);
    assert!(!heard.to_string().contains("spam"), "ids alone: {heard}");
}

#[tokio::test]
async fn fifty_sends_in_flight_are_acked_and_delivered_in_order() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.quiet(&ada).await, house.following(&bob, 1).await);
    let before = house.head(room).await;
    for number in 0..50 {
        hers.feed_json(&message(room, &format!("m{number}"), &format!("text {number}")))
            .await
            .unwrap();
    }
    hers.flush().await.unwrap();
    for number in 0..50 {
        let reply = hers.next(PATIENCE).await.unwrap();
        assert_eq!(reply["ref"], format!("m{number}"), "replies keep their order");
        assert_eq!(reply["seq"], before + 1 + number, "sends keep their order");
    }
    let events = events_up_to(&mut his, room, before + 50).await;
    assert_eq!(seqs(&events), (before + 1..=before + 50).collect::<Vec<_>>());
    assert_eq!(events[49]["message"]["content"], "text 49");
}

#[tokio::test]
async fn someone_added_to_a_room_this_node_never_served_follows_it_at_once() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let mut his = house.following(&bob, 0).await;
    let room = house.room(&[&ada]).await;
    house.say(&ada, room, "before bob").await;
    house.add(&ada, room, &bob).await;
    let joined = his.expect("user_joined").await;
    assert_eq!(
        (&joined["user_id"], &joined["role"]),
        (&json!(bob.id), &json!("member"))
    );
    let subscribed = his.expect("subscribed").await;
    assert_eq!(
        (&subscribed["room_id"], &subscribed["my_role"]),
        (&json!(room), &json!("member"))
    );
    let seq = house.say(&ada, room, "welcome").await;
    assert_eq!(his.expect("message_created").await["seq"], seq);
    assert!(
        his.mailbox().all(|frame| frame["type"] != "message_created"),
        "nothing from before the joining"
    );
}

#[tokio::test]
async fn who_connects_while_being_added_is_subscribed_once_and_hears_nothing_twice() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    for _ in 0..60 {
        let room = house.room(&[&ada]).await;
        let ((), mut his) = tokio::join!(house.add(&ada, room, &bob), house.open(0, "/ws", &bob));
        let mut last_seq = None;
        let mut welcome = None;
        while welcome.is_none() || last_seq < welcome {
            let frame = his.next(PATIENCE).await.unwrap();
            if frame["room_id"] != json!(room) {
                continue;
            }
            match frame["type"].as_str().unwrap() {
                "subscribed" => {
                    assert_eq!(welcome, None, "subscribed twice: {frame}");
                    last_seq = frame["last_seq"].as_i64();
                    welcome = Some(house.say(&ada, room, "welcome").await);
                }
                _ if welcome.is_some() && frame["seq"].is_i64() => {
                    assert_eq!(frame["seq"].as_i64(), last_seq.map(|seq| seq + 1), "{frame}");
                    last_seq = frame["seq"].as_i64();
                }
                _ => {}
            }
        }
        his.reset();
    }
}

#[tokio::test]
async fn a_room_that_was_unsubscribed_stays_quiet_until_asked_for() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.following(&ada, 1).await;
    socket
        .send_json(&json!({"type": "unsubscribe", "ref": "u", "room_id": room}))
        .await;
    assert_eq!(socket.expect_reply("u").await["reason"], "requested");
    let missed = house.say(&ada, room, "unheard").await;
    socket.send_json(&json!({"type": "ping", "ref": "p"})).await;
    socket.expect_reply("p").await;
    socket
        .send_json(&json!({"type": "subscribe", "ref": "s", "room_id": room}))
        .await;
    let subscribed = socket.expect_reply("s").await;
    assert_eq!(
        (&subscribed["type"], &subscribed["last_seq"]),
        (&json!("subscribed"), &json!(missed))
    );
    assert!(socket.mailbox().all(|frame| frame["type"] != "message_created"));
    house.say(&ada, room, "heard").await;
    assert_eq!(
        socket.expect("message_created").await["message"]["content"],
        "heard"
    );
}

#[tokio::test]
async fn in_a_since_join_room_the_past_is_hidden_and_seq_stays_whole() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room_with(&[&ada], "private", "since_join").await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 0).await);
    house.say(&ada, room, "a secret").await;
    let old = hers.expect("message_created").await["message"]["id"].clone();
    house.add(&ada, room, &bob).await;
    his.expect("subscribed").await;
    hers.send_json(&json!({"type": "edit", "ref": "e", "message_id": old, "content": "still a secret"}))
        .await;
    let seq = hers.expect_reply("e").await["seq"].clone();
    assert_eq!(
        his.expect("hidden").await,
        json!({"type": "hidden", "room_id": room, "seq": seq})
    );
    assert_eq!(
        hers.expect("message_updated").await["message"]["content"],
        "still a secret"
    );

    // The same in a replay from the beginning.
    let epoch = house.epoch().await;
    let mut again = house.quiet(&bob).await;
    again
        .send_json(&json!({"type": "resume", "ref": "r", "epoch": epoch, "rooms": {room.to_string(): 0}}))
        .await;
    let events = events_up_to(&mut again, room, seq.as_i64().unwrap()).await;
    assert_eq!(seqs(&events), (1..=seq.as_i64().unwrap()).collect::<Vec<_>>());
    assert!(!serde_json::to_string(&events).unwrap().contains("secret"));
}

#[tokio::test]
async fn a_socket_of_one_room_hears_that_room_alone() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let (one, other) = (house.room(&[&ada]).await, house.room(&[&ada]).await);
    let public = house.room_with(&[&ada], "public", "all").await;
    let mut socket = house.open(0, &format!("/ws/{one}"), &ada).await;
    socket.expect("hello").await;
    socket.expect("subscribed").await;
    house.say(&ada, other, "elsewhere").await;
    socket
        .send_json(&json!({"type": "message", "ref": "m", "content": "here"}))
        .await;
    socket.expect_reply("m").await;
    assert_eq!(
        socket.expect("message_created").await["message"]["content"],
        "here"
    );
    assert!(socket.mailbox().all(|frame| frame["room_id"] != json!(other)));

    let mut hidden = house.open(0, &format!("/ws/{one}"), &bob).await;
    assert_eq!(hidden.expect_close(PATIENCE).await.code, 4510);
    let mut not_joined = house.open(0, &format!("/ws/{public}"), &bob).await;
    assert_eq!(not_joined.expect_close(PATIENCE).await.code, 4503);
    join_room(&house.ports, &bob.actor, public, Trace::default())
        .await
        .unwrap();
    let mut joined = house.open(0, &format!("/ws/{public}"), &bob).await;
    joined.expect("subscribed").await;
    let no_uuid = WebSocket::connect_with_bearer(&format!("{}/ws/x", house.nodes[0].url), &ada.token).await;
    let refusal = no_uuid.unwrap_err();
    assert_eq!(refusal.status, 422);
    assert!(refusal.body.contains(r#""field":"room_id""#), "{}", refusal.body);
}

#[tokio::test]
async fn a_shut_account_loses_its_sockets() {
    let house = House::new().await;
    let (ada, mut admin) = (house.guest("ada").await, house.guest("admin").await);
    admin.actor.role = confab_domain::UserRole::Admin;
    let mut socket = house.quiet(&ada).await;
    set_account_open(&house.ports, &admin.actor, ada.id, false, Trace::default())
        .await
        .unwrap();
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4504);
}
