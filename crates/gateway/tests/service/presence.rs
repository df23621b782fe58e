//! Who comes, who goes, and the ninth connection.

use confab_domain::Limits;
use serde_json::json;
use std::time::Duration;

use crate::house::{House, PATIENCE, Plan};

#[tokio::test]
async fn coming_is_told_going_only_after_a_grace() {
    let house = House::new().await;
    let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
    house.room(&[&ada, &bob]).await;
    let mut hers = house.following(&ada, 1).await;
    let his = house.following(&bob, 1).await;
    assert_eq!(hers.expect("user_online").await["user_id"], json!(bob.id));
    his.close().await;
    // Back within the grace: nobody hears of it.
    let mut his = house.following(&bob, 1).await;
    hers.expect_none(
        |frame| frame["type"] == "user_offline",
        Duration::from_millis(800),
    )
    .await;
    his.send_json(&json!({"type": "presence", "status": "busy"}))
        .await;
    assert_eq!(
        hers.expect_where("user_online", |frame| frame["status"] == "busy")
            .await["user_id"],
        json!(bob.id)
    );
    his.close().await;
    let offline = hers.expect("user_offline").await;
    assert_eq!(
        (&offline["user_id"], &offline["status"]),
        (&json!(bob.id), &json!("offline"))
    );
    assert!(offline["last_seen_at"].is_string());
}

#[tokio::test]
async fn one_connection_too_many_closes_the_oldest_wherever_it_is() {
    let limits = Limits {
        connections_per_user_max: 2,
        ..Plan::default().limits
    };
    let house = House::build(Plan {
        limits,
        nodes: 2,
        ..Plan::default()
    })
    .await;
    let ada = house.guest("ada").await;
    let mut first = house.following_on(0, &ada, 0).await;
    let mut second = house.following_on(1, &ada, 0).await;
    let mut third = house.following_on(1, &ada, 0).await;
    assert_eq!(first.expect_close(PATIENCE).await.code, 4506);
    for socket in [&mut second, &mut third] {
        socket.send_json(&json!({"type": "ping", "ref": "p"})).await;
        socket.expect_reply("p").await;
    }
}
