//! `GET /reset/{token}`, `POST /reset/{token}`: where the links of `hg admin reset-link` lead.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use hg_common::http::{ApiError, ClientAddress, Path};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use serde::Deserialize;

use super::{read, see_other, show};
use crate::{
    pages::{
        forms::sentence,
        login::Notice,
        parts::{FieldProblem, Tone},
        reset::ResetPage,
    },
    session::{ResetRefused, reset_password},
    state::AppState,
};

const TITLE: &str = "Set a new password";

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct ResetForm {
    #[serde(default)]
    password: String,
}

/// The form. Looking at it spends nothing: link previews and scanners look too.
pub(crate) async fn form(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let token = plausible(token)?;
    Ok(show(&state, &headers, TITLE, StatusCode::OK, &ResetPage { token, ..ResetPage::default() }))
}

/// Sets the password and leads to the login, or shows the form again.
pub(crate) async fn submit(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    Path(token): Path<String>,
    form: Result<Form<ResetForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let token = plausible(token)?;
    let ResetForm { password } = read(form)?;
    let problem = match reset_password(&state, address, &token, password).await {
        Ok(()) => {
            let mut response = see_other("/login?from=reset");
            // The browser's own session has ended with all others.
            response.headers_mut().insert(SET_COOKIE, state.sessions.cookies().clear());
            return Ok(response);
        }
        Err(problem) => problem,
    };
    let page = ResetPage { token, ..ResetPage::default() };
    let (status, page) = match problem {
        ResetRefused::Weak(weak) => {
            let message = sentence(&weak.to_string());
            let errors = vec![FieldProblem { field: "password".into(), message: message.into() }];
            (StatusCode::UNPROCESSABLE_ENTITY, ResetPage { errors, ..page })
        }
        ResetRefused::Spent => {
            let message = "This link has been used or is too old. Ask your administrator for a new one.".into();
            (StatusCode::GONE, ResetPage { notice: Some(Notice { tone: Tone::Danger, message }), ..page })
        }
        ResetRefused::NotNow(error) => return Err(error),
    };
    Ok(show(&state, &headers, TITLE, status, &page))
}

/// Tokens are base64url; nothing else gets into addresses and pages of ours.
pub(super) fn plausible(token: String) -> Result<String, ApiError> {
    let sane = (1..=128).contains(&token.len())
        && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if sane { Ok(token) } else { Err(ApiError::not_found("page")) }
}
