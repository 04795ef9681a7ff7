//! `POST /logout`.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use hg_common::http::ApiError;
use http::header::SET_COOKIE;

use serde::Deserialize;

use super::see_other;
use crate::{domain::next::Next, session::CurrentUser, state::AppState};

/// Where somebody wants to go as somebody else.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct LogoutForm {
    next: String,
}

/// Ends the session and shows the login page.
pub(crate) async fn submit(
    State(state): State<AppState>,
    user: CurrentUser,
    form: Result<Form<LogoutForm>, FormRejection>,
) -> Result<Response, ApiError> {
    // A script sends no form.
    let LogoutForm { next } = form.map(|Form(form)| form).unwrap_or_default();
    let cookie = state.sessions.end(&user).await?;
    let mut response = see_other(&Next::parse(&next).after_logout());
    response.headers_mut().insert(SET_COOKIE, cookie);
    Ok(response)
}
