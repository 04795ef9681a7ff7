//! Work of one moment goes to Postgres together: one transaction and one COMMIT for jobs of many tenants.
//!
//! Nobody waits for others to come while nothing is under way: what arrives during a transaction gathers for the next, so that
//! batches grow with the load, and only where that transaction hangs does a second one go beside it. It must not change what comes of an item. One that doesn't
//! go through is left to its asker, who does it alone and learns why; one that might hold up or spoil the others is never taken. Where it is mostly
//! somebody's lock that keeps an item out, it is taken along once more before that.

use std::{future::Future, io, sync::Arc, time::Duration};

use hg_common::{
    db::{CombinedTx, Db},
    http::error_chain,
};
use serde::Serialize;
use tokio::{
    sync::{Mutex, Semaphore, mpsc, oneshot},
    time::timeout,
};

use crate::steady::steadily;

/// Transactions under way at once: one, and another where it hangs.
const LANES: usize = 2;
/// Items of a transaction. What one costs is mostly its statements, so the more the better; but all of them go one by one
/// where one of them makes it fail.
const MOST: usize = 128;
/// So long does what has come wait for the transaction before it, and for others to come meanwhile. Longer than one takes that
/// waits for a processor: two that go beside each other are half as large, and take as long. Shorter than one that waits for
/// somebody's lock.
const GATHER: Duration = Duration::from_millis(150);
/// Items that may wait.
const ROOM: usize = 1_024;
/// A transaction that takes longer is given up: the statements' own limits are shorter, so nobody is there any more.
const PATIENCE: Duration = Duration::from_secs(45);
/// A larger item goes alone.
const LARGEST: usize = 256 * 1024;

/// What came of an item.
#[derive(Debug)]
pub enum Combined<A> {
    /// It went through and is committed.
    Done(A),
    /// Nothing of it was kept: do it alone.
    Alone,
    /// The database can't be reached, or COMMIT wasn't answered: then it may have been kept.
    Failed(sqlx::Error),
}

/// What can be done for several at once.
pub trait Together: Sized + Send + 'static {
    /// What it is called in metrics.
    const NAME: &'static str;
    /// With how many transactions an item that is left out goes before it is left to its asker: more than one where what keeps it
    /// out has most likely passed by then.
    const TRIES: u32 = 1;

    /// Does it for `items`, a JSON array. Each answer comes with its item's place from 1; an item without one has failed, and
    /// nothing of it was kept.
    fn run(tx: &mut CombinedTx, items: &str) -> impl Future<Output = Result<Vec<(i32, Self)>, sqlx::Error>> + Send;
}

struct Item<A> {
    json: String,
    answer: oneshot::Sender<Outcome<A>>,
}

/// What came of an item in one transaction.
enum Outcome<A> {
    Ended(Combined<A>),
    /// The others went through: it may go with the next. Here it is.
    LeftOut(String),
}

/// Gathers items. Clones share them.
#[derive(Debug)]
pub struct Combiner<A>(mpsc::Sender<Item<A>>);

impl<A> Clone for Combiner<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Together> Combiner<A> {
    /// Begins to gather. Ends with the last clone.
    #[must_use]
    pub fn spawn(db: &Db) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM);
        let waiting = Arc::new(Waiting { items: Mutex::new(receiver), turn: Semaphore::new(1) });
        for _ in 0..LANES {
            let (db, waiting) = (db.clone(), Arc::clone(&waiting));
            // Whoever has an item in a transaction that panics hears nothing: it may have been kept.
            tokio::spawn(steadily(A::NAME, move || lane(db.clone(), Arc::clone(&waiting))));
        }
        Self(sender)
    }

    /// Has an item done together with others.
    pub async fn ask(&self, item: &impl Serialize) -> Combined<A> {
        // What can't be written down is refused to its asker, not to the others.
        let Ok(mut json) = serde_json::to_string(item) else { return Combined::Alone };
        // Postgres refuses a zero byte in JSON, and with it everything beside it.
        if json.len() > LARGEST || json.contains("\\u0000") {
            return Combined::Alone;
        }
        for _ in 0..A::TRIES {
            let (answer, answered) = oneshot::channel();
            if self.0.send(Item { json, answer }).await.is_err() {
                return Combined::Alone;
            }
            match answered.await {
                Ok(Outcome::Ended(combined)) => return combined,
                Ok(Outcome::LeftOut(item)) => json = item,
                Err(_) => return Combined::Failed(sqlx::Error::WorkerCrashed),
            }
        }
        Combined::Alone
    }
}

/// What the lanes share.
struct Waiting<A> {
    /// One lane waits for items, the others wait for it.
    items: Mutex<mpsc::Receiver<Item<A>>>,
    /// Held by a transaction that is under way.
    turn: Semaphore,
}

async fn lane<A: Together>(db: Db, waiting: Arc<Waiting<A>>) {
    loop {
        let mut batch = Vec::with_capacity(MOST);
        let mut items = waiting.items.lock().await;
        if items.recv_many(&mut batch, MOST).await == 0 {
            return;
        }
        let turn = if batch.len() < MOST { timeout(GATHER, waiting.turn.acquire()).await.ok() } else { None };
        while batch.len() < MOST
            && let Ok(item) = items.try_recv()
        {
            batch.push(item);
        }
        drop(items);
        // Whoever has gone away didn't hear that it was done, and may ask again.
        batch.retain(|item| !item.answer.is_closed());
        if !batch.is_empty() {
            metrics::histogram!("cpm_combined_items", "what" => A::NAME).record(batch.len() as f64);
            run(&db, batch).await;
        }
        drop(turn);
    }
}

/// How far a transaction came.
enum Came<A> {
    /// To its end: an answer for each item that went through.
    Through(Vec<(i32, A)>),
    /// Nothing was kept.
    Undone(sqlx::Error),
    /// Nobody could be reached, or nobody answered.
    Lost(sqlx::Error),
}

async fn run<A: Together>(db: &Db, batch: Vec<Item<A>>) {
    let came = match timeout(PATIENCE, transact(db, &batch)).await {
        Ok(came) => came,
        Err(_) => Came::Lost(sqlx::Error::Io(io::ErrorKind::TimedOut.into())),
    };
    let mut answers: Vec<Option<A>> = std::iter::repeat_with(|| None).take(batch.len()).collect();
    let came_to_an_end = matches!(came, Came::Through(_));
    let lost = match came {
        Came::Through(done) => {
            for (place, answer) in done {
                let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
                if let Some(slot) = place.and_then(|place| answers.get_mut(place)) {
                    *slot = Some(answer);
                }
            }
            None
        }
        Came::Undone(error) => {
            tracing::debug!(what = A::NAME, items = batch.len(), error = %error_chain(&error), "items go one by one");
            None
        }
        Came::Lost(error) => Some(error),
    };
    for (item, answer) in batch.into_iter().zip(answers) {
        let outcome = match (answer, &lost) {
            (Some(answer), _) => Outcome::Ended(Combined::Done(answer)),
            (None, Some(error)) => Outcome::Ended(Combined::Failed(echo(error))),
            (None, None) if came_to_an_end => {
                metrics::counter!("cpm_combined_left_out_total", "what" => A::NAME).increment(1);
                Outcome::LeftOut(item.json)
            }
            (None, None) => Outcome::Ended(Combined::Alone),
        };
        // Whoever has gone away meanwhile needs no answer.
        let _ = item.answer.send(outcome);
    }
}

async fn transact<A: Together>(db: &Db, batch: &[Item<A>]) -> Came<A> {
    let mut array = String::with_capacity(batch.iter().map(|item| item.json.len() + 1).sum::<usize>() + 2);
    for item in batch {
        array.push(if array.is_empty() { '[' } else { ',' });
        array.push_str(&item.json);
    }
    array.push(']');
    let mut tx = match db.combined().await {
        Ok(tx) => tx,
        Err(error) => return Came::Lost(error),
    };
    match A::run(&mut tx, &array).await {
        Ok(done) => match tx.commit().await {
            Ok(()) => Came::Through(done),
            Err(error) => Came::Lost(error),
        },
        Err(error) => Came::Undone(error),
    }
}

/// The same for each of those whom it befell.
fn echo(error: &sqlx::Error) -> sqlx::Error {
    let kind = match error {
        sqlx::Error::Io(error) => error.kind(),
        _ => io::ErrorKind::Other,
    };
    sqlx::Error::Io(io::Error::new(kind, error_chain(error)))
}
