//! The running simulator: socket, threads, the table of paths, and the handle that tests hold.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::Duration,
};

use axum::{
    Router,
    body::to_bytes,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::net::TcpListener;

use crate::{
    behaviour::{Rule, Rules},
    config::SimulatorConfig,
    control, formats,
    listener::{Loopback, Wire},
    record::{Call, Ledger, Summary},
};

/// The largest request body that is read, in bytes.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: SimulatorConfig,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) serial: AtomicU64,
    rules: Mutex<Rules>,
}

impl Shared {
    pub(crate) fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running simulator on the loopback interface. It has threads of its own, so it also serves tests whose runtime
/// has one thread, and stops when it is dropped: connections are then closed, calls in flight are lost.
pub struct Simulator {
    /// Where it listens: `http://127.0.0.1:<port>`.
    pub base_url: String,
    shared: Arc<Shared>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Simulator {
    /// Starts one and returns when it accepts connections.
    ///
    /// # Errors
    /// The port is taken, or the system gives no socket or thread.
    pub fn start(config: SimulatorConfig) -> io::Result<Self> {
        let socket = std::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, config.port)))?;
        socket.set_nonblocking(true)?;
        let base_url = format!("http://{}", socket.local_addr()?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("hg-simulator")
            .enable_all()
            .build()?;
        let shared =
            Arc::new(Shared { config, ledger: Ledger::new(), serial: AtomicU64::new(0), rules: Mutex::default() });
        let app = Router::new().fallback(dispatch).with_state(Arc::clone(&shared));
        let listener = {
            let _inside = runtime.enter();
            Loopback(TcpListener::from_std(socket)?)
        };
        runtime.spawn(async move {
            // Never ends by itself: it is stopped with its runtime.
            let _ = axum::serve(listener, app.into_make_service_with_connect_info::<Wire>()).await;
        });
        Ok(Self { base_url, shared, runtime: Some(runtime) })
    }

    /// The value for `OPENAI_BASE_URL`.
    #[must_use]
    pub fn openai_url(&self) -> String {
        format!("{}/openai/v1", self.base_url)
    }

    /// The value for `GROQ_BASE_URL`.
    #[must_use]
    pub fn groq_url(&self) -> String {
        format!("{}/groq/openai/v1", self.base_url)
    }

    /// The value for `OPENROUTER_BASE_URL`.
    #[must_use]
    pub fn openrouter_url(&self) -> String {
        format!("{}/openrouter/api/v1", self.base_url)
    }

    /// All calls on record, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.ledger.calls()
    }

    /// Counts and sums over them.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.shared.ledger.summary()
    }

    /// Adds a rule behind those that are there.
    pub fn set_behaviour(&self, rule: Rule) {
        self.shared.rules().add(rule);
    }

    /// Forgets all rules: calls go as they did at the start.
    pub fn forget_rules(&self) {
        self.shared.rules().clear();
    }

    /// Forgets all calls and all rules.
    pub fn reset(&self) {
        self.shared.ledger.clear();
        self.shared.rules().clear();
    }

    /// Waits until the calls on record are as wanted; returns whether that happened in time. Needs a Tokio runtime.
    pub async fn wait_until(&self, time: Duration, mut wanted: impl FnMut(&[Call]) -> bool) -> bool {
        let mut changed = self.shared.ledger.subscribe();
        tokio::time::timeout(time, async {
            while !wanted(&self.calls()) {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        })
        .await
        .is_ok()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Doesn't block, so it may also happen inside another runtime.
            runtime.shutdown_background();
        }
    }
}

async fn dispatch(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    match head.uri.path().strip_prefix("/_sim/") {
        Some(what) => control::handle(&shared, &head.method, what, &body),
        None => formats::handle(&shared, wire, &head, &body).await,
    }
}
