//! `GET /invitations/{token}`, `POST /invitations/{token}`: where an invitation's link leads, for whoever holds it.
//!
//! Looking spends nothing: link previews and scanners look too. The route is public; whoever is signed in shows their
//! session's token all the same.

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use hg_common::http::{ApiError, ClientAddress, Path};
use hg_contracts::{ClientError, smm::InvitationToken};
use http::{HeaderMap, StatusCode, header::SET_COOKIE, request::Parts};
use serde::Deserialize;

use super::{reset::plausible, see_other};
use crate::{
    bare_page::answer,
    csrf,
    domain::next::Next,
    pages::{
        Shell,
        forms::{Problems, read, sentence},
        invitation::InvitationPage,
        login::Notice,
        parts::{FieldProblem, Text, Tone},
        shell::Theme,
    },
    session::{
        CurrentUser,
        invitation::{JoinRefused, join, offered},
    },
    state::AppState,
    store::invitation::OfferedInvitation,
};

const TITLE: &str = "Invitation";

/// What somebody without an account sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct JoinForm {
    name: String,
    password: String,
}

/// The page.
pub(crate) async fn form(
    State(state): State<AppState>,
    user: Option<CurrentUser>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, ApiError> {
    let token = plausible(token)?;
    let offer = offered(&state, &token).await?;
    let (status, page) = page_of(&token, offer.as_ref(), user.as_ref());
    Ok(show(&state, &headers, user.as_ref(), status, &page))
}

/// Accepts: as who is signed in, or with a new account. Or says why not.
pub(crate) async fn submit(
    State(state): State<AppState>,
    user: Option<CurrentUser>,
    address: ClientAddress,
    parts: Parts,
    Path(token): Path<String>,
    form: Result<Form<JoinForm>, FormRejection>,
) -> Result<Response, ApiError> {
    let token = plausible(token)?;
    let sent = read(form)?;
    if let Some(user) = &user {
        csrf::check_token(&parts, user.csrf_token())?;
    }
    let offer = offered(&state, &token).await?;
    let (status, page) = page_of(&token, offer.as_ref(), user.as_ref());
    let (status, page) = match (&*page.step, &user) {
        ("accept", Some(user)) => {
            state.attempts.invitation(address).await?;
            match state.smm.accept_invitation(&user.principal(), &InvitationToken { token: token.clone() }).await {
                Ok(accepted) => return Ok(see_other(&format!("/clients/{}?notice=joined", accepted.client_id))),
                Err(error) => refused(&state, &token, user, page, error).await?,
            }
        }
        ("join", None) => match join(&state, address, &parts.headers, &token, &sent.name, sent.password).await {
            Ok(signed_in) => {
                let mut response = see_other("/clients?notice=joined");
                response.headers_mut().insert(SET_COOKIE, signed_in.cookie);
                return Ok(response);
            }
            Err(JoinRefused::NotNow(error)) => return Err(error),
            Err(JoinRefused::Spent) => not_done(page_of(&token, offered(&state, &token).await?.as_ref(), None)),
            Err(refused @ (JoinRefused::Name | JoinRefused::Weak(_))) => {
                let field = if matches!(refused, JoinRefused::Name) { "name" } else { "password" };
                let errors = vec![FieldProblem::new(field, sentence(&refused.to_string()))];
                (StatusCode::UNPROCESSABLE_ENTITY, InvitationPage { errors, name: sent.name, ..page })
            }
        },
        // Sent from a page that was true when it was made.
        _ => not_done((status, page)),
    };
    Ok(show(&state, &parts.headers, user.as_ref(), status, &page))
}

/// Strategy management's refusal: what has become of the link meanwhile, or that it doesn't answer.
async fn refused(
    state: &AppState,
    token: &str,
    user: &CurrentUser,
    page: InvitationPage,
    error: ClientError,
) -> Result<(StatusCode, InvitationPage), ApiError> {
    if matches!(error.status(), Some(StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::FORBIDDEN)) {
        return Ok(not_done(page_of(token, offered(state, token).await?.as_ref(), Some(user))));
    }
    let problems = Problems::of(error, |_| None)?;
    let message = problems.alert.unwrap_or("This isn’t possible right now. Try again in a moment.".into());
    Ok((problems.status, InvitationPage { notice: Some(Notice { tone: Tone::Danger, message }), ..page }))
}

/// What the link means now to somebody whose request came to nothing: where it is open all the same, that is said.
fn not_done((status, page): (StatusCode, InvitationPage)) -> (StatusCode, InvitationPage) {
    if status != StatusCode::OK {
        return (status, page);
    }
    let message = match &*page.step {
        "sign_in" => "Nothing was done: the address has an account by now. Sign in with it to accept.",
        "sign_out" => "Nothing was done: the invitation is for another address than yours.",
        "join" => "Nothing was done: you aren’t signed in, and the address has no account yet. Make one to join.",
        _ => {
            "The invitation could not be accepted. Sign out and in again, and if that doesn’t help, ask for a new one."
        }
    };
    let notice = Some(Notice { tone: Tone::Danger, message: message.into() });
    (StatusCode::CONFLICT, InvitationPage { notice, ..page })
}

/// What the link means to whoever looks.
fn page_of(token: &str, offer: Option<&OfferedInvitation>, user: Option<&CurrentUser>) -> (StatusCode, InvitationPage) {
    let signed_in_as = user.map(|user| user.email.clone()).unwrap_or_default();
    let onward = |page: InvitationPage| match user {
        Some(_) => InvitationPage { onward_href: "/".into(), onward_label: "Go to the dashboard".into(), ..page },
        None => InvitationPage { onward_href: "/login".into(), onward_label: "Sign in".into(), ..page },
    };
    let over = |status: StatusCode, title: &'static str, lead: Text| {
        let page = InvitationPage {
            title: title.into(),
            lead,
            signed_in_as: signed_in_as.clone(),
            ..InvitationPage::default()
        };
        (status, onward(page))
    };
    let Some(offer) = offer else {
        let lead =
            "The link stands for no invitation. It may have been sent again since: then only the newer link opens it.";
        return over(StatusCode::NOT_FOUND, "This link opens nothing", lead.into());
    };
    let by = offer.invited_by.as_deref().unwrap_or("Somebody");
    match offer.state.as_str() {
        "open" => {}
        "accepted" => {
            let lead = format!("The invitation to {} was accepted. A link works once.", offer.client_name);
            return over(StatusCode::GONE, "This invitation has been used", lead.into());
        }
        "expired" => {
            let lead = format!("It held until {}. Ask {by} to send it again.", day(offer));
            return over(StatusCode::GONE, "This invitation has expired", lead.into());
        }
        _ => {
            let lead =
                format!("The invitation to {} was taken back. Ask {by} if that was not meant.", offer.client_name);
            return over(StatusCode::GONE, "This invitation was taken back", lead.into());
        }
    }
    let path = format!("/invitations/{token}");
    let step = match user {
        Some(user) if user.email == offer.email => "accept",
        Some(_) => "sign_out",
        None if offer.has_account => "sign_in",
        None => "join",
    };
    let page = InvitationPage {
        token: token.to_owned(),
        title: format!("Join {}", offer.client_name).into(),
        lead: format!("{by} invites you to {} as {}.", offer.client_name, offer.role).into(),
        step: step.into(),
        email: offer.email.clone(),
        signed_in_as,
        until: day(offer),
        login_href: Next::parse(&path).login_path(),
        ..InvitationPage::default()
    };
    (StatusCode::OK, page)
}

fn day(offer: &OfferedInvitation) -> String {
    offer.expires_at.format("%-d %B %Y").to_string()
}

fn show(
    state: &AppState,
    headers: &HeaderMap,
    user: Option<&CurrentUser>,
    status: StatusCode,
    page: &InvitationPage,
) -> Response {
    let csrf = user.map(|user| user.csrf_token().to_owned()).unwrap_or_default();
    let shell = Shell::bare(TITLE, csrf, Theme::of_request(headers), state.assets.clone());
    answer(&state.templates, &shell, status, page)
}
