//! Reactions and pins over sockets.

use serde_json::json;

use crate::house::{House, message};

#[tokio::test]
async fn reactions_and_pins_are_told_to_everybody_in_the_room() {
    let house = House::new().await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    hers.send_json(&message(room, "m", "react to me")).await;
    let sent = hers.expect_reply("m").await;
    let id = &sent["message_id"];
    his.send_json(&json!({"type": "react", "ref": "r", "message_id": id, "emoji": "❤"}))
        .await;
    let ack = his.expect_reply("r").await;
    assert_eq!((&ack["type"], &ack["message_id"]), (&json!("ack"), id));
    let event = hers.expect("reaction_added").await;
    assert_eq!(
        (
            &event["message_id"],
            &event["emoji"],
            &event["user_id"],
            &event["seq"]
        ),
        (id, &json!("❤️"), &json!(bob.id), &ack["seq"])
    );
    assert!(event.get("mine").is_none(), "nothing that differs per viewer");
    his.send_json(&json!({"type": "react", "ref": "again", "message_id": id, "emoji": "❤️"}))
        .await;
    assert!(
        his.expect_reply("again").await.get("seq").is_none(),
        "it changed nothing"
    );
    his.send_json(&json!({"type": "unreact", "ref": "u", "message_id": id, "emoji": "❤️"}))
        .await;
    his.expect_reply("u").await;
    assert_eq!(hers.expect("reaction_removed").await["emoji"], "❤️");
    his.send_json(&json!({"type": "react", "ref": "bad", "message_id": id, "emoji": ":)"}))
        .await;
    assert_eq!(his.expect_reply("bad").await["errors"][0]["field"], "emoji");

    hers.send_json(&json!({"type": "pin", "ref": "p", "message_id": id}))
        .await;
    hers.expect_reply("p").await;
    assert_eq!(&his.expect("message_pinned").await["message_id"], id);
    hers.send_json(&json!({"type": "unpin", "ref": "q", "message_id": id}))
        .await;
    hers.expect_reply("q").await;
    assert_eq!(&his.expect("message_unpinned").await["message_id"], id);
    his.send_json(&json!({"type": "pin", "ref": "no", "message_id": id}))
        .await;
    assert_eq!(
        his.expect_reply("no").await["code"],
        "forbidden",
        "a member does not pin"
    );
    let mut stranger = house.quiet(&eve).await;
    for kind in ["react", "unreact", "pin", "unpin"] {
        let frame = json!({"type": kind, "ref": kind, "message_id": id, "emoji": "👍"});
        stranger.send_json(&frame).await;
        assert_eq!(stranger.expect_reply(kind).await["code"], "not_found", "{kind}");
    }
}
