//! All events of a tenant's jobs for one listener, in the order of commits, without a gap and without a repeat.
//!
//! Events are numbered (xid, id), and read only below the oldest transaction that is still under way: one that commits late
//! is never passed over. It holds back those after it meanwhile. What a listener may see is asked of the database with every
//! read. Deltas aren't here, nor the `reset` of a job's text: that is for watchers of the job.
//!
//! What is sent is bounded: who doesn't read is dropped, and comes back with `Last-Event-ID`.

mod place;

use std::{collections::HashSet, time::Duration};

use axum::response::sse;
use hg_common::{
    auth::Principal,
    db::{Db, TenantTx},
    http::error_chain,
};
use hg_types::{ClientId, JobId, id::ClientRef};
use serde_json::json;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use self::place::{Cursor, Place};
use super::{AGAIN, Ended, Frame, GAPS, LivingKeys, ROOM, Seat, TRUSTED, farewell, send};
use crate::{
    store::{
        clients::{client_subtree, clients_visible},
        tenant_events::{Between, Chunk, Horizon, TenantEvent, events_horizon, tenant_events},
    },
    stream::Listening,
};

/// What a stream may have: not `reset`, which is about live text.
pub const TYPES: [&str; 5] = ["status", "progress", "completed", "failed", "cancelled"];

/// Signals of so long are answered by one read.
const TOGETHER: Duration = Duration::from_millis(15);
/// An older transaction that is still under way is looked for again so soon at first.
const HELD_BACK: Duration = Duration::from_millis(10);
/// A silence of so long is broken by a frame that says how far the stream has come.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const EVENTS_AT_ONCE: i64 = 200;
/// One read goes through the events of so many transactions: a listener that was away for long must not cost one long query.
const NARROW: u64 = 10_000;
const WIDE: u64 = 10_000_000;

/// Why a listener's place can't be gone on from.
const GONE: &str = "events between the last one seen and now are not kept any more: look at the jobs themselves";
const UNKNOWN: &str = "the last event seen is none of this database's: look at the jobs themselves";

/// Everything that a listener needs.
#[derive(Debug)]
pub struct Listener {
    /// The database.
    pub db: Db,
    /// Whether an API key still holds.
    pub keys: LivingKeys,
    /// Who listens.
    pub principal: Principal,
    /// Only to this client and what is below it.
    pub client: Option<ClientId>,
    /// Only these.
    pub types: Vec<String>,
    /// Ends with the process.
    pub shutdown: CancellationToken,
}

/// What a listener that comes back says of where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// It hasn't been here.
    Never,
    /// After this.
    After(Cursor),
    /// Nothing that can be understood.
    Unknown,
}

impl Listener {
    /// Begins to listen. The seat is kept until the end.
    #[must_use]
    pub fn spawn(self, listening: Listening, resumed: Resumed, seat: Seat) -> mpsc::Receiver<Frame> {
        let (frames, receiver) = mpsc::channel(ROOM);
        tokio::spawn(async move {
            let shutdown = self.shutdown.clone();
            metrics::gauge!("cpm_tenant_listeners").increment(1.0);
            let mut session = Session {
                listener: self,
                listening,
                frames,
                clients: Vec::new(),
                asked: None,
                place: Place::before(0),
                epoch: 0,
                floor: 0,
                width: NARROW,
                spoke: Instant::now(),
            };
            tokio::select! {
                () = shutdown.cancelled() => {
                    // Where there is no room, the end of the stream says enough.
                    let _ = session.frames.try_send(Ok(farewell()));
                }
                _ = session.run(resumed) => {}
            }
            metrics::gauge!("cpm_tenant_listeners").decrement(1.0);
            drop(seat);
        });
        receiver
    }
}

struct Session {
    listener: Listener,
    listening: Listening,
    frames: mpsc::Sender<Frame>,
    /// Whose events these are.
    clients: Vec<Uuid>,
    /// When that was asked.
    asked: Option<Instant>,
    /// Everything up to here was sent, or wasn't asked for.
    place: Place,
    /// In which life of the database.
    epoch: u32,
    /// The deletions that the listener knows of.
    floor: u64,
    /// How many transactions the next read goes through.
    width: u64,
    /// When something was sent.
    spoke: Instant,
}

/// What a read came to.
enum Came {
    /// To the horizon.
    Through(Horizon),
    /// There is more.
    More,
    /// The database can't be asked now.
    Unanswered,
}

impl Session {
    async fn run(&mut self, resumed: Resumed) -> Result<(), Ended> {
        self.begin(resumed).await?;
        // Below which transaction everything is to be read before there is rest. The highest number: where the next read finds it.
        let mut owed = u64::MAX;
        let mut patience = HELD_BACK;
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(look_at) => {}
                () = self.listening.woken() => {
                    tokio::time::sleep(TOGETHER).await;
                    // What was committed by now shall be read, however long an older transaction takes.
                    owed = u64::MAX;
                    patience = HELD_BACK;
                }
                () = sleep_until(self.spoke + KEEP_ALIVE) => {
                    self.send(sse::Event::default().id(self.cursor()).comment("keep-alive")).await?;
                    continue;
                }
                () = self.frames.closed() => return Err(Ended),
            }
            let pause = loop {
                match self.read().await? {
                    Came::More => {}
                    Came::Unanswered => break AGAIN,
                    Came::Through(horizon) => {
                        if owed == u64::MAX {
                            owed = horizon.begun;
                        }
                        if horizon.settled >= owed {
                            break GAPS;
                        }
                        patience = (patience * 2).min(AGAIN);
                        break patience;
                    }
                }
            };
            look_at = Instant::now() + pause;
        }
    }

    /// Finds the listener's place, and says that it listens.
    async fn begin(&mut self, resumed: Resumed) -> Result<(), Ended> {
        let horizon = loop {
            match self.look().await? {
                Some((tx, horizon)) => {
                    drop(tx);
                    break horizon;
                }
                None => tokio::select! {
                    () = tokio::time::sleep(AGAIN) => {}
                    () = self.frames.closed() => return Err(Ended),
                },
            }
        };
        self.floor = horizon.floor;
        self.epoch = horizon.epoch;
        let lost = match resumed {
            Resumed::Never => None,
            Resumed::Unknown => Some(UNKNOWN),
            // The database was restored meanwhile: its transactions have the same numbers and are others.
            Resumed::After(Cursor { epoch: Some(epoch), .. }) if epoch != horizon.epoch => Some(UNKNOWN),
            // Of a database whose counter this one's hasn't reached.
            Resumed::After(Cursor { place, .. }) if place.xid > horizon.begun => Some(UNKNOWN),
            Resumed::After(Cursor { place, .. }) if place.xid <= horizon.floor => Some(GONE),
            Resumed::After(Cursor { place, .. }) => {
                self.place = place;
                return self.send_ready(true).await;
            }
        };
        self.place = Place::before(horizon.settled);
        match lost {
            Some(reason) => self.send_reset(reason).await,
            None => self.send_ready(false).await,
        }
    }

    /// Sends what there is next.
    async fn read(&mut self) -> Result<Came, Ended> {
        let Some((mut tx, horizon)) = self.look().await? else { return Ok(Came::Unanswered) };
        if horizon.epoch != self.epoch {
            drop(tx);
            self.epoch = horizon.epoch;
            self.floor = horizon.floor;
            self.place = Place::before(horizon.settled);
            self.send_reset(UNKNOWN).await?;
            return Ok(Came::More);
        }
        let below = horizon.settled.min(self.place.xid.saturating_add(self.width));
        if below <= self.place.xid {
            return Ok(Came::Through(horizon));
        }
        let between = Between { after: (self.place.xid, self.place.id), below };
        let read = async {
            let chunk = tenant_events(&mut tx, &self.clients, &self.listener.types, between, EVENTS_AT_ONCE).await?;
            tx.commit().await?;
            Ok::<_, sqlx::Error>(chunk)
        };
        let Chunk { events, floor } = match read.await {
            Ok(chunk) => chunk,
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "a tenant's events can't be read");
                // Perhaps it was too much at once.
                self.width = NARROW;
                return Ok(Came::Unanswered);
            }
        };
        if floor > self.floor {
            self.floor = floor;
            if floor >= self.place.xid {
                // Among what was just read something may be missing.
                self.place = Place::before(horizon.settled);
                self.send_reset(GONE).await?;
                return Ok(Came::More);
            }
        }
        let full = i64::try_from(events.len()).is_ok_and(|count| count >= EVENTS_AT_ONCE);
        for event in events {
            self.place = Place { xid: event.xid, id: event.id };
            let frame = frame(self.cursor(), event);
            self.send(frame).await?;
        }
        if full {
            self.width = (self.width / 4).max(NARROW);
            return Ok(Came::More);
        }
        self.place = Place::before(below);
        self.width = self.width.saturating_mul(4).min(WIDE);
        Ok(if below < horizon.settled { Came::More } else { Came::Through(horizon) })
    }

    /// How far can be read, in a transaction to read in; `None` where the database can't be asked now.
    async fn look(&mut self) -> Result<Option<(TenantTx, Horizon)>, Ended> {
        let looked = async {
            if self.asked.is_none_or(|asked| asked.elapsed() >= TRUSTED)
                && let Some(key) = self.listener.principal.api_key()
                && !self.listener.keys.holds(key).await?
            {
                return Ok(None);
            }
            let mut tx = self.listener.db.tenant(self.listener.principal.scope()).await?;
            if self.asked.is_none_or(|asked| asked.elapsed() >= TRUSTED) {
                let Some(clients) = clients(&mut tx, self.listener.client).await? else { return Ok(None) };
                self.listening.to(clients.iter().copied().map(ClientId).collect::<HashSet<_>>());
                self.clients = clients;
                self.asked = Some(Instant::now());
            }
            let horizon = events_horizon(&mut tx, &self.clients).await?;
            Ok::<_, sqlx::Error>(Some((tx, horizon)))
        };
        match looked.await {
            Ok(Some(looked)) => Ok(Some(looked)),
            Ok(None) => {
                tracing::info!(
                    principal = self.listener.principal.name(),
                    "a listener may not hear a tenant's events any more"
                );
                Err(Ended)
            }
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "a listener to a tenant's events waits for the database");
                Ok(None)
            }
        }
    }

    /// Where the listener is, as the id of an event.
    fn cursor(&self) -> String {
        Cursor { place: self.place, epoch: Some(self.epoch) }.to_string()
    }

    async fn send_ready(&mut self, resumed: bool) -> Result<(), Ended> {
        let frame = sse::Event::default().id(self.cursor()).event("ready");
        self.send(frame.json_data(json!({"resumed": resumed})).unwrap_or_default()).await
    }

    async fn send_reset(&mut self, reason: &str) -> Result<(), Ended> {
        let frame = sse::Event::default().id(self.cursor()).event("reset");
        self.send(frame.json_data(json!({"reason": reason})).unwrap_or_default()).await
    }

    async fn send(&mut self, frame: sse::Event) -> Result<(), Ended> {
        send(&self.frames, frame).await?;
        self.spoke = Instant::now();
        Ok(())
    }
}

/// Whose events these are now; `None` where the one client can't be seen any more.
async fn clients(tx: &mut TenantTx, only: Option<ClientId>) -> Result<Option<Vec<Uuid>>, sqlx::Error> {
    match only {
        Some(client) => client_subtree(tx, &ClientRef::Id(client)).await,
        None => clients_visible(tx).await.map(Some),
    }
}

fn frame(id: String, event: TenantEvent) -> sse::Event {
    let data = json!({
        "job_id": JobId(event.job_id), "client_id": event.client_id, "seq": event.seq, "at": event.at, "data": event.data,
    });
    sse::Event::default().id(id).event(event.kind).json_data(data).unwrap_or_default()
}
