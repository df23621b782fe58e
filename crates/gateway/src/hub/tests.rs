//! Joins, sends and removals raced at random: each client gets exactly its events, and nothing after its removal.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use confab_domain::{Actor, ConnectionId, EventBody, LeaveReason, Timestamp, UserRole};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::subscriber::QUEUE_FRAMES_MAX;
use super::*;
use crate::testing::{a_room, deleted_event, event, person};

/// A client that joins by the rules of joining: pending, pages from the store, live.
struct Client {
    subscriber: Arc<Subscriber>,
    /// The `seq` it has replayed up to, while it joins.
    joining: Option<i64>,
    got: Vec<i64>,
    first: i64,
    was_told_to_go: bool,
}

impl Client {
    fn new(number: u128) -> Self {
        let actor = Actor {
            user_id: person(number),
            role: UserRole::User,
            session_id: None,
        };
        let id = ConnectionId(Uuid::from_u128(number));
        let subscriber = Subscriber::new(id, &actor, Scope::Rooms, true, Timestamp::from_millis(0));
        Self {
            subscriber,
            joining: None,
            got: Vec::new(),
            first: 0,
            was_told_to_go: false,
        }
    }

    /// Takes what is queued.
    fn take(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        if let Poll::Ready(taken) = self.subscriber.poll_take(&mut cx, usize::MAX) {
            assert_eq!(taken.close, None);
            for frame in taken.frames {
                assert!(!self.was_told_to_go, "a frame after the last word");
                match frame.seq {
                    Some(seq) => self.got.push(seq),
                    None => self.was_told_to_go = frame.name == "unsubscribed",
                }
            }
        }
    }
}

/// The store, the feed between it and the hub, and the clients.
struct World {
    hub: Hub,
    log: Vec<Arc<Event>>,
    members: HashSet<u128>,
    /// Events on their way, in any order, some twice, some lost.
    wire: Vec<Arc<Event>>,
    clients: Vec<Client>,
    random: StdRng,
    /// Nothing is sent any more: whoever joins gets to the end.
    is_settling: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let clients: Vec<Client> = (1..=6).map(Client::new).collect();
        let hub = Hub::new(10);
        for client in &clients {
            hub.register(&client.subscriber);
        }
        Self {
            hub,
            log: Vec::new(),
            members: (1..=6).collect(),
            wire: Vec::new(),
            clients,
            random: StdRng::seed_from_u64(seed),
            is_settling: false,
        }
    }

    fn commit(&mut self, event: Arc<Event>) {
        self.log.push(event.clone());
        match self.random.random_range(0..10) {
            0 => {}
            1 => self.wire.extend([event.clone(), event]),
            _ => self.wire.push(event),
        }
    }

    fn next_seq(&self) -> i64 {
        self.log.len() as i64 + 1
    }

    fn step(&mut self) {
        match self.random.random_range(0..20) {
            0..=6 => self.commit(deleted_event(self.next_seq())),
            7 => {
                let number = self.random.random_range(1..=6);
                if self.members.remove(&number) {
                    let body = EventBody::UserLeft {
                        user_id: person(number),
                        reason: LeaveReason::Removed,
                    };
                    self.commit(event(self.next_seq(), body));
                }
            }
            8..=11 => self.hear(),
            12..=13 => self.heal(),
            14..=17 => self.join(),
            _ => {
                let number = self.random.random_range(0..self.clients.len());
                self.clients[number].take();
            }
        }
    }

    fn hear(&mut self) {
        if !self.wire.is_empty() {
            // Mostly in order.
            let latest = self.wire.len().min(3);
            let event = self.wire.remove(self.random.random_range(0..latest));
            self.hub.offer(a_room(), &[event], &mut Delivered::default());
        }
    }

    fn heal(&mut self) {
        let head = self.log.len() as i64;
        self.hub.hear(a_room(), head);
        if let Some(after) = self.hub.lacks_after(a_room()) {
            let page: Vec<_> = self.log[after as usize..].iter().take(5).cloned().collect();
            self.hub.fill(a_room(), &page, head, &mut Delivered::default());
        }
    }

    /// One step of joining: begins, or reads a page, or goes live.
    fn join(&mut self) {
        let index = self.random.random_range(0..self.clients.len());
        let head = self.log.len() as i64;
        let client = &mut self.clients[index];
        let is_member = self.members.contains(&(index as u128 + 1));
        match client.joining {
            None if client.subscriber.follows(a_room())
                || client.was_told_to_go
                || !client.got.is_empty() => {}
            None if is_member => {
                assert!(self.hub.begin(&client.subscriber, a_room()));
                client.first = self.random.random_range(0..=head);
                client.joining = Some(client.first);
            }
            None => {}
            // A page reads the membership in its own snapshot.
            Some(_) if !is_member => {
                self.hub.end(&client.subscriber, a_room());
                client.joining = None;
                client.was_told_to_go = true;
            }
            Some(replayed) => {
                let page = &self.log[replayed as usize..];
                let upto = (replayed + 4).min(head);
                client.got.extend(page.iter().take(4).map(|event| event.seq));
                client.joining = Some(upto);
                // The world moves between the page and the lock.
                let moves = if self.is_settling {
                    0
                } else {
                    self.random.random_range(0..3)
                };
                for _ in 0..moves {
                    self.commit(deleted_event(self.next_seq()));
                    self.hear();
                }
                let client = &mut self.clients[index];
                if upto == head
                    && let GoLive::Live { .. } =
                        self.hub.go_live(&client.subscriber, a_room(), upto, Horizon::ALL)
                {
                    client.joining = None;
                }
            }
        }
        self.clients[index].take();
    }

    fn settle(&mut self) {
        self.is_settling = true;
        while self.clients.iter().any(|client| client.joining.is_some()) {
            self.join();
            self.hear();
            self.heal();
        }
        while self
            .hub
            .position(a_room())
            .is_some_and(|position| position < self.log.len() as i64)
        {
            self.heal();
            self.clients.iter_mut().for_each(Client::take);
        }
        self.clients.iter_mut().for_each(Client::take);
    }

    fn check(&self, seed: u64) {
        for (index, client) in self.clients.iter().enumerate() {
            let user_id = person(index as u128 + 1);
            let own_leaving = self.log.iter().find(
                |event| matches!(event.body, EventBody::UserLeft { user_id: who, .. } if who == user_id),
            );
            let Some(last) = client.got.last().copied() else {
                continue;
            };
            // A run from the store may take a client out with its own leaving alone; before that, no hole.
            let whole: Vec<i64> = (client.first + 1..).take(client.got.len() - 1).collect();
            assert_eq!(
                client.got[..client.got.len() - 1],
                whole,
                "seed {seed}, client {index}"
            );
            if let Some(leaving) = own_leaving {
                let is_past = last > leaving.seq && client.first < leaving.seq;
                assert!(!is_past, "seed {seed}, client {index}: past its removal");
                assert!(client.was_told_to_go, "seed {seed}, client {index} was not told");
            } else {
                assert_eq!(
                    last,
                    self.log.len() as i64,
                    "seed {seed}, client {index} lacks the end"
                );
                assert_eq!(
                    last,
                    client.first + client.got.len() as i64,
                    "seed {seed}, client {index}"
                );
            }
        }
    }
}

#[test]
fn whatever_races_each_client_gets_exactly_its_events() {
    for seed in 0..500 {
        let mut world = World::new(seed);
        for _ in 0..150 {
            world.step();
        }
        world.settle();
        world.check(seed);
    }
}

#[test]
fn one_event_is_encoded_once_for_all() {
    let hub = Hub::new(10);
    let mut clients: Vec<Client> = (1..=3).map(Client::new).collect();
    for client in &clients {
        hub.begin(&client.subscriber, a_room());
        assert_eq!(
            hub.go_live(&client.subscriber, a_room(), 0, Horizon::ALL),
            GoLive::Live { lacks: false }
        );
    }
    hub.offer(a_room(), &[deleted_event(1)], &mut Delivered::default());
    let mut cx = Context::from_waker(Waker::noop());
    let frames: Vec<_> = clients
        .iter_mut()
        .map(|client| match client.subscriber.poll_take(&mut cx, usize::MAX) {
            Poll::Ready(taken) => taken.frames[0].clone(),
            Poll::Pending => panic!("nothing was queued"),
        })
        .collect();
    assert!(frames.iter().all(|frame| Arc::ptr_eq(frame, &frames[0])));
}

#[test]
fn a_full_queue_closes_its_client_alone() {
    let hub = Hub::new(10);
    let (slow, mut swift) = (Client::new(1), Client::new(2));
    for client in [&slow, &swift] {
        hub.begin(&client.subscriber, a_room());
        hub.go_live(&client.subscriber, a_room(), 0, Horizon::ALL);
    }
    let more_than_fit = QUEUE_FRAMES_MAX + 50;
    for seq in 1..=more_than_fit as i64 {
        hub.offer(a_room(), &[deleted_event(seq)], &mut Delivered::default());
        swift.take();
    }
    assert_eq!(swift.got.len(), more_than_fit);
    let Poll::Ready(taken) = slow
        .subscriber
        .poll_take(&mut Context::from_waker(Waker::noop()), usize::MAX)
    else {
        panic!("nothing to take");
    };
    assert_eq!(
        (taken.close, taken.frames.len()),
        (Some(CloseCode::SlowConsumer), 0)
    );
}

#[test]
fn a_room_that_nobody_follows_is_forgotten() {
    let hub = Hub::new(10);
    let client = Client::new(1);
    hub.register(&client.subscriber);
    hub.begin(&client.subscriber, a_room());
    assert_eq!(hub.room_count(), 1);
    assert_eq!(hub.unregister(&client.subscriber), [a_room()]);
    assert_eq!((hub.room_count(), hub.user_ids().len()), (0, 0));
}
