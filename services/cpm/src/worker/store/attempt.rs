//! What an attempt reads and writes about its own job. Every write goes through a fence first: the row of `job_runs` with
//! this attempt's number, locked.

use hg_common::db::CombinedTx;
use hg_contracts::{
    im::GeneratedPrompt,
    smm::{SeoSource, StrategySource},
};
use hg_quality::Rules;
use hg_types::{ClientId, ContentType, JobId, TemplateId, Usd};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    combine::Together,
    domain::request::JobParameters,
    ledger::{
        BudgetError, CallEnd, CallId, NewCall,
        calls::{EndRecord, json, usd},
    },
    worker::{events::Appended, running::Claimed},
};

/// The job as it was accepted.
#[derive(Clone, Debug)]
pub(in crate::worker) struct Job {
    pub(in crate::worker) topic: String,
    pub(in crate::worker) content_type: ContentType,
    pub(in crate::worker) provider: String,
    pub(in crate::worker) model: String,
    pub(in crate::worker) parameters: JobParameters,
    pub(in crate::worker) request_id: Option<String>,
    /// The person who asked, and proved to be that person: only their own provider keys are theirs to use. Whom an API
    /// key merely named is nobody here.
    pub(in crate::worker) key_user: Option<Uuid>,
}

/// What the fence let through.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Fence {
    pub(in crate::worker) cancel_requested: bool,
}

/// Locks the job's row if this attempt still owns it. `None`: fenced, nothing may be written.
pub(in crate::worker) async fn fence(conn: &mut PgConnection, claimed: &Claimed) -> Result<Option<Fence>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT cancel_requested_at IS NOT NULL AS "cancel_requested!" FROM job_runs
            WHERE job_id = $1 AND attempt = $2 AND status = 'in_progress' FOR UPDATE"#,
        claimed.job.uuid(),
        claimed.attempt
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Fence { cancel_requested: row.cancel_requested }))
}

/// What a text is made from, as it is kept with the job.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Ingredients<'a> {
    pub(in crate::worker) prompt: &'a GeneratedPrompt,
    pub(in crate::worker) sources: &'a [StrategySource],
    pub(in crate::worker) seo_sources: &'a [SeoSource],
    pub(in crate::worker) rules: &'a Rules,
}

/// The same, as `app.call_begin` takes it.
#[derive(Serialize)]
struct IngredientsRecord<'a> {
    prompt: &'a str,
    system_prompt: &'a str,
    template_id: TemplateId,
    template_version: i32,
    template_variant: Option<&'a str>,
    strategy_sources: &'a [StrategySource],
    seo_sources: &'a [SeoSource],
    quality_rules: &'a Rules,
}

impl<'a> Ingredients<'a> {
    fn record(self) -> IngredientsRecord<'a> {
        let Self { prompt, sources, seo_sources, rules } = self;
        IngredientsRecord {
            prompt: &prompt.prompt,
            system_prompt: &prompt.system_prompt,
            template_id: prompt.template_id,
            template_version: prompt.template_version,
            template_variant: prompt.variant.as_deref(),
            strategy_sources: sources,
            seo_sources,
            quality_rules: rules,
        }
    }
}

/// What is written together with a call that begins.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::worker) struct Beside<'a> {
    /// What the job's row is to keep; `None` where an earlier call of the attempt has brought it.
    pub(in crate::worker) ingredients: Option<Ingredients<'a>>,
    /// The call before it in this attempt, which has ended.
    pub(in crate::worker) before: Option<&'a (CallId, CallEnd)>,
    /// Why the text that watchers saw is void.
    pub(in crate::worker) reset: Option<&'a str>,
}

/// A call that is on record and may be made.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Begun {
    pub(in crate::worker) call: CallId,
    /// To be announced after COMMIT.
    pub(in crate::worker) event: Appended,
    /// What was held in addition.
    pub(in crate::worker) added: Usd,
}

/// An item of `app.calls_begin`.
#[derive(Serialize)]
pub(in crate::worker) struct BeginItem<'a> {
    job: JobId,
    client: ClientId,
    attempt: i32,
    stage: &'static str,
    doing: &'a str,
    provider: &'static str,
    model: &'a str,
    worst_case: Usd,
    prompt: Option<IngredientsRecord<'a>>,
    before: Option<Uuid>,
    before_ended: Option<EndRecord<'a>>,
    reset: Option<&'a str>,
}

/// A call that begins, as an item of `app.calls_begin`.
pub(in crate::worker) fn begin_item<'a>(new: &NewCall<'a>, doing: &'a str, beside: &Beside<'a>) -> BeginItem<'a> {
    BeginItem {
        job: new.job,
        client: new.client,
        attempt: new.attempt,
        stage: new.stage,
        doing,
        provider: new.provider.as_str(),
        model: new.model,
        worst_case: new.worst_case,
        prompt: beside.ingredients.map(Ingredients::record),
        before: beside.before.map(|(call, _)| call.0),
        before_ended: beside.before.map(|(_, end)| end.record()),
        reset: beside.reset,
    }
}

/// What became of a call that was to begin, by its place among others.
#[derive(Clone, Copy, Debug)]
pub(in crate::worker) struct Beginning(Option<(CallId, i32, Usd)>);

impl Beginning {
    /// `None`: fenced.
    pub(in crate::worker) fn of(self, new: &NewCall<'_>) -> Option<Begun> {
        self.0.map(|(call, seq, added)| Begun {
            call,
            event: Appended { job: new.job, client: new.client, seq, kind: "status" },
            added,
        })
    }
}

impl Together for Beginning {
    const NAME: &'static str = "begin";

    async fn run(tx: &mut CombinedTx, items: &str) -> Result<Vec<(i32, Self)>, sqlx::Error> {
        let rows =
            sqlx::query!(r#"SELECT item AS "item!", call_id, seq, added FROM app.calls_begin($1::text::jsonb)"#, items)
                .fetch_all(&mut **tx)
                .await?;
        rows.into_iter()
            .map(|row| {
                let begun = match (row.call_id, row.seq, row.added) {
                    (Some(call), Some(seq), Some(added)) => Some((CallId(call), seq, usd(added)?)),
                    _ => None,
                };
                Ok((row.item, Self(begun)))
            })
            .collect()
    }
}

/// Records a call as started, with all that goes with it, in one statement (`app.call_begin`). `doing` is the job's stage
/// from now on. `None`: fenced, nothing was written.
pub(in crate::worker) async fn call_begin(
    conn: &mut PgConnection,
    new: &NewCall<'_>,
    doing: &str,
    beside: Beside<'_>,
) -> Result<Option<Begun>, BudgetError> {
    let ingredients = beside.ingredients.map(|ingredients| json(&ingredients.record())).transpose()?;
    let before_ended = beside.before.map(|(_, end)| json(&end.record())).transpose()?;
    let row = sqlx::query!(
        r#"SELECT call_id AS "call_id!", seq AS "seq!", added AS "added!"
             FROM app.call_begin($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
        new.job.uuid(),
        new.client.uuid(),
        new.attempt,
        new.stage,
        doing,
        new.provider.as_str(),
        new.model,
        new.worst_case.to_decimal(),
        ingredients,
        beside.before.map(|(call, _)| call.0),
        before_ended,
        beside.reset,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let event = Appended { job: new.job, client: new.client, seq: row.seq, kind: "status" };
    Ok(Some(Begun { call: CallId(row.call_id), event, added: usd(row.added)? }))
}
