//! Looks all the time: how many jobs live, and how much of each limited budget is spent or held. Changes nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hg_rig::ground::connect;
use hg_types::Usd;
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How often it looks.
const ROUND: Duration = Duration::from_millis(20);

/// What was seen of the budgets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The largest `spent + reserved`, by holder (none is everybody), over days.
    pub(crate) largest: BTreeMap<Option<Uuid>, Usd>,
    /// How often it was looked.
    pub(crate) looks: u64,
}

/// The task that looks.
pub(crate) struct Observer {
    alive: Arc<AtomicU64>,
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Observer {
    pub(crate) fn start(direct_url: &str) -> Self {
        let (alive, seen) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Seen::default())));
        let task = tokio::spawn({
            let (url, alive, seen) = (direct_url.to_owned(), Arc::clone(&alive), Arc::clone(&seen));
            async move {
                loop {
                    // Postgres may be away: then there is nothing to see.
                    if let Ok(mut db) = connect(&url).await {
                        while look(&mut db, &alive, &seen).await.is_ok() {
                            tokio::time::sleep(ROUND).await;
                        }
                    }
                    tokio::time::sleep(ROUND).await;
                }
            }
        });
        Self { alive, seen, task }
    }

    /// How many jobs lived when it last looked.
    pub(crate) fn alive(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.alive)
    }

    /// Ends, and gives back what was seen.
    pub(crate) fn stop(self) -> Seen {
        self.task.abort();
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn look(db: &mut PgConnection, alive: &AtomicU64, seen: &Mutex<Seen>) -> Result<(), sqlx::Error> {
    let rows: Vec<(i64, Option<Uuid>, Option<i64>)> = sqlx::query_as(
        "SELECT living.jobs, b.client_id, ((b.spent + b.reserved) * 1000000000)::bigint
           FROM (SELECT count(*) AS jobs FROM job_runs) AS living
           LEFT JOIN LATERAL (SELECT client_id, spent, reserved FROM budgets WHERE limit_usd IS NOT NULL AND period = 'day') AS b ON true",
    )
    .fetch_all(db)
    .await?;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.looks += 1;
    for (jobs, holder, used) in rows {
        alive.store(u64::try_from(jobs).unwrap_or_default(), Ordering::Relaxed);
        if let Some(used) = used.map(Usd::from_nanos) {
            let largest = seen.largest.entry(holder).or_insert(Usd::ZERO);
            *largest = (*largest).max(used);
        }
    }
    Ok(())
}
