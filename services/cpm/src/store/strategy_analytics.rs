//! What came of a strategy, version by version. Jobs name the versions that they were made from; no index helps, so the
//! question is bounded by clients and days instead, and nothing is added to what accepting a job costs.

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::cpm::StrategyFigures;
use hg_types::StrategyId;
use serde_json::json;
use uuid::Uuid;

use super::usd;

/// Figures of these clients' jobs since then, the newest version first.
///
/// # Errors
/// When the database fails.
pub async fn strategy_figures(
    tx: &mut TenantTx,
    strategy: StrategyId,
    clients: &[Uuid],
    since: DateTime<Utc>,
) -> Result<Vec<StrategyFigures>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT (source ->> 'version')::int AS "version!", count(*) AS "jobs!",
                  count(*) FILTER (WHERE j.status = 'completed') AS "completed!",
                  count(*) FILTER (WHERE j.status = 'failed') AS "failed!",
                  count(*) FILTER (WHERE j.status = 'cancelled') AS "cancelled!",
                  (avg(j.quality_score) FILTER (WHERE j.status = 'completed'))::float8 AS mean_quality,
                  coalesce(sum(j.cost), 0) AS "cost!", min(j.created_at) AS "first_at!", max(j.created_at) AS "last_at!"
             FROM jobs j CROSS JOIN LATERAL jsonb_array_elements(j.strategy_sources) AS source
            WHERE j.client_id = ANY ($1) AND j.id >= app.uuid_v7_floor($2)
              AND j.strategy_sources @> $3 AND source ->> 'strategy_id' = $4
            GROUP BY 1
            ORDER BY 1 DESC"#,
        clients,
        since,
        json!([{"strategy_id": strategy}]),
        strategy.to_string(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(StrategyFigures {
                version: row.version,
                jobs: row.jobs,
                completed: row.completed,
                failed: row.failed,
                cancelled: row.cancelled,
                success_rate: share(row.completed, row.completed + row.failed),
                mean_quality: row.mean_quality,
                cost_usd: usd(row.cost)?,
                first_at: row.first_at,
                last_at: row.last_at,
            })
        })
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "jobs of a year are far below 2^53")]
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
