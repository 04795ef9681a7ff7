//! `GET /jobs/{id}`, its view alone, cancelling, and the finished text as a file.

use axum::response::{IntoResponse, Redirect, Response};
use hg_common::http::{ApiError, Path, Query, error_chain};
use hg_contracts::{
    ClientError,
    cpm::{ClientBudget, JobDetail},
    im::Template,
};
use hg_types::JobId;
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::{
    JobPage, JobView, Tab,
    current::current,
    document::Document,
    fill::{Around, stopped_by_budget, view},
};
use crate::{
    pages::{
        clients::Clients,
        shell::{CurrentClient, Flash, FlashKind, Frame, Scope, Section, Switch},
        visit::{Visit, unless_away},
    },
    peer_error::peer_error,
};

/// What the page's address says. What nobody knows changes nothing.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    tab: Option<String>,
    notice: Option<String>,
}

impl Params {
    fn tab(&self) -> Tab {
        match self.tab.as_deref() {
            Some("quality") => Tab::Quality,
            Some("prompt") => Tab::Prompt,
            Some("details") => Tab::Details,
            _ => Tab::Text,
        }
    }
}

/// What has just happened to the job, as a redirect says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// The form was accepted.
    Sent,
    /// It will stop.
    Cancelled,
    /// It had ended before it could be stopped.
    Ended,
    /// The person may see it and not stop it.
    Forbidden,
    /// Its text was approved,
    Approved,
    /// or rejected,
    Rejected,
    /// or what was said of it was taken back.
    Withdrawn,
}

impl Notice {
    fn read(text: Option<&str>) -> Option<Self> {
        match text {
            Some("sent") => Some(Self::Sent),
            Some("cancelled") => Some(Self::Cancelled),
            Some("ended") => Some(Self::Ended),
            Some("forbidden") => Some(Self::Forbidden),
            Some("approved") => Some(Self::Approved),
            Some("rejected") => Some(Self::Rejected),
            Some("withdrawn") => Some(Self::Withdrawn),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
            Self::Forbidden => "forbidden",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    fn flash(self) -> Flash {
        let (kind, message) = match self {
            Self::Sent => (FlashKind::Success, "The job is accepted. You can leave this page: nothing is lost."),
            Self::Cancelled => (FlashKind::Success, "The job is being stopped."),
            Self::Ended => (FlashKind::Info, "The job had already ended."),
            Self::Approved => (FlashKind::Success, "The text is approved."),
            Self::Rejected => (FlashKind::Success, "The text is rejected."),
            Self::Withdrawn => (FlashKind::Success, "The verdict is taken back."),
            Self::Forbidden => {
                (FlashKind::Error, "The job goes on: your role on this client doesn’t allow stopping it.")
            }
        };
        Flash { kind, message: message.to_owned() }
    }
}

/// The job's page.
pub(crate) async fn show(
    visit: Visit,
    Path(id): Path<JobId>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let seen = look(&visit, id, params.tab()).await?;
    render(&visit, StatusCode::OK, seen, Notice::read(params.notice.as_deref()))
}

/// The page of what was seen.
pub(super) fn render(
    visit: &Visit,
    status: StatusCode,
    seen: Seen,
    notice: Option<Notice>,
) -> Result<Response, ApiError> {
    let Seen { job, clients, view } = seen;
    let client = clients.by_id(job.summary.client_id).map(CurrentClient::new);
    let title = current(&job).map_or_else(|| job.summary.topic.clone(), |text| Document::of(&job, text.result).title);
    let frame = Frame {
        title: title.into(),
        section: Section::Jobs,
        switch: Switch::Query("/jobs"),
        scope: Scope::AnyClient,
        client,
    };
    let mut shell = visit.shell(frame, &clients);
    if let Some(notice) = notice {
        shell.draft_spent = notice == Notice::Sent;
        shell.flash = shell.flash.or_else(|| Some(notice.flash()));
    }
    visit.page(status, &shell, &JobPage { job: view })
}

/// The page's view alone, when the job has ended under somebody's eyes.
pub(crate) async fn part(
    visit: Visit,
    Path(id): Path<JobId>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let seen = look(&visit, id, params.tab()).await?;
    visit.fragment(&seen.view)
}

/// A job, as the person sees it.
pub(super) struct Seen {
    job: JobDetail,
    clients: Clients,
    pub(super) view: JobView,
}

/// Asks for everything that its page shows.
///
/// # Errors
/// 404 where the person sees no such job, 503 where nobody can say.
pub(super) async fn look(visit: &Visit, id: JobId, tab: Tab) -> Result<Seen, ApiError> {
    let principal = visit.principal();
    let (clients, job) = tokio::join!(Clients::fetch(visit.smm(), &principal), visit.cpm().get_job(&principal, id));
    let job = job.map_err(peer_error)?;
    let wanted = job.summary.client_id.to_string();
    let clients = clients?.with(visit.smm(), &principal, Some(&wanted)).await?;
    let (template, budget) = tokio::join!(template(visit, &job), budget(visit, &job));
    let template = template?;
    let name = visit.user_view().name;
    let around = Around {
        clients: &clients,
        template: template.as_ref(),
        budget: budget.as_ref(),
        viewer: (visit.user.id, &name),
        tab,
        now: visit.now(),
    };
    let view = view(&job, &around);
    Ok(Seen { job, clients, view })
}

/// The template that made the prompt. It may be gone, or belong to somebody whom the person can't see: then it has no name.
async fn template(visit: &Visit, job: &JobDetail) -> Result<Option<Template>, ApiError> {
    let Some(id) = job.template_id.filter(|_| job.summary.status.is_terminal()) else { return Ok(None) };
    match visit.im().get_template(&visit.principal(), id).await {
        Err(ClientError::Refused { status: StatusCode::NOT_FOUND, .. }) => Ok(None),
        answer => unless_away(answer),
    }
}

/// How the client's budgets stand, where they were in the way. The page is whole without it.
async fn budget(visit: &Visit, job: &JobDetail) -> Option<ClientBudget> {
    if !stopped_by_budget(job) {
        return None;
    }
    let budget = visit.cpm().client_budget(&visit.principal(), &job.summary.client_id.to_string()).await;
    budget.inspect_err(|error| tracing::warn!(error = %error_chain(error), "a job is shown without its budgets")).ok()
}

/// Stops the job, and shows where it stands.
pub(crate) async fn cancel(visit: Visit, Path(id): Path<JobId>) -> Result<Response, ApiError> {
    let notice = match visit.cpm().cancel_job(&visit.principal(), id).await {
        Ok(_) => Notice::Cancelled,
        Err(ClientError::Refused { status: StatusCode::CONFLICT, .. }) => Notice::Ended,
        Err(ClientError::Refused { status: StatusCode::FORBIDDEN, .. }) => Notice::Forbidden,
        Err(error) => return Err(peer_error(error)),
    };
    Ok(Redirect::to(&format!("/jobs/{id}?notice={}", notice.name())).into_response())
}

/// The finished text as Markdown with front matter.
pub(crate) async fn markdown(visit: Visit, Path(id): Path<JobId>) -> Result<Response, ApiError> {
    let document = document(&visit, id).await?;
    Ok(file("text/markdown; charset=utf-8", &document.slug(), "md", document.markdown()))
}

/// The finished text as an HTML document that stands alone.
pub(crate) async fn html(visit: Visit, Path(id): Path<JobId>) -> Result<Response, ApiError> {
    let document = document(&visit, id).await?;
    let html = visit.document(&document.html())?;
    Ok(file("text/html; charset=utf-8", &document.slug(), "html", html))
}

async fn document(visit: &Visit, id: JobId) -> Result<Document, ApiError> {
    let job = visit.cpm().get_job(&visit.principal(), id).await.map_err(peer_error)?;
    let text = current(&job).ok_or_else(|| ApiError::not_found("text"))?;
    Ok(Document::of(&job, text.result))
}

/// A file to be saved, never shown on our origin.
fn file(media_type: &'static str, name: &str, ending: &str, content: String) -> Response {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}.{ending}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, disposition)];
    (headers, content).into_response()
}
