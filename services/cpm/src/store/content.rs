//! Texts that were made, and the versions that people made of them. Version 0 is the generated text, in `jobs.result`; nothing
//! here overwrites it.

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::{
    cpm::{ContentVersion, ContentVersionInfo, JobResult},
    smm::Author,
};
use hg_quality::Rules;
use hg_types::{ClientId, ContentType, JobId, JobStatus, UserId};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::named;
use crate::domain::request::JobParameters;

/// A job with what was made of it.
#[derive(Debug)]
pub struct Made {
    /// The job.
    pub job: JobId,
    /// Whose.
    pub client: ClientId,
    /// Whether the scope may change it.
    pub may_write: bool,
    /// Where it stands.
    pub status: JobStatus,
    /// What kind.
    pub content_type: ContentType,
    /// What was asked for.
    pub parameters: JobParameters,
    /// By what it was checked; the usual rules for jobs from before they were kept.
    pub rules: Rules,
    /// The generated text, if there is one.
    pub result: Option<JobResult>,
    /// Its score.
    pub quality_score: Option<u8>,
    /// When it was there.
    pub completed_at: Option<DateTime<Utc>>,
    /// The newest version, 0 where nobody has edited it.
    pub newest: i32,
}

/// A job with what was made of it; `None` where the scope sees no such job.
///
/// # Errors
/// When the database fails.
pub async fn made_fetch(tx: &mut TenantTx, job: JobId) -> Result<Option<Made>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT j.client_id, coalesce(app.role_on(j.client_id) >= 'member', false) AS "may_write!", j.status::text AS "status!",
                  j.content_type::text AS "content_type!", j.parameters AS "parameters: Json<JobParameters>", j.quality_rules,
                  j.result AS "result: Json<JobResult>", j.quality_score, j.completed_at,
                  coalesce((SELECT max(v.number) FROM content_versions v WHERE v.job_id = j.id), 0) AS "newest!"
             FROM jobs j WHERE j.id = $1 AND j.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[])"#,
        job.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| {
        Ok(Made {
            job,
            client: row.client_id.into(),
            may_write: row.may_write,
            status: named(&row.status)?,
            content_type: named(&row.content_type)?,
            parameters: row.parameters.0,
            rules: row.quality_rules.map(understood).unwrap_or_default(),
            result: row.result.map(|result| result.0),
            quality_score: row.quality_score.and_then(|score| u8::try_from(score).ok()),
            completed_at: row.completed_at,
            newest: row.newest,
        })
    })
    .transpose()
}

/// Keeps a job from being deleted until the transaction ends, so that nothing is added to what is gone; whether it is still
/// there.
///
/// # Errors
/// When the database fails.
pub async fn made_hold(tx: &mut TenantTx, made: &Made) -> Result<bool, sqlx::Error> {
    let held = sqlx::query_scalar!(
        "SELECT id FROM jobs WHERE id = $1 AND client_id = $2 FOR KEY SHARE",
        made.job.uuid(),
        made.client.uuid()
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held.is_some())
}

/// A newer version of this program may know further rules: without them a text can be judged all the same.
fn understood(rules: Value) -> Rules {
    serde_json::from_value(rules).unwrap_or_else(|error| {
        tracing::warn!(error = %error, "a job's rules are not understood: the usual ones are taken");
        Rules::default()
    })
}

/// A version to be made.
#[derive(Debug)]
pub struct NewVersion<'a> {
    /// Its number: one more than the newest.
    pub number: i32,
    /// The text, judged.
    pub result: &'a JobResult,
    /// Its score.
    pub score: u8,
    /// Which part of the words differs from what was generated, 0–1.
    pub changed: f32,
    /// Which version it brings back, if it does.
    pub restored_from: Option<i32>,
    /// Why.
    pub note: Option<&'a str>,
    /// Who makes it, where it is a person.
    pub by: Option<UserId>,
}

/// Makes a version. Of two with one number the second breaks `content_versions_pkey`.
///
/// # Errors
/// When the database fails or refuses.
pub async fn content_version_create(tx: &mut TenantTx, made: &Made, new: &NewVersion<'_>) -> Result<(), sqlx::Error> {
    let result = new.result;
    sqlx::query!(
        "INSERT INTO content_versions (job_id, number, client_id, title, content, meta_description, parts, word_count, quality,
                                       quality_score, changed, restored_from, note, created_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        made.job.uuid(),
        new.number,
        made.client.uuid(),
        result.title,
        result.content,
        result.meta_description,
        Json(&result.parts) as _,
        i32::try_from(result.word_count).unwrap_or(i32::MAX),
        result.quality,
        i16::from(new.score),
        new.changed,
        new.restored_from,
        new.note,
        new.by.map(UserId::uuid),
    )
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// A version as it is listed, the generated one included.
struct InfoRow {
    number: i32,
    title: Option<String>,
    word_count: i32,
    quality_score: Option<i16>,
    changed: f32,
    restored_from: Option<i32>,
    note: Option<String>,
    created_by: Option<Uuid>,
    author_name: Option<String>,
    created_at: DateTime<Utc>,
}

impl InfoRow {
    fn info(self, newest: i32) -> ContentVersionInfo {
        ContentVersionInfo {
            version: self.number,
            is_current: self.number == newest,
            title: self.title,
            word_count: u32::try_from(self.word_count).unwrap_or_default(),
            quality_score: self.quality_score.and_then(|score| u8::try_from(score).ok()),
            changed: shown(self.changed),
            restored_from: self.restored_from,
            note: self.note,
            author: author(self.created_by, self.author_name),
            created_at: self.created_at,
        }
    }
}

/// A share to four places: more is noise.
fn shown(share: f32) -> f64 {
    (f64::from(share) * 10_000.0).round() / 10_000.0
}

pub(super) fn author(id: Option<Uuid>, name: Option<String>) -> Option<Author> {
    id.zip(name).map(|(id, name)| Author { user_id: id.into(), name })
}

/// A page of versions, the newest first; the generated one is the last.
///
/// # Errors
/// When the database fails.
pub async fn content_version_list(
    tx: &mut TenantTx,
    made: &Made,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<ContentVersionInfo>, sqlx::Error> {
    let rows = sqlx::query_as!(
        InfoRow,
        r#"SELECT * FROM (
             SELECT v.number AS "number!", v.title AS "title?", v.word_count AS "word_count!", v.quality_score AS "quality_score?",
                    v.changed AS "changed!", v.restored_from AS "restored_from?", v.note AS "note?", v.created_by AS "created_by?",
                    p.display_name AS "author_name?", v.created_at AS "created_at!"
               FROM content_versions v LEFT JOIN app.content_people($1) AS p ON p.user_id = v.created_by
              WHERE v.job_id = $1 AND v.client_id = $2
             UNION ALL
             SELECT 0, j.result ->> 'title', coalesce((j.result ->> 'word_count')::integer, 0), j.quality_score, 0::real, NULL, NULL, NULL,
                    NULL, coalesce(j.completed_at, j.created_at)
               FROM jobs j WHERE j.id = $1 AND j.client_id = $2
           ) AS versions WHERE $3::integer IS NULL OR "number!" < $3 ORDER BY "number!" DESC LIMIT $4"#,
        made.job.uuid(),
        made.client.uuid(),
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.info(made.newest)).collect())
}

/// One version, the generated one included.
///
/// # Errors
/// When the database fails.
pub async fn content_version_fetch(
    tx: &mut TenantTx,
    made: &Made,
    number: i32,
) -> Result<Option<ContentVersion>, sqlx::Error> {
    if number > 0 {
        return edit_fetch(tx, made.job, Some(number), made.newest).await;
    }
    let generated = made.result.clone().filter(|_| number == 0);
    Ok(generated.zip(made.completed_at).map(|(result, created_at)| ContentVersion {
        info: ContentVersionInfo {
            version: 0,
            is_current: made.newest == 0,
            title: result.title.clone(),
            word_count: result.word_count,
            quality_score: made.quality_score,
            changed: 0.0,
            restored_from: None,
            note: None,
            author: None,
            created_at,
        },
        result,
    }))
}

/// The newest edit of a job that the scope sees, if there is one.
pub(super) async fn newest_edit(tx: &mut TenantTx, job: JobId) -> Result<Option<ContentVersion>, sqlx::Error> {
    edit_fetch(tx, job, None, 0).await.map(|found| {
        found.map(|mut edit| {
            edit.info.is_current = true;
            edit
        })
    })
}

async fn edit_fetch(
    tx: &mut TenantTx,
    job: JobId,
    number: Option<i32>,
    newest: i32,
) -> Result<Option<ContentVersion>, sqlx::Error> {
    let row = sqlx::query!(
        r#"SELECT v.number, v.title, v.content, v.meta_description, v.parts, v.word_count, v.quality, v.quality_score, v.changed,
                  v.restored_from, v.note, v.created_by, p.display_name AS "author_name?", v.created_at
             FROM content_versions v LEFT JOIN app.content_people($1) AS p ON p.user_id = v.created_by
            WHERE v.job_id = $1 AND v.client_id = ANY ((SELECT app.accessible_client_ids())::uuid[]) AND ($2::integer IS NULL OR v.number = $2)
            ORDER BY v.number DESC LIMIT 1"#,
        job.uuid(),
        number,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let info = InfoRow {
        number: row.number,
        title: row.title.clone(),
        word_count: row.word_count,
        quality_score: Some(row.quality_score),
        changed: row.changed,
        restored_from: row.restored_from,
        note: row.note,
        created_by: row.created_by,
        author_name: row.author_name,
        created_at: row.created_at,
    };
    let info = info.info(newest);
    let parts = serde_json::from_value(row.parts).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let result = JobResult {
        content: row.content,
        title: row.title,
        meta_description: row.meta_description,
        word_count: info.word_count,
        parts,
        quality: row.quality,
    };
    Ok(Some(ContentVersion { info, result }))
}
