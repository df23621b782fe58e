//! Lists over REST that go across messages: files of a room, mentions of all rooms, people by any spelling.

use serde_json::{Value, json};

use crate::desk::{Desk, Person, fields, id};
use crate::files::said;

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_room_lists_its_files() {
    let desk = Desk::open().await;
    let (ada, bob, eve) = (desk.person().await, desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    let (message, text) = said(&desk, &ada, &room, "notes.txt", b"0123456789").await;
    let (_, page) = said(&desk, &ada, &room, "page.html", b"<!DOCTYPE html><p>x</p>").await;
    let files = format!("/rooms/{room}/files");
    desk.get(&eve, &files).await.expect(403);
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let listed = desk.get(&bob, &files).await.expect(200);
    assert_eq!(ids(&listed), [id(&page), id(&text)]);
    let mut of_message = listed["items"][1].clone();
    let found = of_message.as_object_mut().unwrap();
    assert_eq!(found.remove("message_id").unwrap(), message["id"]);
    assert_eq!(found.remove("number").unwrap(), message["number"]);
    assert_eq!(found.remove("seq").unwrap(), message["seq"]);
    assert_eq!(found.remove("created_at").unwrap(), message["created_at"]);
    let sender = found.remove("sender").unwrap();
    assert_eq!((&sender["id"], sender.get("email")), (&json!(ada.id), None));
    assert_eq!(of_message, message["attachments"][0]);

    let first = desk.get(&bob, &format!("{files}?limit=1")).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    let second = desk
        .get(&bob, &format!("{files}?limit=1&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(
        (ids(&second), &second["has_more"]),
        (vec![id(&text)], &json!(false))
    );
    let others = desk
        .get(&bob, &format!("{files}?kind=other&cursor={cursor}"))
        .await;
    assert_eq!(fields(&others), ["cursor"], "of another list");
    assert_eq!(
        fields(&desk.get(&bob, &format!("{files}?kind=pdf")).await),
        ["kind"]
    );
    let images = desk.get(&bob, &format!("{files}?kind=image")).await.expect(200);
    assert_eq!(ids(&images), Vec::<String>::new());
    assert_eq!(
        ids(&desk.get(&bob, &format!("{files}?kind=other")).await.expect(200)).len(),
        2
    );
    let service = desk.service().await;
    assert_eq!(ids(&desk.get(&service, &files).await.expect(200)).len(), 2);
    let path = format!("/messages/{}", id(&message));
    desk.delete(&ada, &path).await.expect(204);
    assert_eq!(ids(&desk.get(&bob, &files).await.expect(200)), [id(&page)]);
}

#[tokio::test]
async fn files_from_before_ones_time_are_not_listed() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let made = json!({"kind": "public", "name": "later", "history": "since_join"});
    let room = id(&desk.post(&ada, "/rooms", made).await.expect(201));
    said(&desk, &ada, &room, "before.txt", b"before").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let (_, after) = said(&desk, &ada, &room, "after.txt", b"after").await;
    let files = format!("/rooms/{room}/files");
    assert_eq!(ids(&desk.get(&bob, &files).await.expect(200)), [id(&after)]);
    assert_eq!(ids(&desk.get(&ada, &files).await.expect(200)).len(), 2);
}

async fn mentions(desk: &Desk, who: &Person) -> Vec<(String, String, bool)> {
    let page = desk.get(who, "/me/mentions").await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            assert_eq!(item["room_id"], item["message"]["room_id"]);
            let content = item["message"]["content"].as_str().unwrap();
            let room_id = item["room_id"].as_str().unwrap();
            (
                room_id.to_owned(),
                content.to_owned(),
                item["unread"].as_bool().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn mentions_are_listed_over_all_rooms() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let name = desk.get(&bob, "/me").await.expect(200)["username"].clone();
    let call = format!("@{}", name.as_str().unwrap());
    let (one, two) = (desk.room(&ada, "public").await, desk.room(&ada, "public").await);
    for room in [&one, &two] {
        desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    }
    assert!(mentions(&desk, &bob).await.is_empty());
    let mut said = Vec::new();
    for (room, content) in [
        (&one, call.as_str()),
        (&two, "@here now"),
        (&one, "nobody"),
        (&one, "@here"),
    ] {
        desk.advance(std::time::Duration::from_millis(5));
        said.push(desk.say(&ada, room, content).await);
    }
    let read = json!({"number": said[0]["number"]});
    desk.post(&bob, &format!("/rooms/{one}/read"), read)
        .await
        .expect(200);
    let expected = [
        (one.clone(), "@here".to_owned(), true),
        (two.clone(), "@here now".to_owned(), true),
        (one.clone(), call.clone(), false),
    ];
    assert_eq!(mentions(&desk, &bob).await, expected);
    let first = desk.get(&bob, "/me/mentions?limit=2").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let rest = desk
        .get(&bob, &format!("/me/mentions?limit=2&cursor={cursor}"))
        .await
        .expect(200);
    assert_eq!(rest["items"][0]["message"]["content"], call.as_str());
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["has_more"]),
        (1, &json!(false))
    );
    let bad = desk.get(&bob, "/me/mentions?cursor=x").await;
    assert_eq!(fields(&bad), ["cursor"]);
    desk.poke(&bob, &format!("/rooms/{one}/leave")).await;
    assert_eq!(mentions(&desk, &bob).await, expected[1..2]);
}

/// In a room whose history is that since joining no event bears the parent of a reply, and a list does, for those who
/// may see it.
#[tokio::test]
async fn a_mention_that_answers_shows_what_it_answers() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let made = json!({"kind": "public", "name": "later", "history": "since_join"});
    let room = id(&desk.post(&ada, "/rooms", made).await.expect(201));
    let before = desk.say(&ada, &room, "before").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let messages = format!("/rooms/{room}/messages");
    let after = desk.say(&ada, &room, "after").await;
    for parent in [&before, &after] {
        desk.advance(std::time::Duration::from_millis(5));
        let reply = json!({"content": "@here", "reply_to": parent["id"]});
        desk.post(&ada, &messages, reply).await.expect(201);
    }
    let page = desk.get(&bob, "/me/mentions").await.expect(200);
    assert_eq!(page["items"][0]["message"]["parent"]["content"], "after");
    assert_eq!(page["items"][1]["message"].get("parent"), None);
}

#[tokio::test]
async fn members_are_found_by_name_and_role() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let room = desk.room(&ada, "public").await;
    desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
    let renamed = json!({"display_name": "Élodie von Berg"});
    desk.patch(&bob, "/me", renamed).await.expect(200);
    let members = format!("/rooms/{room}/members");
    let found = async |query: &str| -> Vec<Value> {
        let page = desk.get(&ada, &format!("{members}?{query}")).await.expect(200);
        let items = page["items"].as_array().unwrap().iter();
        items.map(|member| member["user_id"].clone()).collect()
    };
    for query in [
        "query=ELO",
        "query=berg",
        "query=%40elodie%20v",
        "role=member",
        "query=elo&role=member",
    ] {
        assert_eq!(found(query).await, [bob.id.as_str()], "{query}");
    }
    assert_eq!(found("role=owner").await, [ada.id.as_str()]);
    for query in ["query=odie", "role=admin", "query=elo&role=owner"] {
        assert!(found(query).await.is_empty(), "{query}");
    }
    for (query, field) in [
        ("role=boss", "role"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
    ] {
        assert_eq!(
            fields(&desk.get(&ada, &format!("{members}?{query}")).await),
            [field]
        );
    }
    let long = "x".repeat(201);
    assert_eq!(
        fields(&desk.get(&ada, &format!("{members}?query={long}")).await),
        ["query"]
    );
    let first = desk.get(&ada, &format!("{members}?limit=1")).await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let of_all = format!("{members}?role=member&cursor={cursor}");
    assert_eq!(
        fields(&desk.get(&ada, &of_all).await),
        ["cursor"],
        "of another list"
    );
    // The same words find people and rooms, wherever they are.
    let people = desk.get(&ada, "/users?query=ELODIE%20VON").await.expect(200);
    assert_eq!(ids(&people), [bob.id.as_str()]);
    let made = json!({"kind": "public", "name": "Café Élodie"});
    let cafe = id(&desk.post(&ada, "/rooms", made).await.expect(201));
    let rooms = desk.get(&bob, "/rooms?query=CAFE").await.expect(200);
    assert_eq!(ids(&rooms), [cafe]);
}
