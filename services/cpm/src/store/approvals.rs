//! Verdicts about texts. They are added and never changed: the newest holds.

use hg_common::db::TenantTx;
use hg_contracts::cpm::{Approval, Verdict};
use hg_types::{JobId, UserId};
use serde_json::Value;
use uuid::Uuid;

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

/// How many verdicts there are about a job's text, whoever gave them.
///
/// # Errors
/// When the database fails.
pub async fn approval_count(tx: &mut TenantTx, job: JobId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM content_approvals WHERE job_id = $1"#, job.uuid())
        .fetch_one(&mut **tx)
        .await
}

/// A page of the verdicts about a job's text that the scope sees, the newest first, each with its id: those before one, or
/// from the newest on.
///
/// # Errors
/// When the database fails.
pub async fn approval_list(
    tx: &mut TenantTx,
    job: JobId,
    newest: i32,
    before: Option<Uuid>,
    most: i64,
) -> Result<Vec<(Uuid, Approval)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT a.id, a.version, a.verdict, a.note, a.created_by, p.display_name AS "author_name?", a.created_at
             FROM content_approvals a LEFT JOIN app.content_people($1) AS p ON p.user_id = a.created_by
            WHERE a.job_id = $1 AND a.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]) AND ($2::uuid IS NULL OR a.id < $2)
            ORDER BY a.id DESC LIMIT $3"#,
        job.uuid(),
        before,
        most,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let verdict = serde_json::from_value::<Verdict>(Value::String(row.verdict));
            let approval = Approval {
                verdict: verdict.map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                version: row.version,
                is_current: row.version == newest,
                note: row.note,
                author: author(row.created_by, row.author_name),
                created_at: row.created_at,
            };
            Ok((row.id, approval))
        })
        .collect()
}

/// The last verdict, whatever it says.
///
/// # Errors
/// When the database fails.
pub async fn approval_last(tx: &mut TenantTx, job: JobId, newest: i32) -> Result<Option<Approval>, sqlx::Error> {
    Ok(approval_list(tx, job, newest, None, 1).await?.pop().map(|(_, approval)| approval))
}

/// The verdict that holds, if one does.
pub(super) async fn approval_held(tx: &mut TenantTx, job: JobId, newest: i32) -> Result<Option<Approval>, sqlx::Error> {
    Ok(approval_last(tx, job, newest).await?.filter(|approval| approval.verdict != Verdict::Withdrawn))
}
