//! Instants at a fixed rate.
//!
//! Tokio's timer counts whole milliseconds and wakes after them, which would be half of what some answers take. So a thread
//! sleeps, whose kernel timer is late by some fifty microseconds.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// The instants of `count` ticks, `per_second` of them, each delivered when it has come. The first comes at once.
pub(crate) fn ticks(per_second: f64, count: u64) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let began = Instant::now();
        for number in 0..count {
            let due = began + Duration::from_secs_f64(number as f64 / per_second);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    receiver
}
