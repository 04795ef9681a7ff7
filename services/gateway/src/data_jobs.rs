//! The gateway's parts of exports and erasures: accounts, profiles, sessions.
//!
//! They are their person's alone: functions of the schema reach them, and only while a job for that very person runs.

use hg_common::{
    auth::Service,
    data_jobs::{Outcome, PartError, Parts, Work},
};
use hg_types::DataJobKind;
use uuid::Uuid;

/// This service's parts.
#[derive(Clone, Copy, Debug, Default)]
pub struct GatewayParts;

impl Parts for GatewayParts {
    const SERVICE: Service = Service::Gateway;

    async fn run(&self, work: &mut Work) -> Result<Outcome, PartError> {
        let person = work.person().unwrap_or_else(Uuid::nil);
        match (work.kind(), work.step()) {
            (DataJobKind::PersonExport, "account") => export(work, person).await?,
            (DataJobKind::PersonErasure, "lock_out") => {
                let mut batch = work.begin().await?;
                let ended = sqlx::query_scalar!(r#"SELECT auth.person_lock_out($1) AS "ended!""#, person)
                    .fetch_one(&mut *batch)
                    .await?;
                batch.save(&"locked out", ended.unsigned_abs().into(), None).await?;
            }
            (DataJobKind::PersonErasure, "account") => {
                let mut batch = work.begin().await?;
                let emptied = sqlx::query_scalar!(r#"SELECT auth.person_empty($1) AS "emptied!""#, person)
                    .fetch_one(&mut *batch)
                    .await?;
                batch.save(&"emptied", emptied.unsigned_abs().into(), None).await?;
            }
            (kind, step) => return Err(PartError::Refused(format!("nobody here knows the part {step} of {kind}"))),
        }
        Ok(Outcome::Finished)
    }
}

/// Account, profile and sessions: few rows, one batch.
async fn export(work: &mut Work, person: Uuid) -> Result<(), PartError> {
    if !work.is_fresh() {
        return Ok(());
    }
    let mut batch = work.begin().await?;
    let rows = sqlx::query!(r#"SELECT path AS "path!", line AS "line!" FROM auth.person_for_export($1)"#, person)
        .fetch_all(&mut *batch)
        .await?;
    for row in &rows {
        batch.append(&row.path, format!("{}\n", row.line).as_bytes()).await?;
    }
    batch.save(&"written", rows.len() as u64, None).await
}
