//! `GET /` and `GET /recent`.

use axum::response::Response;
use chrono::{DateTime, Utc};
use hg_common::http::{ApiError, Query};
use hg_contracts::cpm::{JobsOverview, ListJobs, OverviewQuery, ProviderStatus, ProvidersStatus};
use hg_types::{ContentType, JobStatus, Provider};
use http::StatusCode;
use serde::Deserialize;

use super::{DashboardPage, ProviderView, QuickStart, RecentJobs, Stat};
use crate::pages::{
    clients::{Clients, Slug},
    format,
    jobs::list::Listing,
    parts::{JobRow, StatusBadge, Tone, content_type_icon},
    shell::{Frame, Scope, Section, Switch, with_client},
    visit::{Visit, unless_away},
};

/// How many jobs the dashboard shows.
const RECENT: u32 = 8;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    client: Option<String>,
}

/// The dashboard.
pub(crate) async fn show(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let slug = Slug::parse(params.client.as_deref())?;
    let principal = visit.principal();
    let client_id = slug.as_ref().map(|slug| slug.as_str().to_owned());
    let overview = OverviewQuery { client_id };
    let (clients, overview, recent, providers) = tokio::join!(
        Clients::fetch(visit.smm(), &principal),
        visit.cpm().overview(&principal, &overview),
        recent_jobs(&visit, slug.as_ref()),
        visit.cpm().providers(&principal),
    );
    let clients = clients?.with(visit.smm(), &principal, slug.as_ref().map(Slug::as_str)).await?;
    let client = clients.current(slug.as_ref())?;
    let (overview, mut recent, providers) = (unless_away(overview)?, recent?, unless_away(providers)?);

    let now = visit.now();
    let slug = slug.as_ref().map(Slug::as_str);
    let may_write = clients.may_write(slug);
    if !may_write {
        recent.new_href = None;
        recent.empty_text = "Texts appear here as soon as somebody asks for one.".into();
    }
    let whose = client.as_ref().map_or("All clients", |client| &client.name);
    let page = DashboardPage {
        title: greeting(&visit.user.display_name),
        lead: format!("{whose}, {}", now.format("%B %Y")),
        stats: overview.as_ref().map(stats).unwrap_or_default(),
        quick_title: "Start something".into(),
        quick_start: if may_write { quick_start(slug) } else { Vec::new() },
        jobs_href: with_client("/jobs", slug),
        recent,
        providers: providers.as_ref().map(provider_views).unwrap_or_default(),
    };
    let frame = Frame {
        title: "Dashboard".into(),
        section: Section::Dashboard,
        switch: Switch::Query("/"),
        scope: Scope::AnyClient,
        client,
    };
    visit.page(StatusCode::OK, &visit.shell(frame, &clients), &page)
}

/// The newest jobs, while one of them is under way.
pub(crate) async fn recent(visit: Visit, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let slug = Slug::parse(params.client.as_deref())?;
    visit.fragment(&recent_jobs(&visit, slug.as_ref()).await?)
}

async fn recent_jobs(visit: &Visit, slug: Option<&Slug>) -> Result<RecentJobs, ApiError> {
    let slug = slug.map(Slug::as_str);
    let query = ListJobs { client_id: slug.map(str::to_owned), limit: Some(RECENT), ..ListJobs::default() };
    let page = unless_away(visit.cpm().list_jobs(&visit.principal(), &query).await)?;
    let now: DateTime<Utc> = visit.now();
    let rows: Vec<JobRow> = page.iter().flat_map(|page| &page.data).map(|job| JobRow::new(job, now)).collect();
    let is_moving = page.iter().flat_map(|page| &page.data).any(|job| !job.status.is_terminal());
    Ok(RecentJobs {
        rows,
        refresh_href: is_moving.then(|| with_client("/recent", slug)),
        problem: page.is_none().then_some(Listing::AWAY.into()),
        empty_text: "Pick a type above, give it a topic, and watch the text being written.".into(),
        new_href: Some(with_client("/content/new", slug)),
    })
}

/// The person's first name, where there is one; an address is no name.
fn greeting(display_name: &str) -> String {
    match display_name.split_whitespace().next() {
        Some(first) if !first.contains('@') => format!("Welcome back, {first}"),
        _ => "Welcome back".to_owned(),
    }
}

fn stats(overview: &JobsOverview) -> Vec<Stat> {
    let of = |status: JobStatus| overview.by_status.get(status.as_str()).copied().unwrap_or(0);
    let (waiting, writing) = (of(JobStatus::Pending), of(JobStatus::InProgress));
    let under_way = match (writing, waiting) {
        (0, 0) => "nothing is waiting".to_owned(),
        (writing, 0) => format!("{} writing", format::count(writing)),
        (0, waiting) => format!("{} waiting", format::count(waiting)),
        (writing, waiting) => format!("{} writing, {} waiting", format::count(writing), format::count(waiting)),
    };
    let failed = of(JobStatus::Failed);
    let done =
        if failed == 0 { "this month".to_owned() } else { format!("this month, {} failed", format::count(failed)) };
    let (score, score_note) = match overview.mean_quality {
        Some(mean) => (format!("{mean:.0}"), "of this month’s texts"),
        None => ("–".to_owned(), "no text yet"),
    };
    let cost_note = if overview.spent_today_usd.nanos() == 0 {
        "this month".to_owned()
    } else {
        format!("this month, {} today", format::money(overview.spent_today_usd))
    };
    vec![
        Stat {
            label: "Completed".into(),
            icon: "circle-check".into(),
            value: format::count(of(JobStatus::Completed)),
            note: done.into(),
        },
        Stat {
            label: "Under way".into(),
            icon: "loader-circle".into(),
            value: format::count(waiting + writing),
            note: under_way.into(),
        },
        Stat { label: "Average score".into(), icon: "gauge".into(), value: score, note: score_note.into() },
        Stat {
            label: "Cost".into(),
            icon: "wallet".into(),
            value: format::money(overview.spent_month_usd),
            note: cost_note.into(),
        },
    ]
}

fn quick_start(slug: Option<&str>) -> Vec<QuickStart> {
    let hint = |content_type| match content_type {
        ContentType::BlogPost => "An article people find",
        ContentType::SocialMedia => "One post per platform",
        ContentType::EmailCampaign => "Subject, preheader, body",
        ContentType::PressRelease => "News, ready to send",
        ContentType::ProductDescription => "What it is, and why it matters",
    };
    let client = slug.map(|slug| format!("&client={slug}")).unwrap_or_default();
    ContentType::ALL
        .iter()
        .map(|&it| QuickStart {
            href: format!("/content/new?type={}{client}", it.as_str()),
            label: it.label().into(),
            hint: hint(it).into(),
            icon: content_type_icon(it).into(),
        })
        .collect()
}

fn provider_views(status: &ProvidersStatus) -> Vec<ProviderView> {
    // What can be used comes first; the order among them is that of preference.
    let (usable, rest): (Vec<_>, Vec<_>) = status.providers.iter().partition(|it| it.configured);
    usable.into_iter().chain(rest).map(provider_view).collect()
}

fn provider_view(provider: &ProviderStatus) -> ProviderView {
    let default = provider.models.iter().find(|model| model.is_default).or_else(|| provider.models.first());
    let more = provider.models.len().saturating_sub(1);
    let models = match default {
        Some(model) if more > 0 => format!("{} and {more} more", model.id),
        Some(model) => model.id.clone(),
        None => "no model with a known price".to_owned(),
    };
    let (note, status) = match provider.status.as_str() {
        "available" if provider.provider == Provider::Sample => {
            ("labelled sample text, free".into(), StatusBadge::new("Available", Tone::Success, "circle-check"))
        }
        "available" => (models.into(), StatusBadge::new("Available", Tone::Success, "circle-check")),
        "cooling_down" => {
            ("after errors; tried again soon".into(), StatusBadge::new("Cooling down", Tone::Warning, "timer"))
        }
        _ => ("no key".into(), StatusBadge::new("Not configured", Tone::Neutral, "minus")),
    };
    ProviderView { label: provider.label.clone(), note, status }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_address_is_no_name() {
        assert_eq!(greeting("Dana Whitfield"), "Welcome back, Dana");
        assert_eq!(greeting("dana@example.com"), "Welcome back");
        assert_eq!(greeting(""), "Welcome back");
    }

    #[test]
    fn figures_say_what_they_cover() {
        let overview = JobsOverview {
            by_status: BTreeMap::from([
                ("completed".into(), 1_480),
                ("pending".into(), 1),
                ("in_progress".into(), 2),
                ("failed".into(), 3),
            ]),
            spent_today_usd: "0.12".parse().unwrap(),
            spent_month_usd: "1.925".parse().unwrap(),
            mean_quality: Some(80.6),
        };
        let shown: Vec<_> = stats(&overview).into_iter().map(|stat| format!("{} {}", stat.value, stat.note)).collect();
        assert_eq!(
            shown,
            [
                "1,480 this month, 3 failed",
                "3 2 writing, 1 waiting",
                "81 of this month’s texts",
                "$1.93 this month, $0.1200 today"
            ]
        );
        let quiet: Vec<_> =
            stats(&JobsOverview::default()).into_iter().map(|stat| format!("{} {}", stat.value, stat.note)).collect();
        assert_eq!(quiet, ["0 this month", "0 nothing is waiting", "– no text yet", "$0.00 this month"]);
    }
}
