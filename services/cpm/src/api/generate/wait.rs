//! `POST /generate` with `wait`: the finished job, or after a while where to look for it.
//!
//! Whoever hangs up gives up waiting and nothing else: the job goes on.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use hg_common::http::{ApiError, Json};
use hg_types::JobId;
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{HeaderMap, LOCATION},
};

use super::{Asked, answer, delivery::Wish};
use crate::{
    live::{Ending, Seat, Waiter},
    store::{accept::Accepted, jobs::job_fetch},
};

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// Accepts the job and answers with it when it has ended; with 202 when that isn't in time, or this process ends.
pub(super) async fn answer_at_its_end(
    asked: &Asked<'_>,
    patience: Duration,
    wish: Wish,
    _seat: Seat,
) -> Result<Response, ApiError> {
    let state = asked.state;
    let (accepted, watch, beginning) = asked.accept_and_watch().await?;
    let waiter = Waiter {
        db: state.db.clone(),
        keys: asked.keys.clone(),
        principal: asked.principal.clone(),
        job: accepted.job_id,
        shutdown: state.shutdown.clone(),
    };
    let ended = match waiter.wait(watch, beginning, patience).await {
        Ending::Reached => finished(asked, waiter.job).await,
        Ending::NotReached => None,
    };
    let mut response = match ended {
        Some(job) => (StatusCode::OK, location(accepted.job_id), Json(job)).into_response(),
        None => not_finished(asked, accepted),
    };
    if wish == Wish::Preferred
        && let Ok(applied) = HeaderValue::try_from(format!("wait={}", patience.as_secs()))
    {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// 202: the job is accepted, and where to look for it.
pub(super) fn not_finished(asked: &Asked<'_>, accepted: Accepted) -> Response {
    let body = Json(answer(asked.state, accepted, asked.job));
    (StatusCode::ACCEPTED, location(accepted.job_id), body).into_response()
}

fn location(job: JobId) -> HeaderMap {
    HeaderValue::try_from(format!("/jobs/{job}")).map(|path| (LOCATION, path)).into_iter().collect()
}

/// The job as it ended. One that can't be read any more is accepted all the same, and that is what the caller is told.
async fn finished(asked: &Asked<'_>, job: JobId) -> Option<hg_contracts::cpm::JobDetail> {
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
