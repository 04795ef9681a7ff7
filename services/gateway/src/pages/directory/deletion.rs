//! `GET /clients/{slug}/delete`, `POST /clients/{slug}/delete`: first what would go, then the deed.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::{
    ClientError,
    smm::{ClientContents, Deletion},
};
use hg_types::ClientType;
use http::StatusCode;
use serde::Deserialize;

use super::{
    DeletePage,
    show::{Said, render as overview},
};
use crate::{
    pages::{
        format,
        forms::{Problems, read},
        parts::{Fact, FieldProblem, Text},
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
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

/// What would go with it.
pub(crate) async fn form(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    first_step(&visit, &place, Problems::none()).await
}

/// Deletes it, or says why not with what is there now.
pub(crate) async fn submit(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Confirmed>, FormRejection>,
) -> Result<Response, ApiError> {
    let Confirmed { confirmation, sure } = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    if sure.is_empty() {
        let problem = FieldProblem::new("sure", "Tick the box first: deleting can’t be undone.");
        return first_step(&visit, &place, Problems::fields(vec![problem])).await;
    }
    let (principal, id) = (visit.principal(), place.client.id);
    let done = if confirmation.is_empty() {
        visit.smm().delete_client(&principal, id).await
    } else {
        visit.smm().delete_client_whole(&principal, id, &confirmation).await
    };
    match done {
        Ok(()) => {
            let parent = place.parent().map_or_else(|| "/clients".to_owned(), |it| format!("/clients/{}", it.slug));
            Ok(Redirect::to(&format!("{parent}?notice=deleted")).into_response())
        }
        Err(error) => first_step(&visit, &place, Problems::of(error, |_| None)?).await,
    }
}

async fn first_step(visit: &Visit, place: &Place, problems: Problems) -> Result<Response, ApiError> {
    let deletion = match visit.smm().client_deletion(&visit.principal(), place.client.id).await {
        Ok(deletion) => deletion,
        // Whoever may not delete it is told so where they came from.
        Err(error @ ClientError::Refused { status: StatusCode::FORBIDDEN | StatusCode::CONFLICT, .. }) => {
            let refused = Problems::of(error, |_| None)?;
            let said = Said { alert: refused.alert, ..Said::default() };
            return overview(visit, place, refused.status, said).await;
        }
        Err(error) => return Err(peer_error(error)),
    };
    let archived = place.client.archived_at.is_some();
    let page = DeletePage {
        head: place.head(visit, Part::Overview),
        alert: problems.alert,
        errors: problems.errors,
        contents: contents(&deletion.contents, place.client.client_type),
        blocked: deletion.blocked_by.as_deref().map(|code| blocked(code, archived)),
        archive_href: (deletion.blocked_by.is_some() && !archived).then(|| place.href("/archive")),
        action: place.href("/delete"),
        confirmation: confirmation(deletion),
        cancel_href: place.href(""),
    };
    let shell = place.shell(visit, Part::Overview, format!("Delete {}", place.client.name), None);
    visit.page(problems.status, &shell, &page)
}

/// Nothing needs a confirmation where nothing goes along.
fn confirmation(deletion: Deletion) -> String {
    if deletion.empty { String::new() } else { deletion.confirmation.unwrap_or_default() }
}

fn blocked(code: &str, archived: bool) -> Text {
    let why = match code {
        "client_has_costs" => "It has costs on record, and what has cost money stays on record.",
        "client_has_jobs" => "It has jobs, which stay with their client.",
        _ => "Something that belongs to it stays on record.",
    };
    let instead = if archived {
        "It is archived already: it takes no new jobs, and nothing of it is lost."
    } else {
        "Archive it instead: it takes no new jobs, and nothing of it is lost."
    };
    format!("{why} {instead}").into()
}

fn contents(contents: &ClientContents, client_type: ClientType) -> Vec<Fact> {
    let ClientContents {
        clients,
        members,
        invitations,
        strategies,
        seo_rules,
        templates,
        api_keys,
        provider_keys,
        jobs,
        costs,
    } = *contents;
    let below = if client_type == ClientType::Agency { "Customers below" } else { "Clients below" };
    let kinds = [
        (below, clients),
        ("Memberships (the accounts stay)", members),
        ("Open invitations", invitations),
        ("Strategies, with all their versions", strategies),
        ("SEO rules, with all their versions", seo_rules),
        ("Prompt templates", templates),
        ("API keys that work", api_keys),
        ("Provider keys", provider_keys),
        ("Jobs", jobs),
        ("Charges and provider calls", costs),
    ];
    let counted = |count: u32| match count {
        COUNTED.. => format!("{} or more", format::count(COUNTED)),
        count => format::count(count),
    };
    kinds.iter().filter(|(_, count)| *count > 0).map(|(label, count)| Fact::new(*label, counted(*count))).collect()
}
