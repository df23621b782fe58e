//! Who may do what, over sockets: every frame and every type of event × every kind of asker × every kind of room, by
//! the domain's one table. What is denied changes nothing, and who does not belong to a room hears nothing of it.

use std::collections::BTreeSet;

use confab_contract::samples;
use confab_domain::ports::{MemberFilter, RoomReads, RoomWrites};
use confab_domain::rights::{Act, Standing};
use confab_domain::{Clock, Code, Deed, MemberRole, RoomId, RoomKind, RoomPatch, Trace, UserRole};
use confab_gateway::protocol::client_frames;
use confab_scenery::{Asker, KINDS, somebody};
use confab_testkit::WebSocket;
use serde_json::{Value, json};

use crate::house::{House, PATIENCE};

/// Whom a frame is for.
#[derive(Clone, Copy)]
enum For {
    /// About oneself or the connection, whoever one is.
    Oneself,
    /// Members of the room; to all others there is no such room, whatever their office.
    Members,
    /// Those whom the table allows this act in the room.
    Room(Act),
    /// Those whom the table allows this act in the message's own room. Who cannot read it learns nothing of it.
    Message(Act),
}

/// The rows: each frame a client may send.
const ROWS: &[(&str, For)] = &[
    ("auth", For::Oneself),
    ("ping", For::Oneself),
    ("presence", For::Oneself),
    ("unsubscribe", For::Oneself),
    ("subscribe", For::Members),
    ("resume", For::Members),
    ("delivered", For::Room(Act::Signal)),
    ("read", For::Room(Act::Signal)),
    ("typing", For::Room(Act::Signal)),
    ("message", For::Room(Act::Send)),
    // Nobody edits what another said.
    ("edit", For::Message(Act::EditOwnMessage)),
    ("delete", For::Message(Act::DeleteOthersMessage)),
    // From a room into itself: who reads there and sends there.
    ("forward", For::Message(Act::Send)),
    ("react", For::Message(Act::React)),
    ("unreact", For::Message(Act::React)),
    ("pin", For::Message(Act::Pin)),
    ("unpin", For::Message(Act::Pin)),
];

/// A room with somebody who asks.
struct Scene {
    people: confab_scenery::Scene,
    /// What the target said.
    message_id: String,
}

impl Scene {
    async fn set(house: &House, kind: RoomKind, asker: Asker) -> Self {
        let people = confab_scenery::Scene::set(&house.ports, kind, asker).await;
        let said = house
            .said(&people.target, people.room_id, "said by the target")
            .await;
        Self {
            message_id: said.id.to_string(),
            people,
        }
    }

    fn frame(&self, name: &str, epoch: &str) -> Value {
        let mut frame = match name {
            "subscribe" | "typing" => json!({"room_id": self.people.room_id}),
            "resume" => {
                json!({"epoch": epoch, "rooms": {self.people.room_id.to_string(): 0}, "rest": "none"})
            }
            "read" | "delivered" => json!({"room_id": self.people.room_id, "number": 1}),
            "forward" => json!({"room_id": self.people.room_id, "message_id": self.message_id}),
            "message" => json!({"room_id": self.people.room_id, "content": "x"}),
            "edit" => json!({"message_id": self.message_id, "content": "x"}),
            "react" | "unreact" => json!({"message_id": self.message_id, "emoji": "👍"}),
            _ => json!({"message_id": self.message_id}),
        };
        frame["type"] = json!(name);
        frame["ref"] = json!("asked");
        frame
    }

    /// All that may not change by what is denied.
    async fn state(&self, house: &House) -> String {
        let access = house
            .store
            .access(self.people.room_id, self.people.asker.id)
            .await
            .unwrap();
        let members = house
            .store
            .members(self.people.room_id, &MemberFilter::default(), None, 100)
            .await
            .unwrap();
        let marks: Vec<_> = members.items.iter().map(|(member, _)| member).collect();
        format!("{access:?} {marks:?}")
    }
}

/// The code that the table promises; none when it is allowed.
fn refusal(whom: For, standing: Standing) -> Option<&'static str> {
    let code = match whom {
        For::Oneself => None,
        For::Members => standing.member_role.is_none().then_some(Code::NotFound),
        For::Room(act) => confab_scenery::refusal(act, standing),
        For::Message(act) => confab_scenery::refusal_about_message(act, standing),
    };
    code.map(Code::as_str)
}

#[test]
fn every_frame_has_its_row() {
    let frames: BTreeSet<String> = client_frames().into_iter().map(|doc| doc.name).collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(
        frames, rows,
        "left: frames of the protocol; right: rows of the matrix"
    );
}

#[tokio::test]
async fn over_a_socket_each_may_do_what_the_table_says_and_no_more() {
    let house = House::new().await;
    let epoch = house.epoch().await;
    let mut wrong = Vec::new();
    for kind in KINDS {
        for asker in Asker::all_in(kind) {
            for (name, whom) in ROWS.iter().filter(|(_, whom)| !matches!(whom, For::Oneself)) {
                let scene = Scene::set(&house, kind, asker).await;
                let mut socket = house.quiet(&scene.people.asker).await;
                let before = scene.state(&house).await;
                socket.send_json(&scene.frame(name, &epoch)).await;
                let said_of_room = json!(scene.people.room_id);
                // A refused room of a `resume` is told by an error of its own; the reply comes in the end.
                let reply = socket.expect_reply("asked").await;
                let code = reply["code"].as_str();
                let expected = refusal(*whom, scene.people.standing);
                let is_farewell =
                    *name == "resume" && asker == Asker::Former && reply["type"] == "unsubscribed";
                if code != expected && !is_farewell {
                    wrong.push(format!(
                        "{name} as {asker:?} in a {} room: {reply}",
                        kind.as_str()
                    ));
                }
                if expected.is_some() {
                    // Who was in it hears of their own going, and nothing else.
                    let is_own = |frame: &Value| {
                        asker == Asker::Former
                            && frame["type"] == "user_left"
                            && frame["user_id"] == json!(scene.people.asker.id)
                    };
                    let told = socket.mailbox().any(|frame| {
                        frame["room_id"] == said_of_room && frame["type"] != "error" && !is_own(frame)
                    });
                    if told || scene.state(&house).await != before {
                        wrong.push(format!(
                            "{name} as {asker:?} in a {} room: denied, not undone",
                            kind.as_str()
                        ));
                    }
                }
                socket.reset();
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Makes one event of each type that this kind of room knows, the room's end last, and says which were made.
async fn everything_happens(house: &House, scene: &Scene, kind: RoomKind) -> Vec<&'static str> {
    let newcomer = somebody(&house.ports, UserRole::User).await;
    let message_id = scene.message_id.parse().unwrap();
    let (owner, target) = (&scene.people.owner.actor, &scene.people.target.actor);
    house
        .say(
            &scene.people.owner,
            scene.people.room_id,
            "said while they listen",
        )
        .await;
    let edit = Deed::EditMessage {
        message_id,
        content: "edited while they listen".to_owned(),
        named: confab_domain::Named::default(),
    };
    let react = |emoji: &str| Deed::AddReaction {
        message_id,
        emoji: emoji.to_owned(),
    };
    let unreact = |emoji: &str| Deed::RemoveReaction {
        message_id,
        emoji: emoji.to_owned(),
    };
    let mut deeds = vec![
        (target, edit, "message_updated"),
        (owner, react("👍"), "reaction_added"),
        (owner, unreact("👍"), "reaction_removed"),
        (owner, Deed::PinMessage(message_id), "message_pinned"),
        (owner, Deed::UnpinMessage(message_id), "message_unpinned"),
        (
            target,
            Deed::DeleteMessage {
                message_id,
                reason: None,
            },
            "message_deleted",
        ),
    ];
    if kind != RoomKind::Direct {
        let renamed = RoomPatch {
            name: Some("another name".to_owned()),
            ..RoomPatch::default()
        };
        deeds.extend([
            (
                owner,
                Deed::AddMembers(vec![(newcomer.id, MemberRole::Member)]),
                "user_joined",
            ),
            (
                owner,
                Deed::ChangeRole(newcomer.id, MemberRole::Moderator),
                "member_updated",
            ),
            (owner, Deed::RemoveMember(newcomer.id), "user_left"),
            (
                owner,
                Deed::Ban {
                    user_id: newcomer.id,
                    reason: None,
                },
                "user_banned",
            ),
            (owner, Deed::Unban(newcomer.id), "user_unbanned"),
            (owner, Deed::UpdateRoom(renamed), "room_updated"),
            (owner, Deed::DeleteRoom, "room_deleted"),
        ]);
    }
    let mut made = vec!["message_created"];
    for (actor, deed, event_type) in deeds {
        let done = house
            .store
            .change(
                scene.people.room_id,
                actor,
                deed,
                house.clock.now(),
                Trace::default(),
            )
            .await;
        let changed = done.unwrap_or_else(|error| panic!("{event_type}: {error}"));
        assert!(
            changed
                .events
                .iter()
                .any(|event| event.body.event_type() == event_type),
            "{event_type} was not made"
        );
        made.push(event_type);
    }
    made
}

/// Reads what came until a `pong` says that nothing more was on its way.
async fn everything_heard(socket: &mut WebSocket, room_id: RoomId) -> Vec<String> {
    socket.send_json(&json!({"type": "ping", "ref": "all"})).await;
    socket.expect_reply("all").await;
    socket
        .mailbox()
        .filter(|frame| frame["room_id"] == json!(room_id) && frame["event_id"].is_string())
        .map(|frame| frame["type"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_type_of_event_reaches_members_and_nobody_else() {
    let house = House::new().await;
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut wrong = Vec::new();
    for kind in KINDS {
        for asker in Asker::all_in(kind) {
            let scene = Scene::set(&house, kind, asker).await;
            let is_member = scene.people.standing.member_role.is_some();
            let mut socket = house.following(&scene.people.asker, usize::from(is_member)).await;
            let mut target = house.following(&scene.people.target, 1).await;
            let made = everything_happens(&house, &scene, kind).await;
            // A member who heard the last of it proves that it all went out before the asker's pong.
            let last = *made.last().unwrap();
            target
                .next_where(|frame| frame["type"] == last, PATIENCE)
                .await
                .unwrap();
            let heard = everything_heard(&mut socket, scene.people.room_id).await;
            if is_member {
                for event_type in &made {
                    if !heard.iter().any(|heard| heard == event_type) {
                        wrong.push(format!(
                            "{event_type} did not reach {asker:?} in a {} room",
                            kind.as_str()
                        ));
                    }
                }
                seen.extend(heard);
            } else if !heard.is_empty() {
                wrong.push(format!("{asker:?} of a {} room heard {heard:?}", kind.as_str()));
            }
            socket.reset();
            target.reset();
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells are wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Who follows a room was not there when it was made: its `room_created` is in the log alone.
    seen.insert("room_created".to_owned());
    let types: BTreeSet<String> = samples::events()
        .iter()
        .map(|event| event.body.event_type().to_owned())
        .collect();
    assert_eq!(
        seen, types,
        "left: types that were made here; right: types of the contract"
    );
}
