//! One provider call: slot, budget, the row that says it was started, the stream, and what is known of its end.
//!
//! Nothing is retried here; the queue retries.

use std::sync::Arc;

use hg_common::{crypto::SealContext, db::Scope, http::error_chain};
use hg_llm::{
    Adapter, Completion, CostKnown, Error, Failure, FinishReason, ModelPrice, Request, Secret, collect,
    estimate_tokens, token_bound,
};
use hg_types::{Provider, Usd};

use super::{
    context::Context,
    events::Event,
    halt::{Halt, sentence},
    live_text::{Audience, LiveText},
    patience::{is_passing, persist},
    running::{Run, Stop},
    store::attempt::{Begun, Beside, Job, begin_item, call_begin, fence},
};
use crate::{
    combine::Combined,
    ledger::{BudgetError, CallEnd, CallId, CallStatus, NewCall},
    store::provider_keys::provider_key_fetch,
    stream,
};

/// Who is called.
pub(super) struct Callee {
    pub(super) provider: Provider,
    pub(super) adapter: Arc<dyn Adapter>,
    /// None where the operator allows models without one.
    pub(super) price: Option<ModelPrice>,
}

/// What a call is for, and what stands before it.
pub(super) struct Purpose<'a> {
    /// `write` or `repair`, as the ledger has it.
    pub(super) stage: &'static str,
    /// `writing` or `repairing`, as watchers see it.
    pub(super) doing: &'static str,
    /// What is written together with it.
    pub(super) beside: Beside<'a>,
}

/// A call with a usable answer. It is not recorded yet: that is done with what comes of it.
pub(super) struct Answer {
    pub(super) call: (CallId, CallEnd),
    pub(super) completion: Completion,
}

/// Finds the adapter and the price for a job.
pub(super) async fn callee(ctx: &Context, run: &Run, job: &Job) -> Result<Callee, Halt> {
    let provider: Provider = job
        .provider
        .parse()
        .map_err(|_| Halt::failed("unknown_provider", format!("There is no provider {:?}.", job.provider)))?;
    let registry = ctx.deps.catalogue.registry();
    let adapter = match job.parameters.provider_key_id {
        None => registry.adapter(provider),
        Some(id) => registry.adapter_with_key(provider, &open_key(ctx, run, job, provider, id).await?),
    };
    let adapter = adapter.map_err(|error| Halt::failed("provider_not_configured", sentence(&error.to_string())))?;
    // Jobs from before prices were kept with them have none of their own.
    let reserved_at = job.parameters.price.clone();
    let catalogue = &ctx.deps.catalogue;
    let price = reserved_at.or_else(|| catalogue.prices().lookup_on(provider, &job.model, catalogue.today()));
    if price.is_none() && !ctx.settings().allow_unpriced {
        let message = format!("{} has no known price at {}.", job.model, provider.label());
        return Err(Halt::failed("model_without_price", message));
    }
    Ok(Callee { provider, adapter, price })
}

async fn open_key(ctx: &Context, run: &Run, job: &Job, provider: Provider, id: uuid::Uuid) -> Result<Secret, Halt> {
    let unusable = || Halt::failed("provider_key_unusable", "The stored provider key can't be used any more.");
    let fetch = async || {
        let mut tx = ctx.deps.db.tenant(Scope::Client(run.claimed.client)).await?;
        let key = provider_key_fetch(&mut tx, run.claimed.client, id).await?;
        tx.commit().await?;
        Ok::<_, sqlx::Error>(key)
    };
    let key = persist!(ctx, run, fetch())?.ok_or_else(unusable)?;
    // A person's own key serves that person's jobs alone.
    if key.provider != provider.as_str() || key.user_id.is_some_and(|owner| Some(owner) != job.key_user) {
        return Err(unusable());
    }
    let context = SealContext {
        table: "provider_keys",
        row: key.id,
        client: Some(key.client_id),
        owner: key.user_id,
        provider: &key.provider,
    };
    let Some(keyring) = &ctx.deps.keyring else { return Err(unusable()) };
    let opened = keyring.open(&context, &key.sealed).map_err(|error| {
        tracing::error!(key = %key.id, error = %error_chain(&error), "a stored provider key doesn't open");
        unusable()
    })?;
    String::from_utf8(opened).map(Secret::new).map_err(|_| unusable())
}

/// Makes the call.
pub(super) async fn call(
    ctx: &Context,
    run: &Run,
    callee: &Callee,
    request: Request,
    purpose: &Purpose<'_>,
) -> Result<Answer, Halt> {
    let request = match &callee.price {
        Some(price) => request.fitted_to(price),
        None => request,
    };
    let slot = Slot::take(ctx, run, callee.provider).await?;
    let outcome = call_in_slot(ctx, run, callee, request, purpose).await;
    slot.give_back(ctx, run).await;
    outcome
}

async fn call_in_slot(
    ctx: &Context,
    run: &Run,
    callee: &Callee,
    request: Request,
    purpose: &Purpose<'_>,
) -> Result<Answer, Halt> {
    if let Some(why) = run.stopped() {
        return Err(Halt::stopped(why));
    }
    if ctx.draining.is_cancelled() {
        return Err(Halt::stopped(Stop::Drained));
    }
    let input_bound = request.texts().map(token_bound).sum();
    let worst_case =
        callee.price.as_ref().map_or(Usd::ZERO, |price| price.worst_case(input_bound, u64::from(request.max_tokens)));
    let new = NewCall {
        job: run.claimed.job,
        client: run.claimed.client,
        attempt: run.claimed.attempt,
        stage: purpose.stage,
        provider: callee.provider,
        model: &request.model.clone(),
        worst_case,
    };
    let id = begin(ctx, run, &new, purpose).await?;
    run.enter(purpose.doing);
    if let Some(reason) = purpose.beside.reset
        && let Err(error) = stream::reset(&ctx.deps.redis, run.claimed.job, run.claimed.attempt, reason).await
    {
        tracing::debug!(error = %error_chain(&error), "live watchers will see the final text");
    }
    let input_tokens = request.texts().map(estimate_tokens).sum();
    let model = request.model.clone();
    let audience = Audience {
        redis: ctx.deps.redis.clone(),
        hub: ctx.deps.hub.clone(),
        job: run.claimed.job,
        attempt: run.claimed.attempt,
        // Nobody can have written before the first call of the first attempt.
        after: (run.claimed.attempt == 1 && purpose.stage == "write").then(|| stream::BEGINNING.to_owned()),
    };
    let live = LiveText::start(audience, ctx.settings().delta_interval, ctx.settings().delta_bytes);
    let mut written = 0_u64;
    // So far means with the call before this one.
    let before = purpose.beside.before.map(|(_, end)| (end.usage.output_tokens, end.cost.amount)).unwrap_or_default();
    let on_delta = |text: &str| {
        written += estimate_tokens(text);
        let usage = hg_llm::Usage { input_tokens, output_tokens: written, ..hg_llm::Usage::default() };
        let cost = callee.price.as_ref().map_or(Usd::ZERO, |price| price.cost(&usage));
        run.progress(before.0.saturating_add(written), before.1 + cost);
        live.push(text, Event::progress(&run.beat()));
    };
    let outcome = collect(callee.adapter.as_ref(), request, callee.price.as_ref(), run.token().clone(), on_delta).await;
    live.finish().await;
    match outcome {
        Ok(completion) => {
            count(callee.provider, "done", completion.usage, completion.cost.amount);
            Ok(Answer { call: (id, done(&completion, &model)), completion })
        }
        Err(failure) => {
            count(callee.provider, failure.error.code(), failure.partial.usage, failure.partial.cost.amount);
            Err(failed(run, id, worst_case, *failure))
        }
    }
}

fn count(provider: Provider, outcome: &'static str, usage: hg_llm::Usage, cost: Usd) {
    let provider = provider.as_str();
    metrics::counter!("cpm_provider_calls_total", "provider" => provider, "outcome" => outcome).increment(1);
    metrics::counter!("cpm_tokens_total", "provider" => provider, "direction" => "input").increment(usage.input_tokens);
    metrics::counter!("cpm_tokens_total", "provider" => provider, "direction" => "output")
        .increment(usage.output_tokens);
    metrics::counter!("cpm_cost_nanodollars_total", "provider" => provider)
        .increment(u64::try_from(cost.nanos()).unwrap_or_default());
}

/// Reservation topped up and call started, in one transaction, before anything is sent.
async fn begin(ctx: &Context, run: &Run, new: &NewCall<'_>, purpose: &Purpose<'_>) -> Result<CallId, Halt> {
    let begun = {
        let _writing = run.write();
        let mut patience = super::patience::Patience::new(ctx, run);
        loop {
            match begin_once(ctx, run, new, purpose).await {
                Err(BudgetError::Database(error)) if is_passing(&error) && patience.again(&error).await => {}
                outcome => break outcome,
            }
        }
    };
    match begun {
        Ok(Some(Begun { call, event, added })) => {
            ctx.herald.announce(event);
            if added.is_positive() {
                tracing::debug!(stage = new.stage, %added, "the reservation was topped up");
            }
            Ok(call)
        }
        Ok(None) => Err(run.stopped().map_or(Halt::Fenced, Halt::stopped)),
        Err(BudgetError::Exceeded(exceeded)) => Err(Halt::failed("budget_exceeded", sentence(&exceeded.to_string()))),
        Err(BudgetError::Database(error)) => Err(Halt::Database(error)),
        // The fence has just held: neither can be while the job lives.
        Err(BudgetError::NoSuchClient | BudgetError::Settled) => Err(Halt::Fenced),
    }
}

/// `None`: the attempt isn't ours any more, or the run has just been stopped.
async fn begin_once(
    ctx: &Context,
    run: &Run,
    new: &NewCall<'_>,
    purpose: &Purpose<'_>,
) -> Result<Option<Begun>, BudgetError> {
    match ctx.begins.ask(&begin_item(new, purpose.doing, &purpose.beside)).await {
        Combined::Done(beginning) => return Ok(beginning.of(new)),
        Combined::Alone => {}
        Combined::Failed(error) => return Err(BudgetError::Database(error)),
    }
    let mut tx = ctx.deps.db.tenant(Scope::Client(new.client)).await?;
    let Some(fence) = fence(&mut tx, &run.claimed).await? else { return Ok(None) };
    if fence.cancel_requested {
        // Neither word nor heartbeat was as quick.
        run.stop(Stop::Cancelled);
        return Ok(None);
    }
    let begun = call_begin(&mut tx, new, purpose.doing, purpose.beside).await?;
    tx.commit().await?;
    Ok(begun)
}

fn done(completion: &Completion, asked: &str) -> CallEnd {
    CallEnd {
        status: CallStatus::Done,
        usage: completion.usage,
        cost: completion.cost,
        finish_reason: Some(finish_name(&completion.finish)),
        generation_id: completion.generation_id.clone(),
        model: (completion.model != asked).then(|| completion.model.clone()),
        error_code: None,
        error_message: None,
        first_text: completion.timings.first_text,
    }
}

fn finish_name(reason: &FinishReason) -> String {
    match reason {
        FinishReason::Stop => "stop".to_owned(),
        FinishReason::Length => "length".to_owned(),
        FinishReason::ContentFilter => "content_filter".to_owned(),
        FinishReason::Refusal => "refusal".to_owned(),
        FinishReason::Other(name) => name.chars().take(100).collect(),
    }
}

/// What is to become of an attempt whose call failed.
fn failed(run: &Run, id: CallId, worst_case: Usd, failure: Failure) -> Halt {
    let stopped = matches!(failure.error, Error::Cancelled).then(|| run.stopped()).flatten();
    let text_was_shown = failure.after_content();
    let Failure { error, partial } = failure;
    let status = match stopped {
        Some(Stop::Cancelled) => CallStatus::Cancelled,
        // Whether the provider worked and billed is anybody's guess.
        _ if partial.cost.known == CostKnown::Unknown => CallStatus::Unknown,
        _ => CallStatus::Failed,
    };
    let mut cost = partial.cost;
    if status == CallStatus::Unknown {
        // As the ledger books it, and as it is compared with what the operator would spend twice.
        cost.amount = cost.amount.max(worst_case);
    }
    let end = CallEnd {
        status,
        usage: partial.usage,
        cost,
        finish_reason: None,
        generation_id: partial.generation_id,
        model: partial.model,
        error_code: Some(error.code()),
        error_message: Some(sentence(&error.to_string())),
        first_text: partial.timings.first_text,
    };
    let call = Box::new((id, end));
    if let Some(why) = stopped {
        return Halt::Stopped { why, call: Some(call) };
    }
    if error.is_retryable() {
        return Halt::Provider { call, retry_after: error.retry_after(), text_was_shown };
    }
    Halt::Failed { code: format!("provider_{}", error.code()), message: sentence(&error.to_string()), call: Some(call) }
}

/// A slot of a provider. Without Redis there is no limit: slots protect the provider, not money.
struct Slot(Provider);

impl Slot {
    async fn take(ctx: &Context, run: &Run, provider: Provider) -> Result<Self, Halt> {
        let began = tokio::time::Instant::now();
        let patience = began + ctx.settings().provider_wait;
        loop {
            match ctx.deps.queue.provider_acquire(provider, run.claimed.job).await {
                Ok(true) => break,
                Ok(false) if tokio::time::Instant::now() >= patience => {
                    metrics::counter!("cpm_provider_slot_refused_total", "provider" => provider.as_str()).increment(1);
                    return Err(Halt::NoSlot(provider));
                }
                Ok(false) => {
                    tokio::select! {
                        biased;
                        () = run.token().cancelled() => return Err(Halt::stopped(run.stopped().unwrap_or(Stop::Fenced))),
                        () = ctx.draining.cancelled() => return Err(Halt::stopped(Stop::Drained)),
                        () = tokio::time::sleep(std::time::Duration::from_millis(50)) => {}
                    }
                }
                Err(error) => {
                    tracing::debug!(error = %error_chain(&error), "no slots without Redis");
                    break;
                }
            }
        }
        metrics::histogram!("cpm_provider_slot_wait_seconds", "provider" => provider.as_str())
            .record(began.elapsed().as_secs_f64());
        metrics::gauge!("cpm_provider_slots_taken", "provider" => provider.as_str()).increment(1.0);
        run.occupy(Some(provider));
        Ok(Self(provider))
    }

    async fn give_back(self, ctx: &Context, run: &Run) {
        run.occupy(None);
        metrics::gauge!("cpm_provider_slots_taken", "provider" => self.0.as_str()).decrement(1.0);
        if let Err(error) = ctx.deps.queue.provider_release(self.0, run.claimed.job).await {
            tracing::debug!(error = %error_chain(&error), "the slot falls free when its time is up");
        }
    }
}
