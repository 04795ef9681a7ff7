//! Strategies: a client's own, and the one that holds. What is done with versions is in [`super::versioned`].

pub(crate) mod effective;
pub(crate) mod guide;

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, FieldErrors, Json, Page, Path, Query},
};
use hg_contracts::smm::{
    CompareVersions, Comparison, DeleteVersioned, ListStrategies, ListVersions, RestoreVersion, SaveStrategy, Strategy,
    StrategyVersion, VersionSummary,
};
use hg_types::ContentType;
use http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::versioned::{self, Checked, Draft, Kind};
use crate::{
    domain::{
        access::Action,
        strategy::{check, from_stored, to_stored},
    },
    state::AppState,
    store::{
        strategies::Strategies,
        versioned::{Stored, StoredVersion},
    },
};

impl Kind for Strategies {
    type Incoming = SaveStrategy;
    type Outgoing = Strategy;
    type Version = StrategyVersion;
    const NAME: &'static str = "strategy";
    const THIS_IS: &'static str = "this strategy is";
    const DELETED: (&'static str, &'static str) =
        ("strategy_deleted", "the strategy was deleted: restore one of its versions, or make a new one");
    const SAVE: Action = Action::SaveStrategy;
    const DELETE: Action = Action::DeleteStrategy;

    fn draft(incoming: SaveStrategy, errors: &mut FieldErrors) -> Draft {
        let SaveStrategy { name, content_type, configuration, note, version } = incoming;
        let name = name.trim().to_owned();
        let one_line = (1..=255).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        errors.check(one_line, "name", "must be one line of 1 to 255 characters");
        let fields = check(content_type, configuration).map(|checked| to_stored(checked.fields()));
        Draft { name: Some(name), content_type, fields, note, version }
    }

    fn check_stored(content_type: ContentType, fields: Map<String, Value>) -> Checked {
        check(content_type, from_stored(fields)).map(|checked| to_stored(checked.fields()))
    }

    fn outgoing(stored: Stored) -> Strategy {
        Strategy {
            id: stored.id.into(),
            client_id: stored.client_id,
            name: stored.name.unwrap_or_default(),
            content_type: stored.content_type,
            configuration: from_stored(stored.fields),
            is_active: stored.is_active,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }

    fn version(id: Uuid, version: StoredVersion) -> StrategyVersion {
        StrategyVersion {
            strategy_id: id.into(),
            name: version.name.unwrap_or_default(),
            configuration: from_stored(version.fields),
            info: version.info,
        }
    }
}

/// A client's own strategies, without what it inherits.
#[utoipa::path(
    get, path = "/clients/{client}/strategies", tag = "strategies",
    params(("client" = String, Path, description = "The client's id or slug"), ListStrategies),
    responses((status = 200, body = Page<Strategy>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_strategies(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListStrategies>,
) -> Result<Json<Page<Strategy>>, ApiError> {
    versioned::list::<Strategies>(&state, &principal, &client, &query).await
}

/// Makes a client's strategy for a content type.
#[utoipa::path(
    post, path = "/clients/{client}/strategies", tag = "strategies", request_body = SaveStrategy,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = Strategy),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`strategy_exists`; `client_archived`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(save): Json<SaveStrategy>,
) -> Result<(StatusCode, Json<Strategy>), ApiError> {
    versioned::create::<Strategies>(&state, &principal, &client, save).await
}

/// One strategy: of a client that the caller sees, or of an ancestor that such a client inherits from.
#[utoipa::path(
    get, path = "/strategies/{strategy}", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id")),
    responses((status = 200, body = Strategy), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
) -> Result<Json<Strategy>, ApiError> {
    versioned::fetch::<Strategies>(&state, &principal, strategy).await
}

/// Saves a new version of a strategy. The earlier versions stay.
#[utoipa::path(
    put, path = "/strategies/{strategy}", tag = "strategies", request_body = SaveStrategy,
    params(("strategy" = Uuid, Path, description = "Its id")),
    responses(
        (status = 200, body = Strategy),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `strategy_deleted`; `client_archived`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Json(save): Json<SaveStrategy>,
) -> Result<Json<Strategy>, ApiError> {
    versioned::update::<Strategies>(&state, &principal, strategy, save).await
}

/// Deletes a strategy: from then on, what it said is inherited. Its versions stay: jobs name them, and one can be restored.
#[utoipa::path(
    delete, path = "/strategies/{strategy}", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), DeleteVersioned),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `client_archived`", body = ErrorBody),
    )
)]
pub(crate) async fn delete_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Query(known): Query<DeleteVersioned>,
) -> Result<StatusCode, ApiError> {
    versioned::delete::<Strategies>(&state, &principal, strategy, known).await
}

/// A strategy's versions, the newest first, each with who saved it, why, and which fields it changed.
#[utoipa::path(
    get, path = "/strategies/{strategy}/versions", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), ListVersions),
    responses((status = 200, body = Page<VersionSummary>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_strategy_versions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Query(query): Query<ListVersions>,
) -> Result<Json<Page<VersionSummary>>, ApiError> {
    versioned::versions::<Strategies>(&state, &principal, strategy, query).await
}

/// One strategy as it was saved once.
#[utoipa::path(
    get, path = "/strategies/{strategy}/versions/{version}", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), ("version" = i32, Path, description = "Counts from 1")),
    responses((status = 200, body = StrategyVersion), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_strategy_version(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((strategy, version)): Path<(Uuid, i32)>,
) -> Result<Json<StrategyVersion>, ApiError> {
    versioned::version::<Strategies>(&state, &principal, strategy, version).await
}

/// Two versions of a strategy, field by field.
#[utoipa::path(
    get, path = "/strategies/{strategy}/compare", tag = "strategies",
    params(("strategy" = Uuid, Path, description = "Its id"), CompareVersions),
    responses((status = 200, body = Comparison), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn compare_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(strategy): Path<Uuid>,
    Query(query): Query<CompareVersions>,
) -> Result<Json<Comparison>, ApiError> {
    versioned::compare::<Strategies>(&state, &principal, strategy, query).await
}

/// Saves an earlier version of a strategy as a new one. What was deleted is in force again.
#[utoipa::path(
    post, path = "/strategies/{strategy}/versions/{version}/restore", tag = "strategies", request_body = RestoreVersion,
    params(("strategy" = Uuid, Path, description = "Its id"), ("version" = i32, Path, description = "The one to bring back")),
    responses(
        (status = 200, body = Strategy),
        (status = 403, description = "The caller is no member of its client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`, or another one is in force by now; `client_archived`", body = ErrorBody),
        (status = 422, description = "It breaks a rule that has come since", body = ErrorBody),
    )
)]
pub(crate) async fn restore_strategy(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(of): Path<(Uuid, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Json<Strategy>, ApiError> {
    versioned::restore::<Strategies>(&state, &principal, of, &how).await
}
