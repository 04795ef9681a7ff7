//! `GET /clients`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, MAX_COUNTED, Page, PageQuery, Query},
};
use hg_contracts::smm::{Client, ListClients};

use crate::{
    state::AppState,
    store::client::{ClientFilter, ClientWindow, client_count, client_list},
};

/// The clients that the caller sees, by name.
#[utoipa::path(
    get, path = "/clients", tag = "clients", params(ListClients),
    responses((status = 200, body = Page<Client>), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_clients(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Query(query): Query<ListClients>,
) -> Result<Json<Page<Client>>, ApiError> {
    let text = query.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.len() > 255 || text.contains('\0')) {
        return Err(ApiError::field("q", "must have at most 255 characters"));
    }
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let request = PageQuery {
        cursor: query.cursor.clone(),
        limit: number(query.limit),
        page: number(query.page),
        page_size: number(query.page_size),
    }
    .resolve()?;
    let after = request.cursor()?;
    let filter = ClientFilter {
        text,
        client_type: query.client_type,
        parent_id: query.parent_id,
        archived: query.archived.unwrap_or_default(),
    };
    let window =
        ClientWindow { after: after.as_ref(), offset: i64::from(request.offset), limit: request.fetch_limit() };
    let mut tx = state.db.tenant(principal.scope()).await?;
    let rows = client_list(&mut tx, &filter, &window).await?;
    let most = i64::try_from(MAX_COUNTED).unwrap_or(i64::MAX).saturating_add(1);
    let total = client_count(&mut tx, &filter, most).await?;
    tx.commit().await?;
    let page = Page::from_rows(rows, &request, |client| (client.name.clone(), client.id.uuid()))?;
    Ok(Json(page.with_total(total)))
}
