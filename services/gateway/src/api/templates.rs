//! `/api/content/templates`: prompt templates. Asked of IM.

use axum::extract::State;
use hg_common::http::{ApiError, Json, PageQuery, Path, Query};
use hg_contracts::im::{ListTemplates, SaveTemplate, Template, TemplateVerdict, ValidateTemplate};
use hg_types::{ContentType, TemplateId};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    client_id,
    envelope::{Failure, Success},
    paging::listed,
};
use crate::{session::CurrentUser, state::AppState};

/// Which templates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplatesQuery {
    /// Those of this client (id or slug), and those that it inherits.
    client_id: Option<String>,
    /// Only for this.
    content_type: Option<ContentType>,
    #[serde(flatten)]
    #[param(ignore)]
    page: PageQuery,
}

/// The templates that the caller sees.
#[utoipa::path(
    get, path = "/api/content/templates", tag = "templates", params(TemplatesQuery, PageQuery),
    responses((status = 200, body = Success<Vec<Template>>), (status = 422, body = Failure))
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    user: CurrentUser,
    Query(query): Query<TemplatesQuery>,
) -> Result<Success<Vec<Template>>, ApiError> {
    let principal = user.principal();
    let client_id = match &query.client_id {
        Some(client) => Some(client_id(&state, &principal, client).await?),
        None => None,
    };
    let filter = ListTemplates { client_id, content_type: query.content_type, ..ListTemplates::default() };
    let (im, principal) = (&state.im, &principal);
    listed(&query.page, |cursor, limit| {
        let filter = ListTemplates { cursor, limit: Some(limit), ..filter.clone() };
        async move { im.list_templates(principal, &filter).await }
    })
    .await
}

/// Makes a template.
#[utoipa::path(
    post, path = "/api/content/templates", tag = "templates",
    responses((status = 201, body = Success<Template>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    user: CurrentUser,
    Json(new): Json<SaveTemplate>,
) -> Result<(StatusCode, Success<Template>), ApiError> {
    Success::created(state.im.create_template(&user.principal(), &new).await)
}

/// Looks at a template without saving it.
#[utoipa::path(
    post, path = "/api/content/templates/validate", tag = "templates",
    responses((status = 200, body = Success<TemplateVerdict>), (status = 422, body = Failure))
)]
pub(crate) async fn validate(
    State(state): State<AppState>,
    user: CurrentUser,
    Json(template): Json<ValidateTemplate>,
) -> Result<Success<TemplateVerdict>, ApiError> {
    Success::of(state.im.validate_template(&user.principal(), &template).await)
}

/// One template.
#[utoipa::path(
    get, path = "/api/content/templates/{id}", tag = "templates", params(("id" = TemplateId, Path)),
    responses((status = 200, body = Success<Template>), (status = 404, body = Failure))
)]
pub(crate) async fn fetch(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<TemplateId>,
) -> Result<Success<Template>, ApiError> {
    Success::of(state.im.get_template(&user.principal(), id).await)
}

/// Saves a new version of a template.
#[utoipa::path(
    put, path = "/api/content/templates/{id}", tag = "templates", params(("id" = TemplateId, Path)),
    responses((status = 200, body = Success<Template>), (status = 404, body = Failure), (status = 422, body = Failure))
)]
pub(crate) async fn update(
    State(state): State<AppState>,
    user: CurrentUser,
    Path(id): Path<TemplateId>,
    Json(change): Json<SaveTemplate>,
) -> Result<Success<Template>, ApiError> {
    Success::of(state.im.update_template(&user.principal(), id, &change).await)
}
