//! One job with everything that is known about it.

use hg_common::db::TenantTx;
use hg_contracts::{
    cpm::{JobCall, JobDetail, JobResult, JobStatusView, JobSummary},
    smm::{SeoSource, StrategySource},
};
use hg_types::JobId;
use sqlx::types::Json;

use super::{approvals::approval_held, content::newest_edit, named, usd};

/// A job, its result and its calls; `None` where the scope sees no such job.
///
/// # Errors
/// When the database fails.
pub async fn job_fetch(tx: &mut TenantTx, job: JobId) -> Result<Option<JobDetail>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT j.id, j.client_id, c.name AS client_name, j.topic, j.content_type::text AS "content_type!",
                  coalesce(r.status, j.status)::text AS "status!", r.stage AS "stage?", j.llm_provider,
                  coalesce(j.provider_model, j.model) AS "model!", j.title, j.quality_score, j.cost, j.error_code, j.error_message,
                  j.created_at, j.started_at, j.completed_at, j.parameters, j.prompt, j.system_prompt, j.template_id, j.template_version,
                  j.template_variant, j.strategy_sources AS "strategy_sources: Json<Vec<StrategySource>>",
                  j.seo_sources AS "seo_sources: Json<Vec<SeoSource>>",
                  j.result AS "result: Json<JobResult>", j.input_tokens, j.output_tokens, j.total_tokens, j.estimated_cost,
                  coalesce(r.attempt, j.attempts) AS "attempts!", j.created_by, j.request_id,
                  r.cancel_requested_at IS NOT NULL AS "cancel_requested!"
             FROM jobs j
             JOIN clients c ON c.id = j.client_id
             LEFT JOIN job_runs r ON r.job_id = j.id
            WHERE j.id = $1 AND j.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[])"#,
        job.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let calls = job_calls(tx, job).await?;
    let edited = newest_edit(tx, job).await?;
    let approval = approval_held(tx, job, edited.as_ref().map_or(0, |edit| edit.info.version)).await?;
    Ok(Some(JobDetail {
        summary: JobSummary {
            id: row.id.into(),
            client_id: row.client_id.into(),
            client_name: row.client_name,
            topic: row.topic,
            content_type: named(&row.content_type)?,
            status: named(&row.status)?,
            stage: row.stage,
            llm_provider: row.llm_provider,
            model: row.model,
            title: row.title,
            quality_score: row.quality_score.and_then(|score| u8::try_from(score).ok()),
            cost_usd: row.cost.map(usd).transpose()?,
            error_code: row.error_code,
            error_message: row.error_message,
            created_at: row.created_at,
            started_at: row.started_at,
            completed_at: row.completed_at,
        },
        parameters: row.parameters,
        prompt: row.prompt,
        system_prompt: row.system_prompt,
        template_id: row.template_id.map(Into::into),
        template_version: row.template_version,
        template_variant: row.template_variant,
        strategy_sources: row.strategy_sources.map(|sources| sources.0).unwrap_or_default(),
        seo_sources: row.seo_sources.map(|sources| sources.0).unwrap_or_default(),
        result: row.result.map(|result| result.0),
        edited,
        approval,
        input_tokens: row.input_tokens,
        output_tokens: row.output_tokens,
        total_tokens: row.total_tokens,
        estimated_cost_usd: usd(row.estimated_cost)?,
        attempts: row.attempts,
        calls,
        created_by: row.created_by.map(Into::into),
        request_id: row.request_id,
        cancel_requested: row.cancel_requested,
    }))
}

async fn job_calls(tx: &mut TenantTx, job: JobId) -> Result<Vec<JobCall>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT attempt, stage, provider, model, status::text AS "status!", input_tokens, output_tokens, cost,
                  cost_known::text AS "cost_known!", error_message, started_at, finished_at
             FROM provider_calls WHERE job_id = $1 ORDER BY id"#,
        job.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(JobCall {
                attempt: row.attempt,
                stage: row.stage,
                provider: row.provider,
                model: row.model,
                status: row.status,
                input_tokens: row.input_tokens,
                output_tokens: row.output_tokens,
                cost_usd: usd(row.cost)?,
                cost_known: row.cost_known,
                error_message: row.error_message,
                started_at: row.started_at,
                finished_at: row.finished_at,
            })
        })
        .collect()
}

/// Where a job stands; `None` where the scope sees no such job.
///
/// # Errors
/// When the database fails.
pub async fn job_status_fetch(tx: &mut TenantTx, job: JobId) -> Result<Option<JobStatusView>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT coalesce(r.status, j.status)::text AS "status!", r.stage AS "stage?", j.error_code, j.error_message,
                  j.result AS "result: Json<JobResult>"
             FROM jobs j LEFT JOIN job_runs r ON r.job_id = j.id
            WHERE j.id = $1 AND j.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[])"#,
        job.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(JobStatusView {
            job_id: job,
            status: named(&row.status)?,
            stage: row.stage,
            result: row.result.map(|result| result.0),
            error: row.error_message.or(row.error_code),
        })
    })
    .transpose()
}
