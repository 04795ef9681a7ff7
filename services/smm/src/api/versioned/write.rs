//! Writing what is saved in versions: making, saving, restoring, deleting. Whatever is written, the effective strategies that
//! this process remembers are forgotten. People write; services that work for a client only read.

use hg_common::{
    auth::Principal,
    db::TenantTx,
    http::{ApiError, FieldErrors, Json, check_note},
};
use hg_contracts::smm::{DeleteVersioned, RestoreVersion};
use hg_types::UserId;
use http::StatusCode;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Draft, Kind, seen};
use crate::{
    api::{database, person, seen_client},
    domain::access::permit,
    state::AppState,
    store::versioned::{Basis, Save, StoredVersion, Written, version_fetch, versioned_retire, versioned_update},
};

/// Makes a client's own.
pub(in crate::api) async fn create<K: Kind>(
    state: &AppState,
    principal: &Principal,
    client: &str,
    incoming: K::Incoming,
) -> Result<(StatusCode, Json<K::Outgoing>), ApiError> {
    let by = person(principal)?;
    let (draft, fields) = checked::<K>(incoming)?;
    if draft.version.is_some() {
        return Err(ApiError::field("version", "is for saving a further version: leave it out"));
    }
    let mut tx = state.db.tenant(principal.scope()).await?;
    let client = seen_client(&mut tx, client).await?;
    permit(K::SAVE, client.held)?;
    let save = save(&draft.name, &fields, &draft.note, by);
    let id = K::insert(&mut tx, client.client.id, draft.content_type, &save).await.map_err(database)?;
    let made = seen::<K>(&mut tx, id).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok((StatusCode::CREATED, Json(K::outgoing(made.stored))))
}

/// Saves a further version.
pub(in crate::api) async fn update<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
    incoming: K::Incoming,
) -> Result<Json<K::Outgoing>, ApiError> {
    let by = person(principal)?;
    let (draft, fields) = checked::<K>(incoming)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    permit(K::SAVE, seen.held)?;
    let fixed = seen.stored.content_type;
    if draft.content_type != fixed {
        return Err(ApiError::field("content_type", format!("is fixed: {} for {fixed}", K::THIS_IS)));
    }
    let save = save(&draft.name, &fields, &draft.note, by);
    let basis = Basis { expected: draft.version, restored_from: None };
    let changed = write::<K>(&mut tx, seen.stored.id, &save, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(changed))
}

/// Saves an earlier version as a new one. What was deleted is in force again.
pub(in crate::api) async fn restore<K: Kind>(
    state: &AppState,
    principal: &Principal,
    (id, version): (Uuid, i32),
    how: &RestoreVersion,
) -> Result<Json<K::Outgoing>, ApiError> {
    let by = person(principal)?;
    let mut errors = FieldErrors::new();
    check_note(&mut errors, how.note.as_deref());
    errors.into_result()?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    permit(K::SAVE, seen.held)?;
    let found = version_fetch::<K>(&mut tx, seen.stored.id, version).await?;
    let found = found.ok_or_else(|| ApiError::not_found("version"))?;
    // The rules may have become stricter since it was saved.
    let fields = K::check_stored(seen.stored.content_type, found.fields)?;
    let name = found.name.or(seen.stored.name);
    let save = save(&name, &fields, &how.note, by);
    let basis = Basis { expected: how.version, restored_from: Some(version) };
    let restored = write::<K>(&mut tx, seen.stored.id, &save, basis).await?;
    tx.commit().await?;
    state.effective.forget();
    Ok(Json(restored))
}

/// Puts it out of force: from then on, what it said is inherited.
pub(in crate::api) async fn delete<K: Kind>(
    state: &AppState,
    principal: &Principal,
    id: Uuid,
    known: DeleteVersioned,
) -> Result<StatusCode, ApiError> {
    person(principal)?;
    let mut tx = state.db.tenant(principal.scope()).await?;
    let seen = seen::<K>(&mut tx, id).await?;
    permit(K::DELETE, seen.held)?;
    match versioned_retire::<K>(&mut tx, seen.stored.id, known.version).await.map_err(database)? {
        Written::Done => {}
        Written::Newer(newest) => {
            let by = version_fetch::<K>(&mut tx, seen.stored.id, newest).await?;
            return Err(conflict(known.version, newest, by.as_ref()));
        }
        Written::Deleted | Written::Refused => return Err(ApiError::not_found(K::NAME)),
    }
    tx.commit().await?;
    state.effective.forget();
    Ok(StatusCode::NO_CONTENT)
}

/// What came in, with its fields in their stored form. One answer names everything that is wrong.
fn checked<K: Kind>(incoming: K::Incoming) -> Result<(Draft, Map<String, Value>), ApiError> {
    let mut errors = FieldErrors::new();
    let mut draft = K::draft(incoming, &mut errors);
    check_note(&mut errors, draft.note.as_deref());
    let fields = std::mem::replace(&mut draft.fields, Ok(Map::new()));
    for detail in fields.as_ref().err().into_iter().flat_map(ApiError::details) {
        errors.push(detail.field.clone(), detail.message.clone());
    }
    errors.into_result()?;
    Ok((draft, fields?))
}

fn save<'a>(
    name: &'a Option<String>,
    fields: &'a Map<String, Value>,
    note: &'a Option<String>,
    by: UserId,
) -> Save<'a> {
    Save { name: name.as_deref(), fields, note: note.as_deref(), by: Some(by) }
}

/// Saves a further version and gives back what is there then.
async fn write<K: Kind>(tx: &mut TenantTx, id: Uuid, save: &Save<'_>, basis: Basis) -> Result<K::Outgoing, ApiError> {
    match versioned_update::<K>(tx, id, save, basis).await.map_err(database)? {
        Written::Done => Ok(K::outgoing(seen::<K>(tx, id).await?.stored)),
        Written::Newer(newest) => {
            let by = version_fetch::<K>(tx, id, newest).await?;
            Err(conflict(basis.expected, newest, by.as_ref()))
        }
        Written::Deleted => Err(ApiError::conflict(K::DELETED.0, K::DELETED.1)),
        Written::Refused => Err(ApiError::not_found(K::NAME)),
    }
}

/// Somebody was quicker: who, and when.
fn conflict(expected: Option<i32>, newest: i32, saved: Option<&StoredVersion>) -> ApiError {
    let by =
        saved.and_then(|it| it.info.author.as_ref()).map(|author| format!(" by {}", author.name)).unwrap_or_default();
    let at = saved.map(|it| it.info.created_at.format(" on %Y-%m-%d at %H:%M UTC").to_string()).unwrap_or_default();
    let based = expected.map(|version| format!("; yours is based on version {version}")).unwrap_or_default();
    ApiError::conflict("version_conflict", format!("version {newest} was saved{by}{at}{based}"))
}
