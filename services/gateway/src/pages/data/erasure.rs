//! `GET /clients/{slug}/data/erasure`, `POST /clients/{slug}/data/erasure`: first what it means, then the deed.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::smm::ConfirmErasure;
use serde::Deserialize;

use super::{
    ErasurePage, ErasureRow,
    show::{Params, render},
};
use crate::pages::{
    format,
    forms::{Problems, read},
    parts::FieldProblem,
    place::{Part, Place},
    visit::Visit,
};

/// SMM counts no further.
const COUNTED: u32 = 10_000;

/// The second step as it was sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Confirmed {
    confirmation: String,
    sure: String,
}

/// What goes, what stays and why.
pub(crate) async fn form(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    first_step(&visit, &place, Problems::none()).await
}

/// Has it erased, or says why not with what is there now.
pub(crate) async fn submit(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Result<Response, ApiError> {
    let Confirmed { confirmation, sure } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    if sure.is_empty() {
        let problem = FieldProblem::new("sure", "Tick the box first: an erasure can’t be undone or stopped.");
        return first_step(&visit, &place, Problems::fields(vec![problem])).await;
    }
    let confirmed = ConfirmErasure { confirmation };
    match visit.smm().erase_client(&visit.principal(), place.client.id, &confirmed).await {
        // Its own pages go with it.
        Ok(_) => {
            let to = place.parent().map_or_else(|| "/clients".to_owned(), |it| format!("/clients/{}", it.slug));
            Ok(Redirect::to(&format!("{to}?notice=erasing")).into_response())
        }
        Err(error) => first_step(&visit, &place, Problems::of(error, |_| None)?).await,
    }
}

async fn first_step(visit: &Visit, place: &Place, problems: Problems) -> Result<Response, ApiError> {
    let erasure = match visit.smm().client_erasure(&visit.principal(), place.client.id).await {
        Ok(erasure) => erasure,
        // Whoever may not is told so where they came from.
        Err(error) => {
            let refused = Problems::of(error, |_| None)?;
            return render(visit, place, &Params::default(), None, refused).await;
        }
    };
    let blocked = match (&erasure.confirmation, erasure.running) {
        (_, Some(_)) => Some("An erasure of it is under way already."),
        (None, None) => Some("It can’t be erased now."),
        (Some(_), None) => None,
    };
    let page = ErasurePage {
        head: place.head(visit, Part::Data),
        alert: problems.alert,
        errors: problems.errors,
        below: match erasure.clients_below {
            0 => String::new(),
            1 => "1 client below it is erased as well.".to_owned(),
            many => format!("{} clients below it are erased as well.", counted(Some(many))),
        },
        goes: erasure
            .goes
            .into_iter()
            .map(|it| ErasureRow { what: it.what, count: counted(it.count), why: String::new() })
            .collect(),
        remains: erasure
            .remains
            .into_iter()
            .map(|it| ErasureRow { what: it.what, count: counted(it.count), why: it.why })
            .collect(),
        blocked: blocked.map(Into::into),
        action: place.href("/data/erasure"),
        confirmation: erasure.confirmation.unwrap_or_default(),
        cancel_href: place.href("/data"),
    };
    let shell = place.shell(visit, Part::Data, format!("Erase {}", place.client.name), None);
    visit.page(problems.status, &shell, &page)
}

fn counted(count: Option<u32>) -> String {
    match count {
        None => String::new(),
        Some(COUNTED..) => format!("{} or more", format::count(COUNTED)),
        Some(count) => format::count(count),
    }
}
