//! The life of the database: another name makes the gateway ask the store, which alone decides.

use confab_domain::ports::FeedItem;

use super::*;

fn epochs_asked(stage: &Stage) -> usize {
    stage
        .script
        .take_asked(|question| question == Question::Epoch)
        .len()
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_another_life_is_dropped_and_the_store_decides_that_nothing_changed() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    stage.hear(batch("other", 1, run(room_id, 2, 2))).await;
    stage.run_for(500).await;
    assert_eq!(ada.take(), Told::default());
    assert_eq!(epochs_asked(&stage), 1);
    assert_eq!(stage.shared.hub.heard(room_id), 1, "nothing of it is believed");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_another_life_asks_the_store_ten_times_a_second_at_most() {
    let stage = Stage::healthy().await;
    for number in 0..1_000 {
        stage.hear(batch("other", number, Vec::new())).await;
    }
    let asked = epochs_asked(&stage);
    assert!((2..=11).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn another_life_ends_every_connection_and_forgets_where_rooms_stood() {
    for item in [
        batch("second", 1, Vec::new()),
        FeedItem::Beat(beat("second", 0, 0)),
        FeedItem::Control(vec![confab_domain::Control::Epoch]),
    ] {
        let stage = Stage::healthy().await;
        let room_id = stage.room(1);
        let ada = stage.viewer(1, room_id, 1);
        stage.script.content.lock().epoch = "second".to_owned();
        stage.hear(item).await;
        assert_eq!(ada.take().close, Some(CloseCode::EpochChanged));
        assert_eq!(stage.shared.hub.position(room_id), None);
        // From now on the former name is the strange one.
        let bob = stage.viewer(2, room_id, 5);
        stage.hear(batch("first", 2, run(room_id, 6, 6))).await;
        assert_eq!(bob.seqs(), [0i64; 0]);
        stage.hear(batch("second", 2, run(room_id, 6, 6))).await;
        assert_eq!(bob.take().seqs, [6]);
    }
}

#[tokio::test(start_paused = true)]
async fn beats_of_another_life_do_not_count_as_heard() {
    let mut stage = Stage::healthy().await;
    stage.beating = None;
    for _ in 0..30 {
        for partition in 0..PARTITIONS {
            stage.hear(FeedItem::Beat(beat("other", partition, 0))).await;
        }
        stage.run_for(100).await;
    }
    assert_eq!(stage.state(), "a partition is silent");
}

#[tokio::test(start_paused = true)]
async fn the_store_is_asked_until_it_says_which_life_it_is() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    {
        let mut content = stage.script.content.lock();
        content.epoch = "second".to_owned();
        content.is_away = true;
    }
    stage.hear(batch("second", 1, Vec::new())).await;
    stage.run_for(1_800).await;
    assert_eq!(ada.take().close, None);
    assert_eq!(epochs_asked(&stage), 4, "every half second");
    stage.script.content.lock().is_away = false;
    stage.run_for(500).await;
    assert_eq!(ada.take().close, Some(CloseCode::EpochChanged));
}

#[tokio::test(start_paused = true)]
async fn a_head_below_what_was_seen_is_another_life_whatever_its_name() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(5);
    let ada = stage.viewer(1, room_id, 9);
    // Found by the comparison that a new queue brings.
    stage.hear(FeedItem::Connected).await;
    assert_eq!(ada.take().close, Some(CloseCode::EpochChanged));
    assert_eq!(stage.shared.hub.position(room_id), None);
}

#[tokio::test(start_paused = true)]
async fn a_log_that_ends_below_what_was_heard_is_another_life() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(2);
    let ada = stage.viewer(1, room_id, 1);
    // Heard of 4, but the store ends at 2.
    stage.hear_events(run(room_id, 4, 4)).await;
    stage.run_for(110).await;
    assert_eq!(ada.take().close, Some(CloseCode::EpochChanged));
}
