//! `…/history`: the versions, what came of them, bringing one back; and taking all of it out of force.

use axum::{
    Form,
    extract::rejection::FormRejection,
    response::{IntoResponse, Redirect, Response},
};
use chrono::{DateTime, Utc};
use hg_common::http::{ApiError, Query};
use hg_contracts::{
    cpm::{StrategyFigures, StrategyFiguresQuery},
    smm::{ListVersions, RestoreVersion, VersionInfo, VersionSummary},
};
use hg_types::{ClientType, SeoRulesId, StrategyId};
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Figures, FiguresRow, HistoryPage, VersionRow,
    groups::label,
    kind::{Kind, Own, Spot},
    view::{Leaf, heading},
};
use crate::{
    pages::{
        format,
        forms::{Problems, read},
        parts::{Moment, Text},
        place::{Part, Place},
        visit::{Visit, unless_away},
    },
    peer_error::peer_error,
};

/// Versions per page.
const PER_PAGE: u32 = 20;
/// Changed fields that are named.
const NAMED: usize = 5;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    cursor: String,
    notice: Option<String>,
}

/// The page.
pub(crate) async fn show(visit: Visit, spot: Spot, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &spot.slug).await?;
    let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
    render(&visit, &place, &spot, own, params, Problems::none()).await
}

/// Which strategy, or which SEO rules, and its newest version, as they stood on the page that was acted on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Acted {
    id: String,
    newest: String,
    /// The version to bring back.
    version: String,
}

impl Acted {
    /// What was acted on.
    ///
    /// # Errors
    /// 400 for what no page of ours sends: without it nobody could say whether somebody was quicker.
    fn on(&self) -> Result<(Uuid, i32), ApiError> {
        let (Ok(id), Ok(newest)) = (self.id.parse(), self.newest.parse()) else {
            return Err(ApiError::bad_request("the form doesn't say what it is about: load the page again"));
        };
        Ok((id, newest))
    }
}

/// Brings a version back as a new one, or says why not.
pub(crate) async fn restore(
    visit: Visit,
    spot: Spot,
    form: Result<Form<Acted>, FormRejection>,
) -> Result<Response, ApiError> {
    let acted = read(form)?;
    let (id, newest) = acted.on()?;
    let place = Place::enter(&visit, &spot.slug).await?;
    let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
    let Ok(version) = acted.version.parse() else { return Err(ApiError::not_found("version")) };
    if own.as_ref().is_none_or(|own| own.id != id) {
        return render(&visit, &place, &spot, own, Params::default(), replaced()).await;
    }
    let how = RestoreVersion { version: Some(newest), note: None };
    match spot.kind.restore(&visit, id, version, &how).await {
        Ok(()) => Ok(Redirect::to(&spot.href(&place, "/history?notice=brought-back")).into_response()),
        Err(error) => {
            let problems = said_of_fields(Problems::of(error, |_| None)?);
            let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
            render(&visit, &place, &spot, own, Params::default(), problems).await
        }
    }
}

/// Takes it out of force: everything is inherited.
pub(crate) async fn delete(
    visit: Visit,
    spot: Spot,
    form: Result<Form<Acted>, FormRejection>,
) -> Result<Response, ApiError> {
    let (id, newest) = read(form)?.on()?;
    let place = Place::enter(&visit, &spot.slug).await?;
    let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
    match own.as_ref().filter(|own| own.is_active) {
        // Somebody was quicker: it is as it shall be.
        None => return Ok(Redirect::to(&spot.href(&place, "?notice=inherits")).into_response()),
        Some(known) if known.id != id => {
            return render(&visit, &place, &spot, own, Params::default(), replaced()).await;
        }
        Some(_) => {}
    }
    match spot.kind.delete(&visit, id, newest).await {
        Ok(()) => Ok(Redirect::to(&spot.href(&place, "?notice=inherits")).into_response()),
        Err(error) => {
            let problems = Problems::of(error, |_| None)?;
            let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
            render(&visit, &place, &spot, own, Params::default(), problems).await
        }
    }
}

/// What the page was about was deleted, and perhaps another one made in its place.
fn replaced() -> Problems {
    let message = "Nothing was changed: what you saw is no longer there. This is what there is now.";
    Problems::whole(StatusCode::CONFLICT, "", message)
}

/// An old version may not fit today's rules: that is about the whole of it.
fn said_of_fields(mut problems: Problems) -> Problems {
    if let Some(alert) = problems.alert.take() {
        problems.alert = Some(match problems.status.as_u16() {
            422 => format!("That version doesn’t fit today’s rules. {alert}").into(),
            _ => alert,
        });
    }
    problems
}

async fn render(
    visit: &Visit,
    place: &Place,
    spot: &Spot,
    own: Option<Own>,
    params: Params,
    problems: Problems,
) -> Result<Response, ApiError> {
    let cursor = Some(params.cursor).filter(|cursor| !cursor.is_empty());
    let later = cursor.is_some();
    let query = ListVersions { cursor, limit: Some(PER_PAGE) };
    let (versions, figures) = match &own {
        Some(own) => {
            let (versions, figures) =
                tokio::join!(spot.kind.versions(visit, own.id, &query), figures(visit, spot.kind, own));
            (Some(versions.map_err(peer_error)?), figures?)
        }
        None => (None, None),
    };
    let may_save = place.may_write();
    let shown = versions.iter().flat_map(|page| &page.data);
    let rows: Vec<VersionRow> = shown.enumerate().map(|(at, it)| row(visit, it, at)).collect();
    let page = HistoryPage {
        heading: heading(visit, place, spot, own.as_ref(), Leaf::History),
        alert: problems.alert,
        older_href: versions.as_ref().and_then(|page| page.pagination.next_cursor.as_deref()).map(|cursor| {
            let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("cursor", cursor).finish();
            spot.href(place, &format!("/history?{query}"))
        }),
        newest_href: later.then(|| spot.href(place, "/history")),
        compare_href: (rows.len() > 1).then(|| spot.href(place, "/compare")),
        restore_href: may_save.then(|| spot.href(place, "/restore")),
        delete_href: own.as_ref().filter(|own| may_save && own.is_active).map(|_| spot.href(place, "/delete")),
        deleting: own.as_ref().map(|own| deleting(place, own)).unwrap_or_default(),
        id: own.as_ref().map(|own| own.id.to_string()).unwrap_or_default(),
        newest: own.as_ref().map_or(0, |own| own.version),
        versions: rows,
        figures,
    };
    let title = format!("Versions: {}, {}", page.heading.title, place.client.name);
    let shell = place.shell(visit, Part::Strategies, title, params.notice.as_deref());
    visit.page(problems.status, &shell, &page)
}

/// What goes where it is taken out of force.
fn deleting(place: &Place, own: &Own) -> Text {
    let fields = match own.fields.len() {
        1 => "The one field that it sets is".to_owned(),
        count => format!("The {count} fields that it sets are"),
    };
    let below = if place.client.client_type == ClientType::Customer { "" } else { ", also by the clients below" };
    format!(
        "{fields} inherited again{below}: new texts follow what stands above. Jobs under way and finished texts stay."
    )
    .into()
}

fn row(visit: &Visit, it: &VersionSummary, at: usize) -> VersionRow {
    let mut changed: Vec<String> = it.changed.iter().take(NAMED).map(|name| label(name).into_owned()).collect();
    if it.changed.len() > NAMED {
        changed.push(format!("{} more", it.changed.len() - NAMED));
    }
    VersionRow { changed: changed.join(", "), from: at == 1, to: at == 0, ..info_row(visit, &it.info) }
}

/// A version without what it changed.
pub(super) fn info_row(visit: &Visit, info: &VersionInfo) -> VersionRow {
    VersionRow {
        number: info.version,
        is_current: info.is_current,
        author: info.author.as_ref().map(|author| author.name.clone()).unwrap_or_default(),
        at: Moment::new(info.created_at, visit.now()),
        note: info.note.clone().unwrap_or_default(),
        changed: String::new(),
        origin: info.restored_from.map(|version| format!("brings back version {version}")).unwrap_or_default(),
        from: false,
        to: false,
    }
}

/// What came of a strategy. The page stands without: content production may be away.
async fn figures(visit: &Visit, kind: Kind, own: &Own) -> Result<Option<Figures>, ApiError> {
    let (principal, query) = (visit.principal(), StrategyFiguresQuery::default());
    Ok(match kind {
        Kind::Strategy => {
            let answer = visit.cpm().strategy_analytics(&principal, StrategyId(own.id), &query).await;
            unless_away(answer)?.map(|it| figures_view(it.since, &it.versions))
        }
        Kind::SeoRules => {
            let answer = visit.cpm().seo_rules_analytics(&principal, SeoRulesId(own.id), &query).await;
            unless_away(answer)?.map(|it| figures_view(it.since, &it.versions))
        }
    })
}

fn figures_view(since: DateTime<Utc>, versions: &[StrategyFigures]) -> Figures {
    let percent = |rate: Option<f64>| rate.map_or_else(|| "–".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    let row = |it: &StrategyFigures| FiguresRow {
        version: it.version,
        cells: vec![
            format::count(it.jobs),
            percent(it.success_rate),
            it.mean_quality.map_or_else(|| "–".to_owned(), |mean| format!("{mean:.0}")),
            percent(it.edited_share),
            percent(it.mean_change),
            format::count(it.approved),
            format::count(it.rejected),
            format::money(it.cost_usd),
        ],
    };
    let columns = ["Jobs", "Success", "Quality", "Edited", "Words changed", "Approved", "Rejected", "Cost"];
    Figures {
        since: since.format("%-d %B %Y").to_string(),
        columns: columns.map(Into::into).into(),
        rows: versions.iter().map(row).collect(),
    }
}
