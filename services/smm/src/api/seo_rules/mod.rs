//! SEO rules: a client's own. Those that hold come with the effective strategy.

pub(crate) mod compare;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod fetch;
pub(crate) mod list;
pub(crate) mod restore;
pub(crate) mod update;
pub(crate) mod version;
pub(crate) mod versions;

use hg_common::{
    db::TenantTx,
    http::{ApiError, FieldErrors},
};
use hg_contracts::smm::{SaveSeoRules, SeoRules};
use hg_types::SeoRulesId;
use serde_json::{Map, Value};

use super::{
    database,
    versions::{check_note, conflict},
};
use crate::{
    domain::{seo_rules::check, strategy::to_stored},
    store::{
        seo_rules::{SavedSeoRules, seo_rules_fetch, seo_rules_update},
        seo_rules_version::seo_rules_version_fetch,
        version::{Basis, Written},
    },
};

/// What is saved, checked, in its stored form.
fn checked(save: &SaveSeoRules) -> Result<Map<String, Value>, ApiError> {
    let mut errors = FieldErrors::new();
    check_note(&mut errors, save.note.as_deref());
    match check(save.content_type, save.rules.clone()) {
        Ok(rules) => {
            errors.into_result()?;
            Ok(to_stored(rules.fields()))
        }
        Err(error) => {
            for detail in error.details() {
                errors.push(detail.field.clone(), detail.message.clone());
            }
            errors.into_result()?;
            Err(error)
        }
    }
}

/// Saves a further version and gives back what is there then.
async fn write(
    tx: &mut TenantTx,
    id: SeoRulesId,
    saved: &SavedSeoRules<'_>,
    basis: Basis,
) -> Result<SeoRules, ApiError> {
    match seo_rules_update(tx, id, saved, basis).await.map_err(database)? {
        Written::Done => {
            let changed = seo_rules_fetch(tx, id).await?.ok_or_else(|| ApiError::not_found("SEO rules"))?;
            Ok(changed.rules)
        }
        Written::Newer(newest) => {
            let by = seo_rules_version_fetch(tx, id, newest).await?;
            Err(conflict(basis.expected, newest, by.as_ref()))
        }
        Written::Deleted => {
            let message = "the SEO rules were deleted: restore one of their versions, or make new ones";
            Err(ApiError::conflict("seo_rules_deleted", message))
        }
        Written::Refused => Err(ApiError::not_found("SEO rules")),
    }
}
