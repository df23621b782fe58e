//! Reactions and pins over REST: `mine`, bounds, who may, what is refused.

use confab_domain::Rate;
use serde_json::{Value, json};

use crate::desk::{Desk, Wishes, fields, id};

const THUMB: &str = "%F0%9F%91%8D";
const HEART: &str = "%E2%9D%A4";

#[tokio::test]
async fn a_reaction_is_counted_and_ones_own_is_told() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let message = id(&desk.say(&ada, &room, "hello").await);
    let path = format!("/messages/{message}/reactions");
    let put = async |who, emoji: &str| {
        desk.call("PUT", &format!("{path}/{emoji}"), Some(who), None)
            .await
    };
    let first = put(&ada.token, THUMB).await.expect(200);
    assert_eq!(
        first["reactions"],
        json!([{"emoji": "👍", "count": 1, "mine": true}])
    );
    let again = put(&ada.token, THUMB).await.expect(200);
    assert_eq!(again["updated_seq"], first["updated_seq"], "twice is once");
    put(&bob.token, THUMB).await.expect(200);
    // With and without a variation selector it is one emoji.
    put(&bob.token, HEART).await.expect(200);
    let both = put(&ada.token, &format!("{HEART}%EF%B8%8F")).await.expect(200);
    assert_eq!(
        both["reactions"],
        json!([{"emoji": "👍", "count": 2, "mine": true}, {"emoji": "❤️", "count": 2, "mine": true}])
    );
    desk.delete(&bob, &format!("{path}/{HEART}")).await.expect(204);
    desk.delete(&bob, &format!("{path}/{HEART}")).await.expect(204);
    let page = desk
        .get(&bob, &format!("/rooms/{room}/messages"))
        .await
        .expect(200);
    assert_eq!(
        page["items"][0]["reactions"],
        json!([{"emoji": "👍", "count": 2, "mine": true}, {"emoji": "❤️", "count": 1, "mine": false}])
    );
    let one = desk.get(&bob, &format!("/messages/{message}")).await.expect(200);
    assert_eq!(one["reactions"], page["items"][0]["reactions"]);

    let listed = desk.get(&ada, &format!("{path}?limit=2")).await.expect(200);
    let cursor = listed["next_cursor"].as_str().unwrap();
    let rest = desk
        .get(&ada, &format!("{path}?limit=2&cursor={cursor}"))
        .await
        .expect(200);
    let items = |page: &Value| page["items"].as_array().unwrap().clone();
    let all = [items(&listed), items(&rest)].concat();
    assert_eq!(all.len(), 3);
    assert!(
        all.iter()
            .all(|item| item["user"]["id"] == item["user_id"] && item["created_at"].is_string())
    );
    let hearts = desk.get(&ada, &format!("{path}?emoji={HEART}")).await.expect(200);
    assert_eq!(items(&hearts).len(), 1);
    assert_eq!(hearts["items"][0]["user_id"], ada.id);
}

#[tokio::test]
async fn what_is_no_emoji_and_what_is_not_there_is_refused() {
    let mut wishes = Wishes::default();
    wishes.limits.reactions = Rate::per_minute(2);
    let desk = Desk::open_with(wishes).await;
    let (ada, eve) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    let message = id(&desk.say(&ada, &room, "hello").await);
    let path = format!("/messages/{message}/reactions");
    for bad in ["x", "tada", "%F0%9F%91%8D%F0%9F%91%8D", "%00"] {
        let answer = desk
            .call("PUT", &format!("{path}/{bad}"), Some(&ada.token), None)
            .await;
        assert_eq!(fields(&answer), ["emoji"], "{bad}");
    }
    assert_eq!(
        fields(&desk.get(&ada, &format!("{path}?emoji=x")).await),
        ["emoji"]
    );
    // Who may not read the message is not told of it.
    desk.call("PUT", &format!("{path}/{THUMB}"), Some(&eve.token), None)
        .await
        .expect(404);
    desk.get(&eve, &path).await.expect(404);
    desk.call("PUT", &format!("{path}/{THUMB}"), Some(&ada.token), None)
        .await
        .expect(200);
    desk.delete(&ada, &format!("{path}/{THUMB}")).await.expect(204);
    let third = desk
        .call("PUT", &format!("{path}/{THUMB}"), Some(&ada.token), None)
        .await;
    assert_eq!(third.expect(429)["code"], "rate_limited");
}

#[tokio::test]
async fn moderators_pin_and_members_read_the_pins() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let (one, two) = (
        id(&desk.say(&ada, &room, "one").await),
        id(&desk.say(&bob, &room, "two").await),
    );
    let pins = format!("/rooms/{room}/pins");
    let pin = async |who, message: &str| {
        desk.call("PUT", &format!("{pins}/{message}"), Some(who), None)
            .await
    };
    pin(&bob.token, &one).await.expect(403);
    let pinned = pin(&ada.token, &one).await.expect(200);
    assert!(pinned["pinned_at"].is_string());
    assert_eq!(pinned["pinned_by"], ada.id.as_str());
    desk.advance(std::time::Duration::from_secs(1));
    pin(&ada.token, &two).await.expect(200);
    let ids = |page: &Value| -> Vec<String> { page["items"].as_array().unwrap().iter().map(id).collect() };
    let listed = desk.get(&bob, &pins).await.expect(200);
    assert_eq!(ids(&listed), [two.clone(), one.clone()]);
    let first = desk.get(&bob, &format!("{pins}?limit=1")).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = desk
        .get(&bob, &format!("{pins}?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(ids(&second), std::slice::from_ref(&one));
    desk.delete(&ada, &format!("{pins}/{two}")).await.expect(204);
    desk.delete(&ada, &format!("{pins}/{two}")).await.expect(204);
    desk.delete(&ada, &format!("/messages/{one}")).await.expect(204);
    assert_eq!(
        ids(&desk.get(&bob, &pins).await.expect(200)),
        Vec::<String>::new()
    );
    pin(&ada.token, &one).await.expect(409);
    desk.get(&eve, &pins).await.expect(403);
    let elsewhere = desk.room(&ada, "private").await;
    let foreign = format!("/rooms/{elsewhere}/pins/{two}");
    desk.call("PUT", &foreign, Some(&ada.token), None)
        .await
        .expect(404);
}
