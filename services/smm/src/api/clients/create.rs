//! `POST /clients`.

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, Json},
};
use hg_contracts::smm::{Client, CreateClient};
use http::StatusCode;
use serde_json::Map;

use super::seen_parent;
use crate::{
    api::{database, seen_client},
    domain::{
        access::{Action, permit},
        client::check_new,
        strategy::FOR_NEW_CLIENT,
    },
    state::AppState,
    store::{
        client::client_create,
        strategies::Strategies,
        versioned::{Save, Tables},
    },
};

/// Makes a client below another, with the strategies that a new client begins with.
#[utoipa::path(
    post, path = "/clients", tag = "clients", request_body = CreateClient,
    responses(
        (status = 201, body = Client),
        (status = 403, description = "The caller is no admin of the parent", body = ErrorBody),
        (status = 404, description = "The caller sees no such parent", body = ErrorBody),
        (status = 409, description = "`slug_taken`, `parent_archived`", body = ErrorBody),
        (status = 422, description = "Among others: an agency below anything but the root, a customer below a customer, a second root", body = ErrorBody),
    )
)]
pub(crate) async fn create_client(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Json(new): Json<CreateClient>,
) -> Result<(StatusCode, Json<Client>), ApiError> {
    let (new, slug) = check_new(new)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let parent = seen_parent(&mut tx, new.parent_id).await?;
    permit(Action::CreateClient, parent.held)?;
    let id = client_create(&mut tx, &new, &slug).await.map_err(database)?;
    for (content_type, name) in FOR_NEW_CLIENT {
        let note = Some("made with the client");
        let save = Save { name: Some(name), fields: &Map::new(), note, by: principal.user() };
        let _ = Strategies::insert(&mut tx, id, content_type, &save).await.map_err(database)?;
    }
    let made = seen_client(&mut tx, &id.to_string()).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok((StatusCode::CREATED, Json(made.client)))
}
