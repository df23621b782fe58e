//! What one's own devices are told, and what is kept from others.

use std::time::Duration;

use confab_domain::commands::{
    UpdateProfile, block_user, mark_all_read, unblock_user, update_conversation, update_profile,
};
use confab_domain::{ConversationPatch, CustomStatus, NewAvatar, Trace};
use serde_json::json;

use crate::house::{Guest, House, Plan};

async fn change(house: &House, who: &Guest, wanted: UpdateProfile) {
    update_profile(&house.ports, &who.actor, wanted, Trace::default())
        .await
        .unwrap();
}

#[tokio::test]
async fn marks_and_settings_reach_every_device_of_the_person_and_nobody_else() {
    let house = House::build(Plan {
        nodes: 2,
        ..Plan::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    house.say(&ada, room, "read me").await;
    let mut hers = house.following(&ada, 1).await;
    let mut his = house.following(&bob, 1).await;
    // Another device, elsewhere, that follows nothing.
    let mut tablet = house.open(1, "/ws?subscribe=none", &bob).await;
    tablet.expect("hello").await;
    his.send_json(&json!({"type": "read", "ref": "r", "room_id": room, "number": 1}))
        .await;
    his.expect_reply("r").await;
    for socket in [&mut his, &mut tablet] {
        let told = socket.expect("conversation_updated").await;
        assert_eq!(
            (&told["room_id"], &told["last_read_number"], &told["unread"]),
            (&json!(room), &json!(1), &json!(0))
        );
        assert!(told.get("settings").is_none());
    }
    let patch = ConversationPatch {
        is_pinned: Some(true),
        ..ConversationPatch::default()
    };
    update_conversation(&house.ports, &bob.actor, room, patch)
        .await
        .unwrap();
    let told = tablet.expect("conversation_updated").await;
    assert_eq!(
        told["settings"],
        json!({"archived": false, "pinned": true, "notifications": "all", "muted_until": null})
    );
    hers.expect("read").await;
    hers.expect_none(
        |frame| frame["type"] == "conversation_updated",
        Duration::from_millis(300),
    )
    .await;
}

#[tokio::test]
async fn what_is_marked_unread_is_so_on_every_device_until_one_of_them_reads() {
    let house = House::build(Plan {
        nodes: 2,
        ..Plan::default()
    })
    .await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    house.say(&ada, room, "read me").await;
    let mut his = house.following(&bob, 1).await;
    let mut tablet = house.open(1, "/ws?subscribe=none", &bob).await;
    tablet.expect("hello").await;
    let read = json!({"type": "read", "ref": "r", "room_id": room, "number": 1});
    his.send_json(&read).await;
    his.expect_reply("r").await;
    let told = tablet.expect("conversation_updated").await;
    assert!(told.get("marked_unread").is_none(), "nothing was marked");
    let patch = ConversationPatch {
        is_marked_unread: Some(true),
        ..ConversationPatch::default()
    };
    update_conversation(&house.ports, &bob.actor, room, patch)
        .await
        .unwrap();
    for socket in [&mut his, &mut tablet] {
        let told = socket
            .expect_where("conversation_updated", |frame| frame["marked_unread"] == true)
            .await;
        assert!(told.get("settings").is_none(), "only what changed: {told}");
    }
    // The same number once more: nobody else learns of it.
    let mut hers = house.following(&ada, 1).await;
    his.send_json(&read).await;
    his.expect_reply("r").await;
    let told = tablet.expect("conversation_updated").await;
    assert_eq!(
        (&told["marked_unread"], &told["last_read_number"]),
        (&json!(false), &json!(1))
    );
    let is_mark =
        |frame: &serde_json::Value| frame["type"] == "read" || frame["type"] == "conversation_updated";
    hers.expect_none(is_mark, Duration::from_millis(300)).await;
}

#[tokio::test]
async fn who_reads_everything_is_seen_to_where_they_share_it() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let rooms = [house.room(&[&ada, &bob]).await, house.room(&[&ada, &bob]).await];
    for room in rooms {
        house.say(&ada, room, "read me").await;
    }
    let (mut hers, mut his) = (house.following(&ada, 2).await, house.following(&bob, 2).await);
    assert_eq!(mark_all_read(&house.ports, &bob.actor).await.unwrap(), 2);
    for room in rooms {
        let in_room = |frame: &serde_json::Value| frame["room_id"] == json!(room);
        assert_eq!(hers.expect_where("read", in_room).await["number"], 1);
        let told = his.expect_where("conversation_updated", in_room).await;
        assert_eq!(
            (&told["last_read_number"], &told["unread"]),
            (&json!(1), &json!(0))
        );
    }
    assert_eq!(mark_all_read(&house.ports, &bob.actor).await.unwrap(), 0);
}

#[tokio::test]
async fn a_block_is_told_to_ones_own_devices_alone() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    for _ in 0..2 {
        block_user(&house.ports, &ada.actor, bob.id).await.unwrap();
    }
    for _ in 0..2 {
        unblock_user(&house.ports, &ada.actor, bob.id).await.unwrap();
    }
    for blocked in [true, false] {
        let told = hers.expect("block_updated").await;
        assert_eq!(
            (&told["user_id"], &told["blocked"]),
            (&json!(bob.id), &json!(blocked))
        );
    }
    let is_block = |frame: &serde_json::Value| frame["type"] == "block_updated";
    hers.expect_none(is_block, Duration::from_millis(200)).await;
    his.expect_none(is_block, Duration::ZERO).await;
}

#[tokio::test]
async fn a_new_name_is_told_to_people_who_share_a_room_and_to_ones_own_devices() {
    let house = House::new().await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    let mut strangers = house.following(&eve, 0).await;
    let email = UpdateProfile {
        email: Some(Some("ada@example.org".to_owned())),
        ..UpdateProfile::default()
    };
    change(&house, &ada, email).await;
    let wanted = UpdateProfile {
        display_name: Some(Some("Ada Lovelace".to_owned())),
        avatar: Some(NewAvatar::Url("https://pictures.example.org/ada.png".to_owned())),
        ..UpdateProfile::default()
    };
    change(&house, &ada, wanted).await;
    for socket in [&mut hers, &mut his] {
        let told = socket.expect("user_updated").await;
        assert_eq!(
            told,
            json!({
                "type": "user_updated", "user_id": ada.id, "username": "ada", "display_name": "Ada Lovelace",
                "avatar_url": "https://pictures.example.org/ada.png",
            }),
            "the address is nobody's, and its change no news"
        );
    }
    let same = UpdateProfile {
        display_name: Some(Some("Ada Lovelace".to_owned())),
        ..UpdateProfile::default()
    };
    change(&house, &ada, same).await;
    his.expect_none(
        |frame| frame["type"] == "user_updated",
        Duration::from_millis(200),
    )
    .await;
    strangers
        .expect_none(
            |frame| frame["type"] == "user_updated",
            Duration::from_millis(200),
        )
        .await;
}

#[tokio::test]
async fn who_reads_was_given_it_first() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    house.say(&ada, room, "read me").await;
    his.send_json(&json!({"type": "read", "room_id": room, "number": 1}))
        .await;
    let delivered = hers.expect("delivered").await;
    assert_eq!(
        (&delivered["user_id"], &delivered["number"]),
        (&json!(bob.id), &json!(1))
    );
    hers.expect("read").await;
}

#[tokio::test]
async fn who_hides_what_they_read_is_not_told_of_others() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    let room = house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    let hide = UpdateProfile {
        shares_read_marks: Some(false),
        ..UpdateProfile::default()
    };
    change(&house, &bob, hide).await;
    house.say(&ada, room, "one").await;
    his.send_json(&json!({"type": "read", "room_id": room, "number": 1}))
        .await;
    hers.expect("delivered").await;
    hers.expect_none(|frame| frame["type"] == "read", Duration::from_millis(400))
        .await;
    assert_eq!(his.expect("conversation_updated").await["last_read_number"], 1);
    // The other way round, on the live socket and on a new one.
    let mut later = house.following(&bob, 1).await;
    house.say(&bob, room, "two").await;
    hers.send_json(&json!({"type": "read", "ref": "r", "room_id": room, "number": 2}))
        .await;
    hers.expect_reply("r").await;
    for socket in [&mut his, &mut later] {
        socket
            .expect_where("delivered", |frame| frame["user_id"] == json!(ada.id))
            .await;
        let of_ada = |frame: &serde_json::Value| frame["type"] == "read" && frame["user_id"] == json!(ada.id);
        socket.expect_none(of_ada, Duration::from_millis(300)).await;
    }
}

#[tokio::test]
async fn a_status_is_told_to_people_who_share_a_room_and_to_ones_own_devices() {
    let house = House::new().await;
    let (ada, bob, eve) = (
        house.guest("ada").await,
        house.guest("bob").await,
        house.guest("eve").await,
    );
    house.room(&[&ada, &bob]).await;
    let (mut hers, mut his) = (house.following(&ada, 1).await, house.following(&bob, 1).await);
    let mut strangers = house.following(&eve, 0).await;
    let status = CustomStatus {
        emoji: Some("🌴".to_owned()),
        text: None,
        until: None,
    };
    let wanted = UpdateProfile {
        status: Some(Some(status)),
        ..UpdateProfile::default()
    };
    change(&house, &ada, wanted).await;
    for socket in [&mut hers, &mut his] {
        let told = socket.expect("user_status").await;
        assert_eq!(
            (&told["user_id"], &told["status"]["emoji"]),
            (&json!(ada.id), &json!("🌴"))
        );
    }
    let clear = UpdateProfile {
        status: Some(None),
        ..UpdateProfile::default()
    };
    change(&house, &ada, clear).await;
    assert!(his.expect("user_status").await["status"].is_null());
    strangers
        .expect_none(|frame| frame["type"] == "user_status", Duration::from_millis(200))
        .await;
}

#[tokio::test]
async fn who_does_not_share_when_they_were_there_goes_without_a_time() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    house.room(&[&ada, &bob]).await;
    let hide = UpdateProfile {
        shares_last_seen: Some(false),
        ..UpdateProfile::default()
    };
    change(&house, &bob, hide).await;
    let mut hers = house.following(&ada, 1).await;
    let his = house.following(&bob, 1).await;
    assert!(hers.expect("user_online").await["last_seen_at"].is_null());
    his.close().await;
    assert!(hers.expect("user_offline").await["last_seen_at"].is_null());
}
