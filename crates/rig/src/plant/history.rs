//! Finished jobs of months past, written by SQL: what a list has to cope with.
//!
//! Ids are UUIDv7 of the instants at which the jobs would have been accepted, spread evenly over this month and the five
//! before it, whose partitions are made here as the migrations make the present ones. Of a hundred jobs 95 are completed,
//! four failed, one was cancelled.

use anyhow::{Context as _, Result};
use hg_types::ClientId;
use sqlx::{AssertSqlSafe, PgConnection};

/// How far back it goes.
const DAYS: i32 = 150;
/// Partitions before the present month's.
const MONTHS: i32 = 5;
/// Rows per statement.
const BATCH: i64 = 50_000;

/// The jobs of an agency's customers.
pub struct History {
    agency: ClientId,
    rows: i64,
}

impl History {
    /// Of this agency, none so far. The [`partitions`](Self::partitions) must be there.
    #[must_use]
    pub const fn of(agency: ClientId) -> Self {
        Self { agency, rows: 0 }
    }

    /// Makes the partitions of months past.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn partitions(db: &mut PgConnection) -> Result<()> {
        let statements: Vec<String> = sqlx::query_scalar(
            "SELECT format('CREATE TABLE public.%I PARTITION OF public.jobs FOR VALUES FROM (%L) TO (%L)',
                           'jobs_' || to_char(month, 'YYYY_MM'), app.uuid_v7_floor(month AT TIME ZONE 'UTC'),
                           app.uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC'))
               FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => n) AS month
                       FROM generate_series(1, $1) n) AS past",
        )
        .bind(MONTHS)
        .fetch_all(&mut *db)
        .await?;
        sqlx::raw_sql("SET ROLE hg_owner").execute(&mut *db).await?;
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *db).await.context("cannot make a partition")?;
        }
        sqlx::raw_sql("RESET ROLE").execute(&mut *db).await?;
        Ok(())
    }

    /// Adds rows until there are so many, and lets Postgres look at them.
    ///
    /// # Errors
    /// The database refuses.
    pub async fn grow(&mut self, db: &mut PgConnection, rows: i64) -> Result<()> {
        // Only these rows: the services' connections wait for the disk as ever.
        sqlx::raw_sql("SET synchronous_commit = off").execute(&mut *db).await?;
        while self.rows < rows {
            let more = BATCH.min(rows - self.rows);
            self.add(db, more).await.context("cannot plant jobs")?;
            self.rows += more;
        }
        sqlx::raw_sql("VACUUM ANALYZE jobs").execute(&mut *db).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&mut *db).await?;
        Ok(())
    }

    async fn add(&self, db: &mut PgConnection, rows: i64) -> Result<()> {
        sqlx::query(
            r#"WITH customers AS (
                 SELECT array_agg(id ORDER BY slug) AS ids FROM clients WHERE parent_id = $1
               ), planned AS (
                 -- The golden ratio spreads every batch evenly over the whole time.
                 SELECT n, now() - interval '1 minute' - make_interval(days => $4) * ((n * 0.6180339887498949) % 1.0)::float8 AS at,
                        ids[1 + (n % cardinality(ids))::int] AS client,
                        CASE WHEN n % 100 < 95 THEN 'completed' WHEN n % 100 < 99 THEN 'failed' ELSE 'cancelled' END::job_status AS status
                   FROM generate_series($2::bigint, $2 + $3 - 1) n, customers
               )
               INSERT INTO jobs (id, client_id, topic, content_type, prompt, llm_provider, model, provider_model, status, parameters,
                                 result, error_code, error_message, input_tokens, output_tokens, total_tokens, estimated_cost, cost,
                                 quality_score, attempts, request_id, created_at, updated_at, started_at, completed_at)
               SELECT app.uuid_v7(at), client, 'Question ' || n || ' of our customers, answered',
                      (enum_range(NULL::content_type))[1 + (n % 5)::int], '', 'openai', 'gpt-4o-mini', 'gpt-4o-mini', status,
                      '{"keywords": ["panel upgrade"], "max_tokens": 3000}',
                      CASE status WHEN 'completed' THEN jsonb_build_object('content', repeat('What electricians do. ', 20),
                        'title', 'Question ' || n || ', answered', 'word_count', 60, 'quality', '{}'::jsonb) END,
                      CASE status WHEN 'failed' THEN 'provider_failed' END, CASE status WHEN 'failed' THEN 'The provider failed.' END,
                      900, 1200, 2100, 0.002, CASE status WHEN 'completed' THEN 0.000855 END,
                      CASE status WHEN 'completed' THEN 90 END, 1, 'planted-' || n, at, at, at, at + interval '20 seconds'
                 FROM planned"#,
        )
        .bind(self.agency.uuid())
        .bind(self.rows)
        .bind(rows)
        .bind(DAYS)
        .execute(db)
        .await?;
        Ok(())
    }
}
