//! Who may do what, over REST: every operation of the document × every kind of actor × every kind of room, by the
//! domain's one table. What is denied must change nothing and tell nobody.

use std::collections::BTreeSet;

use confab_domain::commands::SendMessage;
use confab_domain::ports::{MemberFilter, Outbox, PARTITIONS, RoomReads};
use confab_domain::rights::{Act, Standing};
use confab_domain::{Code, MemberRole, RoomId, RoomKind, UploadId, UserId, UserRole};
use confab_scenery::{Asker, KINDS, somebody};
use confab_testkit::http_client::Answer;
use serde_json::{Value, json};

use crate::desk::{Desk, Person, id};

const NOBODYS: &str = "018cc251-f400-7000-8000-0000000000ff";

/// Whom an operation is for.
#[derive(Clone, Copy)]
enum For {
    /// Everybody, without a token.
    Everybody,
    /// Everybody with an account, for themselves.
    Accounts,
    /// Accounts of these roles.
    Office(&'static [UserRole]),
    /// Those whom the table allows this act in the room of the path.
    Room(Act),
    /// Those whom the table allows this act in the message's own room. Who cannot read it (or, being a site
    /// admin, act on it by office) learns nothing of it.
    Message(Act),
    /// Served by the gateway, which has a matrix of its own.
    Gateway,
}

const PEOPLE: For = For::Office(&[UserRole::User]);
const ADMIN: For = For::Office(&[UserRole::Admin]);
const SERVICE: For = For::Office(&[UserRole::Service]);
const OFFICES: For = For::Office(&[UserRole::Admin, UserRole::Service]);

/// An operation, whom it is for, and a body that is right.
struct Row(&'static str, For, fn(&Scene) -> Option<Value>);

/// What is in the message's file.
const FILE: &str = "said by the target";

const NO_BODY: fn(&Scene) -> Option<Value> = |_| None;

/// The rows. An operation of the document without one fails the test, and so does a row without operation.
const ROWS: &[Row] = &[
    // Accounts and documents.
    Row("GET /.well-known/jwks.json", For::Everybody, NO_BODY),
    Row("GET /asyncapi.json", For::Everybody, NO_BODY),
    Row("GET /openapi.json", For::Everybody, NO_BODY),
    Row("GET /capabilities", For::Everybody, NO_BODY),
    // Offered only where nobody else can come; refused everywhere else.
    Row("POST /demo", For::Everybody, NO_BODY),
    Row("GET /health", For::Everybody, NO_BODY),
    Row("GET /ready", For::Everybody, NO_BODY),
    Row("GET /schemas", For::Everybody, NO_BODY),
    Row("GET /schemas/{name}", For::Everybody, NO_BODY),
    Row("POST /auth/register", For::Everybody, NO_BODY),
    Row("POST /auth/login", For::Everybody, NO_BODY),
    Row("POST /auth/refresh", For::Everybody, NO_BODY),
    Row("POST /auth/logout", For::Accounts, |_| {
        Some(json!({"refresh_token": "x"}))
    }),
    Row("POST /auth/ticket", For::Accounts, NO_BODY),
    Row("GET /me", For::Accounts, NO_BODY),
    Row("PATCH /me", For::Accounts, |_| Some(json!({"display_name": "x"}))),
    Row("PUT /me/password", For::Accounts, |_| {
        Some(json!({"current_password": "not this one", "new_password": "nor this one"}))
    }),
    Row("POST /me/read", For::Accounts, NO_BODY),
    Row("POST /me/deactivate", PEOPLE, |_| {
        Some(json!({"password": "not this one"}))
    }),
    Row("GET /me/sessions", For::Accounts, NO_BODY),
    Row("DELETE /me/sessions", For::Accounts, NO_BODY),
    Row("DELETE /me/sessions/{session_id}", For::Accounts, NO_BODY),
    Row("GET /users", For::Accounts, NO_BODY),
    Row("GET /users/{user_id}", For::Accounts, NO_BODY),
    Row("GET /users/{user_id}/presence", For::Accounts, NO_BODY),
    Row("GET /rooms", For::Accounts, NO_BODY),
    Row("GET /search", For::Accounts, NO_BODY),
    Row("POST /rooms", For::Accounts, |_| {
        Some(json!({"kind": "public", "name": "x"}))
    }),
    Row("POST /rooms/direct", For::Accounts, |scene| {
        Some(json!({"user_id": scene.guest.id}))
    }),
    // Offices.
    Row("GET /api-keys", ADMIN, NO_BODY),
    Row("POST /api-keys", ADMIN, |_| {
        Some(json!({"name": "x", "service": "host", "scopes": ["read"]}))
    }),
    Row("DELETE /api-keys/{api_key_id}", ADMIN, NO_BODY),
    Row("GET /rooms/by-key/{external_key}", SERVICE, NO_BODY),
    Row("PUT /rooms/by-key/{external_key}", SERVICE, |_| {
        Some(json!({"kind": "private", "name": "x"}))
    }),
    Row("POST /users/batch", SERVICE, |_| {
        Some(json!({"users": [{"external_id": "x", "username": "outside_x"}]}))
    }),
    Row("POST /users/lookup", SERVICE, |_| {
        Some(json!({"external_ids": ["x"]}))
    }),
    Row("GET /users/by-external-id/{external_id}", SERVICE, NO_BODY),
    Row("PUT /users/by-external-id/{external_id}", SERVICE, |_| {
        Some(json!({"username": "outside_y"}))
    }),
    Row("POST /users/by-external-id/{external_id}/tokens", SERVICE, |_| {
        Some(json!({}))
    }),
    Row("POST /users/{user_id}/tokens", SERVICE, |_| Some(json!({}))),
    Row("DELETE /users/{user_id}/tokens", SERVICE, NO_BODY),
    Row("POST /users/{user_id}/deactivate", OFFICES, NO_BODY),
    Row("POST /users/{user_id}/reactivate", OFFICES, NO_BODY),
    // Rooms.
    Row("GET /rooms/{room_id}", For::Room(Act::SeeRoom), NO_BODY),
    Row("PATCH /rooms/{room_id}", For::Room(Act::EditRoom), |_| {
        Some(json!({"description": "new"}))
    }),
    Row("DELETE /rooms/{room_id}", For::Room(Act::DeleteRoom), NO_BODY),
    Row("POST /rooms/{room_id}/join", For::Room(Act::Join), NO_BODY),
    Row("POST /rooms/{room_id}/leave", For::Room(Act::Leave), NO_BODY),
    Row(
        "GET /rooms/{room_id}/members",
        For::Room(Act::ListMembers),
        NO_BODY,
    ),
    Row(
        "POST /rooms/{room_id}/members",
        For::Room(Act::AddMember),
        |scene| Some(json!({"user_id": scene.guest.id})),
    ),
    Row(
        "POST /rooms/{room_id}/members/remove",
        For::Room(Act::RemoveMember),
        |scene| Some(json!({"user_ids": [scene.target.id]})),
    ),
    Row(
        "PATCH /rooms/{room_id}/members/{user_id}",
        For::Room(Act::ChangeRole),
        |_| Some(json!({"role": "moderator"})),
    ),
    Row(
        "DELETE /rooms/{room_id}/members/{user_id}",
        For::Room(Act::RemoveMember),
        NO_BODY,
    ),
    Row("GET /rooms/{room_id}/messages", For::Room(Act::Read), NO_BODY),
    Row("GET /rooms/{room_id}/search", For::Room(Act::Read), NO_BODY),
    Row("POST /rooms/{room_id}/messages", For::Room(Act::Send), |_| {
        Some(json!({"content": "x"}))
    }),
    Row("GET /rooms/{room_id}/events", For::Room(Act::Read), NO_BODY),
    Row("POST /rooms/{room_id}/read", For::Room(Act::Signal), |_| {
        Some(json!({"number": 1}))
    }),
    Row(
        "GET /rooms/{room_id}/receipts",
        For::Room(Act::SeePresence),
        NO_BODY,
    ),
    Row(
        "GET /rooms/{room_id}/presence",
        For::Room(Act::SeePresence),
        NO_BODY,
    ),
    // Messages: somebody else's.
    Row("GET /messages/{message_id}", For::Message(Act::Read), NO_BODY),
    Row(
        "DELETE /messages/{message_id}",
        For::Message(Act::DeleteOthersMessage),
        NO_BODY,
    ),
    Row(
        "GET /messages/{message_id}/replies",
        For::Message(Act::Read),
        NO_BODY,
    ),
    Row(
        "GET /messages/{message_id}/history",
        For::Message(Act::Read),
        NO_BODY,
    ),
    // Into the room it is in, so that both rights are one.
    Row(
        "POST /messages/{message_id}/forward",
        For::Message(Act::Send),
        |scene| Some(json!({"room_id": scene.room_id})),
    ),
    // Nobody edits what another said; one's own is in `edits_are_the_senders_alone`.
    Row("PATCH /messages/{message_id}", For::Office(&[]), |_| {
        Some(json!({"content": "x"}))
    }),
    // Moderation, invitations, blocks.
    Row("GET /rooms/{room_id}/bans", For::Room(Act::ListBans), NO_BODY),
    Row(
        "PUT /rooms/{room_id}/bans/{user_id}",
        For::Room(Act::BanMember),
        NO_BODY,
    ),
    Row(
        "DELETE /rooms/{room_id}/bans/{user_id}",
        For::Room(Act::BanMember),
        NO_BODY,
    ),
    Row(
        "PUT /rooms/{room_id}/mutes/{user_id}",
        For::Room(Act::MuteMember),
        NO_BODY,
    ),
    Row(
        "DELETE /rooms/{room_id}/mutes/{user_id}",
        For::Room(Act::MuteMember),
        NO_BODY,
    ),
    Row(
        "GET /rooms/{room_id}/invitations",
        For::Room(Act::Invite),
        NO_BODY,
    ),
    Row(
        "POST /rooms/{room_id}/invitations",
        For::Room(Act::Invite),
        NO_BODY,
    ),
    Row(
        "DELETE /rooms/{room_id}/invitations/{invitation_id}",
        For::Room(Act::Invite),
        NO_BODY,
    ),
    Row("GET /invitations/{token}", For::Accounts, NO_BODY),
    Row("POST /invitations/{token}/accept", For::Accounts, NO_BODY),
    Row(
        "POST /messages/{message_id}/report",
        For::Message(Act::Report),
        |_| Some(json!({"reason": "x"})),
    ),
    Row("GET /rooms/{room_id}/reports", For::Room(Act::ListBans), NO_BODY),
    Row(
        "DELETE /rooms/{room_id}/reports/{message_id}",
        For::Room(Act::ListBans),
        NO_BODY,
    ),
    Row("GET /reports", OFFICES, NO_BODY),
    Row("GET /me/blocks", For::Accounts, NO_BODY),
    Row("PUT /me/blocks/{user_id}", For::Accounts, NO_BODY),
    Row("DELETE /me/blocks/{user_id}", For::Accounts, NO_BODY),
    // Reactions and pins.
    Row(
        "GET /messages/{message_id}/reactions",
        For::Message(Act::Read),
        NO_BODY,
    ),
    Row(
        "PUT /messages/{message_id}/reactions/{emoji}",
        For::Message(Act::React),
        NO_BODY,
    ),
    Row(
        "DELETE /messages/{message_id}/reactions/{emoji}",
        For::Message(Act::React),
        NO_BODY,
    ),
    Row("GET /rooms/{room_id}/pins", For::Room(Act::Read), NO_BODY),
    Row(
        "PUT /rooms/{room_id}/pins/{message_id}",
        For::Room(Act::Pin),
        NO_BODY,
    ),
    Row(
        "DELETE /rooms/{room_id}/pins/{message_id}",
        For::Room(Act::Pin),
        NO_BODY,
    ),
    // One's own list, and receipts.
    Row("GET /conversations", For::Accounts, NO_BODY),
    Row("GET /me/unread", For::Accounts, NO_BODY),
    Row("GET /me/mentions", For::Accounts, NO_BODY),
    Row("PATCH /conversations/{room_id}", For::Room(Act::Signal), |_| {
        Some(json!({"pinned": true}))
    }),
    Row("POST /rooms/{room_id}/delivered", For::Room(Act::Signal), |_| {
        Some(json!({"number": 1}))
    }),
    Row(
        "GET /messages/{message_id}/receipts",
        For::Message(Act::SeePresence),
        NO_BODY,
    ),
    // Pictures. What everybody may fetch is none of a message's files.
    Row("PUT /me/avatar", For::Accounts, |scene| Some(scene.picture())),
    Row("DELETE /me/avatar", For::Accounts, NO_BODY),
    Row("PUT /rooms/{room_id}/avatar", For::Room(Act::EditRoom), |scene| {
        Some(scene.picture())
    }),
    Row(
        "DELETE /rooms/{room_id}/avatar",
        For::Room(Act::EditRoom),
        NO_BODY,
    ),
    Row("GET /avatars/{upload_id}", For::Everybody, NO_BODY),
    // Files: that of the message.
    Row("GET /rooms/{room_id}/files", For::Room(Act::Read), NO_BODY),
    Row("POST /uploads", For::Accounts, NO_BODY),
    Row("POST /media/sign", For::Accounts, |scene| {
        Some(json!({"ids": [scene.upload_id.to_string()]}))
    }),
    Row(
        "GET /media/{upload_id}/{filename}",
        For::Message(Act::Read),
        NO_BODY,
    ),
    // Streams.
    Row("GET /stream", For::Gateway, NO_BODY),
    Row("GET /rooms/{room_id}/stream", For::Gateway, NO_BODY),
    Row("GET /ws", For::Gateway, NO_BODY),
    Row("GET /ws/{room_id}", For::Gateway, NO_BODY),
];

/// A room with somebody who asks, and what may be asked about.
struct Scene {
    asker: Person,
    standing: Standing,
    room_id: String,
    /// A plain member, who wrote the message.
    target: Person,
    /// Not in the room.
    guest: Person,
    message_id: String,
    /// The message's file.
    upload_id: UploadId,
    /// The asker's own, nobody's picture yet.
    picture_id: UploadId,
    /// A link into it; nobody's for a direct room.
    invitation_id: String,
}

impl Scene {
    async fn set(desk: &Desk, kind: RoomKind, asker: Asker) -> Self {
        let scene = confab_scenery::Scene::set(&desk.ports, kind, asker).await;
        let guest = somebody(&desk.ports, UserRole::User).await;
        let upload_id = desk.note_upload(&scene.target.clone().into(), FILE).await;
        let picture_id = desk.note_picture(&scene.asker.clone().into()).await;
        let said = SendMessage {
            content: Some("said by the target".to_owned()),
            attachments: vec![upload_id.0],
            ..SendMessage::default()
        };
        let message_id = scene.say(&desk.ports, said).await.id.to_string();
        let room_id = scene.room_id.to_string();
        let invitation_id = if kind == RoomKind::Direct {
            NOBODYS.to_owned()
        } else {
            let path = format!("/rooms/{room_id}/invitations");
            id(&desk.poke(&scene.owner.into(), &path).await.expect(201))
        };
        Self {
            standing: scene.standing,
            asker: scene.asker.into(),
            room_id,
            target: scene.target.into(),
            guest: guest.into(),
            message_id,
            upload_id,
            picture_id,
            invitation_id,
        }
    }

    /// Names the asker's picture.
    fn picture(&self) -> Value {
        json!({"upload_id": self.picture_id.to_string()})
    }

    /// A path with what it is about; what is not of this scene is nobody's.
    fn filled(&self, path: &str) -> String {
        path.replace("{room_id}", &self.room_id)
            .replace("{message_id}", &self.message_id)
            .replace("{upload_id}", &self.upload_id.to_string())
            .replace("{filename}", "a.txt")
            .replace("{user_id}", &self.target.id)
            .replace("{invitation_id}", &self.invitation_id)
            .replace("{token}", "x")
            .replace("{emoji}", "%F0%9F%91%8D")
            .replace("{external_key}", "key-1")
            .replace("{api_key_id}", NOBODYS)
            .replace("{session_id}", NOBODYS)
            .replace("{external_id}", "x")
            .replace("{name}", "x")
            // What is searched for.
            .replace("/search", "/search?q=x")
    }

    async fn ask(&self, desk: &Desk, row: &Row) -> Answer {
        let (method, path) = row.0.split_once(' ').unwrap();
        if path.contains("{upload_id}") {
            // Only here: a thousand files would take longer than all the rest.
            desk.keep_bytes(self.upload_id, FILE).await;
        }
        let path = self.filled(path);
        desk.call(method, &path, Some(&self.asker.token), (row.2)(self).as_ref())
            .await
    }

    /// All that may not change by what is denied: the room with its counters, its members, what waits for others.
    async fn state(&self, desk: &Desk) -> String {
        let room_id: RoomId = self.room_id.parse().unwrap();
        let asker: UserId = self.asker.id.parse().unwrap();
        let access = desk.store.access(room_id, asker).await.unwrap();
        let members = desk
            .store
            .members(room_id, &MemberFilter::default(), None, 100)
            .await
            .unwrap();
        let message = desk
            .store
            .message(self.message_id.parse().unwrap(), asker)
            .await
            .unwrap();
        let mut waiting = 0;
        for partition in 0..PARTITIONS {
            waiting += desk.store.pending(partition, 10_000).await.unwrap().rows.len();
        }
        let marks: Vec<_> = members.items.iter().map(|(member, _)| member).collect();
        format!(
            "{access:?} {marks:?} {:?} {waiting}",
            message.map(|(message, _)| message)
        )
    }
}

/// The status that the table promises; none when it is allowed.
fn refusal(row: &Row, standing: Standing) -> Option<u16> {
    let code = match row.1 {
        For::Room(act) => confab_scenery::refusal(act, standing),
        For::Message(act) => confab_scenery::refusal_about_message(act, standing),
        _ => None,
    };
    code.map(|code| if code == Code::Forbidden { 403 } else { 404 })
}

#[test]
fn every_operation_has_its_row() {
    let document = serde_json::to_value(confab_api::openapi()).unwrap();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            operations.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let rows: BTreeSet<String> = ROWS.iter().map(|row| row.0.to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a row is there twice");
    let without_row: Vec<_> = operations.difference(&rows).collect();
    let without_operation: Vec<_> = rows.difference(&operations).collect();
    assert!(
        without_row.is_empty() && without_operation.is_empty(),
        "operations without a row in ROWS: {without_row:?}; rows without an operation: {without_operation:?}"
    );
}

#[tokio::test]
async fn in_each_room_each_may_do_what_the_table_says_and_no_more() {
    let desk = Desk::open().await;
    let mut wrong = Vec::new();
    for kind in KINDS {
        for asker in Asker::all_in(kind) {
            let mut scene = Scene::set(&desk, kind, asker).await;
            for row in ROWS
                .iter()
                .filter(|row| matches!(row.1, For::Room(_) | For::Message(_)))
            {
                let cell = format!("{} as {asker:?} in a {} room", row.0, kind.as_str());
                match refusal(row, scene.standing) {
                    None => {
                        let answer = scene.ask(&desk, row).await;
                        if !(200..300).contains(&answer.status) {
                            wrong.push(format!("{cell}: refused {} {}", answer.status, answer.text()));
                        }
                        if !row.0.starts_with("GET ") {
                            scene = Scene::set(&desk, kind, asker).await;
                        }
                    }
                    Some(status) => {
                        let before = scene.state(&desk).await;
                        let answer = scene.ask(&desk, row).await;
                        if answer.status != status {
                            wrong.push(format!(
                                "{cell}: {} and not {status} {}",
                                answer.status,
                                answer.text()
                            ));
                        }
                        if answer.text().contains("said by the target") {
                            wrong.push(format!("{cell}: the refusal tells the message"));
                        }
                        if scene.state(&desk).await != before {
                            wrong.push(format!("{cell}: denied, and something changed"));
                        }
                    }
                }
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

#[tokio::test]
async fn offices_are_held_by_their_roles_alone() {
    let desk = Desk::open().await;
    let mut wrong = Vec::new();
    for row in ROWS {
        let roles: &[UserRole] = match row.1 {
            For::Office(roles) => roles,
            _ => continue,
        };
        for (role, asker) in [
            (UserRole::User, Asker::As(MemberRole::Owner)),
            (UserRole::Service, Asker::Service),
            (UserRole::Admin, Asker::SiteAdmin),
        ] {
            let scene = Scene::set(&desk, RoomKind::Public, asker).await;
            let before = scene.state(&desk).await;
            let answer = scene.ask(&desk, row).await;
            if roles.contains(&role) {
                if [401, 403, 500].contains(&answer.status) {
                    wrong.push(format!(
                        "{} as {role:?}: {} {}",
                        row.0,
                        answer.status,
                        answer.text()
                    ));
                }
            } else if ![403, 404].contains(&answer.status) || scene.state(&desk).await != before {
                wrong.push(format!(
                    "{} as {role:?}: {} {}",
                    row.0,
                    answer.status,
                    answer.text()
                ));
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

#[tokio::test]
async fn without_a_token_only_what_is_open_answers() {
    let desk = Desk::open().await;
    let scene = Scene::set(&desk, RoomKind::Public, Asker::As(MemberRole::Owner)).await;
    let before = scene.state(&desk).await;
    for row in ROWS {
        let (method, path) = row.0.split_once(' ').unwrap();
        let path = scene.filled(path);
        if matches!(row.1, For::Gateway) {
            continue;
        }
        for token in [None, Some("not.a.token")] {
            let answer = desk.call(method, &path, token, (row.2)(&scene).as_ref()).await;
            match row.1 {
                For::Everybody => assert_ne!(answer.status, 401, "{}", row.0),
                _ => assert_eq!(answer.status, 401, "{} {}", row.0, answer.text()),
            }
        }
    }
    assert_eq!(scene.state(&desk).await, before);
}

#[tokio::test]
async fn edits_are_the_senders_alone() {
    let desk = Desk::open().await;
    for kind in KINDS {
        for asker in Asker::all_in(kind) {
            let mut scene = Scene::set(&desk, kind, asker).await;
            let said = format!("/rooms/{}/messages", scene.room_id);
            let sent = desk.post(&scene.asker, &said, json!({"content": "mine"})).await;
            if let Some(own) = (sent.status == 201).then(|| sent.json()["id"].clone()) {
                scene.message_id = own.as_str().unwrap().to_owned();
                let edited = format!("/messages/{}", scene.message_id);
                let answer = desk
                    .patch(&scene.asker, &edited, json!({"content": "still mine"}))
                    .await;
                assert_eq!(answer.status, 200, "{asker:?} {kind:?} {}", answer.text());
                let target = scene.target.clone();
                let answer = desk
                    .patch(&target, &edited, json!({"content": "taken over"}))
                    .await;
                assert_eq!(answer.status, 403, "the target is a member");
                desk.delete(&scene.asker, &edited).await.expect(204);
            } else {
                let refused = confab_scenery::refusal(Act::Send, scene.standing);
                assert!(refused.is_some(), "{asker:?} {kind:?}");
            }
        }
    }
}
