//! `/api/auth/*`: signing in and out for programs.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use hg_common::http::{ApiError, ClientAddress, Json};
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    envelope::{Failure, Nothing, Success},
    me::UserData,
};
use crate::{session, session::CurrentUser, state::AppState};

/// An address and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LoginRequest {
    /// The account's e-mail address.
    email: String,
    /// Its password.
    password: String,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionData {
    /// Whose it is.
    user: UserData,
    /// When it ends unless it is used.
    expires_at: DateTime<Utc>,
    /// What requests that change anything send as `X-CSRF-Token`.
    csrf_token: String,
}

impl SessionData {
    fn of(user: &CurrentUser) -> Self {
        Self { user: UserData::of(user), expires_at: user.expires_at, csrf_token: user.csrf_token().to_owned() }
    }
}

/// Signs in: the session comes as a cookie.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth",
    responses((status = 200, body = Success<SessionData>), (status = 401, body = Failure), (status = 429, body = Failure))
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    Json(LoginRequest { email, password }): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    let signed_in = session::login(&state, address, &headers, &email, password).await?;
    let answer = Success::new(SessionData::of(&signed_in.user));
    Ok(with_cookie(answer, signed_in.cookie))
}

/// Ends the session.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth",
    responses((status = 200, body = Success<Nothing>), (status = 401, body = Failure))
)]
pub(crate) async fn logout(State(state): State<AppState>, user: CurrentUser) -> Result<Response, ApiError> {
    let cookie = state.sessions.end(&user).await?;
    Ok(with_cookie(Success::new(Nothing), cookie))
}

/// The session that the cookie names; `null` for nobody.
#[utoipa::path(get, path = "/api/auth/session", tag = "auth", responses((status = 200, body = Success<Option<SessionData>>)))]
pub(crate) async fn session(user: Option<CurrentUser>) -> Success<Option<SessionData>> {
    Success::new(user.as_ref().map(SessionData::of))
}

fn with_cookie(answer: impl IntoResponse, cookie: HeaderValue) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(SET_COOKIE, cookie);
    response
}
