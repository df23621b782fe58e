//! What a socket makes of frames, good and bad.

use std::time::Duration;

use confab_domain::commands::UpdateRoom;
use confab_domain::ports::RoomReads;
use confab_domain::{Limits, Rate, Trace, commands};
use confab_gateway::Settings;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::house::{House, PATIENCE, Plan, message};

#[tokio::test]
async fn a_malformed_frame_gets_an_error_and_the_tenth_in_a_minute_the_end() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let mut socket = house.quiet(&ada).await;
    for bad in [
        "nonsense",
        "[]",
        r#"{"type":"dance","ref":"d"}"#,
        r#"{"type":"message","content":{"$gt":""}}"#,
    ] {
        socket.send(Message::text(bad)).await.unwrap();
        let error = socket.expect("error").await;
        assert_eq!(error["code"], "invalid");
        assert!(error["errors"][0]["field"].is_string(), "{error}");
    }
    socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    socket.expect("error").await;
    socket.send_json(&json!({"type": "ping", "ref": "p"})).await;
    assert_eq!(socket.expect_reply("p").await["type"], "pong");
    for _ in 0..5 {
        socket.send(Message::text("nonsense")).await.unwrap();
    }
    assert_eq!(socket.expect_close(PATIENCE).await.code, 4509);
}

#[tokio::test]
async fn bounds_close_with_their_own_codes() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let mut large = house.quiet(&ada).await;
    large
        .send(Message::text("x".repeat(128 * 1024 + 1)))
        .await
        .unwrap();
    assert_eq!(large.expect_close(PATIENCE).await.code, 4507);

    let mut fast = house.quiet(&ada).await;
    for _ in 0..200 {
        if fast.feed_json(&json!({"type": "ping"})).await.is_err() {
            break;
        }
    }
    // The server may have closed before all was written.
    let _ = fast.flush().await;
    assert_eq!(fast.expect_close(PATIENCE).await.code, 4029);
}

#[tokio::test]
async fn a_silent_client_is_closed_and_one_that_answers_pings_is_not() {
    let settings = Settings {
        heartbeat_interval: Duration::from_millis(100),
        silence_max: Duration::from_millis(600),
        ..Settings::default()
    };
    let house = House::build(Plan {
        settings,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let mut alive = house.quiet(&ada).await;
    // Reading answers pings.
    assert!(alive.next(Duration::from_millis(1_500)).await.is_none());
    alive.send_json(&json!({"type": "ping", "ref": "p"})).await;
    alive.expect_reply("p").await;
    let mut silent = house.quiet(&ada).await;
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(silent.expect_close(PATIENCE).await.code, 4002);
}

#[tokio::test]
async fn sending_twice_is_sending_once_and_another_text_is_a_conflict() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let mut socket = house.quiet(&ada).await;
    let mut send = message(room, "a", "once");
    send["client_id"] = json!("c1");
    socket.send_json(&send).await;
    let first = socket.expect_reply("a").await;
    send["ref"] = json!("b");
    socket.send_json(&send).await;
    let second = socket.expect_reply("b").await;
    assert_eq!(
        (&second["message_id"], &second["duplicate"]),
        (&first["message_id"], &json!(true))
    );
    send["ref"] = json!("c");
    send["content"] = json!("twice");
    socket.send_json(&send).await;
    assert_eq!(socket.expect_reply("c").await["code"], "conflict");
    socket
        .send_json(&json!({"type": "delete", "ref": "d", "message_id": first["message_id"]}))
        .await;
    assert_eq!(socket.expect_reply("d").await["type"], "ack");
}

#[tokio::test]
async fn a_slow_reader_is_closed_and_its_neighbours_go_on() {
    let limits = Limits {
        frames: Rate {
            limit: 0,
            window: Duration::from_secs(10),
        },
        ..Plan::default().limits
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let mut slow = house.following(&bob, 1).await;
    let mut swift = house.following(&ada, 1).await;
    let text = "x".repeat(16_000);
    // Far more than the kernel and the queue hold together.
    let last = house.head(room).await + 700;
    let reading = tokio::spawn(async move { crate::house::events_up_to(&mut swift, room, last).await.len() });
    for _ in 0..700 {
        house.say(&ada, room, &text).await;
    }
    assert_eq!(reading.await.unwrap(), 700);
    // Who reads nothing for two seconds more does not even get the close frame.
    let close = slow.expect_close(PATIENCE).await;
    assert!([4003, 1006].contains(&close.code), "{close:?}");
}

#[tokio::test]
async fn typing_and_marks_are_told_to_the_others() {
    let house = House::new().await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    house.say(&ada, room, "read me").await;
    his.send_json(&json!({"type": "typing", "room_id": room})).await;
    let typing = hers.expect("typing").await;
    assert_eq!(
        (&typing["user_id"], &typing["active"]),
        (&json!(bob.id), &json!(true))
    );
    his.send_json(&json!({"type": "read", "ref": "r", "room_id": room, "number": 1}))
        .await;
    assert_eq!(his.expect_reply("r").await["unread"], 0);
    let read = hers.expect("read").await;
    assert_eq!((&read["user_id"], &read["number"]), (&json!(bob.id), &json!(1)));

    let mut stranger = house.quiet(&eve).await;
    for kind in ["typing", "read", "delivered", "message", "subscribe"] {
        let frame = json!({"type": kind, "ref": kind, "room_id": room, "number": 1, "content": "x"});
        stranger.send_json(&frame).await;
        assert_eq!(stranger.expect_reply(kind).await["code"], "not_found", "{kind}");
    }
}

#[tokio::test]
async fn who_is_muted_or_blocked_shows_nothing() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let direct = commands::open_direct_room(&house.ports, &bob.actor, ada.id, Trace::default())
        .await
        .unwrap()
        .0
        .room
        .id;
    let room = house.room(&[&ada, &bob]).await;
    let news = house.room(&[&ada, &bob]).await;
    house.say(&ada, direct, "read me").await;
    commands::block_user(&house.ports, &bob.actor, ada.id)
        .await
        .unwrap();
    let until = Some(house.ports.clock.now().plus(Duration::from_mins(1)));
    commands::mute_member(&house.ports, &ada.actor, room, bob.id, until, Trace::default())
        .await
        .unwrap();
    let (mut hers, mut his) = (house.following(&ada, 3).await, house.following(&bob, 3).await);
    for frame in [
        json!({"type": "typing", "ref": "1", "room_id": direct}),
        json!({"type": "read", "ref": "2", "room_id": direct, "number": 1}),
    ] {
        his.send_json(&frame).await;
        let reply = his.expect_reply(frame["ref"].as_str().unwrap()).await;
        assert_eq!(
            reply["type"], "ack",
            "nobody learns of a block by an error: {reply}"
        );
    }
    his.send_json(&json!({"type": "typing", "ref": "3", "room_id": room}))
        .await;
    assert_eq!(his.expect_reply("3").await["code"], "forbidden");
    let posting = |word: &str| UpdateRoom {
        posting: Some(Some(word.to_owned())),
        ..UpdateRoom::default()
    };
    commands::update_room(
        &house.ports,
        &ada.actor,
        news,
        posting("moderators"),
        Trace::default(),
    )
    .await
    .unwrap();
    his.send_json(&json!({"type": "typing", "ref": "4", "room_id": news}))
        .await;
    assert_eq!(
        his.expect_reply("4").await["code"],
        "forbidden",
        "they cannot say it either"
    );
    // What comes after it is heard, so all that was to be heard before it was.
    commands::unmute_member(&house.ports, &ada.actor, room, bob.id, Trace::default())
        .await
        .unwrap();
    house.say(&bob, room, "heard").await;
    hers.expect("message_created").await;
    let is_signal = |frame: &Value| {
        frame["user_id"] == json!(bob.id)
            && ["typing", "read", "delivered"].contains(&frame["type"].as_str().unwrap_or_default())
            && frame["room_id"] == json!(direct)
    };
    hers.expect_none(is_signal, Duration::from_millis(300)).await;
}

#[tokio::test]
async fn a_flood_of_marks_ends_at_the_highest_though_the_client_goes_at_once() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let bob = house.guest("bob").await;
    house.add(&ada, room, &bob).await;
    for _ in 0..40 {
        house.say(&ada, room, "x").await;
    }
    let mut his = house.following(&bob, 1).await;
    for number in 1..=40 {
        his.send_json(&json!({"type": "read", "room_id": room, "number": number}))
            .await;
    }
    // A reply comes after everything before it was taken in, and does not wait for the marks.
    his.send_json(&json!({"type": "ping", "ref": "p"})).await;
    his.expect_reply("p").await;
    drop(his);
    confab_testkit::wait_until("the mark is durable", PATIENCE, || async {
        let marks = house.store.memberships(&[(room, bob.id)]).await.unwrap();
        marks[0]
            .as_ref()
            .is_some_and(|member| member.last_read_number == 40)
    })
    .await;
}

#[tokio::test]
async fn a_mark_with_a_ref_is_durable_when_it_is_acknowledged_and_one_without_is_told_only_what_failed() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let (room, strange) = (house.room(&[&ada, &bob]).await, house.room(&[&ada]).await);
    house.say(&ada, room, "x").await;
    let mut his = house.following(&bob, 1).await;
    his.send_json(&json!({"type": "read", "ref": "r", "room_id": room, "number": 1}))
        .await;
    his.expect_reply("r").await;
    let marks = house.store.memberships(&[(room, bob.id)]).await.unwrap();
    assert_eq!(marks[0].as_ref().unwrap().last_read_number, 1);
    his.send_json(&json!({"type": "read", "room_id": strange, "number": 1}))
        .await;
    let error = his.expect("error").await;
    assert_eq!(
        (&error["code"], &error["room_id"]),
        (&json!("not_found"), &json!(strange))
    );
}
