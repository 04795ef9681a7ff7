//! Tasks that outlive a panic: what panicked is begun again, and said aloud. A panic is a fault of ours, and one job's fault must
//! not be the end of all others.

use std::{any::Any, future::Future, panic::AssertUnwindSafe, time::Duration};

use futures::FutureExt as _;

/// A task that panics whenever it is begun must not keep a processor busy.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs a task to its end, however often it panics. What it was about is lost each time: its parts must bear that.
pub(crate) async fn steadily<F: Future<Output = ()>>(name: &'static str, task: impl FnMut() -> F) {
    pausing(PAUSE, name, task).await;
}

async fn pausing<F: Future<Output = ()>>(pause: Duration, name: &'static str, mut task: impl FnMut() -> F) {
    while let Err(panic) = caught(name, task()).await {
        tracing::error!(task = name, panic, "a task panicked and is begun again");
        tokio::time::sleep(pause).await;
    }
}

/// Runs a task; its error is what it said when it panicked. It is counted.
pub(crate) async fn caught<T>(name: &'static str, task: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(task).catch_unwind().await.map_err(|panic| {
        metrics::counter!("cpm_panics_total", "task" => name).increment(1);
        said(&*panic)
    })
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("something that is no text").to_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_panics_is_begun_again_until_it_ends() {
        let begun = Cell::new(0);
        pausing(Duration::ZERO, "test", || {
            let time = begun.replace(begun.get() + 1);
            async move {
                tokio::task::yield_now().await;
                assert_eq!(time, 2, "not yet");
            }
        })
        .await;
        assert_eq!(begun.get(), 3);
    }

    #[tokio::test]
    async fn what_it_said_is_told() {
        assert_eq!(caught("test", async { 7 }).await, Ok(7));
        let number = 7;
        assert_eq!(caught::<()>("test", async { panic!("at {number}") }).await, Err("at 7".into()));
        assert_eq!(caught::<()>("test", async { panic!("plainly") }).await, Err("plainly".into()));
    }
}
