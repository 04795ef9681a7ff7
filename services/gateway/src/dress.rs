//! How an error looks to who asked: the envelope for `/api`, a page for browsers, our plain shape for everything else.
//!
//! It works on what [`ErrorInfo`] says, so it dresses refusals of the guard, of extractors and of handlers alike.

use std::{any::Any, sync::Arc};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use hg_common::http::{ApiError, ErrorDetail, ErrorInfo};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION},
};

use crate::{
    api::envelope::Failure,
    bare_page::answer,
    csrf,
    domain::next::Next as NextPath,
    pages::{
        Assets, Shell, Templates,
        clients::Clients,
        errors::ErrorPage,
        shell::{Frame, Scope, Section, Switch, Theme, UserView},
    },
    session::{CurrentUser, Seen, Sessions},
};

/// What error pages are made of.
#[derive(Clone, Debug)]
pub(crate) struct Wardrobe {
    pub(crate) templates: Arc<Templates>,
    pub(crate) assets: Assets,
    pub(crate) sessions: Sessions,
}

/// Who asked.
enum Audience {
    /// A program, at `/api`.
    Api,
    /// A browser that shows what it gets; its address and method.
    Browser { path: String, is_get: bool },
    /// A script of ours, an event stream, a program elsewhere.
    Other,
}

impl Audience {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        if path == "/api" || path.starts_with("/api/") {
            return Self::Api;
        }
        let headers = request.headers();
        let wants_html =
            headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")));
        // htmx leaves the page as it is on such a status, and the page says what the status means.
        if !wants_html || headers.contains_key("hx-request") {
            return Self::Other;
        }
        let path = request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        Self::Browser { path, is_get: request.method() == Method::GET }
    }
}

/// Middleware around the guard and the fallback.
pub(crate) async fn dress(State(wardrobe): State<Wardrobe>, mut request: Request, next: Next) -> Response {
    let audience = Audience::of(&request);
    let headers = request.headers().clone();
    let seen = Seen::default();
    request.extensions_mut().insert(seen.clone());
    let response = next.run(request).await;
    let Some(ErrorInfo(body)) = response.extensions().get::<ErrorInfo>().cloned() else { return response };
    let dressed = match audience {
        Audience::Other => return response,
        Audience::Api => (response.status(), axum::Json(Failure::new(&body.error))).into_response(),
        Audience::Browser { path, is_get } => {
            let user = wardrobe.user(&seen, response.status(), &headers).await;
            let shell = wardrobe.shell(user.as_ref(), &headers);
            wardrobe.page(response.status(), &body.error, &path, is_get, &shell)
        }
    };
    keep_headers(dressed, response)
}

impl Wardrobe {
    /// Whom the guard found. It isn't asked for an address that doesn't exist; then the cookie is looked at here.
    async fn user(&self, seen: &Seen, status: StatusCode, headers: &HeaderMap) -> Option<CurrentUser> {
        match seen.user() {
            Some(user) => Some(user.clone()),
            None if status == StatusCode::NOT_FOUND => self.sessions.current(headers).await.ok().flatten(),
            None => None,
        }
    }

    /// The frame. It shows no clients: asking for them may be what has just failed.
    fn shell(&self, user: Option<&CurrentUser>, headers: &HeaderMap) -> Shell {
        let (theme, assets) = (Theme::of_request(headers), self.assets.clone());
        let Some(user) = user else { return Shell::bare("Error", String::new(), theme, assets) };
        let frame = Frame {
            title: "Error".into(),
            section: Section::None,
            switch: Switch::Query("/"),
            scope: Scope::OneClient,
            client: None,
        };
        let view = UserView::new(&user.display_name, &user.email);
        Shell::signed_in(frame, view, user.csrf_token().to_owned(), &Clients::Away, theme, assets)
    }

    fn page(&self, status: StatusCode, error: &ErrorDetail, path: &str, is_get: bool, shell: &Shell) -> Response {
        if status == StatusCode::UNAUTHORIZED {
            // What was sent can't be sent again by following a link.
            let next = if is_get { NextPath::parse(path) } else { NextPath::default() };
            let location = HeaderValue::from_str(&next.login_path()).unwrap_or(HeaderValue::from_static("/login"));
            return (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response();
        }
        let retry = is_get.then(|| path.to_owned());
        let mut page = ErrorPage::new(status, &error.code, retry, error.request_id.clone());
        if error.code == csrf::CODE {
            page.status = status.as_u16();
            page.code = csrf::CODE.into();
            page.title = "This form is out of date".into();
            page.message = "Go back, reload the page and send it again. Nothing was changed.".into();
            page.icon = "circle-alert".into();
        }
        let status = StatusCode::from_u16(page.status).unwrap_or(status);
        page.framed = shell.user.is_some();
        answer(&self.templates, shell, status, &page)
    }
}

/// The new answer with the headers of the old one (`Retry-After`, `Allow`), but for those of its body.
fn keep_headers(mut dressed: Response, old: Response) -> Response {
    let (parts, _) = old.into_parts();
    for (name, value) in &parts.headers {
        if name != CONTENT_TYPE && name != CONTENT_LENGTH && !dressed.headers().contains_key(name) {
            dressed.headers_mut().append(name, value.clone());
        }
    }
    dressed
}

/// For the panic layer inside all of this: a panic is an error like any other.
#[expect(clippy::needless_pass_by_value, reason = "the signature is the layer's")]
pub(crate) fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    ApiError::internal(format!("a handler panicked: {text}")).into_response()
}
