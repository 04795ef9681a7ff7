//! `PATCH /clients/{client}/api-keys/{api_key}`.

use axum::extract::State;
use hg_common::{
    auth::{ApiScope, Caller},
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::cpm::{ApiKeyInfo, UpdateApiKey};
use hg_types::ApiKeyId;
use uuid::Uuid;

use super::{administered, as_it_is, bounds, living, not_the_operators};
use crate::{
    api::{caller::person, error::text_refused},
    domain::keys::{WantedApiKey, changed_api_key},
    state::AppState,
    store::api_keys::api_key_update,
};

/// Changes a key's name, scopes, end and limits, for all its secrets. In force everywhere within a second; a limit of jobs or
/// money at once, and what the key has used today and this month counts.
#[utoipa::path(
    patch, path = "/clients/{client}/api-keys/{api_key}", tag = "api keys", request_body = UpdateApiKey,
    params(("client" = String, Path, description = "The client's id or slug"), ("api_key" = Uuid, Path, description = "The key")),
    responses(
        (status = 200, body = ApiKeyInfo),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client, or no person", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`api_key_revoked`, `api_key_expired`, `managed_by_environment` (its name and its end), `client_erased`", body = ErrorBody),
        (status = 422, description = "One entry per field that can't be accepted", body = ErrorBody),
    )
)]
pub async fn api_key_change(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((client, key)): Path<(String, Uuid)>,
    Json(change): Json<UpdateApiKey>,
) -> Result<Json<ApiKeyInfo>, ApiError> {
    let id = ApiKeyId(key);
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    person(&principal)?;
    let before = living(&mut tx, seen.id, id).await?;
    // By its name the operator's start finds it again.
    if change.expires_at.is_some() || change.name.is_some() {
        not_the_operators(&before)?;
    }
    let wanted = changed_api_key(as_wanted(&before), &change, &bounds(&state))?;
    api_key_update(&mut tx, seen.id, id, &wanted).await.map_err(text_refused)?;
    let after = as_it_is(&mut tx, seen.id, id).await?;
    tx.commit().await?;
    state.known_keys.forget();
    Ok(Json(after))
}

fn as_wanted(key: &ApiKeyInfo) -> WantedApiKey {
    let number = |number: u32| i32::try_from(number).ok();
    WantedApiKey {
        name: key.name.clone(),
        scopes: key.scopes.iter().filter_map(|scope| ApiScope::parse(scope)).collect(),
        expires_at: key.expires_at,
        requests_per_minute: key.requests_per_minute.and_then(number),
        jobs_per_day: key.jobs_per_day.and_then(number),
        daily_limit: key.daily_limit_usd,
        monthly_limit: key.monthly_limit_usd,
    }
}
