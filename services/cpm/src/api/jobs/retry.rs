//! `POST /jobs/{id}/retry` and `POST /jobs/retry-failed`: dead letters get another chance, as new jobs.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller, Principal},
    http::{ApiError, ErrorBody, Json, Path, Query},
};
use hg_contracts::cpm::{GenerateResponse, NotRetried, RetriedJobs, RetryFailedQuery};
use hg_types::JobId;
use sha2::{Digest, Sha256};

use super::list::clients_of;
use crate::{
    api::{
        caller::{asker, with_scope},
        error::BudgetRefusal,
        generate::{accept, answer},
    },
    domain::request::{EarlierJob, again},
    state::AppState,
    store::{
        accept::{Asker, Idempotency},
        retry::{RETRY_PRINCIPAL, Retryable, job_for_retry, jobs_failed, retry_key},
    },
};

const AT_ONCE: u32 = 100;

/// Tries a failed job again, as a new job with the same request at today's prices.
///
/// A failed job is tried again once: asking twice gives the same new job. If that fails too, try that one again.
#[utoipa::path(
    post,
    path = "/jobs/{id}/retry",
    tag = "jobs",
    params(("id" = JobId, Path, description = "The failed job.", example = "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11")),
    responses(
        (status = 200, description = "The new job.", body = GenerateResponse),
        (status = 401, body = ErrorBody), (status = 402, body = BudgetRefusal), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, description = "The job hasn't failed (`job_not_failed`).", body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)
    )
)]
pub async fn job_retry(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<JobId>,
) -> Result<Json<GenerateResponse>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    state.throttle.admit_person(&principal).await?;
    retry_one(&state, &principal, id).await.map(Json)
}

/// Tries a client's failed jobs again, the newest first chosen, at most 100 at once. Ask again while `retried` isn't empty.
#[utoipa::path(
    post,
    path = "/jobs/retry-failed",
    tag = "jobs",
    params(RetryFailedQuery),
    responses(
        (status = 200, body = RetriedJobs, example = json!({
            "retried": [{"job_id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "status": "pending", "estimated_completion": "2026-11-21T09:30:00Z"}],
            "not_retried": []})),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)
    )
)]
pub async fn jobs_retry_failed(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<RetryFailedQuery>,
) -> Result<Json<RetriedJobs>, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsWrite)?;
    state.throttle.admit_person(&principal).await?;
    let limit = query.limit.unwrap_or(AT_ONCE);
    if !(1..=AT_ONCE).contains(&limit) {
        return Err(ApiError::field("limit", format!("must be 1 to {AT_ONCE}")));
    }
    let mut tx = state.db.tenant(principal.scope()).await?;
    let clients = clients_of(&mut tx, Some(&query.client_id)).await?;
    let failed = jobs_failed(&mut tx, &clients, i64::from(limit)).await?;
    tx.commit().await?;
    let mut outcome = RetriedJobs { retried: Vec::new(), not_retried: Vec::new() };
    for id in failed {
        match retry_one(&state, &principal, id).await {
            Ok(job) => outcome.retried.push(job),
            // Ours to mend, not the job's fault: the rest would fare the same.
            Err(error) if error.status().is_server_error() && error.code() != "provider_not_configured" => {
                return Err(error);
            }
            Err(error) => {
                let (code, message) = (error.code().to_owned(), error.message().to_owned());
                outcome.not_retried.push(NotRetried { job_id: id, code, message });
            }
        }
    }
    Ok(Json(outcome))
}

async fn retry_one(state: &AppState, principal: &Principal, id: JobId) -> Result<GenerateResponse, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let found = job_for_retry(&mut tx, id).await?;
    tx.commit().await?;
    let earlier = match found {
        None => return Err(ApiError::not_found("job")),
        Some(Retryable::NotFailed) => {
            return Err(ApiError::conflict("job_not_failed", "only a failed job can be tried again"));
        }
        Some(Retryable::Failed(earlier)) => *earlier,
    };
    let idempotency = idempotency(&earlier);
    let job = again(earlier, &state.catalogue, &state.bounds)?;
    let asker = Asker { principal: RETRY_PRINCIPAL.to_owned(), ..asker(principal) };
    let accepted = accept(state, principal, &job, &asker, Some(&idempotency)).await?;
    Ok(answer(state, accepted, &job))
}

/// Prices may have changed since the first retry; what is asked for has not.
fn idempotency(earlier: &EarlierJob) -> Idempotency {
    let key = retry_key(earlier.id);
    Idempotency { request_hash: Sha256::digest(key.as_bytes()).into(), key }
}
