//! All SQL of content production's parts. Runs as `hg_system`: each statement names its client.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::PgQueryResult};
use uuid::Uuid;

/// Asks what waits or runs for these clients to stop; how many were not asked before.
pub(super) async fn runs_cancel(db: &mut PgConnection, clients: &[Uuid]) -> Result<i64, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE job_runs SET cancel_requested_at = now() WHERE client_id = ANY ($1) AND cancel_requested_at IS NULL",
        clients
    )
    .execute(db)
    .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// How many jobs of these clients live.
pub(super) async fn runs_count(db: &mut PgConnection, clients: &[Uuid]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM job_runs WHERE client_id = ANY ($1)"#, clients)
        .fetch_one(db)
        .await
}

/// How many jobs these clients have.
pub(super) async fn jobs_count(db: &mut PgConnection, clients: &[Uuid]) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM jobs WHERE client_id = ANY ($1)"#, clients)
        .fetch_one(db)
        .await
}

/// How many ended jobs of a client were accepted before a time.
pub(super) async fn jobs_count_before(
    db: &mut PgConnection,
    client: Uuid,
    before: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM jobs
            WHERE client_id = $1 AND id < app.uuid_v7_floor($2) AND status IN ('completed', 'failed', 'cancelled')"#,
        client,
        before
    )
    .fetch_one(db)
    .await
}

/// Ended jobs of a client, the oldest first; those accepted before a time, where one is given.
pub(super) async fn jobs_ended(
    db: &mut PgConnection,
    client: Uuid,
    before: Option<DateTime<Utc>>,
    most: i64,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "SELECT id FROM jobs
          WHERE client_id = $1 AND ($2::timestamptz IS NULL OR id < app.uuid_v7_floor($2))
            AND status IN ('completed', 'failed', 'cancelled')
          ORDER BY id LIMIT $3",
        client,
        before,
        most
    )
    .fetch_all(db)
    .await
}

/// Deletes jobs of a client with their events, edits, verdicts and idempotency keys, and what providers said in words. Calls, charges and
/// reservations stay: they hold amounts, tokens, models and times.
pub(super) async fn jobs_delete(db: &mut PgConnection, client: Uuid, ids: &[Uuid]) -> Result<(), sqlx::Error> {
    // First: it waits for whoever edits or judges a text just now, and what they add is seen by what follows.
    sqlx::query!("DELETE FROM jobs WHERE id = ANY ($1) AND client_id = $2", ids, client).execute(&mut *db).await?;
    sqlx::query!("DELETE FROM job_events WHERE job_id = ANY ($1) AND client_id = $2", ids, client)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM content_versions WHERE job_id = ANY ($1) AND client_id = $2", ids, client)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM content_approvals WHERE job_id = ANY ($1) AND client_id = $2", ids, client)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM job_outcomes WHERE job_id = ANY ($1) AND client_id = $2", ids, client)
        .execute(&mut *db)
        .await?;
    sqlx::query!("DELETE FROM job_idempotency WHERE client_id = $2 AND job_id = ANY ($1)", ids, client)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "UPDATE provider_calls SET error_message = NULL, generation_id = NULL
          WHERE job_id = ANY ($1) AND client_id = $2 AND (error_message IS NOT NULL OR generation_id IS NOT NULL)",
        ids,
        client
    )
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// Deletes what is left of jobs that are gone: events, edits, verdicts, figures and idempotency keys; how many rows of each at
/// most.
pub(super) async fn traces_delete(db: &mut PgConnection, client: Uuid, most: i64) -> Result<u64, sqlx::Error> {
    let events = sqlx::query!(
        "DELETE FROM job_events WHERE (job_id, seq) IN (SELECT e.job_id, e.seq FROM job_events e WHERE e.client_id = $1 LIMIT $2)",
        client,
        most
    )
    .execute(&mut *db)
    .await?;
    let keys = sqlx::query!(
        "DELETE FROM job_idempotency WHERE (principal, client_id, key) IN (
           SELECT i.principal, i.client_id, i.key FROM job_idempotency i WHERE i.client_id = $1 LIMIT $2)",
        client,
        most
    )
    .execute(&mut *db)
    .await?;
    let edits = sqlx::query!(
        "DELETE FROM content_versions WHERE (job_id, number) IN (
           SELECT v.job_id, v.number FROM content_versions v WHERE v.client_id = $1 LIMIT $2)",
        client,
        most
    )
    .execute(&mut *db)
    .await?;
    let verdicts = sqlx::query!(
        "DELETE FROM content_approvals WHERE id IN (SELECT a.id FROM content_approvals a WHERE a.client_id = $1 LIMIT $2)",
        client,
        most
    )
    .execute(&mut *db)
    .await?;
    let figures = sqlx::query!(
        "DELETE FROM job_outcomes WHERE (source_id, job_id) IN (
           SELECT o.source_id, o.job_id FROM job_outcomes o WHERE o.client_id = $1 LIMIT $2)",
        client,
        most
    )
    .execute(&mut *db)
    .await?;
    Ok([events, keys, edits, verdicts, figures].iter().map(PgQueryResult::rows_affected).sum())
}

/// Deletes events of a client's jobs that were accepted before a time and have ended.
pub(super) async fn events_delete_before(
    db: &mut PgConnection,
    client: Uuid,
    before: DateTime<Utc>,
    most: i64,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        "DELETE FROM job_events WHERE (job_id, seq) IN (
           SELECT e.job_id, e.seq FROM job_events e
            WHERE e.client_id = $1 AND e.job_id < app.uuid_v7_floor($2)
              AND NOT EXISTS (SELECT FROM job_runs r WHERE r.job_id = e.job_id)
            LIMIT $3)",
        client,
        before,
        most
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes API keys and provider keys of clients.
pub(super) async fn keys_delete(db: &mut PgConnection, clients: &[Uuid]) -> Result<u64, sqlx::Error> {
    let ours = sqlx::query!("DELETE FROM api_keys WHERE client_id = ANY ($1)", clients).execute(&mut *db).await?;
    let theirs =
        sqlx::query!("DELETE FROM provider_keys WHERE client_id = ANY ($1)", clients).execute(&mut *db).await?;
    Ok(ours.rows_affected() + theirs.rows_affected())
}

/// Deletes provider keys that belong to a person.
pub(super) async fn person_keys_delete(db: &mut PgConnection, person: Uuid) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!("DELETE FROM provider_keys WHERE user_id = $1", person).execute(db).await?;
    Ok(done.rows_affected())
}

/// A job as it is exported.
#[derive(Debug)]
pub(super) struct ExportedJob {
    pub(super) id: Uuid,
    pub(super) line: String,
    pub(super) slug: String,
    pub(super) title: Option<String>,
    pub(super) topic: String,
    pub(super) created_at: DateTime<Utc>,
    pub(super) markdown: Option<String>,
}

/// The next jobs of a client, in the order of their ids.
pub(super) async fn jobs_export(
    db: &mut PgConnection,
    client: Uuid,
    after: Uuid,
    most: i64,
) -> Result<Vec<ExportedJob>, sqlx::Error> {
    sqlx::query_as!(
        ExportedJob,
        r#"SELECT j.id, c.slug, j.title, j.topic, j.created_at, j.result ->> 'markdown' AS markdown,
                  jsonb_build_object(
                    'id', j.id, 'client_id', j.client_id, 'content_type', j.content_type, 'topic', j.topic,
                    'status', j.status, 'parameters', j.parameters, 'prompt', j.prompt, 'system_prompt', j.system_prompt,
                    'result', j.result, 'quality_score', j.quality_score, 'error_code', j.error_code,
                    'error_message', j.error_message, 'llm_provider', j.llm_provider, 'model', j.model,
                    'provider_model', j.provider_model, 'input_tokens', j.input_tokens, 'output_tokens', j.output_tokens,
                    'total_tokens', j.total_tokens, 'estimated_cost', j.estimated_cost, 'cost', j.cost,
                    'template_id', j.template_id, 'template_version', j.template_version,
                    'template_variant', j.template_variant, 'strategy_sources', j.strategy_sources,
                    'attempts', j.attempts, 'request_id', j.request_id, 'created_by', j.created_by,
                    'api_key_id', j.api_key_id, 'created_at', j.created_at, 'started_at', j.started_at,
                    'completed_at', j.completed_at,
                    'seo_sources', j.seo_sources,
                    'edits', (SELECT jsonb_agg(to_jsonb(v) ORDER BY v.number) FROM content_versions v WHERE v.job_id = j.id),
                    'approvals', (SELECT jsonb_agg(to_jsonb(a) ORDER BY a.id) FROM content_approvals a WHERE a.job_id = j.id),
                    'events', (SELECT jsonb_agg(jsonb_build_object('seq', e.seq, 'type', e.type, 'data', e.data, 'created_at', e.created_at) ORDER BY e.seq)
                                 FROM job_events e WHERE e.job_id = j.id)
                  )::text AS "line!"
             FROM jobs j JOIN clients c ON c.id = j.client_id
            WHERE j.client_id = $1 AND j.id > $2
            ORDER BY j.id LIMIT $3"#,
        client,
        after,
        most
    )
    .fetch_all(db)
    .await
}

/// The id with which the next so many jobs after another end; none where there are fewer.
pub(super) async fn jobs_window(db: &mut PgConnection, after: Uuid, wide: i64) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar!("SELECT id FROM jobs WHERE id > $1 ORDER BY id OFFSET $2 LIMIT 1", after, wide)
        .fetch_optional(db)
        .await
}

/// What a person asked for, between two ids: no text of a client.
pub(super) async fn jobs_asked_for(
    db: &mut PgConnection,
    person: Uuid,
    after: Uuid,
    up_to: Option<Uuid>,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('id', j.id, 'client_id', j.client_id, 'content_type', j.content_type, 'topic', j.topic,
                    'title', j.title, 'status', j.status, 'created_at', j.created_at)::text AS "line!"
             FROM jobs j
            WHERE j.id > $2 AND ($3::uuid IS NULL OR j.id <= $3) AND j.created_by = $1
            ORDER BY j.id"#,
        person,
        after,
        up_to
    )
    .fetch_all(db)
    .await
}

/// The texts that a person edited or judged: which, and when.
pub(super) async fn edits_of_person(db: &mut PgConnection, person: Uuid) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT jsonb_build_object('job_id', v.job_id, 'client_id', v.client_id, 'version', v.number, 'did', 'edited',
                    'created_at', v.created_at)::text AS "line!"
             FROM content_versions v WHERE v.created_by = $1
           UNION ALL
           SELECT jsonb_build_object('job_id', a.job_id, 'client_id', a.client_id, 'version', a.version, 'did', a.verdict,
                    'created_at', a.created_at)::text
             FROM content_approvals a WHERE a.created_by = $1"#,
        person
    )
    .fetch_all(db)
    .await
}
