//! Search over REST: answers, filters, pages, limits, and what a stranger hears.

use std::time::Duration;

use confab_domain::Rate;
use confab_domain::ports::SearchIndex;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::{Desk, Wishes, fields, id};
use crate::files;

/// Brings the index up to date: here nobody else does.
async fn index(desk: &Desk) {
    let behind = desk.store.rooms_behind(None, 1_000).await.unwrap().rooms;
    let mut behind: Vec<_> = behind.iter().map(|room| room.room_id).collect();
    while !behind.is_empty() {
        behind = desk.store.index_rooms(&behind, 500).await.unwrap().behind;
    }
}

fn contents(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|hit| hit["message"]["content"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn an_answer_says_where_and_how_closely() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "private").await;
    let said = desk.say(&ada, &room, "🙂 <b>Hello</b>, héllo!").await;
    index(&desk).await;
    for path in [
        format!("/rooms/{room}/search?q=hello"),
        "/search?q=hello".to_owned(),
    ] {
        let page = desk.get(&ada, &path).await.expect(200);
        assert_eq!(page["has_more"], false);
        let hit = &page["items"][0];
        assert_eq!(hit["message"], said, "as usual, its text untouched");
        assert_eq!(hit["closeness"], "exact");
        assert_eq!(
            hit["highlights"],
            json!([{"start": 6, "end": 11}, {"start": 17, "end": 22}]),
            "UTF-16"
        );
    }
    let part = desk.get(&ada, "/search?q=hel").await.expect(200);
    assert_eq!(part["items"][0]["closeness"], "part");
    let similar = desk.get(&ada, "/search?q=helllo").await.expect(200);
    assert_eq!(similar["items"][0]["closeness"], "similar");
    assert_eq!(
        desk.get(&ada, "/search?q=%3F%21").await.expect(200)["items"],
        json!([])
    );
}

#[tokio::test]
async fn filters_narrow_it_down() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let (one, other) = (desk.room(&ada, "public").await, desk.room(&ada, "public").await);
    desk.poke(&bob, &format!("/rooms/{one}/join")).await.expect(200);
    desk.say(&ada, &one, "word of Ada").await;
    desk.advance(Duration::from_mins(3));
    let later = desk.say(&bob, &one, "word of Bob").await;
    desk.say(&ada, &other, "word elsewhere").await;
    index(&desk).await;
    let found = async |path: String| {
        let page = desk.get(&ada, &path).await.expect(200);
        let mut found: Vec<String> = contents(&page).into_iter().map(str::to_owned).collect();
        found.sort_unstable();
        found.join(", ")
    };
    let moment = later["created_at"].as_str().unwrap();
    assert_eq!(
        found("/search?q=word".into()).await,
        "word elsewhere, word of Ada, word of Bob"
    );
    assert_eq!(
        found(format!("/rooms/{one}/search?q=word")).await,
        "word of Ada, word of Bob"
    );
    assert_eq!(
        found(format!("/search?q=word&from={}", bob.id)).await,
        "word of Bob"
    );
    assert_eq!(
        found(format!("/search?q=word&since={moment}")).await,
        "word elsewhere, word of Bob"
    );
    assert_eq!(
        found(format!("/search?q=word&until={moment}")).await,
        "word of Ada"
    );
    assert_eq!(found("/search?q=word&has=file".into()).await, "");

    // A file makes a message found, by the text beside it and by its own name.
    let file = files::upload(&desk, &ada, "roadmap-2027.txt", b"no word of this is searched").await;
    let body = json!({"content": "word with a file", "attachments": [file["id"]]});
    desk.post(&ada, &format!("/rooms/{one}/messages"), body)
        .await
        .expect(201);
    let (alone, _) = files::said(&desk, &ada, &other, "Übersicht.word.txt", b"text").await;
    index(&desk).await;
    assert_eq!(
        found("/search?q=word&has=file".into()).await,
        ", word with a file"
    );
    assert_eq!(
        found(format!("/rooms/{one}/search?q=word&has=file")).await,
        "word with a file"
    );
    assert_eq!(found("/search?q=roadmap".into()).await, "word with a file");
    assert_eq!(
        found("/search?q=roadmap-2027.txt&has=file".into()).await,
        "word with a file"
    );
    assert_eq!(
        found("/search?q=searched&has=file".into()).await,
        "",
        "no look into files"
    );
    let named = desk.get(&ada, "/search?q=ubersicht").await.expect(200);
    assert_eq!(named["items"][0]["message"], alone);
    assert_eq!(
        (&named["items"][0]["highlights"], &named["items"][0]["closeness"]),
        (&json!([]), &json!("exact")),
        "highlights lie in the text"
    );
}

#[tokio::test]
async fn an_answer_is_the_message_as_everywhere() {
    let desk = Desk::open().await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    let service = desk.service().await;
    for history in ["all", "since_join"] {
        let body = json!({"kind": "private", "name": "room", "history": history});
        let room = id(&desk.post(&ada, "/rooms", body).await.expect(201));
        let word = format!("word-{}", history.replace('_', "-"));
        let reply = async |parent: &Value| {
            let body = json!({"content": word, "reply_to": parent["id"]});
            let path = format!("/rooms/{room}/messages");
            desk.post(&ada, &path, body).await.expect(201)
        };
        let early = desk.say(&ada, &room, "asked early").await;
        desk.post(
            &ada,
            &format!("/rooms/{room}/members"),
            json!({"user_id": bob.id}),
        )
        .await
        .expect(201);
        let late = desk.say(&ada, &room, "asked late").await;
        for parent in [&early, &late, &early] {
            let said = reply(parent).await;
            let path = format!("/messages/{}/reactions/%F0%9F%91%8D", id(&said));
            desk.call("PUT", &path, Some(&ada.token), None).await.expect(200);
        }
        index(&desk).await;
        for who in [&ada, &bob, &service] {
            for path in [
                format!("/search?q={word}"),
                format!("/rooms/{room}/search?q={word}"),
            ] {
                let page = desk.get(who, &path).await.expect(200);
                let hits = page["items"].as_array().unwrap();
                assert_eq!(hits.len(), 3);
                for hit in hits {
                    let message = &hit["message"];
                    let path = format!("/messages/{}", id(message));
                    assert_eq!(*message, desk.get(who, &path).await.expect(200));
                    // Only what was said before one's time shows no parent.
                    let hides = who.id == bob.id && history == "since_join";
                    let is_shown = !hides || message["reply_to"] == late["id"];
                    assert_eq!(message.get("parent").is_some(), is_shown, "{message}");
                }
            }
        }
    }
}

#[tokio::test]
async fn pages_hold_together_while_people_talk() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let room = desk.room(&ada, "private").await;
    for number in 0..25 {
        desk.say(&ada, &room, &format!("word {number}")).await;
        desk.advance(Duration::from_secs(1));
    }
    index(&desk).await;
    let path = format!("/rooms/{room}/search?q=word&limit=10");
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = desk.get(&ada, &format!("{path}{cursor}")).await.expect(200);
        seen.extend(contents(&page).into_iter().map(str::to_owned));
        pages += 1;
        desk.say(&ada, &room, "word said meanwhile").await;
        desk.advance(Duration::from_mins(3));
        index(&desk).await;
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!((pages, seen.len()), (3, 25));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 25, "each once");
    let elsewhere = desk.get(&ada, &format!("/search?q=word{cursor}")).await;
    assert_eq!(
        fields(&elsewhere),
        ["cursor"],
        "a cursor is good for its own search"
    );
}

#[tokio::test]
async fn a_room_is_searched_by_who_may_read_it() {
    let desk = Desk::open().await;
    let (ada, bob, service) = (desk.person().await, desk.person().await, desk.service().await);
    let (private, public) = (desk.room(&ada, "private").await, desk.room(&ada, "public").await);
    desk.say(&ada, &private, "a secret word").await;
    desk.say(&ada, &public, "a public word").await;
    index(&desk).await;
    let there = |room: &str| format!("/rooms/{room}/search?q=word");
    assert_eq!(
        desk.get(&bob, &there(&private)).await.expect(404)["code"],
        "not_found"
    );
    let nowhere = desk.get(&bob, &there(&Uuid::nil().to_string())).await.expect(404);
    let hidden = desk.get(&bob, &there(&private)).await.expect(404);
    assert_eq!(
        nowhere["detail"], hidden["detail"],
        "as if there were no such room"
    );
    assert_eq!(
        desk.get(&bob, &there(&public)).await.expect(403)["code"],
        "forbidden"
    );
    assert_eq!(
        desk.get(&bob, "/search?q=word").await.expect(200)["items"],
        json!([])
    );
    assert_eq!(
        contents(&desk.get(&service, &there(&private)).await.expect(200)),
        ["a secret word"]
    );
    assert_eq!(
        contents(&desk.get(&service, "/search?q=word").await.expect(200)).len(),
        2
    );
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for (query, field) in [
        ("", "q"),
        ("q=", "q"),
        ("q=%20", "q"),
        (&format!("q={}", "x".repeat(201)), "q"),
        ("q=a&from=bob", "from"),
        ("q=a&since=yesterday", "since"),
        ("q=a&until=2024-01-01", "until"),
        ("q=a&has=link", "has"),
        ("q=a&limit=51", "limit"),
        ("q=a&limit=0", "limit"),
        ("q=a&cursor=x", "cursor"),
        ("q=a&order=new", "order"),
        ("q=a%00b", "q"),
    ] {
        let answer = desk.get(&ada, &format!("/search?{query}")).await;
        assert_eq!(fields(&answer), [field], "{query}");
    }
    for query in [
        "%22",
        "a*",
        "%27%29%3B--",
        "OR",
        "-",
        "a%3Ab",
        "%F0%9F%99%82",
        "%01",
    ] {
        desk.get(&ada, &format!("/search?q={query}")).await.expect(200);
    }
}

#[tokio::test]
async fn searches_are_limited_per_person() {
    let mut wishes = Wishes::default();
    wishes.limits.searches = Rate::per_minute(2);
    let desk = Desk::open_with(wishes).await;
    let (ada, bob) = (desk.person().await, desk.person().await);
    for _ in 0..2 {
        desk.get(&ada, "/search?q=a").await.expect(200);
    }
    let refused = desk.get(&ada, "/search?q=a").await;
    assert_eq!(refused.header("retry-after"), "30");
    assert_eq!(refused.expect(429)["code"], "rate_limited");
    desk.get(&bob, "/search?q=a").await.expect(200);
}
