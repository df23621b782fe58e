//! A room with somebody who asks.

use std::sync::Arc;

use confab_domain::commands::{
    CreateRoom, SendMessage, add_members, change_role, create_room, leave_room, open_direct_room,
    send_message,
};
use confab_domain::ports::Ports;
use confab_domain::rights::Standing;
use confab_domain::{MemberRole, Message, RoomId, RoomKind, RoomSettings, Trace, UserRole};

use crate::{Asker, Somebody, somebody};

/// A room, and people of it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Who asks.
    pub asker: Somebody,
    /// As the table sees them.
    pub standing: Standing,
    /// Where.
    pub room_id: RoomId,
    /// Who may do everything there; the asker, when that is the owner.
    pub owner: Somebody,
    /// A plain member.
    pub target: Somebody,
}

impl Scene {
    /// Makes the room and its people.
    pub async fn set(ports: &Ports, kind: RoomKind, asker: Asker) -> Self {
        let asking = somebody(ports, asker.user_role()).await;
        let target = somebody(ports, UserRole::User).await;
        let owner = match asker {
            Asker::As(MemberRole::Owner) => asking.clone(),
            Asker::As(_) if kind == RoomKind::Direct => asking.clone(),
            _ => somebody(ports, UserRole::User).await,
        };
        let room_id = room(ports, kind, &owner, &target).await;
        let rank = match asker {
            Asker::As(rank) if owner.id != asking.id => Some(rank),
            Asker::Former => Some(MemberRole::Member),
            _ => None,
        };
        if let Some(rank) = rank {
            let (owner, trace) = (&owner.actor, Trace::default());
            let members = vec![(asking.id, MemberRole::Member)];
            add_members(ports, owner, room_id, members, trace.clone())
                .await
                .unwrap();
            change_role(ports, owner, room_id, asking.id, rank.as_str(), trace)
                .await
                .unwrap();
        }
        if asker == Asker::Former {
            leave_room(ports, &asking.actor, room_id, Trace::default())
                .await
                .unwrap();
        }
        Self {
            standing: asker.standing(kind),
            asker: asking,
            room_id,
            owner,
            target,
        }
    }

    /// Has the target say something.
    pub async fn say(&self, ports: &Ports, send: SendMessage) -> Arc<Message> {
        let sent = send_message(ports, &self.target.actor, self.room_id, send, Trace::default());
        sent.await.unwrap().message
    }
}

async fn room(ports: &Ports, kind: RoomKind, owner: &Somebody, target: &Somebody) -> RoomId {
    if kind == RoomKind::Direct {
        let opened = open_direct_room(ports, &owner.actor, target.id, Trace::default()).await;
        return opened.unwrap().0.room.id;
    }
    let wanted = CreateRoom {
        kind: kind.as_str().to_owned(),
        name: "a room".to_owned(),
        description: None,
        metadata: None,
        history: None,
        member_ids: vec![target.id],
        posting: None,
        settings: RoomSettings::default(),
    };
    let made = create_room(ports, &owner.actor, wanted, Trace::default()).await;
    made.unwrap().room.id
}
