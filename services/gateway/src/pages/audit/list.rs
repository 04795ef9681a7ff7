//! `GET /clients/{slug}/audit` and `GET /clients/{slug}/audit/export`: the log, and what the filters find as a file.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use hg_common::http::{ApiError, Path, Query};
use hg_contracts::smm::{AuditFormat, ExportAudit, ListAudit};
use http::header;
use serde::Deserialize;

use super::{AuditFilter, AuditLog, AuditPage, rows};
use crate::pages::{
    forms::{OwnField, Problems},
    place::{Part, Place},
    visit::Visit,
};

/// Entries per page.
const PER_PAGE: u32 = 30;

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    actor: String,
    action: String,
    from: String,
    to: String,
    q: String,
    cursor: String,
    format: String,
}

/// What is listed. A day that isn't one filters nothing, and the form shows it empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Listing {
    actor: Option<String>,
    action: Option<String>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    q: Option<String>,
    cursor: Option<String>,
}

impl Listing {
    fn read(params: &Params) -> Self {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self {
            actor: given(&params.actor),
            action: given(&params.action),
            from: params.from.trim().parse().ok(),
            to: params.to.trim().parse().ok(),
            q: given(&params.q),
            cursor: given(&params.cursor),
        }
    }

    fn query(&self, place: &Place) -> ListAudit {
        ListAudit {
            client_id: Some(place.client.id.to_string()),
            actor: self.actor.clone(),
            action: self.action.clone(),
            from: self.from.map(begin_of),
            // People mean the day as a whole; the service takes a moment that is no longer part of it.
            to: self.to.and_then(|day| day.succ_opt()).map(begin_of),
            q: self.q.clone(),
            cursor: self.cursor.clone(),
            limit: Some(PER_PAGE),
            ..ListAudit::default()
        }
    }

    fn export(&self, place: &Place, format: AuditFormat) -> ExportAudit {
        let ListAudit { client_id, actor, action, subject_kind, subject_id, from, to, q, cursor: _, limit: _ } =
            self.query(place);
        ExportAudit { format, client_id, actor, action, subject_kind, subject_id, from, to, q }
    }

    fn filter(&self) -> AuditFilter {
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        AuditFilter {
            actor: self.actor.clone().unwrap_or_default(),
            action: self.action.clone().unwrap_or_default(),
            from: day(self.from),
            to: day(self.to),
            q: self.q.clone().unwrap_or_default(),
        }
    }

    fn is_filtered(&self) -> bool {
        self.filter() != AuditFilter::default()
    }

    /// These filters as an address below `path`, with something more in it.
    fn href(&self, path: &str, more: Option<(&str, &str)>) -> String {
        let filter = self.filter();
        let pairs = [
            ("actor", filter.actor.as_str()),
            ("action", &filter.action),
            ("from", &filter.from),
            ("to", &filter.to),
            ("q", &filter.q),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()).chain(more));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The log.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let (listing, place) = (Listing::read(&params), Place::enter(&visit, &slug).await?);
    match visit.smm().audit(&visit.principal(), &listing.query(&place)).await {
        Ok(page) => {
            let path = place.href("/audit");
            let now = visit.now();
            let export = |format| listing.href(&place.href("/audit/export"), Some(("format", format)));
            let log = AuditLog {
                rows: page.data.iter().map(|entry| rows::row(entry, now)).collect(),
                clear_href: path.clone(),
                newest_href: listing.cursor.as_ref().map(|_| listing.href(&path, None)),
                older_href: page.pagination.next_cursor.as_deref().map(|it| listing.href(&path, Some(("cursor", it)))),
                csv_href: export("csv"),
                ndjson_href: export("ndjson"),
            };
            render(&visit, &place, &listing, Some(log), Problems::none())
        }
        Err(error) => render(&visit, &place, &listing, None, Problems::of(error, own_field)?),
    }
}

/// What the filters find as a file, passed on as it comes.
pub(crate) async fn export(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let (listing, place) = (Listing::read(&params), Place::enter(&visit, &slug).await?);
    let (format, media_type, ending) = match params.format.as_str() {
        "ndjson" => (AuditFormat::Ndjson, "application/x-ndjson", "ndjson"),
        _ => (AuditFormat::Csv, "text/csv; charset=utf-8", "csv"),
    };
    match visit.smm().audit_export(&visit.principal(), &listing.export(&place, format)).await {
        Ok(bytes) => {
            let name = format!("attachment; filename=\"audit-{}.{ending}\"", place.client.slug);
            let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, name)];
            Ok((headers, Body::from_stream(bytes)).into_response())
        }
        Err(error) => render(&visit, &place, &listing, None, Problems::of(error, own_field)?),
    }
}

fn render(
    visit: &Visit,
    place: &Place,
    listing: &Listing,
    log: Option<AuditLog>,
    problems: Problems,
) -> Result<Response, ApiError> {
    let page = AuditPage {
        head: place.head(visit, Part::Audit),
        alert: problems.alert,
        errors: problems.errors,
        action: place.href("/audit"),
        filter: listing.filter(),
        filtered: listing.is_filtered(),
        log,
    };
    let shell = place.shell(visit, Part::Audit, format!("Audit log of {}", place.client.name), None);
    visit.page(problems.status, &shell, &page)
}

fn own_field(name: &str) -> Option<OwnField> {
    let field = |id: &'static str, label: &'static str| Some(OwnField::new(id, label));
    match name {
        "actor" => field("actor", "Who"),
        "action" => field("action", "What"),
        "from" => field("from", "The first day"),
        "to" => field("to", "The last day"),
        "q" => field("q", "The text"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_the_same_entries() {
        let text = |text: &str| text.to_owned();
        let params = Params {
            actor: text("a@b.c"),
            from: text("2026-11-01"),
            to: text("soon"),
            q: text(" "),
            ..Params::default()
        };
        let listing = Listing::read(&params);
        assert_eq!(listing.href("/x", Some(("cursor", "c&d"))), "/x?actor=a%40b.c&from=2026-11-01&cursor=c%26d");
        assert!(listing.is_filtered() && !Listing::default().is_filtered());
        assert_eq!(Listing::default().href("/x", None), "/x");
    }
}
