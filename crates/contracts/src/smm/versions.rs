//! What every versioned thing has in common: who saved a version, when and why; what differs between two; going back.

use chrono::{DateTime, Utc};
use hg_types::UserId;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// Who saved a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// The person.
    pub user_id: UserId,
    /// The person's name.
    pub name: String,
}

/// A version, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionInfo {
    /// Counts from 1.
    pub version: i32,
    /// Whether it is the newest.
    pub is_current: bool,
    /// Which version it brought back, if it did.
    pub restored_from: Option<i32>,
    /// Why it was saved.
    pub note: Option<String>,
    /// Who saved it; none for what the system wrote, for accounts that are gone, and for versions of an ancestor.
    pub author: Option<Author>,
    /// When it was saved.
    pub created_at: DateTime<Utc>,
}

/// A version in a list: which fields it changed, without their values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VersionSummary {
    /// When, by whom, why.
    #[serde(flatten)]
    pub info: VersionInfo,
    /// The fields that differ from the version before; for the first, all that it sets.
    pub changed: Vec<String>,
}

/// What happened to a field between two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Only the later version sets it.
    Added,
    /// Only the earlier version sets it: it is inherited since.
    Removed,
    /// Both set it, to different values.
    Changed,
}

/// A field that differs between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// The field; keys of `extras` one by one, as `extras.name`.
    pub field: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its value in `from`.
    #[schema(value_type = Object)]
    pub before: Option<Value>,
    /// Its value in `to`.
    #[schema(value_type = Object)]
    pub after: Option<Value>,
}

/// Two versions, field by field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comparison {
    /// The one.
    pub from: VersionInfo,
    /// The other.
    pub to: VersionInfo,
    /// What differs, by name of the field; empty where both say the same.
    pub changes: Vec<FieldChange>,
}

/// Which versions to list, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListVersions {
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Which versions to compare.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CompareVersions {
    /// The one.
    pub from: i32,
    /// The other; the newest where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i32>,
}

/// Brings an earlier version back, as a new one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreVersion {
    /// The newest version that the caller knows of: 409 when somebody has saved a newer one. Left out, it isn't checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Puts a strategy or SEO rules out of force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteVersioned {
    /// The newest version that the caller knows of: 409 when somebody has saved a newer one. Left out, it isn't checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

/// Reads fields one by one: a field that this version of the code doesn't understand is left out with a warning. For what
/// comes from another service or from the database, which may be newer than the reader; never for what a caller writes.
#[must_use]
pub fn understood_fields<T: DeserializeOwned + Default>(stored: Map<String, Value>) -> T {
    if let Ok(fields) = serde_json::from_value(Value::Object(stored.clone())) {
        return fields;
    }
    let known = stored.into_iter().filter(|(name, value)| {
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        let fine = serde_json::from_value::<T>(alone).is_ok();
        if !fine {
            tracing::warn!(field = name, "a field is not understood and left out");
        }
        fine
    });
    serde_json::from_value(Value::Object(known.collect())).unwrap_or_default()
}

/// [`understood_fields`] for a field of a struct.
pub(super) fn understood<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    Map::deserialize(deserializer).map(understood_fields)
}
