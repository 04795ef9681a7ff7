//! Verdicts about texts. They are added and never changed: the newest holds.

use hg_common::db::TenantTx;
use hg_contracts::cpm::{Approval, Verdict};
use hg_types::{JobId, UserId};
use serde_json::Value;

use super::content::{Made, author};

/// A verdict to be kept.
#[derive(Debug)]
pub struct NewApproval<'a> {
    /// What it is.
    pub verdict: Verdict,
    /// Of which version.
    pub version: i32,
    /// Why.
    pub note: Option<&'a str>,
    /// Who gives it, where it is a person.
    pub by: Option<UserId>,
}

/// Keeps a verdict.
///
/// # Errors
/// When the database fails or refuses.
pub async fn approval_create(tx: &mut TenantTx, made: &Made, new: &NewApproval<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO content_approvals (job_id, client_id, version, verdict, note, created_by) VALUES ($1, $2, $3, $4, $5, $6)",
        made.job.uuid(),
        made.client.uuid(),
        new.version,
        new.verdict.as_str(),
        new.note,
        new.by.map(UserId::uuid),
    )
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// The verdicts about a job's text that the scope sees, the newest first.
///
/// # Errors
/// When the database fails.
pub async fn approval_list(
    tx: &mut TenantTx,
    job: JobId,
    newest: i32,
    most: i64,
) -> Result<Vec<Approval>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT a.version, a.verdict, a.note, a.created_by, p.display_name AS "author_name?", a.created_at
             FROM content_approvals a LEFT JOIN app.content_people($1) AS p ON p.user_id = a.created_by
            WHERE a.job_id = $1 AND a.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[])
            ORDER BY a.id DESC LIMIT $2"#,
        job.uuid(),
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let verdict = serde_json::from_value::<Verdict>(Value::String(row.verdict));
            Ok(Approval {
                verdict: verdict.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                version: row.version,
                is_current: row.version == newest,
                note: row.note,
                author: author(row.created_by, row.author_name),
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The verdict that holds, if one does.
pub(super) async fn approval_held(tx: &mut TenantTx, job: JobId, newest: i32) -> Result<Option<Approval>, sqlx::Error> {
    let last = approval_list(tx, job, newest, 1).await?.pop();
    Ok(last.filter(|approval| approval.verdict != Verdict::Withdrawn))
}
