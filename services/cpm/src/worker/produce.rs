//! One attempt at a text: strategy, prompt, call, checks, at most one repair.

use hg_llm::{Message, Request, Speaker, Usage};
use hg_types::Usd;

use super::{
    call::{Answer, Callee, Purpose, call, callee},
    context::Context,
    halt::Halt,
    judge::{Judged, judge, repair_instructions},
    prepare::{Prepared, prepare},
    running::Run,
    store::attempt::{Beside, Job},
};
use crate::{
    domain::estimate,
    ledger::{CallEnd, CallId},
};

/// Output tokens of a model without known limits.
const UNPRICED_MAX_TOKENS: u32 = 4_000;

/// A text that can be kept.
pub(super) struct Product {
    pub(super) judged: Judged,
    pub(super) provider: &'static str,
    pub(super) model: String,
    pub(super) usage: Usage,
    /// The last call, which is recorded with the result.
    pub(super) call: (CallId, CallEnd),
}

pub(super) async fn produce(ctx: &Context, run: &Run, job: Job) -> Result<Product, Halt> {
    let callee = callee(ctx, run, &job).await?;
    let prepared = prepare(ctx, run, job).await?;
    let beside = Beside { ingredients: Some(prepared.ingredients()), ..Beside::default() };
    let purpose = Purpose { stage: "write", doing: "writing", beside };
    let first = call(ctx, run, &callee, request(&prepared, &callee), &purpose).await?;
    run.enter("checking");
    let judged = judge(&prepared.job, &prepared.rules, &first.completion.text, &first.completion.finish);
    if judged.faults() == 0 {
        return Ok(product(&callee, judged, first, None));
    }
    repair(ctx, run, &callee, &prepared, first, judged).await
}

fn request(prepared: &Prepared, callee: &Callee) -> Request {
    let parameters = &prepared.job.parameters;
    let input = hg_llm::token_bound(&prepared.prompt.prompt) + hg_llm::token_bound(&prepared.prompt.system_prompt);
    let computed = || {
        callee.price.as_ref().map_or(UNPRICED_MAX_TOKENS, |price| estimate::max_tokens(prepared.words, price, input))
    };
    let mut request = Request::new(
        prepared.job.model.clone(),
        prepared.prompt.prompt.clone(),
        parameters.max_tokens.unwrap_or_else(computed),
    );
    if !prepared.prompt.system_prompt.is_empty() {
        request = request.with_system(prepared.prompt.system_prompt.clone());
    }
    request.temperature = parameters.temperature;
    request
}

/// Asks once for a better text. The first one is kept where the second is no better or can't be had: it was paid for,
/// and its report says what is wrong with it.
async fn repair(
    ctx: &Context,
    run: &Run,
    callee: &Callee,
    prepared: &Prepared,
    first: Answer,
    judged: Judged,
) -> Result<Product, Halt> {
    let mut request = request(prepared, callee);
    request.messages.push(Message { speaker: Speaker::Assistant, text: first.completion.text.clone() });
    request.messages.push(Message { speaker: Speaker::User, text: repair_instructions(&judged, prepared.words) });
    let reset = Some("The text failed a check and is written again.");
    let beside = Beside { before: Some(&first.call), reset, ..Beside::default() };
    let purpose = Purpose { stage: "repair", doing: "repairing", beside };
    metrics::counter!("cpm_repairs_total").increment(1);
    match call(ctx, run, callee, request, &purpose).await {
        Ok(second) => {
            run.enter("checking");
            let better = judge(&prepared.job, &prepared.rules, &second.completion.text, &second.completion.finish);
            if better.faults() <= judged.faults() {
                Ok(product(callee, better, second, Some(&first)))
            } else {
                // Both calls are charged: both were made for this result.
                let usage = add(first.completion.usage, second.completion.usage);
                Ok(Product { usage, call: second.call, ..product(callee, judged, first, None) })
            }
        }
        Err(Halt::Provider { call, .. } | Halt::Failed { call: Some(call), .. }) => {
            Ok(Product { call: *call, ..product(callee, judged, first, None) })
        }
        // No slot, no budget: nothing was begun and nothing more is spent.
        Err(Halt::NoSlot(_) | Halt::Failed { call: None, .. }) => Ok(product(callee, judged, first, None)),
        Err(halt) => Err(with_first(halt, &first)),
    }
}

/// A repair that was stopped before it began still has the first call to record.
fn with_first(halt: Halt, first: &Answer) -> Halt {
    match halt {
        Halt::Stopped { why, call: None } => Halt::Stopped { why, call: Some(Box::new(first.call.clone())) },
        halt => halt,
    }
}

fn product(callee: &Callee, judged: Judged, answer: Answer, before: Option<&Answer>) -> Product {
    let usage = match before {
        Some(first) => add(first.completion.usage, answer.completion.usage),
        None => answer.completion.usage,
    };
    Product { judged, provider: callee.provider.as_str(), model: answer.completion.model, usage, call: answer.call }
}

const fn add(one: Usage, other: Usage) -> Usage {
    Usage {
        input_tokens: one.input_tokens + other.input_tokens,
        cached_input_tokens: one.cached_input_tokens + other.cached_input_tokens,
        cache_write_tokens: one.cache_write_tokens + other.cache_write_tokens,
        output_tokens: one.output_tokens + other.output_tokens,
        reasoning_tokens: one.reasoning_tokens + other.reasoning_tokens,
    }
}

impl Product {
    /// What its last call cost.
    pub(super) const fn last_cost(&self) -> Usd {
        self.call.1.cost.amount
    }
}
