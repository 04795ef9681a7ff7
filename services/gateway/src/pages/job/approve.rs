//! `POST /jobs/{id}/approval`: a member approves or rejects a text, or takes back what was said.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use hg_common::http::{ApiError, Path};
use hg_contracts::cpm::{GiveVerdict, Verdict};
use hg_types::JobId;
use serde::Deserialize;

use super::{
    Tab,
    show::{look, render},
};
use crate::pages::{
    forms::{OwnField, Problems, read},
    visit::Visit,
};

/// The form as it was sent.
#[derive(Debug, Deserialize)]
pub(crate) struct Judged {
    verdict: Verdict,
    /// The version that the person saw.
    version: i32,
    #[serde(default)]
    note: String,
}

/// Passes it on, and shows where the text stands: as a new page, or as the same one with the reason why not.
pub(crate) async fn submit(
    visit: Visit,
    Path(id): Path<JobId>,
    form: Result<Form<Judged>, FormRejection>,
) -> Result<Response, ApiError> {
    let sent = read(form)?;
    let note = Some(sent.note.trim().replace("\r\n", "\n")).filter(|note| !note.is_empty());
    let given = GiveVerdict { verdict: sent.verdict, version: Some(sent.version), note };
    let error = match visit.cpm().give_verdict(&visit.principal(), id, &given).await {
        Ok(_) => return Ok(Redirect::to(&format!("/jobs/{id}?notice={}", sent.verdict.as_str())).into_response()),
        Err(error) => error,
    };
    let problems = Problems::of(error, |field| (field == "note").then(|| OwnField::new("note", "The note")))?;
    let alert = match problems.code.as_str() {
        "version_conflict" => {
            Some("Somebody has edited the text meanwhile. Nothing was said of it: read it again.".into())
        }
        _ => problems.alert.or_else(|| problems.errors.into_iter().next().map(|error| error.message)),
    };
    let mut seen = look(&visit, id, Tab::Text).await?;
    if let Some(standing) = &mut seen.view.standing {
        standing.alert = alert;
        standing.typed = sent.note;
    }
    render(&visit, problems.status, seen, None)
}
