//! Rude input for every frame, made from its description: an error that names the field, nothing changed, and a
//! socket that lives.

use confab_contract::{MessageDoc, samples};
use confab_domain::ports::{MemberFilter, PageAt, RoomReads};
use confab_domain::{Horizon, Limits, Rate, RoomId, UserId};
use confab_gateway::protocol::client_frames;
use confab_testkit::WebSocket;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::house::{Guest, House, PATIENCE, Plan};

/// Malformed frames that a socket bears in a minute, less one.
const ROUGH_MAX: usize = 8;

/// What becomes of an id that is lawful, and of nothing the asker may know.
#[derive(Clone, Copy)]
enum Answer {
    /// There is no such thing, for them.
    NotFound,
    /// The field names it.
    Invalid,
    /// It stands for a state that the client no longer is in: it begins anew.
    Reset,
}

/// Every field that holds ids.
const IDS: &[(&str, &str, Answer)] = &[
    ("subscribe", "room_id", Answer::NotFound),
    ("subscribe", "event_id", Answer::Reset),
    ("unsubscribe", "room_id", Answer::NotFound),
    ("resume", "rooms", Answer::NotFound),
    ("message", "room_id", Answer::NotFound),
    ("message", "reply_to", Answer::Invalid),
    ("message", "attachments", Answer::Invalid),
    ("edit", "message_id", Answer::NotFound),
    ("delete", "message_id", Answer::NotFound),
    ("forward", "message_id", Answer::NotFound),
    ("forward", "room_id", Answer::NotFound),
    ("react", "message_id", Answer::NotFound),
    ("unreact", "message_id", Answer::NotFound),
    ("pin", "message_id", Answer::NotFound),
    ("unpin", "message_id", Answer::NotFound),
    ("typing", "room_id", Answer::NotFound),
    ("read", "room_id", Answer::NotFound),
    ("delivered", "room_id", Answer::NotFound),
];

/// Text that means nothing here and is no error: a token ends the socket (see `authentication`), and any other epoch
/// is another life of the database.
const OPAQUE: [&str; 2] = ["token", "epoch"];

/// What no schema can say.
fn beyond_schemas(name: &str, field: &str) -> Vec<Value> {
    match (name, field) {
        ("edit", "content") => vec![json!("")],
        (_, "emoji") => vec![json!(""), json!("x"), json!("👍👍"), json!("\u{200d}")],
        (_, "client_id") => vec![json!("a b"), json!("ü")],
        ("message", "content_type") => vec![json!("system")],
        ("message", "metadata") => vec![
            deep_object(9),
            json!({"nul": "\0"}),
            json!({"long": "x".repeat(5_000)}),
        ],
        ("message", "attachments") => vec![
            json!(["not-a-uuid"]),
            json!([7]),
            json!([null]),
            Value::Array((0..11).map(|n| json!(nobodys(n))).collect()),
            Value::Array(vec![json!(nobodys(0)); 101]),
            json!([nobodys(0), nobodys(0)]),
        ],
        ("resume", "rooms") => vec![
            json!({"not-a-uuid": 1}),
            json!({nobodys(0): "1"}),
            json!({nobodys(0): -1}),
            json!({nobodys(0): {"event_id": nobodys(1)}}),
            json!({nobodys(0): {"seq": 1, "event_id": "x"}}),
            Value::Object((0..1_001).map(|n| (nobodys(n), json!(0))).collect()),
        ],
        _ => Vec::new(),
    }
}

/// Ids that nothing has.
fn nobodys(number: u32) -> String {
    format!(
        "018cc251-f400-7000-8000-{:012x}",
        0xffff_0000_u64 + u64::from(number)
    )
}

fn deep_object(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inner, _| json!({"deeper": inner}))
}

/// Two rooms with a message each; the asker belongs to one.
struct Scene {
    house: House,
    ada: Guest,
    bob: Guest,
    room_id: RoomId,
    message_id: String,
    strange_room_id: RoomId,
    strange_message_id: String,
}

impl Scene {
    async fn set() -> Self {
        let many = Rate::per_minute(0);
        let limits = Limits {
            edits: many,
            deletes: many,
            marks: many,
            frames: many,
            ..Plan::default().limits
        };
        let house = House::build(Plan {
            limits,
            ..Plan::default()
        })
        .await;
        let (ada, bob) = (house.guest("ada").await, house.guest("bob").await);
        let (room_id, strange_room_id) = (house.room(&[&ada, &bob]).await, house.room(&[&bob]).await);
        Self {
            message_id: house.said(&ada, room_id, "hers").await.id.to_string(),
            strange_message_id: house.said(&bob, strange_room_id, "his").await.id.to_string(),
            house,
            ada,
            bob,
            room_id,
            strange_room_id,
        }
    }

    /// The example of a frame, about what is really there.
    async fn frame(&self, doc: &MessageDoc) -> Value {
        let sample = |last| samples::id(last).to_string();
        let text = doc
            .example
            .to_string()
            .replace(&sample(0xb1), &self.room_id.to_string())
            .replace(&sample(0xc1), &self.message_id)
            .replace(samples::epoch().as_str(), &self.house.epoch().await)
            .replace("eyJhbGciOi…", &self.ada.token);
        let mut frame: Value = serde_json::from_str(&text).unwrap();
        frame["ref"] = json!("asked");
        // The examples are further on than these rooms.
        if frame.get("after_seq").is_some() {
            frame["after_seq"] = json!(1);
        }
        if frame.get("number").is_some() {
            frame["number"] = json!(1);
        }
        frame
    }

    /// All that a refused frame may not change.
    async fn state(&self) -> String {
        let mut state = Vec::new();
        for (room_id, user_id) in [(self.room_id, self.ada.id), (self.strange_room_id, self.bob.id)] {
            let store = &self.house.store;
            let access = store.access(room_id, user_id).await.unwrap().unwrap();
            let messages = store
                .messages(&access, Horizon::ALL, PageAt::Newest, 100)
                .await
                .unwrap();
            let members = store
                .members(room_id, &MemberFilter::default(), None, 100)
                .await
                .unwrap();
            let marks: Vec<_> = members.items.iter().map(|(member, _)| member).collect();
            state.push(format!("{access:?} {messages:?} {marks:?}"));
        }
        state.join("\n")
    }
}

/// Asks over one socket after another, since each bears few malformed frames.
struct Asking<'a> {
    scene: &'a Scene,
    socket: Option<WebSocket>,
    rough: usize,
    wrong: Vec<String>,
    count: usize,
}

impl<'a> Asking<'a> {
    const fn about(scene: &'a Scene) -> Self {
        Self {
            scene,
            socket: None,
            rough: 0,
            wrong: Vec::new(),
            count: 0,
        }
    }

    /// The error that a frame gets, after which the socket still answers and nothing is changed.
    async fn ask(&mut self, text: String) -> Value {
        if self.rough == ROUGH_MAX
            && let Some(socket) = self.socket.take()
        {
            socket.close().await;
        }
        if self.socket.is_none() {
            self.socket = Some(self.scene.house.quiet(&self.scene.ada).await);
            self.rough = 0;
        }
        self.rough += 1;
        self.count += 1;
        let before = self.scene.state().await;
        let shown: String = text.chars().take(200).collect();
        let socket = self.socket.as_mut().unwrap();
        socket.send(Message::text(text)).await.unwrap();
        let reply = socket
            .next_where(|frame| frame["type"] == "error", PATIENCE)
            .await;
        let reply = reply.unwrap_or_else(|error| panic!("{shown}: {error:#}"));
        socket.send_json(&json!({"type": "ping", "ref": "after"})).await;
        let pong = socket.expect_reply("after").await;
        assert_eq!(pong["type"], "pong", "after {shown}");
        socket.forget();
        if self.scene.state().await != before {
            self.wrong.push(format!("{shown}: something changed; {reply}"));
        }
        reply
    }

    /// Asks what must be refused as `invalid`, with this field named and no other.
    async fn refused(&mut self, frame: &Value, field: &str, reference: Option<&str>) {
        let reply = self.ask(frame.to_string()).await;
        let named: Vec<&str> = reply["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        let is_named = !named.is_empty()
            && named.iter().all(|name| {
                name.strip_prefix(field)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
            });
        let is_short = reply.to_string().len() < 4_000;
        if reply["code"] != "invalid" || !is_named || !is_short || reply["ref"] != json!(reference) {
            let shown: String = frame.to_string().chars().take(200).collect();
            let reply: String = reply.to_string().chars().take(400).collect();
            self.wrong
                .push(format!("{shown}: {field} is not refused but {reply}"));
        }
    }

    fn finish(self, count_min: usize) {
        assert!(
            self.wrong.is_empty(),
            "{} of {} are wrong:\n{}",
            self.wrong.len(),
            self.count,
            self.wrong.join("\n")
        );
        assert!(self.count >= count_min, "only {} were asked", self.count);
    }
}

fn with(frame: &Value, field: &str, value: Value) -> Value {
    let mut frame = frame.clone();
    frame[field] = value;
    frame
}

fn without(frame: &Value, field: &str) -> Value {
    let mut frame = frame.clone();
    frame.as_object_mut().unwrap().remove(field);
    frame
}

/// The fields of a frame that are its own, with their schemas.
fn fields(doc: &MessageDoc) -> impl Iterator<Item = (&String, &Value)> {
    let properties = doc.schema["properties"].as_object().unwrap();
    properties
        .iter()
        .filter(|(field, _)| !["type", "ref"].contains(&field.as_str()))
}

/// Whether a frame cannot do without a field. On `/ws` every room must be named.
fn is_required(doc: &MessageDoc, field: &str) -> bool {
    field == "room_id" || doc.schema["required"].as_array().unwrap().contains(&json!(field))
}

/// Values that a field's schema refuses.
fn against_schema(field: &str, schema: &Value) -> Vec<Value> {
    let types = schema["type"].to_string();
    let mut bad: Vec<Value> = [
        ("string", json!("text")),
        ("integer", json!(7)),
        ("number", json!(7.5)),
        ("boolean", json!(true)),
        ("array", json!([[["nested"]]])),
        ("object", deep_object(100)),
    ]
    .into_iter()
    .filter(|(kind, _)| !types.contains(kind))
    .map(|(_, value)| value)
    .collect();
    if types.contains("integer") {
        bad.extend([json!(-1), json!(1e300), json!(u64::MAX), json!("1")]);
    }
    if !types.contains("string") {
        return bad;
    }
    let is_chosen = schema.get("enum").is_some() || schema["format"] == "uuid";
    if is_chosen {
        bad.extend([
            json!(""),
            json!("another"),
            json!("\u{202e}"),
            json!("x".repeat(40_000)),
        ]);
    }
    if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
        bad.push(json!(""));
    }
    if let Some(most) = schema["maxLength"].as_u64() {
        bad.push(json!("x".repeat(most as usize + 1)));
        bad.push(json!("x".repeat(100_000)));
    }
    if !OPAQUE.contains(&field) {
        bad.extend([json!("a\0b"), json!("\u{7}")]);
    }
    bad
}

#[test]
fn every_field_that_holds_ids_has_its_row() {
    let docs = client_frames();
    let mut described: Vec<(&str, &str)> = docs
        .iter()
        .flat_map(|doc| fields(doc).map(|(field, schema)| (doc.name.as_str(), field.as_str(), schema)))
        .filter(|(_, _, schema)| schema.to_string().contains("\"uuid\""))
        .map(|(name, field, _)| (name, field))
        .collect();
    let mut rows: Vec<(&str, &str)> = IDS.iter().map(|(name, field, _)| (*name, *field)).collect();
    described.sort_unstable();
    rows.sort_unstable();
    assert_eq!(described, rows, "left: fields of the protocol; right: rows here");
}

#[tokio::test]
async fn every_frame_goes_well_and_unknown_fields_and_nulls_do_no_harm() {
    let mut scene = Scene::set().await;
    let mut socket = scene.house.quiet(&scene.ada).await;
    for doc in client_frames() {
        let optional = fields(&doc).map(|(field, _)| field);
        let optional = optional.filter(|field| !is_required(&doc, field));
        let cleared = optional.map(|field| (field.clone(), Value::Null));
        let added = [
            ("ref".to_owned(), json!("nothing else")),
            ("unheard_of".to_owned(), deep_object(100)),
        ];
        for (field, value) in added.into_iter().chain(cleared) {
            let said = scene.house.said(&scene.ada, scene.room_id, "next").await;
            scene.message_id = said.id.to_string();
            if doc.name == "unsubscribe" {
                let follow = json!({"type": "subscribe", "ref": "first", "room_id": scene.room_id});
                socket.send_json(&follow).await;
                socket.expect_reply("first").await;
            }
            let mut frame = with(&scene.frame(&doc).await, &field, value);
            let reference = format!("{} {field}", doc.name);
            frame["ref"] = json!(reference);
            if frame["client_id"].is_string() {
                frame["client_id"] = json!(format!("another-{}", said.id));
            }
            // Neither goes without the other.
            if field == "epoch" {
                frame["after_seq"] = Value::Null;
            }
            socket.send_json(&frame).await;
            let reply = socket.expect_reply(&reference).await;
            assert_ne!(reply["type"], "error", "{frame}: {reply}");
        }
    }
}

#[tokio::test]
async fn every_field_of_every_frame_is_checked_and_named() {
    let scene = Scene::set().await;
    let mut asking = Asking::about(&scene);
    for doc in client_frames() {
        let frame = scene.frame(&doc).await;
        for bad in [
            json!(null),
            json!(7),
            json!({"a": 1}),
            json!(["ping"]),
            json!(""),
            json!("dance\0"),
        ] {
            asking
                .refused(&with(&frame, "type", bad), "type", Some("asked"))
                .await;
        }
        for bad in [
            json!(7),
            json!({"a": 1}),
            json!([]),
            json!("x".repeat(65)),
            json!(true),
        ] {
            asking.refused(&with(&frame, "ref", bad), "ref", None).await;
        }
        for (field, schema) in fields(&doc) {
            if is_required(&doc, field) {
                asking
                    .refused(&without(&frame, field), field, Some("asked"))
                    .await;
                asking
                    .refused(&with(&frame, field, Value::Null), field, Some("asked"))
                    .await;
            }
            let mut bad = against_schema(field, schema);
            bad.extend(beyond_schemas(&doc.name, field));
            for value in bad {
                asking
                    .refused(&with(&frame, field, value), field, Some("asked"))
                    .await;
            }
        }
    }
    asking.finish(500);
}

#[tokio::test]
async fn an_id_that_is_not_ones_own_is_nobodys() {
    let scene = Scene::set().await;
    let mut asking = Asking::about(&scene);
    for doc in client_frames() {
        let frame = scene.frame(&doc).await;
        for (_, field, answer) in IDS.iter().filter(|(name, ..)| *name == doc.name) {
            let own = frame.get(*field).map(Value::to_string).unwrap_or_default();
            for id in [
                nobodys(0),
                scene.strange_room_id.to_string(),
                scene.strange_message_id.clone(),
                scene.room_id.to_string(),
                scene.message_id.clone(),
                scene.ada.id.to_string(),
                UserId(uuid::Uuid::nil()).to_string(),
            ] {
                // Answering one's own message is no matter of rights.
                if own.contains(&id) || (*field == "reply_to" && id == scene.message_id) {
                    continue;
                }
                let types = doc.schema["properties"][*field]["type"].to_string();
                let value = match () {
                    () if types.contains("array") => json!([id]),
                    () if types.contains("object") => json!({id: 0}),
                    () => json!(id),
                };
                let frame = with(&frame, field, value);
                match answer {
                    Answer::Invalid => asking.refused(&frame, field, Some("asked")).await,
                    Answer::NotFound => {
                        let reply = asking.ask(frame.to_string()).await;
                        let said = (&reply["code"], &reply["ref"]);
                        if said != (&json!("not_found"), &json!("asked")) || reply.get("errors").is_some() {
                            asking.wrong.push(format!("{frame}: {reply}"));
                        }
                    }
                    Answer::Reset => {
                        let mut socket = scene.house.quiet(&scene.ada).await;
                        socket.send_json(&frame).await;
                        assert_eq!(socket.expect_reply("asked").await["reset"], true, "{frame}");
                        socket.close().await;
                    }
                }
            }
        }
    }
    asking.finish(80);
}

#[tokio::test]
async fn what_is_no_json_object_is_refused_as_a_whole() {
    let scene = Scene::set().await;
    let mut asking = Asking::about(&scene);
    let too_deep = "[".repeat(10_000);
    for text in [
        "",
        "{",
        "nul",
        "{} {}",
        "\u{feff}{}",
        "null",
        "7",
        "\"ping\"",
        r#"[{"type":"ping"}]"#,
        &too_deep,
        &format!(
            r#"{{"type":"ping","unheard_of":{too_deep}{}}}"#,
            "]".repeat(10_000)
        ),
    ] {
        let reply = asking.ask(text.to_owned()).await;
        assert_eq!(reply["code"], "invalid", "{text:.100}: {reply}");
        assert_eq!(reply["errors"][0]["field"], "frame", "{text:.100}: {reply}");
    }
    // A text cut within a character is what browsers send; its field can be told.
    let reply = asking.ask(r#"{"type":"ping","ref":"\ud800"}"#.to_owned()).await;
    assert_eq!(reply["errors"][0]["field"], "ref", "{reply}");
    assert!(reply.get("ref").is_none(), "{reply}");
    asking.finish(12);
}
