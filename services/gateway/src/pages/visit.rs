//! A request for a page by somebody who is signed in: who it is, whom to ask, how to answer.
//!
//! Handlers take a [`Visit`], ask the services through it (always on that person's behalf, and in parallel where the
//! answers don't depend on each other), and render through it. It knows no page.

use axum::{
    extract::FromRequestParts,
    response::{Html, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use hg_common::{
    auth::Principal,
    http::{ApiError, error_chain},
    time::{Clock, SystemClock},
};
use hg_contracts::{ClientError, CpmClient, ImClient, SmmClient};
use http::{StatusCode, request::Parts};

use super::{
    clients::Clients,
    shell::{Flash, FlashKind, Frame, Shell, Theme, UserView},
    templates::{Fragment, Page},
};
use crate::{peer_error::peer_error, session::CurrentUser, state::AppState};

/// A request for a page.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Who asks.
    pub user: CurrentUser,
    theme: Theme,
    state: AppState,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let user = <CurrentUser as FromRequestParts<AppState>>::from_request_parts(parts, state).await?;
        Ok(Self { user, theme: Theme::of_request(&parts.headers), state: state.clone() })
    }
}

impl Visit {
    /// On whose behalf the services are asked.
    #[must_use]
    pub const fn principal(&self) -> Principal {
        self.user.principal()
    }

    /// Content production.
    #[must_use]
    pub const fn cpm(&self) -> &CpmClient {
        &self.state.cpm
    }

    /// Instructions.
    #[must_use]
    pub const fn im(&self) -> &ImClient {
        &self.state.im
    }

    /// Strategy management.
    #[must_use]
    pub const fn smm(&self) -> &SmmClient {
        &self.state.smm
    }

    /// An address of ours as others are given it. Its beginning comes from the configuration, never from a request.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.state.public_url.as_str().trim_end_matches('/'))
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        SystemClock.now()
    }

    /// The person for the frame.
    #[must_use]
    pub fn user_view(&self) -> UserView {
        UserView::new(&self.user.display_name, &self.user.email)
    }

    /// The page's frame. It says so where the clients can't be read.
    #[must_use]
    pub fn shell(&self, frame: Frame, clients: &Clients) -> Shell {
        let user = self.user_view();
        let csrf = self.user.csrf_token().to_owned();
        let assets = self.state.assets.clone();
        let mut shell = Shell::signed_in(frame, user, csrf, clients, self.theme, assets);
        if clients.is_away() {
            let message =
                "Strategy management doesn’t answer: clients and strategies can’t be shown right now.".to_owned();
            shell.flash = Some(Flash { kind: FlashKind::Error, message });
        }
        shell
    }

    /// The answer with a whole page.
    ///
    /// # Errors
    /// When the template fails: a mistake of ours.
    pub fn page<P: Page>(&self, status: StatusCode, shell: &Shell, page: &P) -> Result<Response, ApiError> {
        let html = self.state.templates.page(shell, page).map_err(ApiError::internal)?;
        Ok((status, Html(html)).into_response())
    }

    /// The answer with a part of a page.
    ///
    /// # Errors
    /// When the template fails: a mistake of ours.
    pub fn fragment<F: Fragment>(&self, fragment: &F) -> Result<Response, ApiError> {
        let html = self.state.templates.fragment(self.user.csrf_token(), fragment).map_err(ApiError::internal)?;
        Ok(Html(html).into_response())
    }

    /// The text of a template that stands alone, such as a file to download.
    ///
    /// # Errors
    /// When the template fails: a mistake of ours.
    pub fn document<F: Fragment>(&self, document: &F) -> Result<String, ApiError> {
        self.state.templates.fragment("", document).map_err(ApiError::internal)
    }
}

/// What a service answered; nothing where it is away, so that a page can say so and show the rest.
///
/// # Errors
/// When it refuses: then there is no such page for this person.
pub fn unless_away<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ApiError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_out_of_order(&error) => {
            tracing::warn!(error = %error_chain(&error), "a page is shown without a part");
            Ok(None)
        }
        Err(error) => Err(peer_error(error)),
    }
}

/// Whether the service isn't there, or not as its contract says: for a page the same.
#[must_use]
pub fn is_out_of_order(error: &ClientError) -> bool {
    error.is_away() || matches!(error, ClientError::Malformed { .. })
}
