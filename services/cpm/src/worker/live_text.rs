//! From single tokens to pieces worth publishing: gathers live text and hands it to Redis every now and then, about every
//! second with how far the work has come.
//!
//! Must never hold up the provider's stream, and may lose text: the final text is in Postgres.

use std::time::Duration;

use hg_common::{http::error_chain, redis::Redis};
use hg_types::JobId;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::events::Event;
use crate::stream;

/// How long the end of a call waits for its last piece to be published.
const LAST_PIECE: Duration = Duration::from_secs(1);

/// Watchers are told so often how far the work has come.
const TOLD: Duration = Duration::from_secs(1);

/// A piece that goes to watchers at once holds no more than about this many bytes.
const MUCH: usize = 16 * 1024;

struct Piece {
    text: String,
    progress: Event,
}

/// Takes the text of one call.
pub(super) struct LiveText {
    pieces: mpsc::UnboundedSender<Piece>,
    publisher: JoinHandle<()>,
}

impl LiveText {
    pub(super) fn start(redis: Redis, job: JobId, attempt: i32, interval: Duration, most: usize) -> Self {
        // Bounded by the answer's own limit, and emptied even while Redis is away.
        let (pieces, received) = mpsc::unbounded_channel();
        let publisher = tokio::spawn(publish(redis, job, attempt, interval, most, received));
        Self { pieces, publisher }
    }

    /// More text, and how far the work has come with it.
    pub(super) fn push(&self, text: &str, progress: Event) {
        // Fails only when the publisher is gone, and then nobody watches live.
        let _ = self.pieces.send(Piece { text: text.to_owned(), progress });
    }

    /// No more text: what was gathered is published.
    pub(super) async fn finish(self) {
        drop(self.pieces);
        let _ = tokio::time::timeout(LAST_PIECE, self.publisher).await;
    }
}

async fn publish(
    redis: Redis,
    job: JobId,
    attempt: i32,
    interval: Duration,
    most: usize,
    mut pieces: mpsc::UnboundedReceiver<Piece>,
) {
    let mut offset = 0_u64;
    let mut told: Option<Instant> = None;
    while let Some(Piece { mut text, mut progress }) = pieces.recv().await {
        let flush_at = Instant::now() + interval;
        while text.len() < most {
            match tokio::time::timeout_at(flush_at, pieces.recv()).await {
                Ok(Some(more)) => {
                    text.push_str(&more.text);
                    progress = more.progress;
                }
                Ok(None) | Err(_) => break,
            }
        }
        // A provider that is faster than Redis: what came meanwhile goes along.
        while text.len() < MUCH
            && let Ok(more) = pieces.try_recv()
        {
            text.push_str(&more.text);
            progress = more.progress;
        }
        let due = told.is_none_or(|told| told.elapsed() >= TOLD);
        if due {
            told = Some(Instant::now());
        }
        let progress = due.then(|| progress.data());
        if let Err(error) = stream::publish(&redis, job, attempt, offset, &text, progress.as_ref()).await {
            tracing::debug!(%job, error = %error_chain(&error), "live text is lost");
        }
        offset += text.len() as u64;
    }
}
