//! `GET /login`, `POST /login`.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::{IntoResponse, Response},
};
use hg_common::http::{ApiError, ClientAddress, Query};
use http::{
    HeaderMap, StatusCode,
    header::{RETRY_AFTER, SET_COOKIE},
};
use serde::Deserialize;

use super::{read, see_other, show};
use crate::{
    domain::next::Next,
    pages::{
        login::{LoginPage, Notice},
        parts::Tone,
    },
    session::{CurrentUser, LoginRefused, login},
    state::AppState,
};

const TITLE: &str = "Sign in";

/// What the page's address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct LoginQuery {
    #[serde(default)]
    next: String,
    /// What led here: `reset` after a new password was set.
    #[serde(default)]
    from: String,
}

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// The form; whoever is signed in goes on at once.
pub(crate) async fn form(
    State(state): State<AppState>,
    user: Option<CurrentUser>,
    headers: HeaderMap,
    Query(query): Query<LoginQuery>,
) -> Response {
    let next = Next::parse(&query.next);
    if user.is_some() {
        return see_other(next.as_str());
    }
    let notice = (query.from == "reset")
        .then(|| Notice { tone: Tone::Success, message: "The new password is set. Sign in with it.".into() });
    let page = LoginPage { next: next.as_str().to_owned(), notice, ..LoginPage::default() };
    show(&state, &headers, TITLE, StatusCode::OK, &page)
}

/// Signs in and goes on, or shows the form again with what was typed but the password.
pub(crate) async fn submit(
    State(state): State<AppState>,
    address: ClientAddress,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let LoginForm { email, password, next } = read(form)?;
    let next = Next::parse(&next);
    match login(&state, address, &headers, &email, password).await {
        Ok(signed_in) => {
            let mut response = see_other(next.as_str());
            response.headers_mut().insert(SET_COOKIE, signed_in.cookie);
            Ok(response)
        }
        Err(refused) => Ok(again(&state, &headers, email, &next, refused)),
    }
}

fn again(state: &AppState, headers: &HeaderMap, email: String, next: &Next, refused: LoginRefused) -> Response {
    let (status, message, retry_after) = match refused {
        LoginRefused::Wrong => (StatusCode::UNAUTHORIZED, "That e-mail and password don’t go together.".into(), None),
        LoginRefused::NotNow(error) if error.status() == StatusCode::TOO_MANY_REQUESTS => {
            let seconds = error.retry_after().map_or(60, |after| after.as_secs() + 1);
            let message = format!("Too many attempts. Try again in {seconds} seconds.");
            (error.status(), message.into(), Some(seconds))
        }
        LoginRefused::NotNow(error) => {
            error.log();
            (error.status(), "Signing in isn’t possible right now. Try again in a moment.".into(), None)
        }
    };
    let notice = Some(Notice { tone: Tone::Danger, message });
    let page = LoginPage { next: next.as_str().to_owned(), email, notice, ..LoginPage::default() };
    let mut response = show(state, headers, TITLE, status, &page).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
