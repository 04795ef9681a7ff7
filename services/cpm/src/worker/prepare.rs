//! What a text is made from: the job as it was accepted, the client's effective strategy (SMM), the prompt (IM).

use std::{future::Future, time::Duration};

use hg_common::auth::{Principal, Service};
use hg_contracts::{
    client::ClientError,
    im::{GeneratePrompt, GeneratedPrompt},
    smm::EffectiveStrategy,
};
use hg_quality::Rules;

use super::{
    context::Context,
    halt::{Halt, sentence},
    running::{Run, Stop},
    store::attempt::{Ingredients, Job},
};
use crate::domain::{checking, estimate};

/// A service that takes longer than this is away.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everything that the provider call needs.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) job: Job,
    pub(super) strategy: EffectiveStrategy,
    pub(super) prompt: GeneratedPrompt,
    /// The words that the text shall have.
    pub(super) words: (u32, u32),
    /// By what it is checked.
    pub(super) rules: Rules,
}

impl Prepared {
    /// What the job keeps of it.
    pub(super) fn ingredients(&self) -> Ingredients<'_> {
        let Self { strategy, prompt, rules, .. } = self;
        Ingredients { prompt, sources: &strategy.sources, seo_sources: &strategy.seo.sources, rules }
    }
}

pub(super) async fn prepare(ctx: &Context, run: &Run, job: Job) -> Result<Prepared, Halt> {
    let client = run.claimed.client;
    let on_behalf = Principal::Service { name: Service::Cpm, client };
    let strategy =
        ask(ctx, run, "strategy", ctx.deps.smm.effective_strategy(&on_behalf, client, job.content_type)).await?;
    run.enter("prompt");
    let inputs = GeneratePrompt {
        client_id: client,
        content_type: job.content_type,
        topic: job.topic.clone(),
        keywords: job.parameters.keywords.clone(),
        focus_keyphrase: job.parameters.focus_keyphrase.clone(),
        target_audience: job.parameters.target_audience.clone(),
        tone: job.parameters.tone.clone(),
        length: job.parameters.length,
        word_count_range: job.parameters.word_count_range,
        instructions: job.parameters.prompt.clone(),
        strategy: Some(strategy),
    };
    let prompt = ask(ctx, run, "prompt", ctx.deps.im.generate_prompt(&on_behalf, &inputs)).await?;
    let strategy = inputs.strategy.expect("it was put in above");
    let (asked, usual) = (job.parameters.word_count_range, strategy.values.word_count_range);
    let words = estimate::word_range(asked, usual, job.parameters.length, job.content_type);
    let rules = checking::rules(job.content_type, &strategy, words);
    Ok(Prepared { job, strategy, prompt, words, rules })
}

/// Asks another service, as long as this attempt shall go on.
async fn ask<T>(
    ctx: &Context,
    run: &Run,
    what: &'static str,
    question: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, Halt> {
    let answer = tokio::select! {
        biased;
        () = run.token().cancelled() => return Err(Halt::stopped(run.stopped().unwrap_or(Stop::Fenced))),
        () = ctx.draining.cancelled() => return Err(Halt::stopped(Stop::Drained)),
        answer = tokio::time::timeout(PATIENCE, question) => answer,
    };
    match answer {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(refused(what, error)),
        Err(elapsed) => {
            let service = if what == "prompt" { Service::Im } else { Service::Smm };
            Err(Halt::Away(Box::new(ClientError::Away { service, source: elapsed.into() })))
        }
    }
}

/// A service that says no has a reason that waiting doesn't change; whatever else went wrong may pass.
fn refused(what: &'static str, error: ClientError) -> Halt {
    match &error {
        ClientError::Refused { error: said, .. } if !error.is_away() => {
            let message = match said.details.first() {
                Some(detail) if !detail.message.is_empty() => {
                    format!("{} ({}: {})", said.message, detail.field, detail.message)
                }
                _ => said.message.clone(),
            };
            Halt::failed(if what == "prompt" { "prompt_refused" } else { "strategy_refused" }, sentence(&message))
        }
        _ => Halt::Away(Box::new(error)),
    }
}
