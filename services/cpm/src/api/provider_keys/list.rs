//! `GET /clients/{client}/provider-keys`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Page, PageQuery, Path, Query},
};
use hg_contracts::cpm::{ListProviderKeys, ProviderKeyInfo};
use hg_types::Role;

use crate::{api::caller::client_with_role, state::AppState, store::provider_key_care::provider_key_list};

/// The provider keys of this very client, the newest first. Members see them, too, to name one in a request.
#[utoipa::path(
    get, path = "/clients/{client}/provider-keys", tag = "provider keys",
    params(("client" = String, Path, description = "The client's id or slug"), ListProviderKeys),
    responses(
        (status = 200, body = Page<ProviderKeyInfo>),
        (status = 401, body = ErrorBody),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub async fn provider_keys_list(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListProviderKeys>,
) -> Result<Json<Page<ProviderKeyInfo>>, ApiError> {
    let limit = query.limit.map(|limit| limit.to_string());
    let page = PageQuery { cursor: query.cursor.clone(), limit, ..PageQuery::default() }.resolve()?;
    let before = page.cursor()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = client_with_role(&mut tx, &client, Role::Member, "seeing provider keys").await?;
    let rows = provider_key_list(&mut tx, seen.id, None, before, page.fetch_limit()).await?;
    tx.commit().await?;
    Ok(Json(Page::from_rows(rows, &page, |key| key.id)?))
}
