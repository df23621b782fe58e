//! Coming back: exactly what was missed, in order, or `reset`.

use confab_domain::Limits;
use serde_json::{Value, json};

use crate::house::{House, PATIENCE, Plan, events_up_to, seqs};

fn resume(epoch: &str, rooms: Value, rest: &str) -> Value {
    json!({"type": "resume", "ref": "r", "epoch": epoch, "rooms": rooms, "rest": rest})
}

#[tokio::test]
async fn what_was_missed_comes_first_and_whole_then_subscribed() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let (room, other) = (house.room(&[&ada]).await, house.room(&[&ada]).await);
    let seen = house.head(room).await;
    for number in 0..450 {
        house.say(&ada, room, &format!("text {number}")).await;
    }
    let head = house.head(room).await;
    let mut socket = house.quiet(&ada).await;
    socket
        .send_json(&resume(
            &house.epoch().await,
            json!({room.to_string(): seen}),
            "head",
        ))
        .await;
    let mut order = Vec::new();
    let subscribed = loop {
        let frame = socket.next(PATIENCE).await.unwrap();
        if frame["type"] == "subscribed" && frame["room_id"] == json!(room) {
            break frame;
        }
        order.push(frame);
    };
    assert_eq!(seqs(&order), (seen + 1..=head).collect::<Vec<_>>());
    assert_eq!(
        (&subscribed["last_seq"], &subscribed["reset"]),
        (&json!(head), &json!(false))
    );
    assert_eq!(
        socket.expect("subscribed").await["room_id"],
        json!(other),
        "rest: head is the default"
    );
    assert_eq!(socket.expect("ack").await["ref"], "r");
}

#[tokio::test]
async fn a_resume_is_never_partial() {
    let limits = Limits {
        replay_events_per_room_max: 20,
        replay_events_per_connection_max: 30,
        ..Plan::default().limits
    };
    let house = House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let (one, two, three) = (
        house.room(&[&ada]).await,
        house.room(&[&ada]).await,
        house.room(&[&ada]).await,
    );
    for room in [one, two] {
        for _ in 0..20 {
            house.say(&ada, room, "x").await;
        }
    }
    for _ in 0..21 {
        house.say(&ada, three, "x").await;
    }
    let epoch = house.epoch().await;
    let mut socket = house.quiet(&ada).await;
    let seen = 2;
    let rooms = json!({one.to_string(): seen, two.to_string(): seen, three.to_string(): seen});
    socket.send_json(&resume(&epoch, rooms, "none")).await;
    let mut reset = 0;
    for _ in 0..3 {
        let subscribed = socket.expect("subscribed").await;
        if subscribed["reset"] == true {
            reset += 1;
            let room = &subscribed["room_id"];
            assert!(
                socket.mailbox().all(|frame| frame["room_id"] != *room),
                "no part of it is replayed"
            );
        }
    }
    assert_eq!(
        reset, 2,
        "one is too far behind, and one is too much for the connection"
    );
}

#[tokio::test]
async fn another_life_another_id_and_a_future_are_reset() {
    let house = House::new().await;
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let head = house.say(&ada, room, "x").await;
    let epoch = house.epoch().await;
    let nobody = "018cc251-f400-7000-8000-0000000000ff";
    for (epoch, cursor) in [
        ("another", json!(head - 1)),
        (epoch.as_str(), json!({"seq": head - 1, "event_id": nobody})),
        (epoch.as_str(), json!(head + 5)),
    ] {
        let mut socket = house.quiet(&ada).await;
        socket
            .send_json(&resume(epoch, json!({room.to_string(): cursor}), "none"))
            .await;
        let subscribed = socket.expect("subscribed").await;
        assert_eq!(
            (&subscribed["reset"], &subscribed["last_seq"]),
            (&json!(true), &json!(head)),
            "{cursor}"
        );
        assert!(socket.mailbox().all(|frame| frame["type"] != "message_created"));
    }
    let mut socket = house.quiet(&ada).await;
    let mut seen = house.following(&ada, 1).await;
    let last = house.say(&ada, room, "y").await;
    let event_id = seen.expect("message_created").await["event_id"].clone();
    socket.send_json(&json!({"type": "subscribe", "ref": "s", "room_id": room, "epoch": epoch, "after_seq": last, "event_id": event_id})).await;
    assert_eq!(socket.expect_reply("s").await["reset"], false);
}

#[tokio::test]
async fn resumes_that_race_sends_have_neither_hole_nor_double() {
    let house = std::sync::Arc::new(House::new().await);
    let ada = house.guest("ada").await;
    let room = house.room(&[&ada]).await;
    let seen = house.head(room).await;
    let epoch = house.epoch().await;
    let writer = {
        let (house, ada) = (house.clone(), ada.clone());
        tokio::spawn(async move {
            for number in 0..600 {
                house.say(&ada, room, &format!("text {number}")).await;
            }
        })
    };
    let last = seen + 600;
    let mut readers = Vec::new();
    for _ in 0..6 {
        let (house, ada, epoch) = (house.clone(), ada.clone(), epoch.clone());
        readers.push(tokio::spawn(async move {
            let mut got = Vec::new();
            let mut cursor = seen;
            while cursor < last {
                let mut socket = house.quiet(&ada).await;
                socket
                    .send_json(&resume(&epoch, json!({room.to_string(): cursor}), "none"))
                    .await;
                // Reads some, then breaks off and comes back.
                let events = events_up_to(&mut socket, room, (cursor + 97).min(last)).await;
                got.extend(seqs(&events));
                cursor = *got.last().unwrap();
                socket.reset();
            }
            got
        }));
    }
    writer.await.unwrap();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), (seen + 1..=last).collect::<Vec<_>>());
    }
}
