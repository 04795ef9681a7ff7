//! `POST /templates`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::im::{SaveTemplate, Template};
use hg_types::Role;
use http::StatusCode;

use crate::{
    api::{database, role_too_low},
    domain::template::check,
    state::AppState,
    store::template::{client_standing, template_create, template_fetch},
};

/// Makes a client's template for a content type. It must render with sample data.
#[utoipa::path(
    post, path = "/templates", tag = "templates", request_body = SaveTemplate,
    responses(
        (status = 201, body = Template),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`template_exists`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_template(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Json(save): Json<SaveTemplate>,
) -> Result<(StatusCode, Json<Template>), ApiError> {
    let client = save.client_id;
    let checked = state.engine.run(move || check(save)).await??;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let held = client_standing(&mut tx, client).await?.ok_or_else(|| ApiError::not_found("client"))?;
    role_too_low(held, Role::Member, "making a template")?;
    let id = template_create(&mut tx, &checked, principal.user()).await.map_err(database)?;
    let made = template_fetch(&mut tx, id).await?.ok_or_else(|| ApiError::not_found("template"))?;
    tx.commit().await?;
    state.chosen.forget();
    Ok((StatusCode::CREATED, Json(made.template)))
}
