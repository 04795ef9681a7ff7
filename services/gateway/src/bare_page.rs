//! Renders a page outside of a visit: login, errors.

use axum::response::{Html, IntoResponse, Response};
use hg_common::http::ApiError;
use http::{HeaderMap, StatusCode};

use crate::{
    pages::{Assets, Page, Shell, Templates, shell::Theme},
    session::read_cookie,
};

/// The page, in the theme that the browser chose.
pub(crate) fn bare_page<P: Page>(
    templates: &Templates,
    assets: &Assets,
    headers: &HeaderMap,
    title: &'static str,
    status: StatusCode,
    page: &P,
) -> Response {
    let theme = Theme::from_cookie(read_cookie(headers, Theme::COOKIE));
    // Forms on these pages are public: what guards them is where they are sent from, not a session's token.
    let shell = Shell::bare(title, String::new(), theme, assets.clone());
    answer(templates, &shell, status, page)
}

/// The page in a frame that is there already.
pub(crate) fn answer<P: Page>(templates: &Templates, shell: &Shell, status: StatusCode, page: &P) -> Response {
    match templates.page(shell, page) {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
