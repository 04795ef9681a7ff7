//! `GET /clients/{client}/api-keys`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Path, Query},
};
use hg_contracts::cpm::{ApiKeyInfo, ListApiKeys};

use super::administered;
use crate::{
    state::AppState,
    store::api_keys::{ApiKeyFilter, api_key_list},
};

/// The keys of this very client, the newest first, without their secrets.
#[utoipa::path(
    get, path = "/clients/{client}/api-keys", tag = "api keys",
    params(("client" = String, Path, description = "The client's id or slug"), ListApiKeys),
    responses(
        (status = 200, body = Page<ApiKeyInfo>),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no admin of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub async fn api_keys_list(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListApiKeys>,
) -> Result<Json<Page<ApiKeyInfo>>, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    let page = PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()?;
    let filter = ApiKeyFilter { state: query.state, before: page.cursor()?, ..ApiKeyFilter::default() };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = administered(&mut tx, &client).await?;
    let rows = api_key_list(&mut tx, seen.id, filter, page.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &page, |key| key.id.uuid())?))
}
