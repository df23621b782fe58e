//! What is beyond a budget is refused over the socket with the wait that is enough, and the socket lives on.

use std::time::Duration;

use confab_domain::{Limits, Rate};
use serde_json::{Value, json};

use crate::house::{House, Plan, message};

/// A house with one budget, of two attempts a minute.
async fn house_with(set: impl FnOnce(&mut Limits, Rate)) -> House {
    let mut limits = Plan::default().limits.without_budgets();
    set(&mut limits, Rate::per_minute(2));
    House::build(Plan {
        limits,
        ..Plan::default()
    })
    .await
}

/// Sends three such frames and looks at the third's refusal; then waits as it says, and sends it again.
async fn two_and_one_too_many(house: House, frame: impl Fn(&Value) -> Value, told_by: &str) {
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    let mut ids = Vec::new();
    for n in 1..=4 {
        house.say(&bob, room, &format!("said {n}")).await;
        ids.push(hers.expect("message_created").await["message"]["id"].clone());
    }
    let ask = |n: usize| {
        let mut frame = frame(&ids[n]);
        frame["ref"] = json!(format!("try {n}"));
        frame
    };
    for n in 0..2 {
        his.send_json(&ask(n)).await;
        let reply = his.expect_reply(&format!("try {n}")).await;
        assert_eq!(reply["type"], "ack", "{told_by}: {reply}");
    }
    his.send_json(&ask(2)).await;
    let refused = his.expect_reply("try 2").await;
    assert_eq!(
        (&refused["type"], &refused["code"]),
        (&json!("error"), &json!("rate_limited")),
        "{told_by}: {refused}"
    );
    let wait_ms = refused["retry_after_ms"].as_u64().unwrap();
    assert!(
        (1..=30_000).contains(&wait_ms),
        "half a minute is one attempt: {wait_ms}"
    );
    house.clock.advance(Duration::from_millis(wait_ms));
    his.send_json(&ask(2)).await;
    assert_eq!(his.expect_reply("try 2").await["type"], "ack", "{told_by}");
    // The others heard of what was taken, and of nothing else.
    let of_the_last = |frame: &Value| {
        frame["type"] == told_by && (frame["message_id"] == ids[2] || frame["message"]["id"] == ids[2])
    };
    hers.expect_where(told_by, of_the_last).await;
    hers.expect_none(of_the_last, Duration::from_millis(300)).await;
}

#[tokio::test]
async fn edits_deletes_and_reactions_say_when_to_come_back() {
    let edits = house_with(|limits, rate| limits.edits = rate).await;
    let edit = |id: &Value| json!({"type": "edit", "message_id": id, "content": "edited"});
    two_and_one_too_many(edits, edit, "message_updated").await;

    let deletes = house_with(|limits, rate| limits.deletes = rate).await;
    let delete = |id: &Value| json!({"type": "delete", "message_id": id});
    two_and_one_too_many(deletes, delete, "message_deleted").await;

    let reactions = house_with(|limits, rate| limits.reactions = rate).await;
    let react = |id: &Value| json!({"type": "react", "message_id": id, "emoji": "👍"});
    two_and_one_too_many(reactions, react, "reaction_added").await;
}

#[tokio::test]
async fn marks_beyond_their_budget_are_refused_whether_a_reply_is_asked_for_or_not() {
    let house = house_with(|limits, rate| limits.marks = rate).await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    for n in 0..4 {
        house.say(&ada, room, &format!("said {n}")).await;
    }
    let mut his = house.following(&bob, 1).await;
    for number in 1..=2 {
        his.send_json(&json!({"type": "read", "ref": "r", "room_id": room, "number": number}))
            .await;
        assert_eq!(his.expect_reply("r").await["unread"], 4 - number);
    }
    his.send_json(&json!({"type": "read", "ref": "late", "room_id": room, "number": 3}))
        .await;
    let refused = his.expect_reply("late").await;
    assert_eq!(refused["code"], "rate_limited", "{refused}");
    let wait_ms = refused["retry_after_ms"].as_u64().unwrap();
    assert!((1..=30_000).contains(&wait_ms), "{wait_ms}");
    his.send_json(&json!({"type": "delivered", "room_id": room, "number": 4}))
        .await;
    let refused = his.expect("error").await;
    assert_eq!(
        (&refused["code"], &refused["room_id"]),
        (&json!("rate_limited"), &json!(room))
    );
    assert!(
        refused["retry_after_ms"]
            .as_u64()
            .is_some_and(|wait_ms| wait_ms > 0)
    );
    house.clock.advance(Duration::from_millis(wait_ms));
    his.send_json(&json!({"type": "read", "ref": "now", "room_id": room, "number": 3}))
        .await;
    assert_eq!(his.expect_reply("now").await["unread"], 1);
    // The socket was never the worse for it.
    his.send_json(&message(room, "m", "still here")).await;
    assert_eq!(his.expect_reply("m").await["type"], "ack");
}
