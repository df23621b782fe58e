//! Search: one table of expectations in many scripts on both databases, who finds what, and texts that are gone.

use std::time::Duration;

use confab_domain::ports::{SEARCH_CANDIDATES_MAX, SearchIndex, SearchRequest};
use confab_domain::queries::answers;
use confab_domain::search::{Closeness, Query};
use confab_domain::{Actor, Body, Deed, History, RoomId, RoomKind, UserRole};
use confab_storage::{SearchIndexer, SearchIndexerSettings, Store};
use std::sync::Arc;

use crate::files::finished;
use crate::on_both;
use crate::world::{World, body};

on_both!(
    finds_texts_in_many_scripts,
    ranks_what_fits_better_first,
    nothing_that_is_typed_is_an_error,
    finds_only_in_rooms_one_belongs_to_now,
    finds_from_where_one_may_see,
    filters_by_sender_and_time,
    never_finds_a_deleted_text_whatever_the_index_knows,
    never_finds_an_edited_away_text_whatever_the_index_knows,
    finds_the_new_text_once_indexed,
    indexes_what_was_there_before_in_bounded_steps,
    notices_edits_that_were_trimmed_from_the_log,
    tells_which_rooms_moved_lately,
    an_indexer_keeps_up_and_takes_over,
    two_nodes_index_every_message_once,
    shares_partitions_between_owners,
    drops_what_a_deleted_room_had,
    finds_the_newest_of_very_many,
    finds_in_few_and_in_many_rooms,
);

/// Brings the index up to date.
async fn index(store: &Store) {
    let mut after = None;
    loop {
        let stretch = store.rooms_behind(after, 100).await.unwrap();
        let mut behind: Vec<RoomId> = stretch.rooms.iter().map(|room| room.room_id).collect();
        while !behind.is_empty() {
            behind = store.index_rooms(&behind, 500).await.unwrap().behind;
        }
        after = stretch.next;
        if after.is_none() {
            return;
        }
    }
}

fn request(world: &World, viewer: &Actor, query: &Query) -> SearchRequest {
    SearchRequest {
        viewer: viewer.clone(),
        room_id: None,
        terms: query.terms(Closeness::Part),
        sender_id: None,
        since: None,
        until: None,
        has_file: false,
        now: world.clock.now(),
    }
}

async fn find_with(
    world: &World,
    viewer: &Actor,
    text: &str,
    change: impl FnOnce(&mut SearchRequest),
) -> Vec<String> {
    let query = Query::parse(text).unwrap();
    let mut request = request(world, viewer, &query);
    change(&mut request);
    let now = world.clock.now();
    let found = answers(&world.store, &query, request, now).await.unwrap();
    let texts = found
        .iter()
        .map(|answer| answer.message.content.clone().unwrap_or_default());
    texts.collect()
}

async fn find(world: &World, viewer: &Actor, text: &str) -> Vec<String> {
    find_with(world, viewer, text, |_| {}).await
}

use confab_domain::Clock;

async fn room_with(world: &World, anna: &Actor, texts: &[&str]) -> RoomId {
    let room = world.room(anna, RoomKind::Private, History::All).await;
    for text in texts {
        world.say(room, anna, text).await;
    }
    room
}

/// What is said; what is searched for, and which of the texts answer.
type Script = (
    &'static [&'static str],
    &'static [(&'static str, &'static [usize])],
);

const SCRIPTS: &[Script] = &[
    // Latin with accents: case, accents, ligatures, parts, phrases, slips.
    (
        &[
            "Un café crème, s'il vous plaît",
            "The CAFETERIA closes at five",
            "Die Straße ist gesperrt",
            "Zażółć gęślą jaźń",
            "İstanbul'da buluşalım",
            "I don't receive the newsletter",
            "Meet in New York, not in York",
        ],
        &[
            ("cafe", &[0, 1]),
            ("CAFÉ CREME", &[0]),
            ("strasse", &[2]),
            ("gesperrt straße", &[2]),
            ("zazolc", &[3]),
            ("istanbul", &[4]),
            ("dont", &[5]),
            ("newsletter", &[5]),
            ("sletter", &[5]),
            ("recieve", &[5]),
            ("newsleter", &[5]),
            ("\"new york\"", &[6]),
            ("\"york new\"", &[]),
            ("york meet", &[6]),
            ("london", &[]),
        ],
    ),
    (
        &["Привет, мир!", "Ёлка стоит в углу", "Документы готовы к отправке"],
        &[
            ("привет", &[0]),
            ("ПРИВЕТ МИР", &[0]),
            ("елка", &[1]),
            ("документ", &[2]),
            ("отправк", &[2]),
            ("дакументы", &[2]),
            ("уголь", &[]),
        ],
    ),
    (
        &["مرحبا بالعالم", "أَهْلًا وَسَهْلًا", "کتاب خوب"],
        &[
            ("مرحبا", &[0]),
            ("عالم", &[0]),
            ("اهلا", &[1]),
            ("كتاب", &[2]),
            ("مدرسة", &[]),
        ],
    ),
    (
        &["שָׁלוֹם עולם", "להתראות מחר"],
        &[("שלום", &[0]), ("עולם שלום", &[0]), ("התראות", &[1])],
    ),
    (
        &["我的手机壳在哪里", "iPhone手机很好用", "今天天气不错"],
        &[
            ("手机", &[0, 1]),
            ("手机壳", &[0]),
            ("天", &[2]),
            ("天气", &[2]),
            ("iphone手机", &[1]),
            ("机手", &[]),
            ("ＩＰＨＯＮＥ", &[1]),
        ],
    ),
    (
        &["東京タワーに行きました", "ｶﾞﾝﾀﾞﾑが好き", "明日は学校です"],
        &[
            ("東京", &[0]),
            ("タワー", &[0]),
            ("行きました", &[0]),
            ("ガンダム", &[1]),
            ("学校", &[2]),
            ("学生", &[]),
        ],
    ),
    (
        &["학교에서 만나요", "내일 회의가 있습니다"],
        &[
            ("학교", &[0]),
            ("만나", &[0]),
            ("회의", &[1]),
            ("회의 내일", &[1]),
            ("병원", &[]),
        ],
    ),
    (
        &["ฉันรักภาษาไทย", "नमस्ते दुनिया"],
        &[("ภาษา", &[0]), ("ไทย", &[0]), ("नमस्ते", &[1]), ("दुनिया", &[1])],
    ),
    (
        &["Great work 👍🏽🎉", "👨‍👩‍👧 on holiday", "costs 5€", "ship it 🚀"],
        &[
            ("👍", &[0]),
            ("🎉 work", &[0]),
            ("👨‍👩‍👧", &[1]),
            ("€", &[2]),
            ("🚀", &[3]),
            ("🐌", &[]),
        ],
    ),
    // Words with signs in them.
    (
        &[
            "see https://example.org/a_b?c=d",
            "host 192.168.1.17 is down",
            "mail ada@example.org",
            "use foo.bar() here",
        ],
        &[
            ("example.org", &[0, 2]),
            ("192.168.1.17", &[1]),
            ("192.168", &[1]),
            ("ada@example.org", &[2]),
            ("foo.bar()", &[3]),
            ("foo.ba", &[3]),
            ("bar.foo", &[]),
        ],
    ),
];

async fn finds_texts_in_many_scripts(world: World) {
    let anna = world.user("anna").await;
    for (texts, expectations) in SCRIPTS {
        let room = room_with(&world, &anna, texts).await;
        index(&world.store).await;
        for (query, expected) in *expectations {
            let mut found = find_with(&world, &anna, query, |request| request.room_id = Some(room)).await;
            let mut expected: Vec<String> = expected.iter().map(|index| texts[*index].to_owned()).collect();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected, "{query}");
        }
    }
}

async fn ranks_what_fits_better_first(world: World) {
    let anna = world.user("anna").await;
    let best_first = [
        "release notes",
        "the release notes are out today",
        "notes on the release",
        "prereleases: footnotes and so on",
    ];
    let mut worst_first = best_first;
    worst_first.reverse();
    room_with(&world, &anna, &worst_first).await;
    index(&world.store).await;
    assert_eq!(find(&world, &anna, "release notes").await, best_first);
    world.clock.advance(Duration::from_hours(24 * 30));
    room_with(&world, &anna, &["the release notes are out by now"]).await;
    index(&world.store).await;
    let found = find(&world, &anna, "\"release notes are out\"").await;
    assert_eq!(
        found[0], "the release notes are out by now",
        "of two that fit alike the newer one"
    );
}

async fn nothing_that_is_typed_is_an_error(world: World) {
    let anna = world.user("anna").await;
    room_with(&world, &anna, &["a b OR NOT and c++ 100% \\ '"]).await;
    index(&world.store).await;
    let long = "word ".repeat(40);
    for query in [
        "\"",
        "'",
        "*",
        "a*",
        "OR",
        "NOT a",
        "AND",
        "NEAR(a b)",
        "-a",
        "a:b",
        "(",
        ")",
        "a & b",
        "a | !b",
        "<->",
        "\\",
        "%",
        "_",
        "~",
        "<a>",
        "@1",
        "#0",
        "!file",
        ":*",
        "'a':*",
        "'; DROP TABLE messages; --",
        "c++",
        "?!",
        "\u{301}",
        "\u{200d}",
        "{a}",
        "^a",
        "\"a",
        "a\"",
        "``",
        "$1",
        "\t a",
        &long,
        &"x".repeat(200),
        &"語".repeat(200),
        &"🙂".repeat(200),
    ] {
        find(&world, &anna, query).await;
    }
    assert_eq!(find(&world, &anna, "c++").await.len(), 1);
    assert_eq!(find(&world, &anna, "or not").await.len(), 1);
}

async fn finds_only_in_rooms_one_belongs_to_now(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.say(room, &anna, "a secret word").await;
    index(&world.store).await;
    assert_eq!(find(&world, &anna, "secret").await.len(), 1);
    assert_eq!(find(&world, &bert, "secret").await.len(), 0, "a stranger");
    let there = |request: &mut SearchRequest| request.room_id = Some(room);
    assert_eq!(find_with(&world, &bert, "secret", there).await.len(), 0);
    world.deed(room, &bert, Deed::Join).await;
    assert_eq!(find(&world, &bert, "secret").await.len(), 1);
    assert_eq!(find_with(&world, &bert, "secret", there).await.len(), 1);
    world.deed(room, &bert, Deed::Leave).await;
    assert_eq!(find(&world, &bert, "secret").await.len(), 0, "a former member");
    assert_eq!(find_with(&world, &bert, "secret", there).await.len(), 0);
    let service = Actor {
        role: UserRole::Service,
        ..bert.clone()
    };
    assert_eq!(
        find(&world, &service, "secret").await.len(),
        1,
        "the host product's service"
    );
    let admin = Actor {
        role: UserRole::Admin,
        ..bert
    };
    assert_eq!(
        find(&world, &admin, "secret").await.len(),
        0,
        "an admin is a stranger to what was said"
    );
}

async fn finds_from_where_one_may_see(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::SinceJoin).await;
    world.say(room, &anna, "word before").await;
    world.deed(room, &bert, Deed::Join).await;
    world.say(room, &anna, "word after").await;
    index(&world.store).await;
    assert_eq!(find(&world, &bert, "word").await, ["word after"]);
    assert_eq!(find(&world, &anna, "word").await.len(), 2);
}

async fn filters_by_sender_and_time(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    world.say(room, &anna, "word one").await;
    world.clock.advance(Duration::from_hours(1));
    let second = world.say(room, &bert, "word two").await;
    world.clock.advance(Duration::from_hours(24 * 400));
    world.say(room, &anna, "word three").await;
    index(&world.store).await;
    let of_bert = find_with(&world, &anna, "word", |request| {
        request.sender_id = Some(bert.user_id);
    })
    .await;
    assert_eq!(of_bert, ["word two"]);
    let since = find_with(&world, &anna, "word", |request| {
        request.since = Some(second.created_at);
    })
    .await;
    assert_eq!(since, ["word three", "word two"]);
    let until = find_with(&world, &anna, "word", |request| {
        request.until = Some(second.created_at);
    })
    .await;
    assert_eq!(until, ["word one"]);
    let both = find_with(&world, &anna, "word", |request| {
        request.since = Some(second.created_at);
        request.until = Some(second.created_at.plus(Duration::from_millis(1)));
    });
    assert_eq!(both.await, ["word two"]);
    let with_files =
        async |text: &str| find_with(&world, &anna, text, |request| request.has_file = true).await;
    assert_eq!(with_files("word").await, [""; 0]);
    // By the text beside it, and by its name: `a.gif`.
    for content in ["word with a file", ""] {
        let file = finished(&world, &anna).await;
        let body = Body {
            attachments: vec![file.id],
            ..body(content)
        };
        world.say_body(room, &anna, body).await;
    }
    index(&world.store).await;
    assert_eq!(with_files("word").await, ["word with a file"]);
    let mut named = with_files("a.gif").await;
    named.sort_unstable();
    assert_eq!(named, ["", "word with a file"]);
    assert_eq!(find(&world, &anna, "a.gif word").await, ["word with a file"]);
}

async fn never_finds_a_deleted_text_whatever_the_index_knows(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &[]).await;
    let said = world.say(room, &anna, "a secret word").await;
    index(&world.store).await;
    world
        .deed(
            room,
            &anna,
            Deed::DeleteMessage {
                message_id: said.id,
                reason: None,
            },
        )
        .await;
    assert_eq!(
        find(&world, &anna, "secret").await.len(),
        0,
        "before the index knows"
    );
    index(&world.store).await;
    assert_eq!(find(&world, &anna, "secret").await.len(), 0);
    assert_eq!(world.sql("SELECT count(*) FROM search_documents").await, "0");
}

async fn never_finds_an_edited_away_text_whatever_the_index_knows(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &[]).await;
    let said = world.say(room, &anna, "the former word").await;
    index(&world.store).await;
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "the latter word".into(),
        named: confab_domain::Named::default(),
    };
    world.deed(room, &anna, edit).await;
    assert_eq!(
        find(&world, &anna, "former").await.len(),
        0,
        "before the index knows"
    );
    assert_eq!(find(&world, &anna, "word").await, ["the latter word"]);
}

async fn finds_the_new_text_once_indexed(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &[]).await;
    let said = world.say(room, &anna, "the former word").await;
    index(&world.store).await;
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "the latter word".into(),
        named: confab_domain::Named::default(),
    };
    world.deed(room, &anna, edit).await;
    index(&world.store).await;
    assert_eq!(find(&world, &anna, "latter").await, ["the latter word"]);
    assert_eq!(find(&world, &anna, "former").await.len(), 0);
    assert_eq!(world.sql("SELECT count(*) FROM search_documents").await, "1");
}

async fn indexes_what_was_there_before_in_bounded_steps(world: World) {
    let anna = world.user("anna").await;
    let texts: Vec<String> = (0..25).map(|n| format!("word{n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let (one, other) = (
        room_with(&world, &anna, &texts).await,
        room_with(&world, &anna, &texts[..5]).await,
    );
    let (mut behind, mut steps, mut messages) = (vec![one, other], 0, 0);
    while !behind.is_empty() {
        let indexed = world.store.index_rooms(&behind, 7).await.unwrap();
        assert!(indexed.messages <= 7, "{indexed:?}");
        messages += indexed.messages;
        behind = indexed.behind;
        steps += 1;
        assert!(steps < 40, "it goes on for ever");
    }
    assert_eq!(messages, 30);
    assert_eq!(find(&world, &anna, "word24").await, ["word24"]);
    assert_eq!(
        world.store.index_rooms(&[one, other], 7).await.unwrap().messages,
        0
    );
    assert!(
        world
            .store
            .rooms_behind(None, 100)
            .await
            .unwrap()
            .rooms
            .is_empty()
    );
}

async fn notices_edits_that_were_trimmed_from_the_log(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &[]).await;
    let said = world.say(room, &anna, "the former word").await;
    index(&world.store).await;
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "the latter word".into(),
        named: confab_domain::Named::default(),
    };
    let changed = world.deed(room, &anna, edit).await;
    world.say(room, &anna, "something else").await;
    let floor = changed.head.last_seq;
    world.sql_change("DELETE FROM events").await;
    world
        .sql_change(&format!("UPDATE room_heads SET log_floor_seq = {floor}"))
        .await;
    index(&world.store).await;
    assert_eq!(find(&world, &anna, "latter").await, ["the latter word"]);
    assert_eq!(find(&world, &anna, "something").await, ["something else"]);
}

async fn tells_which_rooms_moved_lately(world: World) {
    let anna = world.user("anna").await;
    let (said, edited, quiet) = (
        room_with(&world, &anna, &[]).await,
        room_with(&world, &anna, &[]).await,
        room_with(&world, &anna, &["long ago"]).await,
    );
    let message = world.say(edited, &anna, "long ago").await;
    world.clock.advance(Duration::from_hours(1));
    let before = world.clock.now();
    world.clock.advance(Duration::from_secs(1));
    world.say(said, &anna, "now").await;
    world
        .deed(
            edited,
            &anna,
            Deed::DeleteMessage {
                message_id: message.id,
                reason: None,
            },
        )
        .await;
    let mut moved = world.store.rooms_moved_lately(before, 100).await.unwrap();
    let mut expected = vec![said, edited];
    moved.sort_unstable();
    expected.sort_unstable();
    assert_eq!(moved, expected);
    assert!(!moved.contains(&quiet));
}

async fn an_indexer_keeps_up_and_takes_over(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &["said before any indexer"]).await;
    let indexer = |store: &Store| {
        let settings = SearchIndexerSettings {
            poll_interval: Duration::from_millis(10),
            lease: Duration::from_millis(300),
            ..SearchIndexerSettings::default()
        };
        let owner = confab_domain::IncarnationId::mint(world.clock.now());
        let index = Arc::new(store.clone());
        tokio::spawn(SearchIndexer::new(index, world.clock.clone(), owner, settings).run())
    };
    let until_found = async |text: &str| {
        while find(&world, &anna, text).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let within = async |text: &str| {
        let found = tokio::time::timeout(Duration::from_secs(20), until_found(text)).await;
        assert!(found.is_ok(), "{text}");
    };
    let first = indexer(&world.store);
    within("before").await;
    world.say(room, &anna, "said while it works").await;
    within("works").await;
    // Ended without a word: its leases run out.
    first.abort();
    let _ = first.await;
    world.say(room, &anna, "said to nobody").await;
    let second = indexer(&world.another_node().await);
    within("nobody").await;
    second.abort();
}

async fn two_nodes_index_every_message_once(world: World) {
    let anna = world.user("anna").await;
    let other = world.another_node().await;
    let mut rooms = Vec::new();
    for _ in 0..8 {
        rooms.push(room_with(&world, &anna, &["word", "word", "word"]).await);
    }
    let all = async |store: &Store| {
        let mut behind = rooms.clone();
        while !behind.is_empty() {
            match store.index_rooms(&behind, 5).await {
                Ok(indexed) => behind = indexed.behind,
                // Two that meet may have to try again.
                Err(error) => assert_eq!(error.code().as_str(), "unavailable"),
            }
        }
    };
    tokio::join!(all(&world.store), all(&other));
    assert_eq!(find(&world, &anna, "word").await.len(), 24);
    assert_eq!(world.sql("SELECT count(*) FROM search_documents").await, "24");
}

async fn shares_partitions_between_owners(world: World) {
    let owner = || confab_domain::IncarnationId::mint(world.clock.now());
    let (one, other) = (owner(), owner());
    let lease = Duration::from_mins(1);
    assert_eq!(
        world
            .store
            .hold_search_partitions(one, lease)
            .await
            .unwrap()
            .len(),
        16
    );
    assert_eq!(
        world
            .store
            .hold_search_partitions(other, lease)
            .await
            .unwrap()
            .len(),
        0
    );
    assert_eq!(
        world
            .store
            .hold_search_partitions(one, lease)
            .await
            .unwrap()
            .len(),
        8
    );
    assert_eq!(
        world
            .store
            .hold_search_partitions(other, lease)
            .await
            .unwrap()
            .len(),
        8
    );
    world.store.release_search_partitions(one).await.unwrap();
    assert_eq!(
        world
            .store
            .hold_search_partitions(other, lease)
            .await
            .unwrap()
            .len(),
        16
    );
}

async fn drops_what_a_deleted_room_had(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(&world, &anna, &["word", "word"]).await;
    index(&world.store).await;
    world.deed(room, &anna, Deed::DeleteRoom).await;
    assert_eq!(
        find(&world, &anna, "word").await.len(),
        0,
        "before the index knows"
    );
    index(&world.store).await;
    assert_eq!(world.sql("SELECT count(*) FROM search_documents").await, "0");
    assert!(
        world
            .store
            .rooms_behind(None, 100)
            .await
            .unwrap()
            .rooms
            .is_empty()
    );
}

async fn finds_the_newest_of_very_many(world: World) {
    let anna = world.user("anna").await;
    let room = room_with(
        &world,
        &anna,
        &["an article of the old days", "art of the old days"],
    )
    .await;
    let many = SEARCH_CANDIDATES_MAX + 50;
    for batch in 0..many {
        if batch % 50 == 0 {
            world.clock.advance(Duration::from_mins(45));
        }
        world.say(room, &anna, &format!("article {batch}")).await;
    }
    index(&world.store).await;
    let found = find(&world, &anna, "article").await;
    assert!(
        found.len() <= 2 * SEARCH_CANDIDATES_MAX && found.len() >= SEARCH_CANDIDATES_MAX,
        "{}",
        found.len()
    );
    for newest in many - 900..many {
        assert!(found.contains(&format!("article {newest}")), "{newest}");
    }
    let found = find(&world, &anna, "art").await;
    assert_eq!(
        found[0], "art of the old days",
        "the word itself, however many have it as a part"
    );
}

async fn finds_in_few_and_in_many_rooms(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let other = room_with(&world, &bert, &["word of another"]).await;
    room_with(&world, &anna, &["word of mine"]).await;
    // Named by terms, then by ids: first as most of all there is, then as a small part of it.
    for more in [5, 30] {
        for _ in 0..more {
            world.room(&anna, RoomKind::Private, History::All).await;
        }
        index(&world.store).await;
        assert_eq!(find(&world, &anna, "word").await, ["word of mine"]);
    }
    for _ in 0..40 {
        world.say(other, &bert, "one more word of another").await;
    }
    index(&world.store).await;
    if world.url.starts_with("postgres") {
        world.sql("ANALYZE search_documents").await;
    }
    assert_eq!(find(&world, &anna, "word").await, ["word of mine"]);
    assert_eq!(find(&world, &bert, "word").await.len(), 41);
}
