//! A request about the client of its path: on whose behalf it is asked, which client it is, and whom to ask.
//!
//! It decides nothing: whether the person sees that client is for the service to say.

use axum::extract::FromRequestParts;
use hg_common::{
    auth::Principal,
    http::{ApiError, Path},
};
use hg_types::ClientId;
use http::request::Parts;
use serde::{Deserialize, de::DeserializeOwned};

use super::client_id;
use crate::{session::CurrentUser, state::AppState};

/// What every handler below `/api/clients/{id}` begins with.
#[derive(Debug)]
pub(crate) struct AtClient {
    /// The services.
    pub(super) state: AppState,
    /// On whose behalf they are asked.
    pub(super) principal: Principal,
    /// The client, which the path names by id or slug.
    pub(super) id: ClientId,
}

/// The path's first parameter, whatever follows it.
#[derive(Deserialize)]
struct Named {
    id: String,
}

impl FromRequestParts<AppState> for AtClient {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let user = <CurrentUser as FromRequestParts<AppState>>::from_request_parts(parts, state).await?;
        let Path(Named { id }) = Path::<Named>::from_request_parts(parts, state).await?;
        let principal = user.principal();
        let id = client_id(state, &principal, &id).await?;
        Ok(Self { state: state.clone(), principal, id })
    }
}

/// What the path names below the client: its second parameter. What doesn't parse names nothing: 404.
#[derive(Debug)]
pub(crate) struct Below<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for Below<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let Path((_, named)) = Path::<(String, T)>::from_request_parts(parts, state).await?;
        Ok(Self(named))
    }
}
