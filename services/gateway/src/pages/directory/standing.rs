//! `POST /clients/{slug}/archive`, `POST /clients/{slug}/restore`.

use axum::response::{IntoResponse, Redirect, Response};
use hg_common::http::{ApiError, Path};
use hg_contracts::{ClientError, smm::Client};

use super::show::{Said, render};
use crate::pages::{forms::Problems, place::Place, visit::Visit};

/// Archives it with everything below it, or says why not.
pub(crate) async fn archive(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.smm().archive_client(&visit.principal(), place.client.id).await;
    answer(&visit, &place, done, "archived").await
}

/// Brings it back, or says why not.
pub(crate) async fn restore(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.smm().restore_client(&visit.principal(), place.client.id).await;
    answer(&visit, &place, done, "restored").await
}

async fn answer(
    visit: &Visit,
    place: &Place,
    done: Result<Client, ClientError>,
    notice: &str,
) -> Result<Response, ApiError> {
    match done {
        Ok(client) => Ok(Redirect::to(&format!("/clients/{}?notice={notice}", client.slug)).into_response()),
        Err(error) => {
            let problems = Problems::of(error, |_| None)?;
            render(visit, place, problems.status, Said { alert: problems.alert, ..Said::default() }).await
        }
    }
}
