//! `POST /clients/{slug}/invitations`, `…/{id}/resend`, `…/{id}/revoke`.
//!
//! The answer with a link is a page, not a redirect: the secret is in no address of ours but the invited person's, and
//! is shown this once.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::{
    ClientError,
    smm::{Invite, SentInvitation},
};
use hg_types::{InvitationId, Role};
use http::StatusCode;
use serde::Deserialize;

use super::show::{Params, Said, render};
use crate::pages::{
    forms::{OwnField, Problems, read},
    parts::FieldProblem,
    place::Place,
    visit::Visit,
};

/// The form as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Invited {
    email: String,
    role: String,
}

/// Invites somebody and shows the link, or the form again.
pub(crate) async fn create(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Invited>, FormRejection>,
) -> Result<Response, ApiError> {
    let Invited { email, role } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let typed = (email.trim().to_owned(), role.clone());
    let mut errors = Vec::new();
    if typed.0.is_empty() {
        errors.push(FieldProblem::new("email", "Say whom to invite."));
    }
    let role = role.parse::<Role>();
    if role.is_err() {
        errors.push(FieldProblem::new("role", "Choose a role."));
    }
    let (Ok(role), true) = (role, errors.is_empty()) else {
        let said = Said { problems: Problems::fields(errors), typed, fresh: None };
        return render(&visit, &place, Params::default(), said).await;
    };
    let sent = visit.smm().invite(&visit.principal(), place.client.id, &Invite { email: typed.0.clone(), role }).await;
    answer(&visit, &place, sent, typed).await
}

/// Makes a new link and shows it, or says why not.
pub(crate) async fn resend(visit: Visit, Path((slug, id)): Path<(String, InvitationId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let sent = visit.smm().resend_invitation(&visit.principal(), place.client.id, id).await;
    answer(&visit, &place, sent, Default::default()).await
}

/// Takes an invitation back, or says why not.
pub(crate) async fn revoke(visit: Visit, Path((slug, id)): Path<(String, InvitationId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    match visit.smm().revoke_invitation(&visit.principal(), place.client.id, id).await {
        Ok(()) => Ok(Redirect::to(&place.href("/people?notice=revoked")).into_response()),
        Err(error) => {
            let said = Said { problems: problems(error)?, ..Said::default() };
            render(&visit, &place, Params::default(), said).await
        }
    }
}

async fn answer(
    visit: &Visit,
    place: &Place,
    sent: Result<SentInvitation, ClientError>,
    typed: (String, String),
) -> Result<Response, ApiError> {
    let said = match sent {
        Ok(sent) => Said { fresh: Some(sent), ..Said::default() },
        Err(error) => Said { problems: problems(error)?, typed, fresh: None },
    };
    render(visit, place, Params::default(), said).await
}

/// What was refused. The client was seen a moment ago: what isn't there is the invitation.
fn problems(error: ClientError) -> Result<Problems, ApiError> {
    if error.status() == Some(StatusCode::NOT_FOUND) {
        return Ok(Problems::whole(StatusCode::NOT_FOUND, "", "There is no such invitation any more."));
    }
    let own = |field: &str| match field {
        "email" => Some(OwnField::new("email", "The address")),
        "role" => Some(OwnField::new("role", "The role")),
        _ => None,
    };
    Ok(Problems::of(error, own)?.at_field(&["already_invited", "already_member"], "email"))
}
