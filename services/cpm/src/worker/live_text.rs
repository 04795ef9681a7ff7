//! From single tokens to pieces worth publishing: gathers live text and hands it to Redis every now and then, about every
//! second with how far the work has come.
//!
//! Must never hold up the provider's stream, and may lose text: the final text is in Postgres.

use std::time::Duration;

use hg_common::{http::error_chain, redis::Redis};
use hg_types::JobId;
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle, time::Instant};

use super::events::Event;
use crate::stream::{self, Delta, Hub, Signal};

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

/// Whose text it is, and where it goes.
pub(super) struct Audience {
    pub(super) redis: Redis,
    /// Watchers of this very process have it from here, as soon as Redis has it.
    pub(super) hub: Hub,
    pub(super) job: JobId,
    pub(super) attempt: i32,
    /// The entry of the job's stream that the text follows, where that is known.
    pub(super) after: Option<String>,
}

/// Takes the text of one call.
pub(super) struct LiveText {
    pieces: mpsc::UnboundedSender<Piece>,
    publisher: JoinHandle<()>,
}

impl LiveText {
    pub(super) fn start(to: Audience, interval: Duration, most: usize) -> Self {
        // Bounded by the answer's own limit, and emptied even while Redis is away.
        let (pieces, received) = mpsc::unbounded_channel();
        let publisher = tokio::spawn(publish(to, interval, most, received));
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

async fn publish(mut to: Audience, interval: Duration, most: usize, mut pieces: mpsc::UnboundedReceiver<Piece>) {
    let mut offset = 0_u64;
    let mut told: Option<Instant> = None;
    // The first word goes at once: somebody waits for it.
    let mut flush_at = Instant::now();
    while let Some(Piece { mut text, mut progress }) = pieces.recv().await {
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
        flush_at = Instant::now() + interval;
        let due = told.is_none_or(|told| told.elapsed() >= TOLD);
        if due {
            told = Some(Instant::now());
        }
        let bytes = text.len() as u64;
        show(&mut to, offset, text, due.then(|| progress.data())).await;
        offset += bytes;
    }
}

/// Redis first: it gives the piece its id, by which a watcher may come back. Watchers here needn't read it from there.
async fn show(to: &mut Audience, offset: u64, text: String, progress: Option<Value>) {
    let signal = Signal::Text(Some(to.hub.writer().clone()));
    let published = stream::publish(&to.redis, to.job, to.attempt, offset, &text, progress.as_ref(), &signal).await;
    match published {
        Ok(id) => {
            let delta = Delta { id, attempt: to.attempt, piece: stream::Piece::Text { offset, text }, progress };
            to.hub.write(to.job, to.after.as_deref(), &delta);
            to.after = Some(delta.id);
        }
        Err(error) => {
            // It may be there all the same, and only the answer was lost.
            to.after = None;
            tracing::debug!(job = %to.job, error = %error_chain(&error), "live text is lost");
        }
    }
}
