//! Hints about rights: late, doubled and crossed ones do no harm, and what no hint told is found.

use confab_domain::ports::FeedItem;
use confab_domain::{Control, UserId};

use super::*;

fn membership(room_id: RoomId, user_id: UserId) -> Control {
    Control::Membership { room_id, user_id }
}

impl Stage {
    async fn hint(&self, controls: Vec<Control>) {
        self.hear(FeedItem::Control(controls)).await;
    }

    fn remove(&self, room_id: RoomId, number: u128) {
        let last = self.script.content.lock().logs[&room_id].last().unwrap().seq;
        self.commit(&[leaving(room_id, last + 1, number)]);
        self.script
            .content
            .lock()
            .members
            .remove(&(room_id, person(number)));
    }

    fn memberships_asked(&self) -> Vec<u64> {
        self.script
            .take_asked(|question| matches!(question, Question::Memberships(_)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_hint_of_what_is_not_so_does_nothing() {
    let stage = Stage::healthy().await;
    let (mine, other) = (room(1), room(2));
    stage.commit(&run(mine, 1, 1));
    stage.commit(&run(other, 1, 1));
    let ada = stage.viewer(1, mine, 1);
    let session_id = SessionId(Uuid::from_u128(1));
    stage
        .hint(vec![
            membership(mine, person(1)),
            membership(other, person(1)),
            Control::Session {
                session_id,
                user_id: person(1),
            },
            Control::Account { user_id: person(1) },
        ])
        .await;
    assert_eq!(ada.take(), Told::default());
    stage.hear_events(run(mine, 2, 2)).await;
    assert_eq!(ada.seqs(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_hint_about_strangers_asks_nobody() {
    let stage = Stage::healthy().await;
    stage.hint(vec![membership(room(1), person(9))]).await;
    assert_eq!(stage.script.take_asked(|_| true), [0u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_removal_told_by_event_and_hints_in_any_order_is_told_once() {
    for order in 0..3 {
        let stage = Stage::healthy().await;
        let room_id = stage.room(1);
        let (ada, bob) = (stage.viewer(1, room_id, 1), stage.viewer(2, room_id, 1));
        stage.remove(room_id, 2);
        let hint = vec![membership(room_id, person(2)), membership(room_id, person(2))];
        if order > 0 {
            stage.hint(hint.clone()).await;
        }
        if order < 2 {
            stage.hear_events(vec![leaving(room_id, 2, 2)]).await;
        }
        stage.hint(hint).await;
        stage.commit(&run(room_id, 3, 3));
        stage.hear_events(run(room_id, 3, 3)).await;
        stage.run_for(200).await;
        let told = bob.take();
        assert_eq!(
            (told.seqs, told.notices),
            (vec![2], vec!["unsubscribed".to_owned()]),
            "{order}"
        );
        assert_eq!(ada.seqs(), [2, 3]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_hint_of_a_removal_does_not_take_out_who_came_back() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(3);
    let ada = stage.viewer(1, room_id, 3);
    // Removed, added again and following again, before the first removal's hint arrives.
    stage.hint(vec![membership(room_id, person(1))]).await;
    stage.hint(vec![membership(room_id, person(1))]).await;
    assert_eq!(ada.take(), Told::default());
    assert!(stage.shared.hub.is_live(&ada.0, room_id));
}

#[tokio::test(start_paused = true)]
async fn an_addition_is_offered_once_however_often_it_is_told() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.guest(1);
    stage.script.content.lock().members.insert((room_id, person(1)));
    for _ in 0..3 {
        stage
            .hint(vec![
                membership(room_id, person(1)),
                membership(room_id, person(1)),
            ])
            .await;
    }
    assert_eq!(
        ada.take().follow,
        [Follow {
            room_id,
            reset: false,
            after_seq: Some(0)
        }]
    );
}

#[tokio::test(start_paused = true)]
async fn ended_logins_and_shut_accounts_close_their_own_sockets_alone() {
    let stage = Stage::healthy().await;
    let guests: Vec<Viewer> = (1..=3).map(|number| stage.guest(number)).collect();
    {
        let mut content = stage.script.content.lock();
        content.ended_sessions.insert(SessionId(Uuid::from_u128(1)));
        content.shut_accounts.insert(person(2));
    }
    let session = |number| Control::Session {
        session_id: SessionId(Uuid::from_u128(number)),
        user_id: person(number),
    };
    stage
        .hint(vec![
            session(1),
            session(3),
            Control::Account { user_id: person(2) },
            Control::Account { user_id: person(3) },
        ])
        .await;
    assert_eq!(guests[0].take().close, Some(CloseCode::SessionRevoked));
    assert_eq!(guests[1].take().close, Some(CloseCode::SessionRevoked));
    assert_eq!(guests[2].take().close, None);
}

#[tokio::test(start_paused = true)]
async fn many_hints_share_their_queries() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let _guests: Vec<Viewer> = (0..500).map(|number| stage.guest(number)).collect();
    stage
        .hint(
            (0..500)
                .map(|number| membership(room_id, person(number)))
                .collect(),
        )
        .await;
    assert_eq!(stage.memberships_asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn everybody_is_checked_every_30_s_and_every_second_while_the_feed_is_not_healthy() {
    let mut stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let _ada = stage.viewer(1, room_id, 1);
    stage.run_until(100_000).await;
    let asked = stage.memberships_asked();
    assert!((3..=4).contains(&asked.len()), "{asked:?}");
    assert!(
        asked.windows(2).all(|pair| pair[1] - pair[0] == 30_000),
        "{asked:?}"
    );
    stage.beating = None;
    stage.hear(FeedItem::Disconnected).await;
    stage.run_for(5_050).await;
    let asked = stage.memberships_asked();
    assert_eq!(asked.len(), 6, "{asked:?}");
    assert!(
        asked.windows(2).all(|pair| pair[1] - pair[0] == 1_000),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_no_hint_told_is_found_by_the_check() {
    let mut stage = Stage::healthy().await;
    let (old, new) = (room(1), room(2));
    stage.commit(&run(old, 1, 1));
    stage.commit(&run(new, 1, 1));
    let (ada, bob) = (stage.viewer(1, old, 1), stage.guest(2));
    stage.remove(old, 1);
    {
        let mut content = stage.script.content.lock();
        content.members.insert((new, person(1)));
        content.shut_accounts.insert(person(2));
    }
    stage.beating = None;
    stage.hear(FeedItem::Disconnected).await;
    stage.run_for(1_000).await;
    let told = ada.take();
    assert_eq!(
        (told.seqs, told.notices),
        (vec![2], vec!["unsubscribed".to_owned()])
    );
    assert_eq!(told.follow.len(), 1);
    assert_eq!(told.follow[0].room_id, new);
    assert_eq!(bob.take().close, Some(CloseCode::SessionRevoked));
}

#[tokio::test(start_paused = true)]
async fn hints_that_could_not_be_looked_up_have_everybody_checked() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    stage.remove(room_id, 1);
    stage.script.content.lock().is_away = true;
    stage.hint(vec![membership(room_id, person(1))]).await;
    stage.run_for(500).await;
    assert_eq!(ada.take(), Told::default());
    stage.script.content.lock().is_away = false;
    stage.run_for(1_200).await;
    assert_eq!(ada.take().notices, ["unsubscribed"]);
}

#[tokio::test(start_paused = true)]
async fn more_hints_than_can_wait_have_everybody_checked() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    stage.remove(room_id, 1);
    // In one frame, so that nobody takes any meanwhile: the hint that matters is the last and finds no place.
    let mut flood: Vec<Control> = (0..6_000)
        .map(|number| membership(room(number), person(1)))
        .collect();
    flood.push(membership(room_id, person(1)));
    stage.hint(flood).await;
    stage.run_for(200).await;
    assert_eq!(ada.take().notices, ["unsubscribed"]);
}
