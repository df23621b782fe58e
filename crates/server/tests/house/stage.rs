//! The stage of house tests: a fleet, people, rooms, and clients that keep the promises' books.

use std::collections::HashSet;
use std::time::Duration;

use confab_testkit::fleet::{Builder, Fleet};
use confab_testkit::http_client::{Answer, HttpClient, Method};
use confab_testkit::web_socket::WebSocket;
use serde_json::{Value, json};
use tokio::time::Instant;

/// How long a test waits for what must happen. Two busy cores make everything slow but nothing lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A fleet without limits on how often people may do things.
pub(crate) fn fleet() -> Builder {
    [
        "LIMIT_DIRECT_SENDS",
        "LIMIT_ROOM_SENDS",
        "LIMIT_LOGINS",
        "LIMIT_SEARCHES",
        "LIMIT_REGISTRATIONS",
        "LIMIT_ROOM_CHANGES",
        "LIMIT_EDITS",
        "LIMIT_DELETES",
        "LIMIT_REACTIONS",
        "LIMIT_MARKS",
        "LIMIT_TICKETS",
        "LIMIT_REFRESHES",
        "LIMIT_PROFILE_CHANGES",
        "LIMIT_REPORTS",
        "LIMIT_INVITATIONS",
        "LIMIT_BLOCKS",
        "LIMIT_REQUESTS",
        "LIMIT_FRAMES",
    ]
    .into_iter()
    .fold(Fleet::builder(env!("CARGO_BIN_EXE_confab")), |builder, limit| {
        builder.env(limit, "0/1m")
    })
}

/// Starts it, or shows the logs of what did not start.
pub(crate) async fn start(builder: Builder) -> Fleet {
    builder
        .start()
        .await
        .unwrap_or_else(|error| panic!("the fleet did not start: {error:#}"))
}

/// Somebody with an account and a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

pub(crate) fn api(fleet: &Fleet) -> HttpClient {
    HttpClient::new(fleet.api(0).url())
}

pub(crate) async fn person(fleet: &Fleet, name: &str) -> Person {
    let body = json!({"username": name, "password": "a house test's password"});
    let answer = api(fleet)
        .call(Method::POST, "/auth/register", None, Some(&body))
        .await
        .expect(201);
    let text = |value: &Value| value.as_str().expect("a string").to_owned();
    Person {
        id: text(&answer["user"]["id"]),
        token: text(&answer["access_token"]),
        refresh_token: text(&answer["refresh_token"]),
    }
}

pub(crate) async fn room(fleet: &Fleet, owner: &Person, members: &[&Person]) -> String {
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    let body = json!({"kind": "private", "name": "house", "member_ids": ids});
    let room = api(fleet).post("/rooms", &owner.token, &body).await.expect(201);
    room["id"].as_str().expect("an id").to_owned()
}

/// Sends over REST and wants it taken at the first attempt.
pub(crate) async fn say(fleet: &Fleet, who: &Person, room_id: &str, text: &str) -> Value {
    let path = format!("/rooms/{room_id}/messages");
    api(fleet)
        .post(&path, &who.token, &json!({"content": text}))
        .await
        .expect(201)
}

/// Sends as a client does that never gives up: whatever is unknown is sent again with the same `client_id`.
/// Returns the message as it was acknowledged.
pub(crate) async fn insist(api_url: &str, who: &Person, room_id: &str, client_id: &str) -> Value {
    let http = HttpClient::new(api_url);
    let deadline = Instant::now() + PATIENCE;
    let body = json!({"content": client_id, "client_id": client_id});
    loop {
        let request = http.request(Method::POST, &format!("/rooms/{room_id}/messages"));
        let answer = request.bearer(&who.token).json(&body).try_send().await;
        match answer {
            Ok(Answer {
                status: 200 | 201,
                body,
                ..
            }) => {
                return serde_json::from_slice(&body).expect("a message");
            }
            Ok(Answer {
                status: 500..=599, ..
            })
            | Err(_) => {}
            Ok(answer) => panic!("{client_id} was refused: {} {}", answer.status, answer.text()),
        }
        assert!(
            Instant::now() < deadline,
            "{client_id} was not taken in {PATIENCE:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The room's whole log over REST.
pub(crate) async fn log(fleet: &Fleet, who: &Person, room_id: &str) -> Vec<Value> {
    let mut items: Vec<Value> = Vec::new();
    loop {
        let path = format!("/rooms/{room_id}/events?after_seq={}&limit=100", items.len());
        let page = api(fleet).get(&path, &who.token).await.expect(200);
        items.extend(page["items"].as_array().expect("items").iter().cloned());
        if page["has_more"] == false {
            return items;
        }
    }
}

/// A client that remembers one number of one room. It fails the test at a hole, a duplicate or a wrong order,
/// and when its socket breaks it goes to the next gateway and resumes.
pub(crate) struct Follower {
    gateways: Vec<String>,
    next_gateway: usize,
    token: String,
    room_id: String,
    epoch: String,
    pub(crate) last_seq: i64,
    /// Every event of the room, in the order heard.
    pub(crate) heard: Vec<Value>,
    pub(crate) resumed: usize,
    socket: Option<WebSocket>,
}

impl Follower {
    /// Follows the room from its head, through the first of these gateways.
    pub(crate) async fn open(gateways: &[String], who: &Person, room_id: &str) -> Self {
        let url = format!("{}/ws", gateways[0]);
        let mut socket = WebSocket::connect_with_bearer(&url, &who.token)
            .await
            .expect("a socket");
        let hello = socket.expect("hello").await;
        let subscribed = socket
            .expect_where("subscribed", |frame| frame["room_id"] == room_id)
            .await;
        Self {
            gateways: gateways.to_vec(),
            next_gateway: 1,
            token: who.token.clone(),
            room_id: room_id.to_owned(),
            epoch: hello["epoch"].as_str().expect("an epoch").to_owned(),
            last_seq: subscribed["last_seq"].as_i64().expect("a seq"),
            heard: Vec::new(),
            resumed: 0,
            socket: Some(socket),
        }
    }

    /// Reads until the room's event with this `seq` was heard.
    pub(crate) async fn hear_until(&mut self, seq: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.last_seq < seq {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "heard up to {} of {seq} in {PATIENCE:?}",
                self.last_seq
            );
            self.hear_next(left.min(Duration::from_secs(1))).await;
        }
    }

    /// Reads one frame, or mends the connection.
    pub(crate) async fn hear_next(&mut self, patience: Duration) {
        let Some(socket) = &mut self.socket else {
            self.resume().await;
            return;
        };
        match socket.next(patience).await {
            Some(frame) => self.note(frame),
            None => {
                if let Some(close) = socket.close_seen() {
                    assert!(close.code < 4500, "closed for good: {close:?}");
                    self.socket = None;
                }
            }
        }
    }

    fn note(&mut self, frame: Value) {
        let is_event = frame["event_id"].is_string() && frame["room_id"] == self.room_id.as_str();
        if is_event {
            let seq = frame["seq"].as_i64().expect("a seq");
            assert_eq!(seq, self.last_seq + 1, "hole, duplicate or wrong order: {frame}");
            self.last_seq = seq;
            self.heard.push(frame);
        }
    }

    /// Breaks off without a word, as a phone in a tunnel.
    pub(crate) fn lose_connection(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.reset();
        }
    }

    async fn resume(&mut self) {
        let url = format!(
            "{}/ws?subscribe=none",
            self.gateways[self.next_gateway % self.gateways.len()]
        );
        self.next_gateway += 1;
        let Ok(mut socket) = WebSocket::connect_with_bearer(&url, &self.token).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return;
        };
        socket
            .send_json(&json!({
                "type": "resume", "ref": "r", "epoch": self.epoch,
                "rooms": {&self.room_id: self.last_seq}, "rest": "none"
            }))
            .await;
        // What was missed comes before `subscribed`; a socket that dies in between has delivered a prefix.
        while let Some(frame) = socket.next(Duration::from_secs(10)).await {
            if frame["type"] == "subscribed" {
                assert_eq!(frame["reset"], false, "the replay is whole: {frame}");
                assert_eq!(frame["last_seq"], self.last_seq, "what was missed came first");
                self.resumed += 1;
                self.socket = Some(socket);
                return;
            }
            self.note(frame);
        }
    }
}

/// A queue of another service, bound to all events through the management API.
pub(crate) struct OtherService<'a> {
    fleet: &'a Fleet,
    vhost: String,
    /// Accepted events, in order; a consumer that keeps the contract of docs/events.md.
    pub(crate) accepted: Vec<Value>,
    seen: HashSet<String>,
    last_seq: std::collections::HashMap<String, i64>,
    ahead: Vec<Value>,
}

impl<'a> OtherService<'a> {
    pub(crate) async fn subscribe(fleet: &'a Fleet) -> Self {
        let url = fleet.pipes().rabbitmq_url();
        let vhost = url.rsplit('/').next().expect("a vhost").to_owned();
        let rabbitmq = fleet.pipes().rabbitmq();
        let durable = json!({"durable": true, "auto_delete": false, "arguments": {"x-queue-type": "quorum"}});
        rabbitmq
            .manage(Method::PUT, &format!("queues/{vhost}/other"), Some(&durable))
            .await
            .expect("a queue");
        let binding = json!({"routing_key": "#", "arguments": {}});
        let path = format!("bindings/{vhost}/e/confab.events/q/other");
        rabbitmq
            .manage(Method::POST, &path, Some(&binding))
            .await
            .expect("a binding");
        Self {
            fleet,
            vhost,
            accepted: Vec::new(),
            seen: HashSet::new(),
            last_seq: std::collections::HashMap::new(),
            ahead: Vec::new(),
        }
    }

    /// Fetches what waits and accepts the next `seq` of each room.
    pub(crate) async fn fetch(&mut self) {
        let path = format!("queues/{}/other/get", self.vhost);
        let ask = json!({"count": 500, "ackmode": "ack_requeue_false", "encoding": "auto"});
        let rabbitmq = self.fleet.pipes().rabbitmq();
        let Ok(Value::Array(messages)) = rabbitmq.manage(Method::POST, &path, Some(&ask)).await else {
            return;
        };
        for message in messages {
            let body: Value = serde_json::from_str(message["payload"].as_str().expect("text")).expect("JSON");
            assert_eq!(message["properties"]["message_id"], body["event_id"]);
            self.ahead.push(body);
        }
        self.accept();
    }

    fn accept(&mut self) {
        // In the order they came: what does not fit waits for its predecessor.
        loop {
            let next = self.ahead.iter().position(|body| self.fits(body));
            let Some(position) = next else { break };
            let body = self.ahead.remove(position);
            if let (Some(room), Some(seq)) = (body["room_id"].as_str(), body["seq"].as_i64()) {
                self.last_seq.insert(room.to_owned(), seq);
            }
            if self
                .seen
                .insert(body["event_id"].as_str().expect("an id").to_owned())
            {
                self.accepted.push(body);
            }
        }
    }

    fn fits(&self, body: &Value) -> bool {
        match (body["room_id"].as_str(), body["seq"].as_i64()) {
            (Some(room), Some(seq)) => seq == self.last_seq.get(room).map_or(1, |last| last + 1),
            _ => true,
        }
    }

    /// Fetches until the room's event with this `seq` was accepted.
    pub(crate) async fn accept_until(&mut self, room_id: &str, seq: i64) {
        let deadline = Instant::now() + PATIENCE;
        while self.last_seq.get(room_id).copied().unwrap_or(0) < seq {
            assert!(
                Instant::now() < deadline,
                "accepted up to {:?} of {seq} in {PATIENCE:?}; {} wait",
                self.last_seq.get(room_id),
                self.ahead.len()
            );
            self.fetch().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// `ws://` addresses of all gateways.
pub(crate) fn gateways(fleet: &Fleet) -> Vec<String> {
    (0..2).map(|index| fleet.gateway(index).ws_url()).collect()
}
