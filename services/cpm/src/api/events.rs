//! `GET /events`: all events of a tenant's jobs, as server-sent events.

use std::time::Duration;

use axum::{extract::State, response::Response};
use hg_common::{
    auth::{ApiScope, Caller, Principal},
    http::{ApiError, ErrorBody, Query},
};
use hg_types::{ClientId, id::ClientRef};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{caller::with_scope, event_stream::event_stream},
    live::tenant::{Cursor, Listener, Resumed, TYPES},
    state::AppState,
    store::clients::client_subtree,
};

/// When a caller who listens too often may ask again.
const FULL: Duration = Duration::from_secs(10);

/// Whose events, and which.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// A client's id or slug: only its jobs, and those of what is below it.
    #[param(example = "cincinnati-electrician")]
    pub client_id: Option<String>,
    /// Of `status`, `progress`, `completed`, `failed`, `cancelled`, separated by commas; all, where left out.
    #[param(example = "completed,failed")]
    pub types: Option<String>,
}

/// The events of all jobs that the caller sees, from now on, until the connection ends.
///
/// First comes `ready` {resumed}, then `status`, `progress`, `completed`, `failed` and `cancelled`, each with {job_id, client_id, seq, at,
/// data}, where `data` is as in `GET /jobs/{id}/events`; no live text. The order is that of commits. `Last-Event-ID` resumes without a gap or a
/// repeat; where that can't be, `reset` {reason} comes instead of `ready`, and then what happens from now on.
#[utoipa::path(
    get,
    path = "/events",
    tag = "jobs",
    params(
        EventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen.", example = "748213-10442-9f31c2a7"),
    ),
    responses(
        (status = 200, content_type = "text/event-stream", body = String,
            example = "id: 748213-10442-9f31c2a7\nevent: completed\ndata: {\"job_id\":\"01938b7e-4c00-7d3a-9a51-2f7d7c3c5a11\",\"client_id\":\"550e8400-e29b-41d4-a716-446655440000\",\"seq\":5,\"at\":\"2026-11-21T09:29:41Z\",\"data\":{\"title\":\"Fuses\",\"score\":88,\"cost_usd\":\"0.001\"}}\n\n"),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, description = "No such client for this caller.", body = ErrorBody),
        (status = 422, body = ErrorBody),
        (status = 429, description = "Too many requests, or the tenant listens 20 times already.", body = ErrorBody)
    )
)]
pub async fn tenant_events(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<EventsQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let principal = with_scope(caller, ApiScope::JobsRead)?;
    let types = types(query.types.as_deref())?;
    let client = match query.client_id.as_deref().filter(|client| !client.is_empty()) {
        Some(client) => Some(client_seen(&state, &principal, client).await?),
        None => None,
    };
    let seat = state.listening.enter(&principal).ok_or_else(|| ApiError::too_many_requests(FULL))?;
    // First of all: what happens from here on is not missed.
    let listening = state.hub.listen_to_clients();
    let resumed = match headers.get("last-event-id").map(|id| id.to_str().ok().and_then(Cursor::parse)) {
        None => Resumed::Never,
        Some(None) => Resumed::Unknown,
        Some(Some(cursor)) => Resumed::After(cursor),
    };
    let listener = Listener {
        db: state.db.clone(),
        keys: state.keys.from_now(),
        principal,
        client,
        types,
        shutdown: state.shutdown.clone(),
    };
    Ok(event_stream(listener.spawn(listening, resumed, seat)))
}

async fn client_seen(state: &AppState, principal: &Principal, client: &str) -> Result<ClientId, ApiError> {
    let mut tx = state.db.tenant(principal.scope()).await?;
    let subtree = client_subtree(&mut tx, &ClientRef::parse(client)).await?;
    tx.commit().await?;
    // The client itself comes first.
    let own = subtree.and_then(|ids| ids.first().copied());
    own.map(ClientId).ok_or_else(|| ApiError::not_found("client"))
}

fn types(asked: Option<&str>) -> Result<Vec<String>, ApiError> {
    let all = || TYPES.map(str::to_owned).to_vec();
    let Some(asked) = asked.map(str::trim).filter(|asked| !asked.is_empty()) else { return Ok(all()) };
    let types = asked
        .split(',')
        .map(str::trim)
        .map(|name| TYPES.iter().find(|known| **known == name).map(|known| (*known).to_owned()));
    types
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| ApiError::field("types", format!("must be of {}", TYPES.join(", "))))
}
