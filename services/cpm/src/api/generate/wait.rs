//! `POST /generate` with `wait`: the finished job, or after a while where to look for it.
//!
//! Whoever hangs up gives up waiting and nothing else: the job goes on.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hg_common::http::{ApiError, Json};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{HeaderMap, LOCATION},
};

use super::{Asked, answer};
use crate::{
    live::{Ending, Waiter},
    store::jobs::job_fetch,
};

/// When a request that can't wait may be repeated.
pub(super) const FULL: Duration = Duration::from_secs(5);
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Accepts the job and answers with it when it has ended; with 202 when that isn't in time, or this process ends.
pub(super) async fn answer_at_its_end(
    asked: &Asked<'_>,
    patience: Duration,
    preferred: Option<u32>,
) -> Result<Response, ApiError> {
    let state = asked.state;
    // Before anything is accepted: whoever is turned away may simply ask again.
    let _seat = state.waiting.enter(asked.principal.name()).ok_or_else(too_many_waiting)?;
    let (accepted, watch, beginning) = asked.accept_and_watch().await?;
    let waiter = Waiter {
        db: state.db.clone(),
        principal: asked.principal.clone(),
        job: accepted.job_id,
        shutdown: state.shutdown.clone(),
    };
    let ended = match waiter.wait(watch, beginning, patience).await {
        Ending::Reached => finished(asked, waiter.job).await,
        Ending::NotReached => None,
    };
    let mut headers = HeaderMap::new();
    if let Ok(location) = HeaderValue::try_from(format!("/jobs/{}", accepted.job_id)) {
        headers.insert(LOCATION, location);
    }
    if let Some(applied) = preferred.and_then(|seconds| HeaderValue::try_from(format!("wait={seconds}")).ok()) {
        headers.insert(PREFERENCE_APPLIED, applied);
    }
    Ok(match ended {
        Some(job) => (StatusCode::OK, headers, Json(job)).into_response(),
        None => (StatusCode::ACCEPTED, headers, Json(answer(state, accepted, asked.job))).into_response(),
    })
}

/// 429: nothing was accepted.
pub(super) fn too_many_waiting() -> ApiError {
    ApiError::too_many_requests(FULL).with_code("too_many_waiting")
}

/// The job as it ended. One that can't be read any more is accepted all the same, and that is what the caller is told.
async fn finished(asked: &Asked<'_>, job: hg_types::JobId) -> Option<hg_contracts::cpm::JobDetail> {
    let read = async {
        let mut tx = asked.state.db.tenant(asked.principal.scope()).await?;
        let job = job_fetch(&mut tx, job).await?;
        tx.commit().await?;
        Ok::<_, sqlx::Error>(job)
    };
    match read.await {
        Ok(job) => job,
        Err(error) => {
            tracing::warn!(%job, error = %hg_common::http::error_chain(&error), "a finished job can't be read");
            None
        }
    }
}
