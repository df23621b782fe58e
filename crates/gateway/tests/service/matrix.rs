//! Who may do what, over sockets: every frame and every type of event × every kind of asker × every kind of room, by
//! the domain's one table. What is denied changes nothing, and who does not belong to a room hears nothing of it.

use std::collections::BTreeSet;

use confab_contract::samples;
use confab_domain::commands::{change_role, leave_room, open_direct_room};
use confab_domain::ports::{Accounts, NewUser, RoomReads, RoomWrites};
use confab_domain::rights::{Act, Standing, Verdict, verdict};
use confab_domain::{Actor, Clock, Deed, MemberRole, RoomId, RoomKind, RoomPatch, Trace, UserId, UserRole};
use confab_gateway::protocol::client_frames;
use confab_testkit::WebSocket;
use serde_json::{Value, json};

use crate::house::{Guest, House, PATIENCE};

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

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    Stranger,
    /// Was in it, and left.
    Former,
    As(MemberRole),
    Service,
    SiteAdmin,
}

const ASKERS: [Asker; 8] = [
    Asker::Stranger,
    Asker::Former,
    Asker::As(MemberRole::Member),
    Asker::As(MemberRole::Moderator),
    Asker::As(MemberRole::Admin),
    Asker::As(MemberRole::Owner),
    Asker::Service,
    Asker::SiteAdmin,
];

/// Two people stay two people for ever: nobody has left, and nobody has a rank.
fn exists(asker: Asker, kind: RoomKind) -> bool {
    kind != RoomKind::Direct
        || matches!(
            asker,
            Asker::Stranger | Asker::As(MemberRole::Member) | Asker::Service | Asker::SiteAdmin
        )
}

const KINDS: [RoomKind; 3] = [RoomKind::Public, RoomKind::Private, RoomKind::Direct];

/// A room with somebody who asks.
struct Scene {
    asker: Guest,
    standing: Standing,
    room_id: RoomId,
    /// Who may do everything there.
    owner: Guest,
    /// A plain member, who wrote the message.
    target: Guest,
    message_id: String,
}

impl Scene {
    async fn set(house: &House, kind: RoomKind, asker: Asker) -> Self {
        let role = match asker {
            Asker::Service => UserRole::Service,
            Asker::SiteAdmin => UserRole::Admin,
            _ => UserRole::User,
        };
        let asking = somebody(house, role).await;
        let target = somebody(house, UserRole::User).await;
        let owner = match asker {
            Asker::As(MemberRole::Owner) => asking.clone(),
            Asker::As(MemberRole::Member) if kind == RoomKind::Direct => asking.clone(),
            _ => somebody(house, UserRole::User).await,
        };
        let room_id = if kind == RoomKind::Direct {
            let made = open_direct_room(&house.ports, &owner.actor, target.id, Trace::default()).await;
            made.unwrap().0.room.id
        } else {
            house.room_with(&[&owner, &target], kind.as_str(), "all").await
        };
        let rank = match asker {
            Asker::As(rank) if owner.id != asking.id => Some(rank),
            Asker::Former => Some(MemberRole::Member),
            _ => None,
        };
        if let Some(rank) = rank {
            house.add(&owner, room_id, &asking).await;
            change_role(
                &house.ports,
                &owner.actor,
                room_id,
                asking.id,
                rank.as_str(),
                Trace::default(),
            )
            .await
            .unwrap();
        }
        if asker == Asker::Former {
            leave_room(&house.ports, &asking.actor, room_id, Trace::default())
                .await
                .unwrap();
        }
        house.say(&target, room_id, "said by the target").await;
        let access = house.store.access(room_id, target.id).await.unwrap().unwrap();
        let newest = house
            .store
            .messages(
                &access,
                confab_domain::Horizon::ALL,
                confab_domain::ports::PageAt::Newest,
                1,
            )
            .await
            .unwrap();
        Self {
            standing: Standing {
                kind,
                user_role: role,
                member_role: match asker {
                    Asker::As(role) => Some(role),
                    _ => None,
                },
            },
            asker: asking,
            room_id,
            owner,
            target,
            message_id: newest.messages[0].id.to_string(),
        }
    }

    fn frame(&self, name: &str, epoch: &str) -> Value {
        let mut frame = match name {
            "subscribe" | "typing" => json!({"room_id": self.room_id}),
            "resume" => json!({"epoch": epoch, "rooms": {self.room_id.to_string(): 0}, "rest": "none"}),
            "read" | "delivered" => json!({"room_id": self.room_id, "number": 1}),
            "forward" => json!({"room_id": self.room_id, "message_id": self.message_id}),
            "message" => json!({"room_id": self.room_id, "content": "x"}),
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
        let access = house.store.access(self.room_id, self.asker.id).await.unwrap();
        let members = house.store.members(self.room_id, None, 100).await.unwrap();
        let marks: Vec<_> = members.items.iter().map(|(member, _)| member).collect();
        format!("{access:?} {marks:?}")
    }
}

/// An account and its token, without the price of a password.
async fn somebody(house: &House, role: UserRole) -> Guest {
    let now = house.clock.now();
    let id = UserId::mint(now);
    let user = NewUser {
        id,
        username: format!("u{}", &id.0.simple().to_string()[12..]),
        email: None,
        display_name: "Somebody".to_owned(),
        avatar_url: None,
        password_hash: None,
        role,
    };
    house.store.register(user, now, Trace::default()).await.unwrap();
    let (token, _) = house.ports.tokens.issue(id, role, None, now).unwrap();
    Guest {
        id,
        actor: Actor {
            user_id: id,
            role,
            session_id: None,
        },
        token,
    }
}

/// The code that the table promises; none when it is allowed.
fn refusal(name: &str, whom: For, standing: Standing) -> Option<&'static str> {
    let by = |verdict| match verdict {
        Verdict::Allowed => None,
        Verdict::Forbidden => Some("forbidden"),
        Verdict::Hidden => Some("not_found"),
    };
    match whom {
        For::Oneself => None,
        For::Members => standing.member_role.is_none().then_some("not_found"),
        For::Room(act) => by(verdict(act, standing)),
        For::Message(act) => {
            // A site admin moderates by id, without reading.
            let by_office = standing.user_role == UserRole::Admin
                && matches!(act, Act::DeleteOthersMessage | Act::EditOwnMessage);
            let knows = by_office || verdict(Act::Read, standing) == Verdict::Allowed;
            match (knows, name) {
                (false, _) => Some("not_found"),
                (true, "edit") => Some("forbidden"),
                (true, _) => by(verdict(act, standing)),
            }
        }
    }
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
        for asker in ASKERS.into_iter().filter(|asker| exists(*asker, kind)) {
            for (name, whom) in ROWS.iter().filter(|(_, whom)| !matches!(whom, For::Oneself)) {
                let scene = Scene::set(&house, kind, asker).await;
                let mut socket = house.quiet(&scene.asker).await;
                let before = scene.state(&house).await;
                socket.send_json(&scene.frame(name, &epoch)).await;
                let said_of_room = json!(scene.room_id);
                // A refused room of a `resume` is told by an error of its own; the reply comes in the end.
                let reply = socket.expect_reply("asked").await;
                let code = reply["code"].as_str();
                let expected = refusal(name, *whom, scene.standing);
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
                            && frame["user_id"] == json!(scene.asker.id)
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
    let newcomer = somebody(house, UserRole::User).await;
    let message_id = scene.message_id.parse().unwrap();
    let (owner, target) = (&scene.owner.actor, &scene.target.actor);
    house
        .say(&scene.owner, scene.room_id, "said while they listen")
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
            .change(scene.room_id, actor, deed, house.clock.now(), Trace::default())
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
        for asker in ASKERS.into_iter().filter(|asker| exists(*asker, kind)) {
            let scene = Scene::set(&house, kind, asker).await;
            let is_member = scene.standing.member_role.is_some();
            let mut socket = house.following(&scene.asker, usize::from(is_member)).await;
            let mut target = house.following(&scene.target, 1).await;
            let made = everything_happens(&house, &scene, kind).await;
            // A member who heard the last of it proves that it all went out before the asker's pong.
            let last = *made.last().unwrap();
            target
                .next_where(|frame| frame["type"] == last, PATIENCE)
                .await
                .unwrap();
            let heard = everything_heard(&mut socket, scene.room_id).await;
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
