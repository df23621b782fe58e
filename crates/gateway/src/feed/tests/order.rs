//! Order: what was seen is dropped, a hole is held for a moment and then read, many in one query.

use confab_domain::ports::FeedItem;

use super::*;

#[tokio::test(start_paused = true)]
async fn duplicates_are_dropped() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(9);
    let ada = stage.viewer(1, room_id, 2);
    for (first, last) in [(1, 3), (3, 5), (2, 5), (5, 6)] {
        stage.hear_events(run(room_id, first, last)).await;
    }
    assert_eq!(ada.seqs(), [3, 4, 5, 6]);
    stage.run_for(1_000).await;
    assert_eq!(ada.seqs(), [0i64; 0]);
    assert_eq!(stage.logs_asked(), [0u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hole_is_held_for_100_ms_and_then_read() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(5);
    let ada = stage.viewer(1, room_id, 1);
    let began = stage.now_ms();
    stage.hear_events(run(room_id, 4, 5)).await;
    stage.run_until(began + 99).await;
    assert_eq!(ada.seqs(), [0i64; 0], "nothing overtakes");
    stage.run_until(began + 101).await;
    assert_eq!(ada.seqs(), [2, 3, 4, 5]);
    assert_eq!(stage.logs_asked(), [began + 100]);
    stage.run_for(2_000).await;
    assert_eq!(ada.take(), Told::default());
    assert_eq!(stage.logs_asked(), [0u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_hole_that_closes_by_itself_costs_no_query() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(3);
    let ada = stage.viewer(1, room_id, 1);
    stage.hear_events(run(room_id, 3, 3)).await;
    stage.run_for(50).await;
    stage.hear_events(run(room_id, 2, 2)).await;
    assert_eq!(ada.seqs(), [2, 3]);
    stage.run_for(1_000).await;
    assert_eq!(stage.logs_asked(), [0u64; 0]);
}

#[tokio::test(start_paused = true)]
async fn holes_of_many_rooms_are_read_64_at_once() {
    let stage = Stage::healthy().await;
    let rooms: Vec<RoomId> = (0..100).map(room).collect();
    let mut viewers = Vec::new();
    for (number, room_id) in (0..).zip(&rooms) {
        stage.commit(&run(*room_id, 1, 3));
        viewers.push(stage.viewer(number, *room_id, 1));
    }
    stage
        .hear_events(rooms.iter().flat_map(|room_id| run(*room_id, 3, 3)).collect())
        .await;
    stage.run_for(150).await;
    for viewer in &viewers {
        assert_eq!(viewer.seqs(), [2, 3]);
    }
    let asked = |rooms| stage.script.asked_for(Question::Log(rooms));
    assert_eq!((asked(64), asked(36)), (1, 1));
    assert_eq!(stage.logs_asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_hole_is_read_in_pages_of_200() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(500);
    let ada = stage.viewer(1, room_id, 250);
    stage.hear_events(run(room_id, 500, 500)).await;
    stage.run_for(110).await;
    assert_eq!(ada.seqs(), (251..=500).collect::<Vec<_>>());
    assert_eq!(stage.logs_asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_asked_again_until_it_answers() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(3);
    let ada = stage.viewer(1, room_id, 1);
    stage.script.content.lock().is_away = true;
    let began = stage.now_ms();
    stage.hear_events(run(room_id, 3, 3)).await;
    stage.run_until(began + 650).await;
    assert_eq!(
        stage.logs_asked(),
        [began + 100, began + 300, began + 500],
        "every 200 ms"
    );
    stage.script.content.lock().is_away = false;
    stage.run_for(100).await;
    assert_eq!(ada.seqs(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_early_events_is_held_to_a_bound_and_still_comes_whole() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(5_000);
    let ada = stage.viewer(1, room_id, 4_000);
    // The first is lost, and 900 more come early: 256 are held, the rest is read.
    stage.hear_events(run(room_id, 4_002, 4_900)).await;
    let mut seqs = ada.seqs();
    for _ in 0..10 {
        stage.run_for(20).await;
        seqs.extend(ada.seqs());
    }
    // Five pages at once fit a client's queue, and nothing is skipped.
    assert_eq!(seqs, (4_001..=5_000).collect::<Vec<_>>());
    assert_eq!(
        stage.shared.hub.position(room_id),
        Some(5_000),
        "the room itself is at the head"
    );
}

#[tokio::test(start_paused = true)]
async fn the_last_event_of_a_quiet_room_heals_by_the_heads_of_a_beat() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(2);
    let ada = stage.viewer(1, room_id, 1);
    let told = beat_with_head(room_id, 2);
    let began = stage.now_ms();
    stage.hear(told).await;
    assert_eq!(ada.seqs(), [0i64; 0]);
    stage.run_until(began + 101).await;
    assert_eq!(ada.seqs(), [2]);
    assert_eq!(stage.logs_asked(), [began + 100]);
}

fn beat_with_head(room_id: RoomId, seq: i64) -> FeedItem {
    FeedItem::Beat(confab_domain::ports::Beat {
        heads: vec![(room_id, seq), (room(77), 9)],
        ..beat("first", 0, 0)
    })
}

#[tokio::test(start_paused = true)]
async fn a_log_that_was_trimmed_past_the_hole_resets_its_viewers() {
    let stage = Stage::healthy().await;
    let room_id = a_room();
    stage.commit(&run(room_id, 50, 60));
    let ada = stage.viewer(1, room_id, 9);
    stage.hear_events(run(room_id, 60, 60)).await;
    stage.run_for(120).await;
    let told = ada.take();
    assert_eq!(told.seqs, [0i64; 0], "never a partial replay");
    assert_eq!(
        told.follow,
        [Follow {
            room_id,
            reset: true,
            after_seq: None
        }]
    );
    assert_eq!(told.close, None);
}
