//! What a block between two people hides and stops, and what it leaves as it was.

use confab_domain::ports::LiveConnection;
use confab_domain::ports::Status;
use confab_domain::{ConnectionId, IncarnationId, UserId};
use serde_json::{Value, json};

use crate::desk::{Desk, Person, fields, id};

const THUMB: &str = "%F0%9F%91%8D";

/// Two people who have talked, read, reacted, and are there now.
struct Pair {
    desk: Desk,
    ada: Person,
    bob: Person,
    room: String,
    /// By ada, then by bob.
    said: [String; 2],
}

impl Pair {
    async fn new() -> Self {
        let desk = Desk::open().await;
        let (ada, bob) = (desk.person().await, desk.person().await);
        let body = json!({"user_id": bob.id});
        let room = id(&desk.post(&ada, "/rooms/direct", body).await.expect(201));
        let said = [
            id(&desk.say(&ada, &room, "hello").await),
            id(&desk.say(&bob, &room, "hello, too").await),
        ];
        let (node, now) = (IncarnationId::mint(desk.now()), desk.now());
        for who in [&ada, &bob] {
            let read = json!({"number": 2});
            desk.post(who, &format!("/rooms/{room}/read"), read)
                .await
                .expect(200);
            let path = format!("/messages/{}/reactions/{THUMB}", said[0]);
            desk.call("PUT", &path, Some(&who.token), None).await.expect(200);
            let user_id: UserId = who.id.parse().unwrap();
            desk.ports
                .accounts
                .touch_last_seen(&[(user_id, now)])
                .await
                .unwrap();
            let presence = &desk.ports.presence;
            let connection = LiveConnection {
                connection_id: ConnectionId::mint(now),
                user_id,
                opened_at: now,
                status: Status::Online,
            };
            presence.arrive(node, &connection, now).await.unwrap();
            let rooms = [room.parse().unwrap()];
            presence
                .set_active(node, &rooms, user_id, true, now)
                .await
                .unwrap();
        }
        Self {
            desk,
            ada,
            bob,
            room,
            said,
        }
    }

    async fn block(&self, method: &str) {
        let path = format!("/me/blocks/{}", self.bob.id);
        let answer = self.desk.call(method, &path, Some(&self.ada.token), None).await;
        answer.expect(204);
    }

    /// Where one of the two is told of the other.
    async fn told(&self, viewer: &Person) -> Vec<String> {
        let (other, own_message) = if viewer.id == self.ada.id {
            (&self.bob, &self.said[0])
        } else {
            (&self.ada, &self.said[1])
        };
        let room = &self.room;
        let mut told = Vec::new();
        let receipts = format!("/messages/{own_message}/receipts");
        for path in [receipts.clone(), format!("{receipts}?limit=1")] {
            let page = self.desk.get(viewer, &path).await.expect(200);
            assert_eq!(page["recipient_count"], 1, "who it was for is no secret");
            let is_told = page["delivered_count"] != 0
                || page["read_count"] != 0
                || page["items"] != json!([])
                || page["has_more"] == true;
            told.extend(is_told.then_some(path));
        }
        let patch = format!("/conversations/{room}");
        let patched = self.desk.patch(viewer, &patch, json!({})).await.expect(200);
        let listed = self.desk.get(viewer, "/conversations").await.expect(200)["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|item| item["room"]["id"] == json!(room))
            .cloned()
            .unwrap();
        for (place, conversation) in [("PATCH", patched), ("GET", listed)] {
            assert_eq!(conversation["peer"]["user"]["id"], other.id.as_str());
            for hidden in ["/peer/presence", "/peer/user/last_seen_at"] {
                let is_told = !conversation.pointer(hidden).unwrap().is_null();
                told.extend(is_told.then(|| format!("{place} {hidden}")));
            }
        }
        let of_other = |item: &Value, pointer: &str| item.pointer(pointer) == Some(&json!(other.id));
        for (path, whose, hidden) in [
            (format!("/rooms/{room}/receipts"), "/user_id", None),
            (format!("/rooms/{room}/presence"), "/user_id", None),
            (
                format!("/rooms/{room}/members"),
                "/user_id",
                Some("/user/last_seen_at"),
            ),
            (
                format!("/messages/{}/reactions", self.said[0]),
                "/user/id",
                Some("/user/last_seen_at"),
            ),
        ] {
            let page = self.desk.get(viewer, &path).await.expect(200);
            let items = page["items"].as_array().unwrap();
            let found = items.iter().find(|item| of_other(item, whose));
            let is_told = match (found, hidden) {
                (Some(item), Some(hidden)) => !item.pointer(hidden).unwrap().is_null(),
                (found, None) => found.is_some() || page["present_count"] == 2,
                (None, Some(_)) => panic!("{path} has nobody: {page}"),
            };
            told.extend(is_told.then_some(path));
        }
        told.extend(self.told_outside(viewer, other).await);
        told
    }

    /// The same, by what has nothing to do with their direct room.
    async fn told_outside(&self, viewer: &Person, other: &Person) -> Vec<String> {
        let profile = format!("/users/{}", other.id);
        let presence = format!("{profile}/presence");
        let shown = self.desk.get(viewer, &profile).await.expect(200);
        let mut told = Vec::new();
        told.extend((self.desk.get(viewer, &presence).await.status != 404).then_some(presence));
        told.extend((!shown["last_seen_at"].is_null()).then_some(profile));
        told
    }
}

#[tokio::test]
async fn of_two_kept_apart_neither_learns_of_the_other() {
    let pair = Pair::new().await;
    for who in [&pair.ada, &pair.bob] {
        assert_eq!(pair.told(who).await.len(), 12, "{:?}", pair.told(who).await);
    }
    pair.block("PUT").await;
    for who in [&pair.ada, &pair.bob] {
        assert_eq!(pair.told(who).await, Vec::<String>::new());
        // One's own marks are one's own to see.
        let theirs = usize::from(who.id == pair.ada.id);
        let path = format!("/messages/{}/receipts", pair.said[theirs]);
        let page = pair.desk.get(who, &path).await.expect(200);
        assert_eq!(
            (
                &page["delivered_count"],
                &page["read_count"],
                &page["items"][0]["user_id"]
            ),
            (&json!(1), &json!(1), &json!(who.id))
        );
    }
    // Among others a block changes nothing: there they see each other as before.
    let third = pair.desk.person().await;
    let body = json!({"kind": "private", "name": "group", "member_ids": [pair.ada.id, pair.bob.id]});
    pair.desk.post(&third, "/rooms", body).await.expect(201);
    for (who, other) in [(&pair.ada, &pair.bob), (&pair.bob, &pair.ada)] {
        let outside = pair.told_outside(who, other).await;
        assert_eq!(outside.len(), 2);
        assert_eq!(pair.told(who).await, outside, "and the direct room tells nothing");
    }
    pair.block("DELETE").await;
    for who in [&pair.ada, &pair.bob] {
        assert_eq!(pair.told(who).await.len(), 12);
    }
}

#[tokio::test]
async fn nobody_brings_whom_a_block_keeps_apart_into_a_group() {
    let pair = Pair::new().await;
    let desk = &pair.desk;
    pair.block("PUT").await;
    for (who, other) in [(&pair.ada, &pair.bob), (&pair.bob, &pair.ada)] {
        let body = json!({"name": "x", "kind": "private", "member_ids": [other.id]});
        let refused = desk.post(who, "/rooms", body.clone()).await;
        assert_eq!(fields(&refused), ["member_ids[0]"]);
        let group = desk.room(who, "private").await;
        let members = format!("/rooms/{group}/members");
        let wanted = json!({"members": [{"user_id": other.id}]});
        let refused = desk.post(who, &members, wanted.clone()).await;
        assert_eq!(fields(&refused), ["members[0].user_id"]);
        // A third person may know both, and bring them together.
        let third = desk.person().await;
        let body = json!({"name": "x", "kind": "private", "member_ids": [who.id, other.id]});
        desk.post(&third, "/rooms", body).await.expect(201);
    }
    pair.block("DELETE").await;
    let group = desk.room(&pair.bob, "private").await;
    let wanted = json!({"members": [{"user_id": pair.ada.id}]});
    desk.post(&pair.bob, &format!("/rooms/{group}/members"), wanted)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_block_stops_all_that_is_said_and_spares_what_is_taken_back() {
    let pair = Pair::new().await;
    let desk = &pair.desk;
    pair.block("PUT").await;
    let mut refusals = Vec::new();
    for (who, own, theirs) in [
        (&pair.ada, &pair.said[0], &pair.said[1]),
        (&pair.bob, &pair.said[1], &pair.said[0]),
    ] {
        let elsewhere = desk.room(who, "private").await;
        let noted = id(&desk.say(who, &elsewhere, "a note").await);
        let put = async |path: String| desk.call("PUT", &path, Some(&who.token), None).await;
        let send = format!("/rooms/{}/messages", pair.room);
        let answers = [
            desk.post(who, &send, json!({"content": "x"})).await,
            desk.post(who, &send, json!({"content": "x", "reply_to": theirs}))
                .await,
            desk.post(
                who,
                &format!("/messages/{noted}/forward"),
                json!({"room_id": pair.room}),
            )
            .await,
            desk.patch(who, &format!("/messages/{own}"), json!({"content": "edited"}))
                .await,
            put(format!("/messages/{theirs}/reactions/%E2%9D%A4")).await,
            put(format!("/rooms/{}/pins/{theirs}", pair.room)).await,
        ];
        refusals.extend(answers.map(|answer| answer.expect(403)["detail"].clone()));
    }
    assert!(
        refusals.windows(2).all(|pair| pair[0] == pair[1]),
        "one text: {refusals:?}"
    );
    // What was said may be taken back, and carried elsewhere.
    for (who, own, theirs) in [
        (&pair.ada, &pair.said[0], &pair.said[1]),
        (&pair.bob, &pair.said[1], &pair.said[0]),
    ] {
        let elsewhere = desk.room(who, "private").await;
        if who.id == pair.ada.id {
            let forward = format!("/messages/{theirs}/forward");
            desk.post(who, &forward, json!({"room_id": elsewhere}))
                .await
                .expect(201);
        }
        let reaction = format!("/messages/{}/reactions/{THUMB}", pair.said[0]);
        desk.delete(who, &reaction).await.expect(204);
        desk.delete(who, &format!("/messages/{own}")).await.expect(204);
        assert_eq!(
            desk.get(who, &format!("/messages/{own}")).await.expect(200)["content"],
            Value::Null
        );
    }
    pair.block("DELETE").await;
    desk.say(&pair.bob, &pair.room, "at last").await;
}
