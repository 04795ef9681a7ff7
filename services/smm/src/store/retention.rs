//! How long clients' things are kept, as they say it. In the table 0 is for ever.

use hg_common::db::{TenantTx, parsed};
use hg_contracts::smm::SaveRetention;
use hg_types::{ClientId, UserId};

use crate::domain::retention::Said;

/// What a client and everything above it say, the client first.
pub(crate) async fn retention_chain(tx: &mut TenantTx, client: ClientId) -> Result<Vec<Said>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT chain.id AS "id!", chain.name AS "name!", chain.type::text AS "client_type!", r.jobs_days AS "jobs_days?",
                  r.logs_days AS "logs_days?"
             FROM app.ancestor_chain($1) AS chain LEFT JOIN client_retention r ON r.client_id = chain.id
            ORDER BY chain.distance"#,
        client.uuid()
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Said {
                client: row.id.into(),
                name: row.name,
                client_type: parsed(&row.client_type)?,
                jobs: row.jobs_days.map(said),
                logs: row.logs_days.map(said),
            })
        })
        .collect()
}

/// Puts what a client says in the place of what it said before.
pub(crate) async fn retention_put(
    tx: &mut TenantTx,
    client: ClientId,
    save: &SaveRetention,
    by: Option<UserId>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO client_retention (client_id, jobs_days, logs_days, updated_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (client_id) DO UPDATE
            SET jobs_days = excluded.jobs_days, logs_days = excluded.logs_days, updated_by = excluded.updated_by, updated_at = now()",
        client.uuid(),
        save.jobs_days.map(stored),
        save.logs_days.map(stored),
        by.map(UserId::uuid)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn said(days: i32) -> Option<u32> {
    u32::try_from(days).ok().filter(|days| *days > 0)
}

fn stored(days: Option<u32>) -> i32 {
    days.and_then(|days| i32::try_from(days).ok()).unwrap_or(0)
}
