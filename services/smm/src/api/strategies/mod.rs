//! Strategies: a client's own, and the one that holds.

pub(crate) mod compare;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod effective;
pub(crate) mod fetch;
pub(crate) mod guide;
pub(crate) mod list;
pub(crate) mod restore;
pub(crate) mod update;
pub(crate) mod version;
pub(crate) mod versions;

use hg_common::{
    db::TenantTx,
    http::{ApiError, FieldErrors},
};
use hg_contracts::smm::{SaveStrategy, Strategy};
use hg_types::StrategyId;
use serde_json::{Map, Value};

use super::{
    database,
    versions::{check_note, conflict},
};
use crate::{
    domain::strategy::{check, to_stored},
    store::{
        strategy::{SavedStrategy, strategy_fetch, strategy_update},
        strategy_version::strategy_version_fetch,
        version::{Basis, Written},
    },
};

/// What is saved, checked: the name and the stored form.
fn checked(save: &SaveStrategy) -> Result<(String, Map<String, Value>), ApiError> {
    let name = save.name.trim().to_owned();
    let mut errors = FieldErrors::new();
    let one_line = (1..=255).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    errors.check(one_line, "name", "must be one line of 1 to 255 characters");
    check_note(&mut errors, save.note.as_deref());
    match check(save.content_type, save.configuration.clone()) {
        Ok(configuration) => {
            errors.into_result()?;
            Ok((name, to_stored(configuration.fields())))
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
    id: StrategyId,
    saved: &SavedStrategy<'_>,
    basis: Basis,
) -> Result<Strategy, ApiError> {
    match strategy_update(tx, id, saved, basis).await.map_err(database)? {
        Written::Done => {
            let changed = strategy_fetch(tx, id).await?.ok_or_else(|| ApiError::not_found("strategy"))?;
            Ok(changed.strategy)
        }
        Written::Newer(newest) => {
            let by = strategy_version_fetch(tx, id, newest).await?;
            Err(conflict(basis.expected, newest, by.as_ref()))
        }
        Written::Deleted => {
            let message = "the strategy was deleted: restore one of its versions, or make a new one";
            Err(ApiError::conflict("strategy_deleted", message))
        }
        Written::Refused => Err(ApiError::not_found("strategy")),
    }
}
