//! `GET /api/providers/status`. Asked of CPM.

use axum::extract::State;
use hg_common::http::ApiError;
use hg_contracts::cpm::ProvidersStatus;

use super::envelope::{Failure, Success};
use crate::{session::CurrentUser, state::AppState};

/// The providers, whether they can be used, their models and prices.
#[utoipa::path(
    get, path = "/api/providers/status", tag = "providers",
    responses((status = 200, body = Success<ProvidersStatus>), (status = 503, body = Failure))
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    user: CurrentUser,
) -> Result<Success<ProvidersStatus>, ApiError> {
    Success::of(state.cpm.providers(&user.principal()).await)
}
