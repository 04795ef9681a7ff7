//! SEO rules: a client's own. Those that hold come with the effective strategy; what is done with versions is in
//! [`super::versioned`].

use axum::extract::State;
use hg_common::{
    auth::Caller,
    http::{ApiError, ErrorBody, FieldErrors, Json, Page, Path, Query},
};
use hg_contracts::smm::{
    CompareVersions, Comparison, DeleteVersioned, ListStrategies, ListVersions, RestoreVersion, SaveSeoRules, SeoRules,
    SeoRulesVersion, VersionSummary,
};
use hg_types::ContentType;
use http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::versioned::{self, Checked, Draft, Kind};
use crate::{
    domain::{
        access::Action,
        seo_rules::check,
        strategy::{from_stored, to_stored},
    },
    state::AppState,
    store::{
        seo_rules::RulesForSeo,
        versioned::{Stored, StoredVersion},
    },
};

impl Kind for RulesForSeo {
    type Incoming = SaveSeoRules;
    type Outgoing = SeoRules;
    type Version = SeoRulesVersion;
    const NAME: &'static str = "SEO rules";
    const THIS_IS: &'static str = "these rules are";
    const DELETED: (&'static str, &'static str) =
        ("seo_rules_deleted", "the SEO rules were deleted: restore one of their versions, or make new ones");
    const SAVE: Action = Action::SaveSeoRules;
    const DELETE: Action = Action::DeleteSeoRules;

    fn draft(incoming: SaveSeoRules, _errors: &mut FieldErrors) -> Draft {
        let SaveSeoRules { content_type, rules, note, version } = incoming;
        let fields = check(content_type, rules).map(|checked| to_stored(checked.fields()));
        Draft { name: None, content_type, fields, note, version }
    }

    fn check_stored(content_type: ContentType, fields: Map<String, Value>) -> Checked {
        check(content_type, from_stored(fields)).map(|checked| to_stored(checked.fields()))
    }

    fn outgoing(stored: Stored) -> SeoRules {
        SeoRules {
            id: stored.id.into(),
            client_id: stored.client_id,
            content_type: stored.content_type,
            rules: from_stored(stored.fields),
            is_active: stored.is_active,
            version: stored.version,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }

    fn version(id: Uuid, version: StoredVersion) -> SeoRulesVersion {
        SeoRulesVersion { seo_rules_id: id.into(), rules: from_stored(version.fields), info: version.info }
    }
}

/// A client's own SEO rules, without what it inherits.
#[utoipa::path(
    get, path = "/clients/{client}/seo-rules", tag = "seo rules",
    params(("client" = String, Path, description = "The client's id or slug"), ListStrategies),
    responses((status = 200, body = Page<SeoRules>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Query(query): Query<ListStrategies>,
) -> Result<Json<Page<SeoRules>>, ApiError> {
    versioned::list::<RulesForSeo>(&state, &principal, &client, &query).await
}

/// Makes a client's SEO rules for a content type.
#[utoipa::path(
    post, path = "/clients/{client}/seo-rules", tag = "seo rules", request_body = SaveSeoRules,
    params(("client" = String, Path, description = "The client's id or slug")),
    responses(
        (status = 201, body = SeoRules),
        (status = 403, description = "The caller is no member of the client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`seo_rules_exist`; `client_archived`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn create_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(client): Path<String>,
    Json(save): Json<SaveSeoRules>,
) -> Result<(StatusCode, Json<SeoRules>), ApiError> {
    versioned::create::<RulesForSeo>(&state, &principal, &client, save).await
}

/// SEO rules of a client that the caller sees, or of an ancestor that such a client inherits from.
#[utoipa::path(
    get, path = "/seo-rules/{rules}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id")),
    responses((status = 200, body = SeoRules), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
) -> Result<Json<SeoRules>, ApiError> {
    versioned::fetch::<RulesForSeo>(&state, &principal, rules).await
}

/// Saves a new version of SEO rules. The earlier versions stay.
#[utoipa::path(
    put, path = "/seo-rules/{rules}", tag = "seo rules", request_body = SaveSeoRules,
    params(("rules" = Uuid, Path, description = "Their id")),
    responses(
        (status = 200, body = SeoRules),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `seo_rules_deleted`; `client_archived`", body = ErrorBody),
        (status = 422, body = ErrorBody),
    )
)]
pub(crate) async fn update_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Json(save): Json<SaveSeoRules>,
) -> Result<Json<SeoRules>, ApiError> {
    versioned::update::<RulesForSeo>(&state, &principal, rules, save).await
}

/// Deletes SEO rules: from then on, what they said is inherited. Their versions stay, and one can be restored.
#[utoipa::path(
    delete, path = "/seo-rules/{rules}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), DeleteVersioned),
    responses(
        (status = 204),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`: somebody was quicker; `client_archived`", body = ErrorBody),
    )
)]
pub(crate) async fn delete_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Query(known): Query<DeleteVersioned>,
) -> Result<StatusCode, ApiError> {
    versioned::delete::<RulesForSeo>(&state, &principal, rules, known).await
}

/// SEO rules' versions, the newest first, each with who saved it, why, and which fields it changed.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/versions", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), ListVersions),
    responses((status = 200, body = Page<VersionSummary>), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn list_seo_rules_versions(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Query(query): Query<ListVersions>,
) -> Result<Json<Page<VersionSummary>>, ApiError> {
    versioned::versions::<RulesForSeo>(&state, &principal, rules, query).await
}

/// One set of SEO rules as it was saved once.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/versions/{version}", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), ("version" = i32, Path, description = "Counts from 1")),
    responses((status = 200, body = SeoRulesVersion), (status = 404, body = ErrorBody))
)]
pub(crate) async fn get_seo_rules_version(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path((rules, version)): Path<(Uuid, i32)>,
) -> Result<Json<SeoRulesVersion>, ApiError> {
    versioned::version::<RulesForSeo>(&state, &principal, rules, version).await
}

/// Two versions of SEO rules, field by field.
#[utoipa::path(
    get, path = "/seo-rules/{rules}/compare", tag = "seo rules",
    params(("rules" = Uuid, Path, description = "Their id"), CompareVersions),
    responses((status = 200, body = Comparison), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody))
)]
pub(crate) async fn compare_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(rules): Path<Uuid>,
    Query(query): Query<CompareVersions>,
) -> Result<Json<Comparison>, ApiError> {
    versioned::compare::<RulesForSeo>(&state, &principal, rules, query).await
}

/// Saves an earlier version of SEO rules as a new one. What was deleted is in force again.
#[utoipa::path(
    post, path = "/seo-rules/{rules}/versions/{version}/restore", tag = "seo rules", request_body = RestoreVersion,
    params(("rules" = Uuid, Path, description = "Their id"), ("version" = i32, Path, description = "The one to bring back")),
    responses(
        (status = 200, body = SeoRules),
        (status = 403, description = "The caller is no member of their client", body = ErrorBody),
        (status = 404, body = ErrorBody),
        (status = 409, description = "`version_conflict`, or another one is in force by now; `client_archived`", body = ErrorBody),
        (status = 422, description = "It breaks a rule that has come since", body = ErrorBody),
    )
)]
pub(crate) async fn restore_seo_rules(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(of): Path<(Uuid, i32)>,
    Json(how): Json<RestoreVersion>,
) -> Result<Json<SeoRules>, ApiError> {
    versioned::restore::<RulesForSeo>(&state, &principal, of, &how).await
}
