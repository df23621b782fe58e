//! Health is what is heard: while it is not whole, heads are compared with the store once a second.

use confab_domain::ports::{FeedItem, PARTITIONS};

use super::*;

const NEVER: [u64; 0] = [];

#[tokio::test(start_paused = true)]
async fn a_healthy_feed_compares_nothing() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let _ada = stage.viewer(1, room_id, 1);
    stage.run_for(20_000).await;
    assert_eq!(stage.heads_asked(), NEVER);
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn a_gap_in_a_producers_numbers_compares_at_once_and_heals() {
    let stage = Stage::healthy().await;
    let (one, other) = (room(1), room(2));
    stage.commit(&run(one, 1, 3));
    stage.commit(&run(other, 1, 2));
    let (ada, bob) = (stage.viewer(1, one, 1), stage.viewer(2, other, 1));
    stage.hear_numbered(1, run(one, 2, 2)).await;
    assert_eq!(stage.heads_asked(), NEVER);
    // Number 2 held the second event of the other room.
    let began = stage.now_ms();
    stage.hear_numbered(3, run(one, 3, 3)).await;
    assert_eq!(ada.seqs(), [2, 3], "what is not lost does not wait");
    assert_eq!(bob.seqs(), [2], "what is lost is found though nothing follows it");
    assert_eq!(stage.state(), "something may have been lost");
    stage.run_for(5_000).await;
    assert_eq!(stage.heads_asked(), [began], "once: then it is known to be whole");
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_comes_twice_or_late_is_no_gap() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(4);
    let ada = stage.viewer(1, room_id, 0);
    for number in [1, 2, 3, 2, 1, 3, 4] {
        let seq = i64::try_from(number).unwrap();
        stage.hear_numbered(number, run(room_id, seq, seq)).await;
    }
    stage.run_for(3_000).await;
    assert_eq!(ada.seqs(), [1, 2, 3, 4]);
    assert_eq!(stage.heads_asked(), NEVER);
}

#[tokio::test(start_paused = true)]
async fn what_came_before_the_life_was_known_is_no_gap() {
    let mut stage = Stage::new();
    stage.hear(FeedItem::Connected).await;
    // Somebody registers; nobody here has asked yet which life this is.
    stage.hear_numbered(1, Vec::new()).await;
    stage.begin_beats(0);
    stage.run_until(2_000).await;
    assert_eq!(stage.state(), "healthy");
    let room_id = stage.room(1);
    let _ada = stage.viewer(1, room_id, 1);
    stage.heads_asked();
    // Their account is shut.
    stage.hear_numbered(2, Vec::new()).await;
    stage.run_for(3_000).await;
    assert_eq!(stage.heads_asked(), NEVER);
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn gaps_without_end_compare_once_a_second() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let _ada = stage.viewer(1, room_id, 1);
    let began = stage.now_ms();
    for number in (1..=100).map(|number| number * 2) {
        stage.hear_numbered(number, Vec::new()).await;
        stage.run_for(49).await;
    }
    let asked = stage.heads_asked();
    assert_eq!(asked.len(), 5, "{asked:?} since {began}");
    assert!(
        asked.windows(2).all(|pair| pair[1] - pair[0] >= 1_000),
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn silence_of_two_seconds_compares_once_a_second_until_beats_come_back() {
    let mut stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    stage.beating = None;
    for partition in 0..PARTITIONS {
        stage.hear(FeedItem::Beat(beat("first", partition, 0))).await;
    }
    // The first partition was heard 16 ms ago.
    let last_beat = stage.now_ms() - u64::from(PARTITIONS);
    stage.run_until(last_beat + 2_000).await;
    assert_eq!(stage.state(), "healthy");
    stage.commit(&run(room_id, 2, 2));
    stage.run_for(5_000).await;
    let asked = stage.heads_asked();
    let first = asked[0];
    assert!((2_001..=2_100).contains(&(first - last_beat)), "{asked:?}");
    assert_eq!(asked, [0, 1, 2, 3, 4].map(|second| first + second * 1_000));
    assert_eq!(stage.state(), "a partition is silent");
    assert_eq!(ada.seqs(), [2]);

    stage.begin_beats(0);
    stage.run_for(1_500).await;
    assert_eq!(stage.state(), "healthy");
    stage.heads_asked();
    stage.run_for(10_000).await;
    assert_eq!(stage.heads_asked(), NEVER);
}

#[tokio::test(start_paused = true)]
async fn one_silent_partition_is_enough() {
    let mut stage = Stage::healthy().await;
    stage.beating = None;
    for _ in 0..10 {
        for partition in 1..PARTITIONS {
            stage.hear(FeedItem::Beat(beat("first", partition, 0))).await;
        }
        stage.run_for(400).await;
    }
    assert_eq!(stage.state(), "a partition is silent");
}

#[tokio::test(start_paused = true)]
async fn a_lag_of_more_than_a_second_compares_once_a_second_while_it_lasts() {
    let mut stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let _ada = stage.viewer(1, room_id, 1);
    stage.begin_beats(1_000);
    stage.run_for(3_000).await;
    assert_eq!((stage.state(), stage.heads_asked()), ("healthy", Vec::new()));
    stage.begin_beats(1_001);
    stage.run_for(3_050).await;
    assert_eq!(stage.state(), "a publisher lags");
    assert_eq!(stage.heads_asked().len(), 4);
    stage.begin_beats(0);
    stage.run_for(1_100).await;
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn a_new_queue_compares_at_once() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(2);
    let ada = stage.viewer(1, room_id, 1);
    let began = stage.now_ms();
    stage.hear(FeedItem::Connected).await;
    assert_eq!(ada.seqs(), [2]);
    stage.run_for(5_000).await;
    assert_eq!(stage.heads_asked(), [began]);
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn with_the_wire_away_the_store_is_polled_and_chat_goes_on() {
    let mut stage = Stage::healthy().await;
    let room_id = stage.room(1);
    let ada = stage.viewer(1, room_id, 1);
    stage.beating = None;
    let began = stage.now_ms();
    stage.hear(FeedItem::Disconnected).await;
    for seq in 2..=6 {
        stage.commit(&run(room_id, seq, seq));
        stage.run_for(1_000).await;
        assert_eq!(ada.seqs(), [seq], "within a second");
    }
    assert_eq!(stage.state(), "away");
    assert_eq!(
        stage.heads_asked(),
        [0, 1, 2, 3, 4, 5].map(|second| began + second * 1_000)
    );
    stage.hear(FeedItem::Connected).await;
    stage.begin_beats(0);
    stage.run_for(2_000).await;
    assert_eq!(stage.state(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_ends_is_listened_to_again() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(2);
    let ada = stage.viewer(1, room_id, 1);
    stage.wire.0.lock().clear();
    stage.run_for(10).await;
    assert_eq!(stage.state(), "away");
    assert_eq!(ada.seqs(), [2], "the store is polled");
    stage.run_for(1_100).await;
    assert_eq!(stage.wire.0.lock().len(), 1, "it listens again after a second");
    stage.commit(&run(room_id, 3, 3));
    stage.hear_events(run(room_id, 3, 3)).await;
    assert_eq!(ada.seqs(), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_leaves_the_feed_unhealthy_until_it_does() {
    let stage = Stage::healthy().await;
    let room_id = stage.room(2);
    let ada = stage.viewer(1, room_id, 1);
    stage.script.content.lock().is_away = true;
    stage.hear(FeedItem::Connected).await;
    stage.run_for(3_000).await;
    assert_eq!(stage.state(), "something may have been lost");
    assert_eq!(ada.seqs(), [0i64; 0]);
    stage.script.content.lock().is_away = false;
    stage.run_for(1_200).await;
    assert_eq!(ada.seqs(), [2]);
    assert_eq!(stage.state(), "healthy");
}
