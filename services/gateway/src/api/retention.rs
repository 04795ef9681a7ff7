//! `/api/clients/{id}/retention`: how long a client's things are kept. Asked of SMM.

use hg_common::http::{ApiError, Json};
use hg_contracts::smm::{Retention, SaveRetention};

use super::{
    at_client::AtClient,
    envelope::{Failure, Success},
};

/// How long the client's things are kept, and who says so.
#[utoipa::path(
    get, path = "/api/clients/{id}/retention", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses((status = 200, body = Success<Retention>), (status = 404, body = Failure))
)]
pub(crate) async fn retention(AtClient { state, principal, id }: AtClient) -> Result<Success<Retention>, ApiError> {
    Success::of(state.smm.retention(&principal, id).await)
}

/// Says how long the client's things are kept; it replaces all that the client said before. For its owners; what stands above is the least that holds.
#[utoipa::path(
    put, path = "/api/clients/{id}/retention", tag = "clients", params(("id" = String, Path, description = "Id or slug")),
    responses(
        (status = 200, body = Success<Retention>), (status = 403, body = Failure), (status = 404, body = Failure),
        (status = 409, body = Failure), (status = 422, body = Failure)
    )
)]
pub(crate) async fn save(
    AtClient { state, principal, id }: AtClient,
    Json(save): Json<SaveRetention>,
) -> Result<Success<Retention>, ApiError> {
    Success::of(state.smm.save_retention(&principal, id, &save).await)
}
