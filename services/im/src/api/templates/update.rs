//! `PUT /templates/{template}`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json, Path},
};
use hg_contracts::im::{SaveTemplate, Template};
use hg_types::Role;
use uuid::Uuid;

use crate::{
    api::{database, role_too_low},
    domain::template::check,
    state::AppState,
    store::template::{template_fetch, template_update},
};

/// Saves a new version of a template. The earlier versions stay.
#[utoipa::path(
    put, path = "/templates/{template}", tag = "templates", request_body = SaveTemplate,
    params(("template" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, body = Template),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_template(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(template): Path<Uuid>,
    Json(save): Json<SaveTemplate>,
) -> Result<Json<Template>, ApiError> {
    let checked = state.engine.run(move || check(save)).await??;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = template_fetch(&mut tx, template.into()).await?.ok_or_else(|| ApiError::not_found("template"))?;
    role_too_low(seen.held, Role::Member, "changing a template")?;
    if checked.save.client_id != seen.template.client_id {
        return Err(ApiError::field("client_id", "is fixed: a template stays with its client"));
    }
    if checked.save.content_type != seen.template.content_type {
        return Err(ApiError::field(
            "content_type",
            format!("is fixed: this template is for {}", seen.template.content_type),
        ));
    }
    if !template_update(&mut tx, seen.template.id, &checked, principal.user()).await.map_err(database)? {
        return Err(ApiError::not_found("template"));
    }
    let changed = template_fetch(&mut tx, seen.template.id).await?.ok_or_else(|| ApiError::not_found("template"))?;
    tx.commit().await?;
    state.chosen.forget();
    Ok(Json(changed.template))
}
