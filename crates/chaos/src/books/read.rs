//! Reads the books.

use anyhow::{Context as _, Result};
use hg_simulator::Outcome;
use uuid::Uuid;

use super::{Books, ProviderCall};
use crate::{
    load::{Told, number_in},
    observer::Seen,
    system::{Limit, System},
};

impl Books {
    /// All of it, once nothing runs any more.
    pub(crate) async fn read(system: &System, told: Told, seen: Seen, limits: Vec<Limit>) -> Result<Self> {
        let mut db = system.db().await?;
        let db = &mut db;
        let jobs = sqlx::query_as(
            "SELECT j.id, j.topic, j.status::text, j.error_code, (j.cost * 1000000000)::bigint AS cost, j.created_at, j.completed_at,
                    r.job_id IS NOT NULL AS lives
               FROM jobs j LEFT JOIN job_runs r ON r.job_id = j.id ORDER BY j.id",
        )
        .fetch_all(&mut *db)
        .await
        .context("the jobs can't be read")?;
        let charges = sqlx::query_as("SELECT job_id, client_id, (amount * 1000000000)::bigint AS amount FROM charges")
            .fetch_all(&mut *db)
            .await?;
        let calls = sqlx::query_as(
            "SELECT job_id, client_id, attempt, status::text, (cost * 1000000000)::bigint AS cost, generation_id
               FROM provider_calls ORDER BY job_id, id",
        )
        .fetch_all(&mut *db)
        .await?;
        let keys = sqlx::query_as("SELECT key, job_id FROM job_idempotency").fetch_all(&mut *db).await?;
        let events = sqlx::query_as("SELECT job_id, seq, type AS kind FROM job_events ORDER BY job_id, seq")
            .fetch_all(&mut *db)
            .await?;
        let budgets = sqlx::query_as(
            "SELECT client_id, period::text, (sum(reserved) * 1000000000)::bigint AS reserved,
                    (sum(spent) * 1000000000)::bigint AS spent, (sum(spent_charged) * 1000000000)::bigint AS spent_charged
               FROM budgets GROUP BY client_id, period",
        )
        .fetch_all(&mut *db)
        .await?;
        let open = sqlx::query_as(
            "SELECT job_id FROM reservations WHERE settled_at IS NULL UNION SELECT job_id FROM reservation_parts",
        )
        .fetch_all(&mut *db)
        .await?;
        let parents: Vec<(Uuid, Option<Uuid>)> =
            sqlx::query_as("SELECT id, parent_id FROM clients").fetch_all(&mut *db).await?;
        let provider = system.simulator.calls().into_iter().map(|call| ProviderCall {
            number: number_in(&call.user).or_else(|| number_in(&call.system)),
            completed: call.outcome == Outcome::Completed,
            answered: call.status == 200,
            cost: i64::try_from(call.cost_nano_usd).unwrap_or(i64::MAX),
            id: call.id,
        });
        Ok(Self {
            jobs,
            charges,
            calls,
            provider: provider.collect(),
            keys,
            events,
            budgets,
            open,
            parents: parents.into_iter().collect(),
            limits,
            seen,
            told,
        })
    }
}
