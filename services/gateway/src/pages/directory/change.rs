//! `GET /clients/{slug}/edit`, `POST /clients/{slug}`: name, slug and facts.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::smm::{Client, UpdateClient};
use serde::Deserialize;

use super::{Began, ClientFormPage, facts, new::own_field};
use crate::pages::{
    forms::{Problems, read},
    parts::FieldProblem,
    place::{Part, Place},
    visit::Visit,
};

/// The form as it was sent, with what it began with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Changes {
    name: String,
    slug: String,
    facts: String,
    #[serde(rename = "_name")]
    began_name: Option<String>,
    #[serde(rename = "_slug")]
    began_slug: Option<String>,
    #[serde(rename = "_facts")]
    began_facts: Option<String>,
}

impl Changes {
    /// What stands in the form of somebody who opens it now.
    fn of(client: &Client) -> Self {
        let began = Began::of(client);
        Self { name: began.name, slug: began.slug, facts: began.facts, ..Self::default() }
    }

    /// What the form began with; what it doesn't say is what is there now.
    fn began(&self, client: &Client) -> Began {
        let now = Began::of(client);
        Began {
            name: self.began_name.clone().unwrap_or(now.name),
            slug: self.began_slug.clone().unwrap_or(now.slug),
            facts: self.began_facts.clone().unwrap_or(now.facts),
        }
    }
}

impl Began {
    fn of(client: &Client) -> Self {
        Self { name: client.name.clone(), slug: client.slug.clone(), facts: facts::as_lines(&client.metadata) }
    }
}

/// The form.
pub(crate) async fn form(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    render(&visit, &place, Changes::of(&place.client), Problems::none())
}

/// Changes it, or shows the form again.
pub(crate) async fn save(
    visit: Visit,
    Path(slug): Path<String>,
    form: Result<Form<Changes>, FormRejection>,
) -> Result<Response, ApiError> {
    let sent = read(form)?;
    let place = Place::enter(&visit, &slug).await?;
    let mut errors = Vec::new();
    if sent.name.trim().is_empty() {
        errors.push(FieldProblem::new("name", "Give it a name."));
    }
    if sent.slug.trim().is_empty() {
        errors.push(FieldProblem::new("slug", "Give it a name in addresses."));
    }
    let began = sent.began(&place.client);
    let metadata = match facts::merged(&sent.facts, &began.facts, &place.client.metadata) {
        Ok(metadata) if errors.is_empty() => metadata,
        outcome => {
            errors.extend(outcome.err());
            return render(&visit, &place, sent, Problems::fields(errors));
        }
    };
    // What the person left as the form began isn't sent, whatever it is by now: then two who change different things
    // don't undo each other's.
    let client = &place.client;
    let change = UpdateClient {
        name: Some(sent.name.clone()).filter(|name| *name != began.name && *name != client.name),
        slug: Some(sent.slug.trim().to_owned()).filter(|slug| *slug != began.slug && *slug != client.slug),
        metadata: Some(metadata).filter(|facts| *facts != client.metadata),
    };
    match visit.smm().update_client(&visit.principal(), client.id, &change).await {
        Ok(client) => Ok(Redirect::to(&format!("/clients/{}?notice=changed", client.slug)).into_response()),
        Err(error) => {
            let problems = Problems::of(error, own_field)?.at_field(&["slug_taken"], "slug");
            render(&visit, &place, sent, problems)
        }
    }
}

fn render(visit: &Visit, place: &Place, sent: Changes, problems: Problems) -> Result<Response, ApiError> {
    let began = sent.began(&place.client);
    let page = ClientFormPage {
        head: Some(place.head(visit, Part::Overview)),
        title: "Edit".into(),
        lead: "Links that people keep carry the name in addresses: a new one ends them.".into(),
        // By its id: somebody else may give it another slug meanwhile.
        action: format!("/clients/{}", place.client.id),
        submit: "Save".into(),
        cancel_href: place.href(""),
        alert: problems.alert,
        errors: problems.errors,
        name: sent.name,
        slug: sent.slug,
        facts: sent.facts,
        began: Some(began),
        places: Vec::new(),
        place: String::new(),
        elsewhere: None,
        blocked: None,
    };
    let shell = place.shell(visit, Part::Overview, format!("Edit {}", place.client.name), None);
    visit.page(problems.status, &shell, &page)
}
