//! Listening, and ending well.
//!
//! On SIGTERM or SIGINT background tasks and event streams are told through the [`ShutdownToken`]; for the delay requests
//! are still answered, so that proxies can notice; then no new connection is taken, and requests in progress get the grace
//! period. It must not know what is served.

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

use super::drain::draining;
use crate::config::CoreConfig;

/// Tells every background task that the process is ending. Clones are linked.
pub type ShutdownToken = tokio_util::sync::CancellationToken;

/// The service could not listen, or stopped listening.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("can't listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The listener failed.
    #[error("the server stopped")]
    Serve(#[source] std::io::Error),
}

/// Cancels `shutdown` when the process is asked to end (SIGTERM, SIGINT).
///
/// # Errors
/// When the signals can't be listened to.
pub fn shutdown_on_signal(shutdown: ShutdownToken) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = shutdown.cancelled() => return,
        }
        tracing::info!("asked to end: finishing what is in progress");
        shutdown.cancel();
    });
    Ok(())
}

/// How a server ends.
#[derive(Clone, Copy, Debug)]
pub struct Ending {
    /// How long it goes on serving after it was asked to end.
    pub delay: Duration,
    /// How long requests in progress may take after that.
    pub grace: Duration,
}

/// Listens where `config` says and serves until `shutdown` and the delay, then lets requests in progress end for the
/// grace period.
///
/// # Errors
/// When the address can't be bound, or the listener fails.
pub async fn serve(router: Router, config: &CoreConfig, shutdown: ShutdownToken) -> Result<(), ServeError> {
    let address = config.address();
    let listener = TcpListener::bind(address).await.map_err(|source| ServeError::Bind { address, source })?;
    let ending = Ending { delay: config.shutdown_delay, grace: config.shutdown_grace };
    serve_on(listener, router, ending, shutdown).await
}

/// As [`serve`], on a listener that is there already: for tests, and for ports that the system picks.
///
/// # Errors
/// When the listener fails.
pub async fn serve_on(
    listener: TcpListener,
    router: Router,
    ending: Ending,
    shutdown: ShutdownToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(ServeError::Serve)?;
    tracing::info!(url = %format_args!("http://{address}"), "Server running");
    let Ending { delay, grace } = ending;
    let service = draining(router, shutdown.clone()).into_make_service_with_connect_info::<SocketAddr>();
    // Streams consist of small writes, which the kernel would hold back until the one before is acknowledged.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends with delay");
        }
    });
    let enough = ShutdownToken::new();
    let server = axum::serve(listener, service).with_graceful_shutdown(enough.clone().cancelled_owned()).into_future();
    tokio::pin!(server);
    let asked_to_end = async {
        shutdown.cancelled().await;
        tokio::time::sleep(delay).await;
    };
    tokio::select! {
        result = &mut server => return result.map_err(ServeError::Serve),
        () = asked_to_end => enough.cancel(),
    }
    if let Ok(result) = tokio::time::timeout(grace, server).await {
        tracing::info!("server stopped");
        return result.map_err(ServeError::Serve);
    }
    tracing::warn!(grace_seconds = grace.as_secs(), "connections were cut off at the end of the grace period");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::routing::get;
    use http::HeaderValue;
    use tokio::sync::Notify;

    use super::*;

    fn at_once(grace: Duration) -> Ending {
        Ending { delay: Duration::ZERO, grace }
    }

    async fn start(
        router: Router,
        ending: Ending,
    ) -> (String, ShutdownToken, tokio::task::JoinHandle<Result<(), ServeError>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shutdown = ShutdownToken::new();
        let task = tokio::spawn(serve_on(listener, router, ending, shutdown.clone()));
        (url, shutdown, task)
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the server is tested without rules")]
    async fn a_request_in_progress_is_finished() {
        let (arrived, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (seen, wait) = (Arc::clone(&arrived), Arc::clone(&go_on));
        let router = Router::new().route(
            "/",
            get(async move || {
                seen.notify_one();
                wait.notified().await;
                "done"
            }),
        );
        let (url, shutdown, server) = start(router, at_once(Duration::from_secs(30))).await;
        let call = tokio::spawn(crate::http_client::internal("test").unwrap().get(url).send());
        arrived.notified().await;
        shutdown.cancel();
        go_on.notify_one();
        assert_eq!(call.await.unwrap().unwrap().text().await.unwrap(), "done");
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the server is tested without rules")]
    async fn a_request_that_never_ends_is_cut_off() {
        let arrived = Arc::new(Notify::new());
        let seen = Arc::clone(&arrived);
        let router = Router::new().route(
            "/",
            get(async move || {
                seen.notify_one();
                std::future::pending::<()>().await;
            }),
        );
        let (url, shutdown, server) = start(router, at_once(Duration::from_millis(20))).await;
        let call = tokio::spawn(crate::http_client::internal("test").unwrap().get(url).send());
        arrived.notified().await;
        shutdown.cancel();
        server.await.unwrap().unwrap();
        call.abort();
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the server is tested without rules")]
    async fn healthchecks_over_the_wire() {
        let router = Router::new()
            .route("/health", get(async || "fine"))
            .route("/sick", get(async || (http::StatusCode::SERVICE_UNAVAILABLE, "database")));
        let (url, shutdown, server) = start(router, at_once(Duration::from_secs(1))).await;
        crate::http::healthcheck(&format!("{url}/health")).await.unwrap();
        let error = crate::http::healthcheck(&format!("{url}/sick")).await.unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
        shutdown.cancel();
        server.await.unwrap().unwrap();
        assert!(crate::http::healthcheck(&format!("{url}/health")).await.is_err());
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "the server is tested without rules")]
    async fn for_the_delay_it_serves_on_and_says_that_it_ends() {
        let router = Router::new()
            .route("/", get(async || "here"))
            .route("/health", get(async || "fine"))
            .route("/health/live", get(async || "alive"));
        let ending = Ending { delay: Duration::from_secs(3600), grace: Duration::from_secs(1) };
        let (url, shutdown, server) = start(router, ending).await;
        let client = crate::http_client::internal("test").unwrap();
        let ask = async |path: &str| client.get(format!("{url}{path}")).send().await.unwrap();
        assert!(!ask("/").await.headers().contains_key("connection"));
        shutdown.cancel();
        let answer = ask("/").await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["connection"]),
            (200, &HeaderValue::from_static("close"))
        );
        assert_eq!(ask("/health/live").await.status(), 200);
        let health = ask("/health").await;
        assert_eq!(
            (health.status().as_u16(), health.text().await.unwrap().as_str()),
            (503, r#"{"status":"draining"}"#)
        );
        server.abort();
    }
}
