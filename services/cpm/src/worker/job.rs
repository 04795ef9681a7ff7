//! One attempt from claim to end: runs [`produce`](super::produce), then writes what came of it, fenced.

use std::{sync::Arc, time::Duration};

use hg_common::http::{RequestId, error_chain, with_request_id};
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::{
    backoff::{LONGEST_AWAY, after_provider_error, full_jitter, while_away},
    context::Context,
    ending::{self, Back, End, Released, Written},
    events,
    halt::Halt,
    patience::{is_passing, persist},
    produce::{Product, produce},
    running::{Run, Running, Stop},
    store::{
        claim::Stored,
        ending::{Completion, Counted},
    },
};
use crate::{
    ledger::{CallEnd, CallId, CallStatus},
    steady::caught,
    stream,
};

/// A provider that wants to be asked later than this is asked then anyway, or the deadline comes first.
const LONGEST_WISH: Duration = Duration::from_secs(600);

pub(super) async fn run(ctx: Arc<Context>, run: Arc<Run>, job: Stored, permit: OwnedSemaphorePermit) {
    let claimed = run.claimed;
    let span = tracing::info_span!("job", job = %claimed.job, client = %claimed.client, attempt = claimed.attempt);
    let attempt = async {
        let outcome = match job.read() {
            Ok(job) => {
                let request_id = job.request_id.as_deref().and_then(RequestId::parse).unwrap_or_else(RequestId::random);
                // The pipeline's futures are large.
                Box::pin(with_request_id(request_id, produce(&ctx, &run, job))).await
            }
            Err(error) => Err(Halt::Database(error)),
        };
        Box::pin(conclude(&ctx, &run, outcome)).await;
    };
    to_its_end(&ctx.running, &run, attempt).instrument(span).await;
    drop(permit);
}

/// Runs an attempt until it is over. One that panics is over, too: were it still thought to run, its lease would be renewed for
/// ever. So it runs out, and the reaper counts a crash.
async fn to_its_end(running: &Running, run: &Run, attempt: impl Future<Output = ()>) {
    if let Err(panic) = caught("job", attempt).await {
        tracing::error!(panic, "the attempt panicked: its lease runs out");
    }
    running.end(run);
}

async fn conclude(ctx: &Context, run: &Run, outcome: Result<Product, Halt>) {
    let _writing = run.write();
    match outcome {
        Ok(product) => complete(ctx, run, &product).await,
        Err(Halt::Stopped { why: Stop::Cancelled, call }) => end(ctx, run, call.as_deref(), &End::Cancelled).await,
        Err(Halt::Stopped { why: Stop::Deadline, call }) => {
            end(ctx, run, call.as_deref(), &ending::deadline(ctx.settings().deadline)).await;
        }
        Err(Halt::Stopped { why: Stop::Drained, call }) => drained(ctx, run, call.as_deref()).await,
        Err(Halt::Away(error)) => {
            tracing::info!(error = %error_chain(&*error), "the job waits for a service that is away");
            wait(ctx, run, "service_away", away_delay(ctx, run, LONGEST_AWAY)).await;
        }
        Err(Halt::NoSlot(provider)) => {
            tracing::debug!(%provider, "all slots are taken");
            wait(ctx, run, "no_provider_slot", away_delay(ctx, run, Duration::MAX)).await;
        }
        Err(Halt::Provider { call, retry_after, text_was_shown }) => {
            provider_failed(ctx, run, &call, retry_after, text_was_shown).await;
        }
        Err(Halt::Failed { code, message, call }) => {
            end(ctx, run, call.as_deref(), &End::Failed { code, message }).await;
        }
        Err(Halt::Stopped { why: Stop::Fenced, .. } | Halt::Fenced) => fenced(),
        Err(Halt::Database(error)) => left(&error),
    }
}

fn fenced() {
    metrics::counter!("cpm_attempts_fenced_total").increment(1);
    tracing::warn!("the attempt is somebody else's now: nothing was written");
}

/// Postgres can't be written: the lease runs out, and the reaper counts what was lost.
fn left(error: &sqlx::Error) {
    metrics::counter!("cpm_attempts_left_total").increment(1);
    tracing::error!(error = %error_chain(error), "the attempt's end could not be written");
}

/// At most so long, and at most as long as is configured.
fn away_delay(ctx: &Context, run: &Run, longest: Duration) -> Duration {
    while_away(run.claimed.age + run.elapsed(), ctx.settings().away_cap.min(longest), rand::random())
}

async fn complete(ctx: &Context, run: &Run, product: &Product) {
    let judged = &product.judged;
    let done = Completion {
        call: &product.call,
        result: judged.result(),
        score: judged.report.score,
        provider: product.provider,
        model: &product.model,
        usage: product.usage,
    };
    match persist!(ctx, run, ending::complete(ctx, run, &done)) {
        Ok(Written::Kept { event, settled }) => {
            tracing::info!(outcome = event.kind, score = judged.report.score, cost = %settled.charged, last_call = %product.last_cost(), "the job is done");
            over(ctx, run, event);
        }
        Ok(Written::Fenced) => fenced(),
        Err(error) if is_passing(&error) => left(&error),
        Err(error) => refused(ctx, run, &product.call, &error).await,
    }
}

/// Postgres will never take this result. Writing it again would cost the same again and be refused again: the job ends,
/// and what its call cost is booked without the provider's own words, for they may be what was refused.
async fn refused(ctx: &Context, run: &Run, (id, known): &(CallId, CallEnd), error: &sqlx::Error) {
    metrics::counter!("cpm_results_refused_total").increment(1);
    tracing::error!(error = %error_chain(error), "the result was refused by the database");
    let call = CallEnd {
        status: if known.status == CallStatus::Done { CallStatus::Failed } else { known.status },
        usage: known.usage,
        cost: known.cost,
        finish_reason: None,
        generation_id: None,
        model: None,
        error_code: Some("result_refused"),
        error_message: None,
        first_text: known.first_text,
    };
    let message = "The text was written, but it could not be stored.".to_owned();
    end(ctx, run, Some(&(*id, call)), &End::Failed { code: "result_refused".into(), message }).await;
}

async fn end(ctx: &Context, run: &Run, call: Option<&(CallId, CallEnd)>, how: &End) {
    match persist!(ctx, run, ending::fail(ctx, run, call, how)) {
        Ok(Written::Kept { event, settled }) => {
            tracing::info!(?how, cost = %settled.total(), "the job has ended without a result");
            over(ctx, run, event);
        }
        Ok(Written::Fenced) => fenced(),
        Err(error) => left(&error),
    }
}

fn over(ctx: &Context, run: &Run, event: events::Appended) {
    let outcome = event.kind;
    let life = run.claimed.age + run.elapsed();
    metrics::histogram!("cpm_job_duration_seconds", "outcome" => outcome).record(life.as_secs_f64());
    metrics::counter!("cpm_jobs_total", "outcome" => outcome).increment(1);
    let client = ctx.tenants.label(run.claimed.client);
    metrics::counter!("cpm_client_jobs_total", "client" => client, "outcome" => outcome).increment(1);
    ctx.herald.over(run.claimed.job, run.claimed.client);
    ctx.herald.announce(event);
}

async fn wait(ctx: &Context, run: &Run, why: &'static str, delay: Duration) {
    back(ctx, run, None, &Back { why, delay, counted: Counted::default(), reset: None }).await;
}

/// The process ends. What had called nobody goes back as it came; a call that could not finish in time is settled by
/// what arrived.
async fn drained(ctx: &Context, run: &Run, call: Option<&(CallId, CallEnd)>) {
    if call.is_some_and(|(_, end)| is_last(ctx, run, end)) {
        return end(ctx, run, call, &ending::unknown_outcome()).await;
    }
    let unknown = call.is_some_and(|(_, end)| end.status == CallStatus::Unknown);
    let counted = Counted { unknown_calls: i32::from(unknown), ..Counted::default() };
    let reset = call.map(|_| "The server was restarted; the text is written again.".to_owned());
    back(ctx, run, call, &Back { why: "drained", delay: Duration::ZERO, counted, reset }).await;
}

/// Whether nothing may be asked again after this call: its outcome is unknown, and it was the second of its kind, or cost more
/// than the operator would spend twice.
fn is_last(ctx: &Context, run: &Run, call: &CallEnd) -> bool {
    let too_dear = ctx.settings().unknown_retry_limit.is_some_and(|limit| call.cost.amount > limit);
    call.status == CallStatus::Unknown && (too_dear || run.claimed.unknown_calls > 0)
}

async fn provider_failed(
    ctx: &Context,
    run: &Run,
    call: &(CallId, CallEnd),
    retry_after: Option<Duration>,
    text_was_shown: bool,
) {
    let settings = ctx.settings();
    let failures = run.claimed.provider_failures + 1;
    let unknown = call.1.status == CallStatus::Unknown;
    if is_last(ctx, run, &call.1) {
        return end(ctx, run, Some(call), &ending::unknown_outcome()).await;
    }
    if failures >= settings.max_provider_failures {
        let code = format!("provider_{}", call.1.error_code.unwrap_or("failed"));
        let said = call.1.error_message.as_deref().unwrap_or("The provider failed.");
        let message = format!("{said} That was the last of {failures} tries.");
        return end(ctx, run, Some(call), &End::Failed { code, message }).await;
    }
    let backoff = full_jitter(settings.backoff_base, settings.backoff_cap, failures.unsigned_abs(), rand::random());
    let delay = after_provider_error(backoff, retry_after.map(|wish| wish.min(LONGEST_WISH)));
    tracing::info!(code = call.1.error_code, failures, ?delay, "the provider failed; the job is tried again");
    let counted = Counted { provider_failures: 1, unknown_calls: i32::from(unknown), ..Counted::default() };
    let reset = text_was_shown.then(|| "The provider broke off; the text is written again.".to_owned());
    back(ctx, run, Some(call), &Back { why: "provider_error", delay, counted, reset }).await;
}

async fn back(ctx: &Context, run: &Run, call: Option<&(CallId, CallEnd)>, how: &Back) {
    match persist!(ctx, run, ending::give_back(ctx, run, call, how)) {
        Ok(Released::Waiting { again, event }) => {
            metrics::counter!("cpm_job_retries_total", "reason" => how.why).increment(1);
            let client = ctx.tenants.label(run.claimed.client);
            metrics::counter!("cpm_client_retries_total", "client" => client, "reason" => how.why).increment(1);
            if let Some(reason) = &how.reset
                && let Err(error) = stream::reset(&ctx.deps.redis, run.claimed.job, run.claimed.attempt, reason).await
            {
                tracing::debug!(error = %error_chain(&error), "live watchers will see the next attempt's text");
            }
            // The slot first: the entry that is added next must stay.
            ctx.deps.queue.remove(run.claimed.job, run.claimed.client).await;
            ctx.deps.queue.enqueue(again).await;
            if let Some(event) = event {
                ctx.herald.announce(event);
            }
        }
        Ok(Released::Ended(event)) => over(ctx, run, event),
        Ok(Released::Fenced) => fenced(),
        Err(error) => left(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::running::Claimed;

    #[tokio::test]
    async fn an_attempt_that_panics_is_over() {
        let running = super::Running::default();
        let run = running.begin(Claimed::example(), tokio::time::Instant::now());
        super::to_its_end(&running, &run, async { panic!("a fault of ours") }).await;
        assert_eq!(running.len(), 0, "its lease would be renewed for ever");
    }
}
