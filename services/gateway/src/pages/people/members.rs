//! `POST /clients/{slug}/people/{user}/role`, `…/remove`, `POST /clients/{slug}/leave`.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::{ClientError, smm::ChangeMember};
use hg_types::UserId;
use http::StatusCode;
use serde::Deserialize;

use super::show::{Params, Said, render};
use crate::pages::{
    forms::{Problems, read},
    place::Place,
    visit::Visit,
};

/// A role as it was chosen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChosenRole {
    role: String,
}

/// Changes a role, or says why not.
pub(crate) async fn role(
    visit: Visit,
    Path((slug, user)): Path<(String, UserId)>,
    form: Result<Form<ChosenRole>, FormRejection>,
) -> Result<Response, ApiError> {
    let ChosenRole { role } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let Ok(role) = role.parse() else {
        let problems = Problems::whole(StatusCode::UNPROCESSABLE_ENTITY, "", "Choose a role.");
        return render(&visit, &place, Params::default(), Said { problems, ..Said::default() }).await;
    };
    let done = visit.smm().change_member(&visit.principal(), place.client.id, user, &ChangeMember { role }).await;
    let to = place.href("/people?notice=role");
    answer(&visit, &place, done.map(drop), &to).await
}

/// Ends a membership, or says why not.
pub(crate) async fn remove(visit: Visit, Path((slug, user)): Path<(String, UserId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.smm().remove_member(&visit.principal(), place.client.id, user).await;
    let to = place.href("/people?notice=removed");
    answer(&visit, &place, done, &to).await
}

/// Ends one's own membership, or says why not.
pub(crate) async fn leave(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.smm().leave_client(&visit.principal(), place.client.id).await;
    // Whoever has left may not see it any more.
    answer(&visit, &place, done, "/clients?notice=left").await
}

async fn answer(visit: &Visit, place: &Place, done: Result<(), ClientError>, to: &str) -> Result<Response, ApiError> {
    match done {
        Ok(()) => Ok(Redirect::to(to).into_response()),
        // The client was seen a moment ago: the member is gone.
        Err(ClientError::Refused { status: StatusCode::NOT_FOUND, .. }) => {
            let problems =
                Problems::whole(StatusCode::NOT_FOUND, "", "That person is no member of this client any more.");
            render(visit, place, Params::default(), Said { problems, ..Said::default() }).await
        }
        Err(error) => {
            let problems = Problems::of(error, |_| None)?;
            render(visit, place, Params::default(), Said { problems, ..Said::default() }).await
        }
    }
}
