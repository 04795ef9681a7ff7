//! `GET /jobs` and `GET /jobs/list`: the page, and its rows alone for filters and for following what is under way.

use axum::response::Response;
use hg_common::http::{ApiError, Query};
use hg_contracts::{
    Page,
    cpm::{JobSummary, ListJobs},
};
use hg_types::{ContentType, JobStatus};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;

use super::{FilterView, JobList, JobsPage};
use crate::pages::{
    clients::{Clients, Slug},
    format,
    parts::{Choice, JobRow, job_status_label},
    shell::{Frame, Scope, Section, Switch, with_client},
    visit::{Visit, unless_away},
};

/// Jobs per page.
const PER_PAGE: u32 = 20;
/// The longest search.
const MAX_SEARCH: usize = 200;

/// What stands in the address, as it came.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    q: Option<String>,
    status: Option<String>,
    #[serde(rename = "type")]
    content_type: Option<String>,
    client: Option<String>,
    cursor: Option<String>,
}

/// What is listed. What an address says and nobody knows filters nothing, so that an old link still shows a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    q: String,
    status: Option<JobStatus>,
    content_type: Option<ContentType>,
    client: Option<Slug>,
    cursor: Option<String>,
}

impl Listing {
    /// What stands in place of jobs while content production is away.
    pub(crate) const AWAY: &'static str =
        "Content production doesn’t answer. Accepted jobs are safe and go on when it is back.";

    fn read(params: Params) -> Result<Self, ApiError> {
        let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Self {
            q: given(params.q).unwrap_or_default().chars().take(MAX_SEARCH).collect(),
            status: given(params.status).and_then(|text| text.parse().ok()),
            content_type: given(params.content_type).and_then(|text| text.parse().ok()),
            client: Slug::parse(params.client.as_deref())?,
            cursor: given(params.cursor),
        })
    }

    fn query(&self) -> ListJobs {
        ListJobs {
            client_id: self.client.as_ref().map(|slug| slug.as_str().to_owned()),
            status: self.status,
            content_type: self.content_type,
            q: Some(self.q.clone()).filter(|q| !q.is_empty()),
            cursor: self.cursor.clone(),
            limit: Some(PER_PAGE),
            ..ListJobs::default()
        }
    }

    /// This listing as an address below `path`, at another place in it.
    fn href(&self, path: &str, cursor: Option<&str>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let pairs = [
            ("q", Some(self.q.as_str()).filter(|q| !q.is_empty())),
            ("status", self.status.map(JobStatus::as_str)),
            ("type", self.content_type.map(ContentType::as_str)),
            ("client", self.client.as_ref().map(Slug::as_str)),
            ("cursor", cursor),
        ];
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }

    /// The client is where one is, not what one filters by.
    fn is_filtered(&self) -> bool {
        !self.q.is_empty() || self.status.is_some() || self.content_type.is_some()
    }

    fn filter_view(&self) -> FilterView {
        FilterView {
            q: self.q.clone(),
            status: self.status.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            content_type: self.content_type.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            client: self.client.as_ref().map(|slug| slug.as_str().to_owned()).unwrap_or_default(),
        }
    }
}

/// The list with its filters.
pub(crate) async fn index(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let listing = Listing::read(params)?;
    let principal = visit.principal();
    let (clients, list) = tokio::join!(Clients::fetch(visit.smm(), &principal), fetch(&visit, &listing));
    let wanted = listing.client.as_ref().map(Slug::as_str);
    let clients = clients?.with(visit.smm(), &principal, wanted).await?;
    let client = clients.current(listing.client.as_ref())?;
    let page = JobsPage {
        lead: "Everything that was asked for, newest first.".into(),
        filter: listing.filter_view(),
        statuses: JobStatus::ALL.iter().map(|it| Choice::new(it.as_str(), job_status_label(*it))).collect(),
        types: ContentType::ALL.iter().map(|it| Choice::new(it.as_str(), it.label())).collect(),
        list: list?,
    };
    let frame = Frame {
        title: "Jobs".into(),
        section: Section::Jobs,
        switch: Switch::Query("/jobs"),
        scope: Scope::AnyClient,
        client,
    };
    visit.page(StatusCode::OK, &visit.shell(frame, &clients), &page)
}

/// The rows alone. The address follows the filters, so that a reload and the way back show the same.
pub(crate) async fn list(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let listing = Listing::read(params)?;
    let list = fetch(&visit, &listing).await?;
    let mut response = visit.fragment(&list)?;
    if let Ok(address) = HeaderValue::from_str(&listing.href("/jobs", listing.cursor.as_deref())) {
        response.headers_mut().insert(HeaderName::from_static("hx-replace-url"), address);
    }
    Ok(response)
}

async fn fetch(visit: &Visit, listing: &Listing) -> Result<JobList, ApiError> {
    let answer = unless_away(visit.cpm().list_jobs(&visit.principal(), &listing.query()).await)?;
    Ok(list_view(visit, listing, answer.as_ref()))
}

fn list_view(visit: &Visit, listing: &Listing, page: Option<&Page<JobSummary>>) -> JobList {
    let client = listing.client.as_ref().map(Slug::as_str);
    let links = JobList {
        filtered: listing.is_filtered(),
        clear_href: with_client("/jobs", client),
        new_href: with_client("/content/new", client),
        ..JobList::default()
    };
    let Some(page) = page else { return JobList { problem: Some(Listing::AWAY.into()), ..links } };
    let now = visit.now();
    let is_moving = page.data.iter().any(|job| !job.status.is_terminal());
    let older = page.pagination.next_cursor.as_deref();
    JobList {
        rows: page.data.iter().map(|job| JobRow::new(job, now)).collect(),
        refresh_href: is_moving.then(|| listing.href("/jobs/list", listing.cursor.as_deref())),
        summary: summary(page),
        newest_href: listing.cursor.as_ref().map(|_| listing.href("/jobs", None)),
        older_href: older.map(|cursor| listing.href("/jobs", Some(cursor))),
        ..links
    }
}

fn summary(page: &Page<JobSummary>) -> String {
    let counted = |number: usize| format::count(i64::try_from(number).unwrap_or(i64::MAX));
    let shown = page.data.len();
    match page.pagination.total {
        Some(total) if page.pagination.total_capped => {
            format!("{} of more than {} jobs", counted(shown), format::count(i64::try_from(total).unwrap_or(i64::MAX)))
        }
        Some(1) => "1 job".to_owned(),
        Some(total) if usize::try_from(total) == Ok(shown) => format!("{} jobs", counted(shown)),
        Some(total) => {
            format!("{} of {} jobs", counted(shown), format::count(i64::try_from(total).unwrap_or(i64::MAX)))
        }
        None if shown == 1 => "1 job".to_owned(),
        None => format!("{} jobs", counted(shown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Listing {
        let of = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let params = Params {
            q: of("q"),
            status: of("status"),
            content_type: of("type"),
            client: of("client"),
            cursor: of("cursor"),
        };
        Listing::read(params).unwrap()
    }

    #[test]
    fn an_address_leads_back_to_the_same_list() {
        let listing = read(&[
            ("q", "roof & gutter"),
            ("status", "failed"),
            ("type", "blog_post"),
            ("client", "ohio-paving"),
            ("cursor", "abc"),
        ]);
        assert_eq!(
            listing.href("/jobs", None),
            "/jobs?q=roof+%26+gutter&status=failed&type=blog_post&client=ohio-paving"
        );
        assert_eq!(listing.href("/jobs/list", Some("x")).rsplit_once('&').unwrap().1, "cursor=x");
        assert_eq!(Listing::default().href("/jobs", None), "/jobs");
    }

    #[test]
    fn empty_and_unknown_filters_filter_nothing() {
        let listing = read(&[("q", " "), ("status", ""), ("type", "poem"), ("client", "")]);
        assert_eq!(listing, Listing::default());
        assert!(!listing.is_filtered());
        assert!(!read(&[("client", "ohio-paving")]).is_filtered() && read(&[("q", "roof")]).is_filtered());
    }
}
