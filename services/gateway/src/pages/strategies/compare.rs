//! `…/compare?from=1&to=3`: what differs between two versions, word by word.

use axum::response::Response;
use hg_common::http::{ApiError, Query};
use hg_contracts::smm::{ChangeKind, CompareVersions, FieldChange};
use http::StatusCode;
use serde::Deserialize;

use super::{
    ChangeView, ComparePage, diff,
    groups::label,
    history::info_row,
    kind::Spot,
    values::words,
    view::{Leaf, heading},
};
use crate::{
    pages::{
        parts::Text,
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
};

/// Which versions.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Params {
    from: String,
    to: String,
}

/// The page.
pub(crate) async fn show(visit: Visit, spot: Spot, Query(params): Query<Params>) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &spot.slug).await?;
    let own = spot.kind.own(&visit, place.client.id, spot.content_type).await.map_err(peer_error)?;
    let (Some(known), Ok(from)) = (own.as_ref(), params.from.parse::<i32>()) else {
        return Err(ApiError::not_found("version"));
    };
    let to = params.to.parse::<i32>().unwrap_or(known.version);
    // However they were chosen: the earlier one stands first.
    let versions = CompareVersions { from: from.min(to), to: Some(from.max(to)) };
    let compared = spot.kind.compare(&visit, known.id, versions).await.map_err(peer_error)?;
    let page = ComparePage {
        heading: heading(&visit, &place, &spot, own.as_ref(), Leaf::History),
        from: info_row(&visit, &compared.from),
        to: info_row(&visit, &compared.to),
        changes: compared.changes.iter().map(change).collect(),
        history_href: spot.href(&place, "/history"),
        restore_href: (place.may_write() && compared.from.version != known.version)
            .then(|| spot.href(&place, "/restore")),
        id: known.id.to_string(),
        newest: known.version,
    };
    let title = format!("Versions {} and {}", compared.from.version, compared.to.version);
    visit.page(StatusCode::OK, &place.shell(&visit, Part::Strategies, title, None), &page)
}

fn change(change: &FieldChange) -> ChangeView {
    let (kind, kind_label): (&'static str, Text) = match change.kind {
        ChangeKind::Added => ("added", "+ set since".into()),
        ChangeKind::Removed => ("removed", "− inherited since".into()),
        ChangeKind::Changed => ("changed", "± changed".into()),
    };
    let text = |value: &Option<serde_json::Value>| value.as_ref().map(words).unwrap_or_default();
    ChangeView {
        label: label(&change.field),
        kind: kind.into(),
        kind_label,
        pieces: diff::pieces(&text(&change.before), &text(&change.after)),
    }
}
