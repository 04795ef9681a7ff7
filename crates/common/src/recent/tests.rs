//! On a clock of the test's own, with an epoch that the test raises.

use std::{
    convert::Infallible,
    sync::atomic::{AtomicBool, AtomicI64},
};

use futures::FutureExt;
use tokio::time::advance;

use super::*;

/// Stands for the database.
#[derive(Default)]
struct Truth {
    epoch: AtomicI64,
    is_away: AtomicBool,
    hangs: AtomicBool,
    asked: AtomicU64,
}

impl Truth {
    fn raise(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Acquire)
    }
}

fn recent() -> (Arc<Truth>, Recent<u8, &'static str>) {
    let truth = Arc::new(Truth::default());
    let asked = Arc::clone(&truth);
    let epochs = Epochs::asking(move || {
        let truth = Arc::clone(&asked);
        async move {
            truth.asked.fetch_add(1, Ordering::AcqRel);
            tokio::task::yield_now().await;
            if truth.hangs.load(Ordering::Acquire) {
                std::future::pending::<()>().await;
            }
            let epoch = epochs::Epoch::numbered(truth.epoch.load(Ordering::Acquire));
            (!truth.is_away.load(Ordering::Acquire)).then_some(epoch)
        }
        .boxed()
    });
    (truth, Recent::new(epochs, LIFETIME, |text| text.len()))
}

async fn ask(recent: &Recent<u8, &'static str>, now: Option<&'static str>) -> Option<&'static str> {
    recent.get(1, || async { Ok::<_, Infallible>(now) }).await.unwrap().map(|found| *found)
}

/// Lets what goes on in the background get as far as it can.
async fn settle() {
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_found_is_remembered_until_a_change_through_this_process() {
    let (_truth, recent) = recent();
    assert_eq!(ask(&recent, None).await, None);
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    assert_eq!(ask(&recent, Some("new")).await, Some("old"));
    recent.clone().forget();
    assert_eq!(ask(&recent, Some("new")).await, Some("new"));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_change_is_not_remembered_after_it() {
    let (truth, recent) = recent();
    let slow = recent.get(1, || async {
        recent.forget();
        Ok::<_, Infallible>(Some("old"))
    });
    assert_eq!(slow.await.unwrap().map(|found| *found), Some("old"));
    assert_eq!(ask(&recent, Some("new")).await, Some("new"));
    // And by another process.
    recent.forget();
    let slow = recent.get(1, || async {
        truth.raise();
        Ok::<_, Infallible>(Some("old"))
    });
    assert_eq!(slow.await.unwrap().map(|found| *found), Some("old"));
    advance(BELIEVED).await;
    assert_eq!(ask(&recent, Some("new")).await, Some("new"));
}

#[tokio::test(start_paused = true)]
async fn it_is_remembered_for_minutes_while_nothing_changes_however_often_it_is_asked() {
    let (truth, recent) = recent();
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    for _ in 0..100 {
        advance(Duration::from_millis(700)).await;
        assert_eq!(ask(&recent, Some("new")).await, Some("old"));
        settle().await;
    }
    // After a pause, too.
    advance(Duration::from_secs(60)).await;
    assert_eq!(ask(&recent, Some("new")).await, Some("old"));
    assert_eq!(truth.asked(), 102);
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_is_seen_within_a_second_by_who_asks_all_the_time() {
    let (truth, recent) = recent();
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    // At any moment between two questions for the epoch.
    for step in 0..10 {
        truth.raise();
        let mut waited = Duration::ZERO;
        while ask(&recent, Some("new")).await == Some("old") {
            advance(Duration::from_millis(10)).await;
            waited += Duration::from_millis(10);
            settle().await;
        }
        assert!(waited <= BELIEVED, "{waited:?}");
        recent.forget();
        assert_eq!(ask(&recent, Some("old")).await, Some("old"));
        advance(Duration::from_millis(step * 37)).await;
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_nothing_old_is_told() {
    let (truth, recent) = recent();
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    truth.raise();
    advance(BELIEVED).await;
    assert_eq!(ask(&recent, Some("new")).await, Some("new"));
    assert_eq!(ask(&recent, Some("newer")).await, Some("new"));
}

#[tokio::test(start_paused = true)]
async fn where_the_epoch_is_unknown_the_look_up_decides() {
    let (truth, recent) = recent();
    truth.is_away.store(true, Ordering::Release);
    assert_eq!(ask(&recent, Some("first")).await, Some("first"));
    assert_eq!(ask(&recent, Some("second")).await, Some("second"));
    truth.is_away.store(false, Ordering::Release);
    assert_eq!(ask(&recent, Some("third")).await, Some("third"));
    assert_eq!(ask(&recent, Some("fourth")).await, Some("third"));
    truth.is_away.store(true, Ordering::Release);
    advance(BELIEVED).await;
    let refused = recent.get(1, || async { Err::<Option<&str>, _>("the database is away") });
    assert_eq!(refused.await, Err("the database is away"));
    // It was away, and nothing has changed.
    truth.is_away.store(false, Ordering::Release);
    assert_eq!(ask(&recent, Some("fifth")).await, Some("third"));
}

#[tokio::test(start_paused = true)]
async fn an_epoch_that_does_not_come_in_time_holds_nobody_up_for_longer() {
    let (truth, recent) = recent();
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    truth.hangs.store(true, Ordering::Release);
    advance(BELIEVED).await;
    let since = tokio::time::Instant::now();
    assert_eq!(ask(&recent, Some("new")).await, Some("new"));
    assert!(since.elapsed() < BELIEVED + Duration::from_millis(10), "{:?}", since.elapsed());
    truth.hangs.store(false, Ordering::Release);
    // What was looked up meanwhile is as new as the last epoch that is known.
    assert_eq!(ask(&recent, Some("newer")).await, Some("new"));
}

#[tokio::test(start_paused = true)]
async fn many_at_once_ask_once() {
    let (truth, recent) = recent();
    let all = futures::future::join_all((0..100).map(|_| ask(&recent, Some("old")))).await;
    assert_eq!((all.len(), truth.asked()), (100, 1));
    advance(BELIEVED).await;
    let all = futures::future::join_all((0..100).map(|_| ask(&recent, Some("new")))).await;
    assert!(all.iter().all(|told| *told == Some("old")));
    assert_eq!(truth.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_by_the_clock_is_looked_up_again() {
    let (_truth, recent) = recent();
    assert_eq!(ask(&recent, Some("old")).await, Some("old"));
    let ended = recent.get_while(1, |found| *found != "old", || async { Ok::<_, Infallible>(None) });
    assert_eq!(ended.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn large_values_do_not_pile_up() {
    let (_truth, Recent { epochs, .. }) = recent();
    let large: Recent<u8, Vec<u8>> = Recent::new(epochs, LIFETIME, Vec::len);
    for key in 0..64 {
        let value = async { Ok::<_, Infallible>(Some(vec![key; 1 << 20])) };
        assert!(large.get(key, || value).await.unwrap().is_some());
    }
    large.known.run_pending_tasks();
    assert!(large.known.weighted_size() <= CAPACITY, "{}", large.known.weighted_size());
    assert!(large.known.entry_count() >= 4, "{}", large.known.entry_count());
}
