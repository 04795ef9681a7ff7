//! `POST /generate`: accepts a job, and answers at once, at its end, or while it is written.

mod delivery;
mod stream;
mod wait;

use std::time::Duration;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use hg_common::{
    auth::{ApiScope, Caller, Principal},
    db::Scope,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::cpm::{GenerateRequest, GenerateResponse, JobDetail};
use hg_types::JobStatus;
use http::HeaderMap;
use sha2::{Digest, Sha256};

use self::delivery::{Delivery, Wish};
use super::{
    caller::{asker, needs, with_scope},
    error::{BudgetRefusal, accept_refused, provider_key_missing},
};
use crate::{
    combine::Combined,
    domain::request::{NewJob, understand},
    live::{Beginning, LivingKeys},
    queue::Enqueue,
    state::AppState,
    store::{
        accept::{AcceptError, Accepted, Asker, Idempotency, accept_item, job_accept},
        clients::client_subtree,
    },
    stream::Watch,
};

/// Asks for content.
///
/// Answers as soon as the job is stored and its worst case is reserved; the text comes later: see `GET /jobs/{id}/events` and
/// `GET /jobs/{id}`. With an `Idempotency-Key`, a repeat of the same request finds the same job.
///
/// With `wait` the answer comes when the job has ended, as `GET /jobs/{id}` has it, or in time with 202. With `stream` it is the
/// job's events, as `GET /jobs/{id}/events` has them, after one `accepted` that names the job. Whoever hangs up doesn't stop
/// the job. Both need the scope `jobs:read`, too. As headers (`Prefer`, `Accept`) they are preferences: what can't be had, for want
/// of the scope or because too many wait, keeps nobody from the job, and the answer is 202 at once.
#[utoipa::path(
    post,
    path = "/generate",
    tag = "content",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeat harmless; at most 255 characters."),
        ("Prefer" = Option<String>, Header, description = "`wait=30`: as `wait` in the body (RFC 7240); more than 60 is 60.", example = "wait=30"),
        ("Accept" = Option<String>, Header, description = "`text/event-stream`: as `stream` in the body.", example = "application/json"),
    ),
    request_body(content = GenerateRequest, examples(
        ("Topic and keywords" = (value = json!({
            "topic": "Why circuit breakers trip, and what to do about it", "content_type": "blog_post", "client_id": "cincinnati-electrician",
            "keywords": ["circuit breaker keeps tripping", "electrician cincinnati"], "length": "medium"}))),
        ("Prompt, model and a stored provider key" = (value = json!({
            "content_type": "blog", "prompt": "Explain how AI assistants help marketing teams increase productivity.",
            "client_id": "550e8400-e29b-41d4-a716-446655440000", "llm_provider": "openrouter",
            "model": "deepseek/deepseek-r1-0528-qwen3-8b:free", "keywords": ["ai assistants", "marketing", "automation"], "length": "short",
            "user_id": "4d9b1c88-62eb-4b88-92b5-ca03d8bdb616", "provider_key_id": "1f1fe2c5-20ca-4602-a285-182443edcbe7"}))),
    )),
    responses(
        (status = 200, description = "The job is accepted, or was before under the same key.", body = GenerateResponse, example = json!({
            "job_id": "01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11", "status": "pending", "estimated_completion": "2026-11-21T09:30:00Z"})),
        (status = 202, description = "`wait`: the job is accepted and hasn't ended in time, or a preference couldn't be had; `Location` says where to look.", body = GenerateResponse),
        (status = "2XX", description = "`wait`, answered with 200: the finished job, whether it was completed, failed or cancelled.", body = JobDetail),
        (status = 400, description = "The body is no JSON.", body = ErrorBody),
        (status = 401, description = "No key or token, or a wrong one (`invalid_api_key`).", body = ErrorBody),
        (status = 402, description = "A budget, or the API key's own limit, has too little left (`budget_exceeded`).", body = BudgetRefusal),
        (status = 403, description = "The role or the key's scopes don't allow it.", body = ErrorBody),
        (status = 404, description = "No such client for this caller.", body = ErrorBody),
        (status = 409, description = "The idempotency key stands for another request (`idempotency_key_reused`).", body = ErrorBody),
        (status = 413, description = "The body is larger than 1 MiB.", body = ErrorBody),
        (status = 422, description = "One entry per field that can't be accepted.", body = ErrorBody),
        (status = 429, description = "Too many requests (`rate_limited`) or too many that wait (`too_many_waiting`), or the API key's jobs of the day are used up (`job_limit_reached`); nothing was accepted. See `Retry-After`.", body = ErrorBody),
        (status = 503, description = "The provider has no key (`provider_not_configured`).", body = ErrorBody, example = json!({
            "error": {"code": "provider_not_configured", "message": "OpenRouter API key is not configured", "details": [], "request_id": "…"}})),
    )
)]
pub async fn generate(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    Json(request): Json<GenerateRequest>,
) -> Result<Response, ApiError> {
    let keys = state.keys.from_now();
    let principal = with_scope(caller, ApiScope::Generate)?;
    let mut delivery = Delivery::asked(&headers, &request)?;
    // A preference that can't be had, for want of the scope or of a seat, keeps nobody from a job (RFC 7240).
    let forgiven = delivery.wish() == Some(Wish::Preferred);
    if delivery != Delivery::AtOnce
        && let Err(missing) = needs(&principal, ApiScope::JobsRead)
    {
        if !forgiven {
            return Err(missing);
        }
        delivery = Delivery::AtOnce;
    }
    state.throttle.admit_person(&principal).await?;
    let idempotency = idempotency(&headers, &request)?;
    own_user_only(&principal, &request)?;
    let job = understand(request, &state.catalogue, &state.bounds)?;
    named_user_is_a_member(&state, &principal, &job).await?;
    // A key that nobody can open is as good as none.
    if job.parameters.provider_key_id.is_some() && state.keyring.is_none() {
        return Err(provider_key_missing(job.choice.provider));
    }
    let asked = Asked { state: &state, principal: &principal, job: &job, idempotency: idempotency.as_ref(), keys };
    // Before anything is accepted: whoever is turned away may simply ask again.
    let seat = match delivery {
        Delivery::AtOnce => None,
        Delivery::Wait { .. } => state.waiting.enter_about(&principal, &job.client),
        Delivery::Stream(_) => state.watching.enter_about(&principal, &job.client),
    };
    match (delivery, seat) {
        (Delivery::Wait { patience, wish }, Some(seat)) => wait::answer_at_its_end(&asked, patience, wish, seat).await,
        (Delivery::Stream(_), Some(seat)) => stream::answer_while_it_is_written(&asked, seat).await,
        (Delivery::Wait { .. } | Delivery::Stream(_), None) if !forgiven => {
            Err(ApiError::too_many_requests(FULL).with_code("too_many_waiting"))
        }
        (_, _) => {
            let accepted = accept(&state, &principal, &job, &asker(&principal), idempotency.as_ref()).await?;
            Ok(if forgiven {
                wait::not_finished(&asked, accepted)
            } else {
                Json(answer(&state, accepted, &job)).into_response()
            })
        }
    }
}

/// When a request that can't wait may be repeated.
const FULL: Duration = Duration::from_secs(5);

/// A request that may be accepted.
struct Asked<'a> {
    state: &'a AppState,
    principal: &'a Principal,
    job: &'a NewJob,
    idempotency: Option<&'a Idempotency>,
    /// As of when the caller came.
    keys: LivingKeys,
}

impl Asked<'_> {
    /// Accepts the job and watches it from before anybody could begin with it.
    async fn accept_and_watch(&self) -> Result<(Accepted, Watch, Beginning), ApiError> {
        let Self { state, principal, job, idempotency, .. } = *self;
        let accepted = store(state, principal, job, &asker(principal), idempotency).await?;
        let watch = state.hub.subscribe(accepted.job_id);
        dispatch(state, accepted, job).await;
        Ok((accepted, watch, if accepted.is_new { Beginning::New } else { Beginning::Replay }))
    }
}

/// Stores the job, and only then tells the queue. Redis is never waited for.
pub(super) async fn accept(
    state: &AppState,
    principal: &Principal,
    job: &NewJob,
    asker: &Asker,
    idempotency: Option<&Idempotency>,
) -> Result<Accepted, ApiError> {
    let accepted = store(state, principal, job, asker, idempotency).await?;
    dispatch(state, accepted, job).await;
    Ok(accepted)
}

async fn store(
    state: &AppState,
    principal: &Principal,
    job: &NewJob,
    asker: &Asker,
    idempotency: Option<&Idempotency>,
) -> Result<Accepted, ApiError> {
    let item = accept_item(principal.scope(), job, asker, idempotency, state.deadline);
    // A key that may be at its limit goes alone: others shall neither wait for its rows nor fail with it.
    let is_limited = asker.api_key.is_some_and(|key| state.allowances.is_limited(key));
    let together = match &item {
        Some(item) if !is_limited => state.accepts.ask(item).await,
        Some(_) | None => Combined::Alone,
    };
    let accepted = match together {
        Combined::Done(accepted) => accepted,
        Combined::Alone => accept_alone(state, principal, job, asker, idempotency).await?,
        Combined::Failed(error) => return Err(error.into()),
    };
    Ok(accepted)
}

/// Tells the queue of a job that is new.
async fn dispatch(state: &AppState, accepted: Accepted, job: &NewJob) {
    if accepted.is_new {
        let (job_id, client_id) = (accepted.job_id, accepted.client_id);
        let available_at = state.clock.now();
        state.queue.enqueue(Enqueue { job_id, client_id, priority: job.priority, available_at }).await;
        metrics::counter!("cpm_jobs_accepted_total", "content_type" => job.content_type.as_str()).increment(1);
    }
}

/// In a transaction of its own, which says why where it can't be.
async fn accept_alone(
    state: &AppState,
    principal: &Principal,
    job: &NewJob,
    asker: &Asker,
    idempotency: Option<&Idempotency>,
) -> Result<Accepted, ApiError> {
    let refused = |error| accept_refused(error, job.choice.provider);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let accepted = job_accept(&mut tx, job, asker, idempotency, state.deadline).await;
    if let Err(AcceptError::Budget(exceeded)) = &accepted {
        state.refusals.note(&job.client, exceeded);
    }
    let accepted = accepted.map_err(refused)?;
    tx.commit().await?;
    Ok(accepted)
}

/// The answer for an accepted job.
pub(super) fn answer(state: &AppState, accepted: Accepted, job: &NewJob) -> GenerateResponse {
    let Accepted { job_id, status, .. } = accepted;
    let waiting = matches!(status, JobStatus::Pending | JobStatus::InProgress);
    let estimated_completion = waiting.then(|| state.clock.now() + state.pace.of(job.content_type));
    GenerateResponse { job_id, status, estimated_completion }
}

/// Whom a trusted service names is kept with the job and grants nothing; but it must be somebody who sees the client.
async fn named_user_is_a_member(state: &AppState, principal: &Principal, job: &NewJob) -> Result<(), ApiError> {
    let Some(user) = job.parameters.user_id.filter(|_| principal.user().is_none()) else { return Ok(()) };
    // The caller's own view first: it must learn nothing of who belongs to somebody else's client.
    for scope in [principal.scope(), Scope::User(user)] {
        let mut tx = state.db.tenant(scope).await?;
        let seen = client_subtree(&mut tx, &job.client).await?.is_some();
        tx.commit().await?;
        if !seen {
            return Err(match scope {
                Scope::User(_) => ApiError::field("user_id", "must be a user who can see the client"),
                Scope::Client(_) => ApiError::not_found("client"),
            });
        }
    }
    Ok(())
}

/// Someone who signed in speaks for themselves; a trusted service may say for whom it asks.
fn own_user_only(principal: &Principal, request: &GenerateRequest) -> Result<(), ApiError> {
    match (principal.user(), request.user_id) {
        (Some(caller), Some(named)) if caller != named => Err(ApiError::field("user_id", "must be the caller's own")),
        _ => Ok(()),
    }
}

fn idempotency(headers: &HeaderMap, request: &GenerateRequest) -> Result<Option<Idempotency>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().map(str::trim).unwrap_or_default();
    if key.is_empty() || key.len() > 255 {
        return Err(ApiError::field("Idempotency-Key", "must have 1 to 255 visible ASCII characters"));
    }
    Ok(Some(Idempotency { key: key.to_owned(), request_hash: request_hash(request)? }))
}

/// The request as it was understood, not its bytes: white space and the order of fields say nothing. The client is left out,
/// for the key belongs to it, and it may be named by id or slug; and how the answer is wanted, for the job is the same.
fn request_hash(request: &GenerateRequest) -> Result<[u8; 32], ApiError> {
    let mut value = serde_json::to_value(request)?;
    if let Some(fields) = value.as_object_mut() {
        for name in ["client_id", "wait", "stream"] {
            fields.remove(name);
        }
    }
    Ok(Sha256::digest(serde_json::to_vec(&value)?).into())
}

#[cfg(test)]
mod tests {
    use hg_types::UserId;
    use serde_json::{Value, json};
    use uuid::Uuid;

    use super::*;

    fn request(body: Value) -> GenerateRequest {
        serde_json::from_value(body).unwrap()
    }

    fn key(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static("idempotency-key"), text.parse().unwrap())])
    }

    #[test]
    fn the_hash_is_of_what_was_meant() {
        let by_slug = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses"}));
        let by_id = request(json!({"topic": "Lenses", "content_type": "blog_post", "client_id": Uuid::nil()}));
        let other = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Prisms"}));
        let waits = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses", "wait": 9}));
        let streams = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses", "stream": true}));
        for same in [waits, streams] {
            assert_eq!(request_hash(&by_slug).unwrap(), request_hash(&same).unwrap());
        }
        assert_eq!(request_hash(&by_slug).unwrap(), request_hash(&by_id).unwrap());
        assert_ne!(request_hash(&by_slug).unwrap(), request_hash(&other).unwrap());
    }

    #[test]
    fn keys_have_a_bounded_length() {
        let wanted = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses"}));
        assert!(idempotency(&HeaderMap::new(), &wanted).unwrap().is_none());
        assert_eq!(idempotency(&key("abc"), &wanted).unwrap().unwrap().key, "abc");
        for bad in ["", &"k".repeat(256)] {
            assert_eq!(idempotency(&key(bad), &wanted).unwrap_err().status(), 422);
        }
    }

    #[test]
    fn nobody_asks_in_another_persons_name() {
        let [me, you] = [1, 2].map(|n| UserId(Uuid::from_u128(n)));
        let named = request(json!({"client_id": "pasco", "content_type": "blog", "topic": "Lenses", "user_id": you}));
        assert!(own_user_only(&Principal::User(me), &named).is_err());
        assert!(own_user_only(&Principal::User(you), &named).is_ok());
    }
}
