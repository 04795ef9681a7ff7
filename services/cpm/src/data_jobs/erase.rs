//! What goes: jobs with texts, events, prompts and idempotency keys; API keys and provider keys. In batches, client by client.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hg_common::data_jobs::{Outcome, PartError, Work};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::store;

/// How often it is looked whether a running job has heard that it shall stop.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Where the next batch goes on: with which client.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Place {
    subject: usize,
}

/// Asks everything that waits or runs to stop, and is done when nothing does any more: the reaper ends what waits, workers
/// hear by their heartbeat, and each job's reservation is settled as ever.
pub(super) async fn stop(work: &mut Work) -> Result<Outcome, PartError> {
    let clients = work.clients().to_vec();
    let mut batch = work.begin().await?;
    let asked = store::runs_cancel(&mut batch, &clients).await?;
    let running = store::runs_count(&mut batch, &clients).await?;
    batch.save(&Place::default(), 0, Some(asked)).await?;
    Ok(if running == 0 { Outcome::Finished } else { Outcome::Later(LOOK_AGAIN) })
}

/// Jobs with all that belongs to them.
pub(super) async fn jobs(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    if work.is_fresh() {
        let mut batch = work.begin().await?;
        let total = store::jobs_count(&mut batch, &clients).await?;
        batch.save(&Place::default(), 0, Some(total)).await?;
    }
    let mut place: Place = work.place();
    while let Some(client) = clients.get(place.subject).copied() {
        let most = work.batch_size();
        let mut batch = work.begin().await?;
        let ids = store::jobs_ended(&mut batch, client, None, most).await?;
        if ids.is_empty() {
            let rest = store::traces_delete(&mut batch, client, most * 10).await?;
            if rest == 0 {
                place.subject += 1;
            }
        } else {
            store::jobs_delete(&mut batch, client, &ids).await?;
        }
        batch.save(&place, ids.len() as u64, None).await?;
    }
    Ok(())
}

/// A job that was accepted in the very moment in which its client was archived.
pub(super) async fn late_jobs(work: &mut Work) -> Result<Outcome, PartError> {
    match stop(work).await? {
        Outcome::Finished => {
            jobs(work).await?;
            Ok(Outcome::Finished)
        }
        later @ Outcome::Later(_) => Ok(later),
    }
}

/// Keys of clients, by which they called us, and by which we called providers.
pub(super) async fn clients_keys(work: &mut Work) -> Result<(), PartError> {
    let clients = work.clients().to_vec();
    let mut batch = work.begin().await?;
    let gone = store::keys_delete(&mut batch, &clients).await?;
    batch.save(&Place::default(), gone, None).await
}

/// Provider keys that a person has stored as their own.
pub(super) async fn persons_keys(work: &mut Work) -> Result<(), PartError> {
    let person = work.person().unwrap_or_else(Uuid::nil);
    let mut batch = work.begin().await?;
    let gone = store::person_keys_delete(&mut batch, person).await?;
    batch.save(&Place::default(), gone, None).await
}

/// Retention: ended jobs that were accepted before the limit.
pub(super) async fn old_jobs(work: &mut Work) -> Result<(), PartError> {
    let Some(before) = work.parameter::<DateTime<Utc>>("jobs_before") else { return Ok(()) };
    for client in work.clients().to_vec() {
        if work.is_fresh() {
            let mut batch = work.begin().await?;
            let total = store::jobs_count_before(&mut batch, client, before).await?;
            batch.save(&Place::default(), 0, Some(total)).await?;
        }
        loop {
            let most = work.batch_size();
            let mut batch = work.begin().await?;
            let ids = store::jobs_ended(&mut batch, client, Some(before), most).await?;
            if ids.is_empty() {
                break;
            }
            store::jobs_delete(&mut batch, client, &ids).await?;
            batch.save(&Place::default(), ids.len() as u64, None).await?;
        }
    }
    Ok(())
}

/// Retention: what ended jobs went through.
pub(super) async fn old_events(work: &mut Work) -> Result<(), PartError> {
    let Some(before) = work.parameter::<DateTime<Utc>>("logs_before") else { return Ok(()) };
    for client in work.clients().to_vec() {
        loop {
            let most = work.batch_size() * 10;
            let mut batch = work.begin().await?;
            let gone = store::events_delete_before(&mut batch, client, before, most).await?;
            if gone == 0 {
                break;
            }
            batch.save(&Place::default(), gone, None).await?;
        }
    }
    Ok(())
}
