//! The epochs of a topic: another one after each change of what the topic's look-ups read.
//!
//! Asked of the database when somebody needs it and it isn't fresh, by one asker at a time, in the background while the last
//! answer may still be believed: nobody waits for it but who comes after a pause. Which changes count is the database's business
//! (triggers, migration 0029).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

use crate::{db::Db, http::error_chain};

/// How long an epoch is believed, from before it was asked for. Below a second, within which a change is promised to hold
/// everywhere.
pub const BELIEVED: Duration = Duration::from_millis(800);
/// From when on it is asked for again.
const FRESH: Duration = Duration::from_millis(400);

/// What is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// A client's effective strategy.
    Strategies,
    /// The template that holds for a client.
    Templates,
    /// Who an API key stands for.
    ApiKeys,
}

impl Topic {
    /// As the database calls it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strategies => "strategies",
            Self::Templates => "templates",
            Self::ApiKeys => "api_keys",
        }
    }
}

/// One epoch. It is the same as another or not; neither is the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(i64);

#[cfg(test)]
impl Epoch {
    pub(super) const fn numbered(number: i64) -> Self {
        Self(number)
    }
}

/// Asks for the present epoch; `None` where it can't be had.
type Ask = dyn Fn() -> BoxFuture<'static, Option<Epoch>> + Send + Sync;

/// The epochs of a topic. Clones share what they know.
#[derive(Clone)]
pub struct Epochs(Arc<Inner>);

struct Inner {
    ask: Box<Ask>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Known>,
    /// Ends when the answer, or that there is none, has been noted.
    asking: Option<Shared<BoxFuture<'static, ()>>>,
}

#[derive(Clone, Copy)]
struct Known {
    epoch: Epoch,
    /// Before it was asked for.
    asked: Instant,
}

impl Known {
    fn is_believed(&self) -> bool {
        self.asked.elapsed() < BELIEVED
    }
}

impl Epochs {
    /// Of this topic, as this database says.
    #[must_use]
    pub fn of(db: Db, topic: Topic) -> Self {
        Self::asking(move || {
            let db = db.clone();
            async move {
                match epoch(&db, topic).await {
                    Ok(epoch) => epoch,
                    Err(error) => {
                        let (topic, error) = (topic.as_str(), error_chain(&error));
                        tracing::debug!(topic, error, "the epoch is unknown: nothing remembered is believed");
                        None
                    }
                }
            }
            .boxed()
        })
    }

    pub(super) fn asking(ask: impl Fn() -> BoxFuture<'static, Option<Epoch>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner { ask: Box::new(ask), state: Mutex::default() }))
    }

    /// Whether it is still that one. No, too, where nobody can say.
    pub(super) async fn still(&self, epoch: Epoch) -> bool {
        let asking = {
            let mut state = self.0.state();
            if let Some(known) = state.known.filter(Known::is_believed) {
                if known.asked.elapsed() >= FRESH {
                    drop(self.asked_for(&mut state));
                }
                return known.epoch == epoch;
            }
            self.asked_for(&mut state)
        };
        asking.await;
        let state = self.0.state();
        state.known.is_some_and(|known| known.is_believed() && known.epoch == epoch)
    }

    /// The last one that is known, however old: whatever is looked up from now on is at least as new as that. Nobody waits for it
    /// but the first who asks.
    pub(super) async fn last_known(&self) -> Option<Epoch> {
        let asking = {
            let mut state = self.0.state();
            let is_fresh = state.known.is_some_and(|known| known.asked.elapsed() < FRESH);
            match state.known {
                Some(known) if is_fresh => return Some(known.epoch),
                Some(known) => {
                    drop(self.asked_for(&mut state));
                    return Some(known.epoch);
                }
                None => self.asked_for(&mut state),
            }
        };
        asking.await;
        self.0.state().known.map(|known| known.epoch)
    }

    /// Asks, unless somebody is at it. In a task of its own: whoever waits for it may go.
    fn asked_for(&self, state: &mut State) -> Shared<BoxFuture<'static, ()>> {
        let asking = state.asking.get_or_insert_with(|| {
            let inner = Arc::clone(&self.0);
            let asked = tokio::spawn(async move { inner.find_out().await });
            async move { drop(asked.await) }.boxed().shared()
        });
        asking.clone()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn find_out(&self) {
        let done = Done(self);
        let asked = Instant::now();
        // What takes longer isn't believed any more when it comes.
        let answer = tokio::time::timeout(BELIEVED, (self.ask)()).await;
        if let Ok(Some(epoch)) = answer {
            self.state().known = Some(Known { epoch, asked });
        }
        drop(done);
    }
}

/// Nobody is asking any more, however that came.
struct Done<'a>(&'a Inner);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.state().asking = None;
    }
}

impl fmt::Debug for Epochs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Epochs")
    }
}

async fn epoch(db: &Db, topic: Topic) -> Result<Option<Epoch>, sqlx::Error> {
    let mut tx = db.anonymous().await?;
    let epoch: Option<i64> =
        sqlx::query_scalar("SELECT app.look_up_epoch($1)").bind(topic.as_str()).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(epoch.map(Epoch))
}
