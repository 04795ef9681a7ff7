//! Lists of jobs, newest first. A list never reads a result.

use hg_common::db::TenantTx;
use hg_contracts::cpm::JobSummary;
use hg_types::{ContentType, JobStatus, Provider};
use sqlx::{Postgres, QueryBuilder, Row, postgres::PgRow, types::Decimal};
use uuid::Uuid;

use super::{named, usd};

/// Which jobs.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Of these clients.
    pub clients: Vec<Uuid>,
    /// In this state.
    pub status: Option<JobStatus>,
    /// Of this kind.
    pub content_type: Option<ContentType>,
    /// By this provider.
    pub provider: Option<Provider>,
    /// With this in the topic.
    pub topic: Option<String>,
}

/// Which part of the list.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Older than this job.
    pub before: Option<Uuid>,
    /// Rows to skip.
    pub offset: i64,
    /// Rows to fetch.
    pub limit: i64,
}

impl JobFilter {
    fn push(&self, query: &mut QueryBuilder<Postgres>) {
        query.push(" WHERE j.client_id = ANY (").push_bind(self.clients.clone()).push(")");
        match self.status {
            // A living job is pending in `jobs`; `job_runs` tells more.
            Some(status @ (JobStatus::Pending | JobStatus::InProgress)) => {
                query.push(" AND j.status = 'pending' AND r.status = ").push_bind(status.as_str()).push("::job_status");
            }
            Some(status) => {
                query.push(" AND j.status = ").push_bind(status.as_str()).push("::job_status");
            }
            None => {}
        }
        if let Some(content_type) = self.content_type {
            query.push(" AND j.content_type = ").push_bind(content_type.as_str()).push("::content_type");
        }
        if let Some(provider) = self.provider {
            query.push(" AND j.llm_provider = ").push_bind(provider.as_str());
        }
        if let Some(topic) = &self.topic {
            query.push(" AND j.topic ILIKE ").push_bind(contains(topic));
        }
    }

    /// Whether it names nothing but clients, and how jobs ended.
    const fn is_simple(&self) -> bool {
        !self.needs_runs() && self.content_type.is_none() && self.provider.is_none() && self.topic.is_none()
    }

    const fn needs_runs(&self) -> bool {
        matches!(self.status, Some(JobStatus::Pending | JobStatus::InProgress))
    }
}

/// A pattern that finds the text itself, whatever is in it.
fn contains(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}

/// A part of the list.
///
/// Most lists are a function's: it keeps its plan, and other tenants' jobs don't make it longer. The rest, of one kind or
/// provider, with words in the topic, or of jobs that are alive, are put together here.
///
/// # Errors
/// When the database fails.
pub async fn job_list(tx: &mut TenantTx, filter: &JobFilter, slice: Slice) -> Result<Vec<JobSummary>, sqlx::Error> {
    if filter.is_simple() && slice.offset == 0 {
        let page = sqlx::query(
            "SELECT id, client_id, client_name, topic, content_type, status, stage, llm_provider, model, title, quality_score, cost,
                    error_code, error_message, created_at, started_at, completed_at
               FROM app.job_page($1, $2, $3, $4::job_status)",
        )
            .bind(&filter.clients)
            .bind(slice.before)
            .bind(i32::try_from(slice.limit).unwrap_or(i32::MAX))
            .bind(filter.status.map(|status| status.as_str()));
        return page.try_map(|row: PgRow| summary(&row)).fetch_all(&mut **tx).await;
    }
    let mut query = QueryBuilder::new(
        "SELECT j.id, j.client_id, c.name AS client_name, j.topic, j.content_type::text AS content_type,
                coalesce(r.status, j.status)::text AS status, r.stage, j.llm_provider, coalesce(j.provider_model, j.model) AS model,
                j.title, j.quality_score, j.cost, j.error_code, j.error_message, j.created_at, j.started_at, j.completed_at
           FROM (SELECT j.* FROM jobs j",
    );
    if filter.needs_runs() {
        query.push(" LEFT JOIN job_runs r ON r.job_id = j.id");
    }
    filter.push(&mut query);
    if let Some(before) = slice.before {
        query.push(" AND j.id < ").push_bind(before);
    }
    query.push(" ORDER BY j.id DESC LIMIT ").push_bind(slice.limit).push(" OFFSET ").push_bind(slice.offset);
    // The page is found before it is read: joined to all clients first, whoever sees many has all their jobs sorted for it.
    query.push(") j JOIN clients c ON c.id = j.client_id LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id DESC");
    query.build().try_map(|row: PgRow| summary(&row)).fetch_all(&mut **tx).await
}

/// How many jobs there are, counted up to `most`.
///
/// # Errors
/// When the database fails.
pub async fn job_count(tx: &mut TenantTx, filter: &JobFilter, most: i64) -> Result<i64, sqlx::Error> {
    if filter.is_simple() {
        let counted = sqlx::query_scalar("SELECT app.job_count($1, $2, $3::job_status)")
            .bind(&filter.clients)
            .bind(most)
            .bind(filter.status.map(|status| status.as_str()));
        return counted.fetch_one(&mut **tx).await;
    }
    let mut query = QueryBuilder::new("SELECT count(*) FROM (SELECT FROM jobs j");
    if filter.needs_runs() {
        query.push(" LEFT JOIN job_runs r ON r.job_id = j.id");
    }
    filter.push(&mut query);
    query.push(" LIMIT ").push_bind(most).push(") AS counted");
    query.build_query_scalar().fetch_one(&mut **tx).await
}

fn summary(row: &PgRow) -> Result<JobSummary, sqlx::Error> {
    let id: Uuid = row.try_get("id")?;
    let client_id: Uuid = row.try_get("client_id")?;
    let score: Option<i16> = row.try_get("quality_score")?;
    let cost: Option<Decimal> = row.try_get("cost")?;
    Ok(JobSummary {
        id: id.into(),
        client_id: client_id.into(),
        client_name: row.try_get("client_name")?,
        topic: row.try_get("topic")?,
        content_type: named(row.try_get("content_type")?)?,
        status: named(row.try_get("status")?)?,
        stage: row.try_get("stage")?,
        llm_provider: row.try_get("llm_provider")?,
        model: row.try_get("model")?,
        title: row.try_get("title")?,
        quality_score: score.and_then(|score| u8::try_from(score).ok()),
        cost_usd: cost.map(usd).transpose()?,
        error_code: row.try_get("error_code")?,
        error_message: row.try_get("error_message")?,
        created_at: row.try_get("created_at")?,
        started_at: row.try_get("started_at")?,
        completed_at: row.try_get("completed_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_means_what_it_says() {
        assert_eq!(contains(r"50%_\"), r"%50\%\_\\%");
    }
}
