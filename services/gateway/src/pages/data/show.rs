//! `GET /clients/{slug}/data`, and the page again after something was refused.

use axum::response::Response;
use hg_common::http::{ApiError, Path, Query};
use hg_types::Role;
use serde::Deserialize;

use super::{
    DataPage, jobs,
    retention::{Typed, facts, form},
};
use crate::pages::{
    forms::Problems,
    place::{Part, Place},
    visit::{Visit, unless_away},
};

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    pub(super) cursor: String,
    notice: Option<String>,
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    render(&visit, &place, &params, None, Problems::none()).await
}

/// The page, with an answer to what was asked for.
pub(super) async fn render(
    visit: &Visit,
    place: &Place,
    at: &Params,
    typed: Option<Typed>,
    problems: Problems,
) -> Result<Response, ApiError> {
    let principal = visit.principal();
    let (kept, list) =
        tokio::join!(visit.smm().retention(&principal, place.client.id), jobs::fetch(visit, place, &at.cursor));
    let (kept, list) = (unless_away(kept)?, list?);
    let page = DataPage {
        head: place.head(visit, Part::Data),
        alert: problems.alert,
        errors: problems.errors,
        kept: kept.as_ref().map(|kept| facts(place, kept)).unwrap_or_default(),
        retention: kept.as_ref().filter(|_| place.may(Role::Owner)).map(|kept| form(place, kept, typed)),
        export_href: place.may(Role::Admin).then(|| place.href("/data/export")),
        list,
        // Whoever owns what it stands below.
        erase_href: place.parent().filter(|it| it.role >= Some(Role::Owner)).map(|_| place.href("/data/erasure")),
    };
    let shell = place.shell(visit, Part::Data, format!("Data of {}", place.client.name), at.notice.as_deref());
    visit.page(problems.status, &shell, &page)
}
