//! Data jobs: list, look at, end before their time, take the file.

pub(crate) mod cancel;
pub(crate) mod download;
pub(crate) mod fetch;
pub(crate) mod list;

use hg_common::{db::TenantTx, http::ApiError};
use hg_contracts::smm::DataJob;
use hg_types::{DataJobId, DataJobKind};

use crate::{
    api::database,
    store::data_job::{About, data_job_fetch, data_job_request},
};

/// A data job that the caller sees.
pub(crate) async fn seen_job(tx: &mut TenantTx, id: DataJobId) -> Result<DataJob, ApiError> {
    data_job_fetch(tx, id).await?.ok_or_else(|| ApiError::not_found("data job"))
}

/// Asks for a data job and shows it.
pub(crate) async fn requested(tx: &mut TenantTx, kind: DataJobKind, about: About) -> Result<DataJob, ApiError> {
    let id = data_job_request(tx, kind, about).await.map_err(database)?;
    seen_job(tx, id).await
}
