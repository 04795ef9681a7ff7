//! How a job ends, or goes back to wait. Each end is one transaction: the job, its money, its event, its row in
//! `job_runs`. Everything that an attempt writes is fenced.

use std::time::Duration;

use hg_common::db::{Scope, TenantTx};
use hg_types::JobStatus;
use sqlx::PgConnection;

use super::{
    context::Context,
    events::{self, Appended, Event},
    running::Run,
    store::{
        attempt::fence,
        ending::{Completion, Counted, Which, complete_item, job_complete, job_end, run_release},
    },
};
use crate::{
    combine::Combined,
    ledger::{self, CallEnd, CallId, CallStatus, Settled},
    queue::Enqueue,
};

/// An end without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It failed.
    Failed {
        /// A stable code.
        code: String,
        /// A sentence for people.
        message: String,
    },
    /// Somebody stopped it.
    Cancelled,
}

/// The end of a job whose time is up.
pub(super) fn deadline(life: Duration) -> End {
    let minutes = life.as_secs().div_ceil(60);
    End::Failed {
        code: "deadline_exceeded".into(),
        message: format!("The job did not end within {minutes} minutes and was given up."),
    }
}

/// The end of a job whose provider call was lost once too often, or is too dear to be repeated.
pub(super) fn unknown_outcome() -> End {
    End::Failed {
        code: "unknown_outcome".into(),
        message: "The provider was asked, but its answer never reached us; asking again might be billed twice.".into(),
    }
}

/// What is written of an attempt at its end.
#[derive(Debug)]
pub(super) enum Written {
    /// It was kept.
    Kept {
        /// To be announced after COMMIT, which has happened.
        event: Appended,
        /// What it cost.
        settled: Settled,
    },
    /// The attempt isn't ours any more, or this very end was kept before.
    Fenced,
}

/// Ends a job whose row the caller has locked, without a result.
pub(super) async fn end(conn: &mut PgConnection, which: Which, end: &End) -> Result<Appended, sqlx::Error> {
    end_settled(conn, which, end).await.map(|(event, _)| event)
}

async fn end_settled(conn: &mut PgConnection, which: Which, end: &End) -> Result<(Appended, Settled), sqlx::Error> {
    let (status, error, event) = match end {
        End::Failed { code, message } => (
            JobStatus::Failed,
            Some((code.as_str(), message.as_str())),
            Event::Failed { code: code.clone(), message: message.clone() },
        ),
        End::Cancelled => (JobStatus::Cancelled, None, Event::Cancelled {}),
    };
    job_end(conn, which, status, error).await?;
    let settled = ledger::tally(conn, which.job, which.client).await?;
    let event = events::append(conn, which.job, which.client, &event).await?;
    ledger::settle(conn, which.job, &settled).await?;
    Ok((event, settled))
}

pub(super) const fn which(run: &Run) -> Which {
    Which { job: run.claimed.job, client: run.claimed.client, attempt: run.claimed.attempt }
}

/// Call done, result, charge, settled reservation, event: all or nothing. Whoever was told that the job stops is right, though:
/// a text that comes after that ends it as cancelled, and what it cost is booked.
pub(super) async fn complete(ctx: &Context, run: &Run, done: &Completion<'_>) -> Result<Written, sqlx::Error> {
    let which = which(run);
    let completed = match ctx.completes.ask(&complete_item(which, done)).await {
        Combined::Done(completing) => completing.of(which),
        Combined::Failed(error) => return Err(error),
        Combined::Alone => {
            let mut tx = ctx.deps.db.tenant(Scope::Client(which.client)).await?;
            let Some(fence) = fence(&mut tx, &run.claimed).await? else { return Ok(Written::Fenced) };
            if fence.cancel_requested {
                // Whoever asked was told that it stops: the text came too late, though it was paid for.
                let (call, end) = done.call;
                let mut unwanted = end.clone();
                if unwanted.status == CallStatus::Done {
                    unwanted.status = CallStatus::Cancelled;
                }
                return end_alone(tx, which, Some((*call, &unwanted)), &End::Cancelled).await;
            }
            let completed = job_complete(&mut tx, which, done).await?;
            tx.commit().await?;
            completed
        }
    };
    Ok(completed.map_or(Written::Fenced, |(event, settled)| Written::Kept { event, settled }))
}

/// Ends an attempt's job without a result, its last call included.
pub(super) async fn fail(
    ctx: &Context,
    run: &Run,
    call: Option<&(CallId, CallEnd)>,
    how: &End,
) -> Result<Written, sqlx::Error> {
    let mut tx = ctx.deps.db.tenant(Scope::Client(run.claimed.client)).await?;
    let Some(fence) = fence(&mut tx, &run.claimed).await? else { return Ok(Written::Fenced) };
    let how = if fence.cancel_requested { &End::Cancelled } else { how };
    end_alone(tx, which(run), call.map(|(call, end)| (*call, end)), how).await
}

/// The end of a job whose row `tx` holds, its last call included.
async fn end_alone(
    mut tx: TenantTx,
    which: Which,
    call: Option<(CallId, &CallEnd)>,
    how: &End,
) -> Result<Written, sqlx::Error> {
    if let Some((call, end)) = call {
        ledger::call_ended(&mut tx, call, end).await?;
    }
    let (event, settled) = end_settled(&mut tx, which, how).await?;
    tx.commit().await?;
    Ok(Written::Kept { event, settled })
}

/// Why and for how long a job goes back.
#[derive(Debug)]
pub(super) struct Back {
    /// For metrics and watchers.
    pub(super) why: &'static str,
    pub(super) delay: Duration,
    pub(super) counted: Counted,
    /// Why watchers must forget the text, where some was shown.
    pub(super) reset: Option<String>,
}

/// What became of a job that was to go back.
#[derive(Debug)]
pub(super) enum Released {
    /// It waits.
    Waiting {
        /// For the index.
        again: Enqueue,
        /// To be announced; none where it waits on for what it has waited for before.
        event: Option<Appended>,
    },
    /// Somebody wanted it to stop, so it has ended.
    Ended(Appended),
    /// The attempt isn't ours any more.
    Fenced,
}

/// Puts an attempt's job back to wait, its last call included.
pub(super) async fn give_back(
    ctx: &Context,
    run: &Run,
    call: Option<&(CallId, CallEnd)>,
    back: &Back,
) -> Result<Released, sqlx::Error> {
    let mut tx = ctx.deps.db.tenant(Scope::Client(run.claimed.client)).await?;
    let Some(fence) = fence(&mut tx, &run.claimed).await? else { return Ok(Released::Fenced) };
    let which = which(run);
    if let Some((call, end)) = call {
        ledger::call_ended(&mut tx, *call, end).await?;
    }
    if fence.cancel_requested {
        let event = end(&mut tx, which, &End::Cancelled).await?;
        tx.commit().await?;
        return Ok(Released::Ended(event));
    }
    ledger::results_lost(&mut tx, which.job, which.client).await?;
    let available_at = run_release(&mut tx, which, back.delay, back.counted).await?;
    if let Some(reason) = &back.reset {
        let reset = events::append(&mut tx, which.job, which.client, &Event::Reset { reason: reason.clone() }).await?;
        tracing::debug!(job = %which.job, seq = reset.seq, "what watchers saw is void");
    }
    let stage = if back.delay.is_zero() { "queued" } else { "waiting" };
    let status = Event::Status {
        status: JobStatus::Pending,
        stage,
        attempt: which.attempt,
        at: chrono::Utc::now(),
        reason: Some(back.why),
    };
    let event = events::append_wait(&mut tx, which.job, which.client, &status, back.why).await?;
    tx.commit().await?;
    let claimed = &run.claimed;
    let again = Enqueue { job_id: which.job, client_id: which.client, priority: claimed.priority, available_at };
    Ok(Released::Waiting { again, event })
}
