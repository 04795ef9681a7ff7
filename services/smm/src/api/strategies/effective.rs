//! `GET /clients/{client}/effective-strategy`.

use axum::extract::State;
use bytes::Bytes;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Path, Query},
};
use hg_contracts::smm::{EffectiveStrategy, EffectiveStrategyQuery};
use hg_types::id::ClientRef;
use http::{HeaderName, header};

use crate::{
    domain::effective::{Detail, resolve},
    state::AppState,
    store::strategy_chain::strategy_chain,
};

/// The strategy that holds for a client: its own values, else its agency's, else the root's, else built in; with the SEO
/// rules, which are inherited in the same way. Each value says where it comes from; with `explain=true` also what it overrides.
#[utoipa::path(
    get, path = "/clients/{client}/effective-strategy", tag = "strategies",
    params(("client" = String, Path, description = "The client's id or slug"), EffectiveStrategyQuery),
    responses((status = 200, body = EffectiveStrategy), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn get_effective_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<EffectiveStrategyQuery>,
) -> Result<([(HeaderName, &'static str); 1], Bytes), ApiError> {
    let nobody = || ApiError::not_found("client");
    if client.len() > 255 || client.contains('\0') {
        return Err(nobody());
    }
    let detail = if query.explain == Some(true) { Detail::Overridden } else { Detail::Sources };
    let (scope, client) = (principal.scope(), ClientRef::parse(&client));
    let look_up = || async {
        let mut tx = state.db.tenant(scope).await?;
        let found = strategy_chain(&mut tx, &client, query.content_type).await?;
        tx.commit().await?;
        let Some((facts, chain)) = found else { return Ok(None) };
        let effective = resolve(facts, query.content_type, chain, detail);
        // Remembered as it goes out: written once, and its size is known.
        serde_json::to_vec(&effective).map(|json| Some(json.into())).map_err(ApiError::internal)
    };
    let key = (scope, client.clone(), query.content_type, detail);
    let effective = state.effective.get(key, look_up).await?.ok_or_else(nobody)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], Bytes::clone(&effective)))
}
