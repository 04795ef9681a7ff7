//! Work on a client's data: the list and its fragment, asking for an export, its file, cancelling.

use axum::{
    body::Body,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use hg_common::http::{ApiError, Path, Query};
use hg_contracts::{
    ClientError,
    smm::{DataJob, ListDataJobs, RequestExport},
};
use hg_types::{DataJobId, DataJobKind, JobStatus, Role};
use http::header;

use super::{
    DataJobList, DataJobRow,
    show::{Params, render},
};
use crate::{
    pages::{
        format,
        forms::Problems,
        parts::{Fact, Moment, StatusBadge, Tone},
        place::Place,
        visit::{Visit, unless_away},
    },
    peer_error::peer_error,
};

/// Data jobs per page.
const PER_PAGE: u32 = 10;

/// The list alone.
pub(crate) async fn list(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    visit.fragment(&fetch(&visit, &place, &params.cursor).await?)
}

/// Asks for everything of the client and what is below it.
pub(crate) async fn export(visit: Visit, Path(slug): Path<String>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let done = visit.smm().export_client(&visit.principal(), place.client.id, &RequestExport::default()).await;
    answer(&visit, &place, done, "/data?notice=export-asked").await
}

/// Ends it before its time.
pub(crate) async fn cancel(visit: Visit, Path((slug, job)): Path<(String, DataJobId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    belongs(&visit, &place, job).await?;
    let done = visit.smm().cancel_data_job(&visit.principal(), job).await;
    answer(&visit, &place, done, "/data?notice=data-cancelled").await
}

/// The file of an export, passed on as it comes.
pub(crate) async fn download(visit: Visit, Path((slug, job)): Path<(String, DataJobId)>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    belongs(&visit, &place, job).await?;
    match visit.smm().download_export(&visit.principal(), job).await {
        Ok(bytes) => {
            let name = format!("attachment; filename=\"export-{}.zip\"", place.client.slug);
            let headers = [(header::CONTENT_TYPE, "application/zip".to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, Body::from_stream(bytes)).into_response())
        }
        Err(error) => refused(&visit, &place, error).await,
    }
}

/// An address names a client and a job of that client, not of another that the person sees as well.
async fn belongs(visit: &Visit, place: &Place, job: DataJobId) -> Result<(), ApiError> {
    let job = visit.smm().data_job(&visit.principal(), job).await.map_err(peer_error)?;
    if job.client_id == Some(place.client.id) { Ok(()) } else { Err(ApiError::not_found("data job")) }
}

async fn answer(
    visit: &Visit,
    place: &Place,
    done: Result<DataJob, ClientError>,
    to: &str,
) -> Result<Response, ApiError> {
    match done {
        Ok(_) => Ok(Redirect::to(&place.href(to)).into_response()),
        Err(error) => refused(visit, place, error).await,
    }
}

async fn refused(visit: &Visit, place: &Place, error: ClientError) -> Result<Response, ApiError> {
    render(visit, place, &Params::default(), None, Problems::of(error, |_| None)?).await
}

/// The data jobs of a client, with the parts of those that run.
pub(super) async fn fetch(visit: &Visit, place: &Place, cursor: &str) -> Result<DataJobList, ApiError> {
    let principal = visit.principal();
    let query = ListDataJobs {
        client_id: Some(place.client.id),
        cursor: Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty()),
        limit: Some(PER_PAGE),
        ..ListDataJobs::default()
    };
    let Some(page) = unless_away(visit.smm().data_jobs(&principal, &query).await)? else {
        let problem = "Strategy management doesn’t answer. What was asked for goes on.";
        return Ok(DataJobList { problem: Some(problem.into()), ..DataJobList::default() });
    };
    let is_moving = page.data.iter().any(|job| !job.status.is_terminal());
    let now = visit.now();
    // Lists leave parts out; a job that is gone by now is shown without.
    let rows = page.data.into_iter().map(async |job| {
        let whole = if job.status.is_terminal() { None } else { visit.smm().data_job(&principal, job.id).await.ok() };
        row(place, &whole.unwrap_or(job), now)
    });
    let at = |path: &str, cursor: &str| {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
        if cursor.is_empty() { place.href(path) } else { place.href(&format!("{path}?{query}")) }
    };
    Ok(DataJobList {
        rows: futures::future::join_all(rows).await,
        refresh_href: is_moving.then(|| at("/data/jobs", cursor)),
        older_href: page.pagination.next_cursor.as_deref().map(|next| at("/data", next)),
        newest_href: (!cursor.is_empty()).then(|| place.href("/data")),
        problem: None,
    })
}

fn row(place: &Place, job: &DataJob, now: DateTime<Utc>) -> DataJobRow {
    let moving = !job.status.is_terminal();
    let counted = |number: u64| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let progress = |done: u64, total: Option<u64>| match total {
        Some(total) => format!("{} of {}", counted(done), counted(total)),
        None => counted(done),
    };
    let part = |service: &str, step: &str| format!("{service} · {}", step.replace('_', " "));
    let file = job.file.as_ref();
    DataJobRow {
        id: job.id.to_string(),
        kind: kind(job.kind).into(),
        status: status(job.status),
        created: Moment::new(job.created_at, now),
        error: job.error.clone().unwrap_or_default(),
        parts: job
            .parts
            .iter()
            .filter(|_| moving)
            .map(|it| Fact::new(part(&it.service, &it.step), progress(it.done, it.total)))
            .collect(),
        file: file
            .map(|it| {
                let until = it.expires_at.format("%-d %B %Y %H:%M UTC");
                if it.expired {
                    "The file has expired.".to_owned()
                } else {
                    format!("{} bytes, until {until}", counted(it.bytes))
                }
            })
            .unwrap_or_default(),
        download_href: file
            .filter(|it| !it.expired && place.may(Role::Admin))
            .map(|_| place.href(&format!("/data/{}/download", job.id))),
        cancel_href: (moving && !job.kind.is_erasure() && place.may(Role::Admin))
            .then(|| place.href(&format!("/data/{}/cancel", job.id))),
    }
}

const fn kind(kind: DataJobKind) -> &'static str {
    match kind {
        DataJobKind::ClientExport => "Export",
        DataJobKind::ClientErasure => "Erasure",
        DataJobKind::PersonExport => "Export of a person",
        DataJobKind::PersonErasure => "Erasure of a person",
        DataJobKind::Retention => "What is too old goes",
    }
}

fn status(status: JobStatus) -> StatusBadge {
    let running = StatusBadge::new("Running", Tone::Info, "loader-circle");
    match status {
        JobStatus::InProgress => StatusBadge { spins: true, ..running },
        other => StatusBadge::of_job(other),
    }
}
