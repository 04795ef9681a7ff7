//! `GET /clients/{slug}/strategies`: what the client says itself, per content type.

use axum::response::Response;
use hg_common::http::{ApiError, Path, Query};
use hg_types::ContentType;
use http::StatusCode;
use serde::Deserialize;

use super::{
    StrategiesPage, TypeCard, TypePart,
    kind::{Kind, Own, Spot, newest},
};
use crate::{
    pages::{
        format,
        parts::content_type_icon,
        place::{Part, Place},
        visit::Visit,
    },
    peer_error::peer_error,
};

/// What stands in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params {
    notice: Option<String>,
}

/// The page.
pub(crate) async fn show(
    visit: Visit,
    Path(slug): Path<String>,
    Query(params): Query<Params>,
) -> Result<Response, ApiError> {
    let place = Place::enter(&visit, &slug).await?;
    let id = place.client.id;
    let (strategies, rules) = tokio::join!(Kind::Strategy.all(&visit, id), Kind::SeoRules.all(&visit, id));
    let (strategies, rules) = (strategies.map_err(peer_error)?, rules.map_err(peer_error)?);
    let own = |kind: Kind, content_type: ContentType| {
        let all = if kind == Kind::Strategy { &strategies } else { &rules };
        newest(all.iter().filter(|(it, _)| *it == content_type).map(|(_, own)| own.clone()))
    };
    let card = |&content_type: &ContentType| TypeCard {
        label: content_type.label().into(),
        icon: content_type_icon(content_type).into(),
        parts: Kind::ALL
            .into_iter()
            .filter(|kind| kind.applies(content_type))
            .map(|kind| part(&visit, &place, kind, content_type, own(kind, content_type)))
            .collect(),
    };
    let page = StrategiesPage {
        head: place.head(&visit, Part::Strategies),
        types: ContentType::ALL.iter().map(card).collect(),
    };
    let title = format!("Strategies of {}", place.client.name);
    visit.page(StatusCode::OK, &place.shell(&visit, Part::Strategies, title, params.notice.as_deref()), &page)
}

fn part(visit: &Visit, place: &Place, kind: Kind, content_type: ContentType, own: Option<Own>) -> TypePart {
    let spot = Spot { slug: place.client.slug.clone(), kind, content_type };
    let (state, own_fields) = match own.filter(|own| own.is_active) {
        Some(own) => {
            (format!("Version {}, {}", own.version, format::relative(own.saved_at, visit.now())), own.fields.len())
        }
        None => ("Everything is inherited".to_owned(), 0),
    };
    TypePart { label: kind.label().into(), href: spot.href(place, ""), state, own_fields }
}
