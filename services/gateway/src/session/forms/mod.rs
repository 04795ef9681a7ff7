//! The forms by which people get in and out: login, logout, a new password.
//!
//! They show what the rules next door decided; they decide nothing.

pub(crate) mod invitation;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod reset;

use axum::response::{IntoResponse, Response};
use hg_common::http::ApiError;
use http::{HeaderMap, HeaderValue, StatusCode, header::LOCATION};

use crate::{
    bare_page::bare_page,
    pages::{Page, forms::read},
    state::AppState,
};

fn show<P: Page>(state: &AppState, headers: &HeaderMap, title: &'static str, status: StatusCode, page: &P) -> Response {
    bare_page(&state.templates, &state.assets, headers, title, status, page)
}

/// 303: go there with GET.
fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(LOCATION, path)]).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
