//! The end of a command that somebody stops. Services have their own (`http::shutdown_on_signal`): they finish what is in
//! progress first.

use tokio::signal::unix::{SignalKind, signal};

/// Resolves at the first of Ctrl-C, SIGTERM and SIGHUP.
pub async fn interrupted() {
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the default action applies: the process ends, and what it started is tidied up by its watchdog.
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => {}
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::hangup()) => {}
    }
}
