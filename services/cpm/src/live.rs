//! One job's events for one watcher: durable ones from `job_events`, live text from Redis, in an order that makes sense.
//!
//! A watcher subscribes first, then replays from `Last-Event-ID`, drops what it has seen, goes live, and looks for gaps every
//! few seconds, for a signal may be lost. What it sends is bounded: who doesn't read is dropped, and comes back with
//! `Last-Event-ID`. The truth is in `job_events`; live text may vanish, and then the watcher says so (`reset`).
//!
//! Ids: `7` is the durable event 7; `7.1732-0.420` is live text after it, up to the entry `1732-0` of the job's Redis stream,
//! 420 bytes long.

mod ending;
mod farewell;
mod keys;
mod position;
mod seats;
pub mod tenant;
mod text;

use std::{convert::Infallible, time::Duration};

use axum::response::sse;
use hg_common::{auth::Principal, db::Db, http::error_chain};
use hg_types::{ClientId, JobId, JobStatus};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use self::text::{LiveText, Shown};
pub use self::{
    ending::{Ending, Waiter},
    farewell::farewell,
    keys::LivingKeys,
    position::Position,
    seats::{Seat, Seats},
};
use crate::{
    store::events::{StoredEvent, events_after, job_head},
    stream::{Changed, READ_AT_ONCE, Watch},
};

/// How often a watcher looks although nobody told it to.
const GAPS: Duration = Duration::from_secs(5);
/// How soon it is asked again what could not be answered.
const AGAIN: Duration = Duration::from_secs(1);
/// A watcher that takes nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(20);
/// For how long nobody asks again whether a watcher may still see the job.
const TRUSTED: Duration = Duration::from_secs(5);
const EVENTS_AT_ONCE: i64 = 200;
/// Frames that wait for a watcher to take them.
const ROOM: usize = 64;

/// What goes to the watcher's connection.
pub type Frame = Result<sse::Event, Infallible>;

/// What a watcher needs first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// What has happened since it was last here.
    Replay,
    /// Nothing: the job was accepted by this very request.
    New,
}

/// The watcher is gone, or there is nothing more to tell.
struct Ended;

/// Everything that a watcher needs.
#[derive(Debug)]
pub struct Watcher {
    /// The database.
    pub db: Db,
    /// Whether an API key still holds.
    pub keys: LivingKeys,
    /// For whom.
    pub principal: Principal,
    /// Which job.
    pub job: JobId,
    /// Whose.
    pub client: ClientId,
    /// Where the watcher was.
    pub position: Position,
    /// Ends with the process.
    pub shutdown: CancellationToken,
}

impl Watcher {
    /// Starts watching, after `opening`. `watch` must have been subscribed before anything was read. The seat is kept until
    /// the end.
    #[must_use]
    pub fn spawn(
        self,
        watch: Watch,
        seat: Seat,
        beginning: Beginning,
        opening: Option<sse::Event>,
    ) -> mpsc::Receiver<Frame> {
        let (frames, receiver) = mpsc::channel(ROOM);
        if let Some(opening) = opening {
            // The channel is empty.
            let _ = frames.try_send(Ok(opening));
        }
        tokio::spawn(async move {
            let shutdown = self.shutdown.clone();
            metrics::gauge!("cpm_watchers").increment(1.0);
            let mut session = Session {
                text: LiveText::resume(self.position.text.as_ref()),
                seq: self.position.seq,
                looked: (beginning == Beginning::New).then(Instant::now),
                // Whoever starts this has just seen the job.
                allowed: Instant::now(),
                // Whoever comes back without saying how much text it has, gets all of it again.
                stale_text: self.position.seq > 0 && self.position.text.is_none(),
                watcher: self,
                frames,
            };
            tokio::select! {
                () = shutdown.cancelled() => {
                    // Where there is no room, the end of the stream says enough.
                    let _ = session.frames.try_send(Ok(farewell()));
                }
                _ = session.run(watch, beginning) => {}
            }
            metrics::gauge!("cpm_watchers").decrement(1.0);
            drop(seat);
        });
        receiver
    }
}

impl Watcher {
    async fn sees_the_job(&self) -> Result<bool, sqlx::Error> {
        if let Some(key) = self.principal.api_key()
            && !self.keys.holds(key).await?
        {
            return Ok(false);
        }
        let mut tx = self.db.tenant(self.principal.scope()).await?;
        let seen = job_head(&mut tx, self.job).await?.is_some();
        tx.commit().await?;
        Ok(seen)
    }
}

struct Session {
    watcher: Watcher,
    frames: mpsc::Sender<Frame>,
    text: LiveText,
    seq: i32,
    looked: Option<Instant>,
    /// When it was last known that this watcher may see the job.
    allowed: Instant,
    stale_text: bool,
}

impl Session {
    async fn run(&mut self, mut watch: Watch, beginning: Beginning) -> Result<(), Ended> {
        if beginning == Beginning::Replay {
            self.replay(&watch).await?;
        }
        // What was to be shown and could not be.
        let mut owed: Option<Changed> = None;
        loop {
            let next_look = self.looked.map_or_else(Instant::now, |looked| looked + GAPS);
            let told = tokio::select! {
                told = watch.changed(), if owed.is_none() => Some(told),
                () = sleep_until(next_look), if owed.is_none() => None,
                () = tokio::time::sleep(AGAIN), if owed.is_some() => owed,
                () = self.frames.closed() => return Err(Ended),
            };
            if !self.is_allowed().await? {
                // Nobody knows: nothing is shown, nothing is lost, and it is asked again soon.
                owed = Some(Changed::Anything);
                continue;
            }
            owed = None;
            if told.is_some() {
                self.show_text(&watch).await?;
            }
            // Text alone needs no look at the events, nor does an event that was seen; but a signal may have been lost.
            let nothing_new = match told {
                Some(Changed::Text) => true,
                Some(Changed::Events(newest)) => newest <= self.seq,
                Some(Changed::Anything) | None => false,
            };
            if !nothing_new || self.looked.is_none_or(|looked| looked.elapsed() >= GAPS) {
                self.show_events(&watch).await?;
            }
        }
    }

    /// Whether the watcher may still see the job. Memberships end and keys are revoked while somebody watches.
    async fn is_allowed(&mut self) -> Result<bool, Ended> {
        if self.allowed.elapsed() < TRUSTED {
            return Ok(true);
        }
        let now = Instant::now();
        match self.watcher.sees_the_job().await {
            Ok(true) => {
                self.allowed = now;
                Ok(true)
            }
            Ok(false) => {
                tracing::info!(job = %self.watcher.job, principal = self.watcher.principal.name(), "a watcher may not see the job any more");
                Err(Ended)
            }
            Err(error) => {
                tracing::debug!(job = %self.watcher.job, error = %error_chain(&error), "whether a watcher may see the job is unknown");
                Ok(false)
            }
        }
    }

    /// What was missed. A job that has ended gets its durable events alone: its text is on its page.
    async fn replay(&mut self, watch: &Watch) -> Result<(), Ended> {
        let ended = self.status().await.is_some_and(JobStatus::is_terminal);
        self.show_events(watch).await?;
        if ended {
            return Err(Ended);
        }
        self.show_text(watch).await
    }

    async fn status(&self) -> Option<JobStatus> {
        let watcher = &self.watcher;
        let read = async {
            let mut tx = watcher.db.tenant(watcher.principal.scope()).await?;
            job_head(&mut tx, watcher.job).await
        };
        read.await.ok().flatten().map(|head| head.status)
    }

    /// Sends the durable events that came since. Text that was written before the job's end goes before its last event.
    async fn show_events(&mut self, watch: &Watch) -> Result<(), Ended> {
        loop {
            self.looked = Some(Instant::now());
            let events = match self.fetch_events().await {
                Ok(events) => events,
                Err(error) => {
                    // The watcher stays: the database comes back, and nothing is lost meanwhile.
                    tracing::debug!(job = %self.watcher.job, error = %error_chain(&error), "a watcher can't read events");
                    return Ok(());
                }
            };
            let full = i64::try_from(events.len()).is_ok_and(|count| count >= EVENTS_AT_ONCE);
            for event in events {
                let last = matches!(event.kind.as_str(), "completed" | "failed" | "cancelled");
                if last && self.looked_live() {
                    self.show_text(watch).await?;
                }
                self.seq = event.seq;
                if event.kind == "reset" {
                    self.text.forget();
                }
                let frame = sse::Event::default().id(event.seq.to_string()).event(&event.kind).json_data(&event.data);
                self.send(frame.unwrap_or_default()).await?;
                if last {
                    return Err(Ended);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// Whether this watcher has been shown live text: only then the rest of it matters at the end.
    const fn looked_live(&self) -> bool {
        self.text.has_text()
    }

    async fn fetch_events(&self) -> Result<Vec<StoredEvent>, sqlx::Error> {
        let watcher = &self.watcher;
        let mut tx = watcher.db.tenant(watcher.principal.scope()).await?;
        events_after(&mut tx, watcher.job, watcher.client, self.seq, EVENTS_AT_ONCE).await
    }

    /// Sends the text that came since.
    async fn show_text(&mut self, watch: &Watch) -> Result<(), Ended> {
        loop {
            // Without Redis there is no live text; the durable events go on.
            let Ok(deltas) = watch.read(self.text.after()).await else { return Ok(()) };
            if deltas.is_empty() {
                return Ok(());
            }
            if std::mem::take(&mut self.stale_text) {
                self.send_reset("the text is shown from its beginning").await?;
            }
            for shown in self.text.take(deltas.iter().cloned()) {
                match shown {
                    Shown::Reset(reason) => self.send_reset(&reason).await?,
                    Shown::Progress(progress) => {
                        // Without an id: it can't be resumed from, and needn't be.
                        let frame = sse::Event::default().event("progress").json_data(progress);
                        self.send(frame.unwrap_or_default()).await?;
                    }
                    Shown::Text { offset, text } => {
                        let id = Position { seq: self.seq, text: self.text.mark() }.to_string();
                        let frame = sse::Event::default()
                            .id(id)
                            .event("delta")
                            .json_data(json!({"offset": offset, "text": text}));
                        self.send(frame.unwrap_or_default()).await?;
                    }
                }
            }
            if deltas.len() < READ_AT_ONCE {
                return Ok(());
            }
        }
    }

    async fn send_reset(&mut self, reason: &str) -> Result<(), Ended> {
        let frame = sse::Event::default().event("reset").json_data(json!({"reason": reason}));
        self.send(frame.unwrap_or_default()).await
    }

    async fn send(&mut self, frame: sse::Event) -> Result<(), Ended> {
        send(&self.frames, frame).await
    }
}

/// Sends a frame to somebody who takes it in time.
async fn send(frames: &mpsc::Sender<Frame>, frame: sse::Event) -> Result<(), Ended> {
    match timeout(PATIENCE, frames.send(Ok(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Ended),
        Err(_) => {
            metrics::counter!("cpm_watchers_dropped_total").increment(1);
            Err(Ended)
        }
    }
}
