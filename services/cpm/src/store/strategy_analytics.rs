//! What came of a strategy or of SEO rules, version by version (`app.source_figures`). Jobs that have ended are counted off
//! their path, into narrow rows (`job_outcomes`); those that aren't counted yet are read themselves.

use chrono::{DateTime, Utc};
use hg_common::db::TenantTx;
use hg_contracts::cpm::StrategyFigures;
use uuid::Uuid;

use super::usd;

/// Figures of these clients' jobs since then, the newest version first. `source` is a strategy's id, or one of SEO rules.
///
/// # Errors
/// When the database fails.
pub async fn source_figures(
    tx: &mut TenantTx,
    source: Uuid,
    clients: &[Uuid],
    since: DateTime<Utc>,
) -> Result<Vec<StrategyFigures>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT version AS "version!", jobs AS "jobs!", completed AS "completed!", failed AS "failed!", cancelled AS "cancelled!",
                  mean_quality, median_quality, cost AS "cost!", edited AS "edited!", mean_change, approved AS "approved!",
                  rejected AS "rejected!", first_at AS "first_at!", last_at AS "last_at!"
             FROM app.source_figures($1, $2, $3)"#,
        source,
        clients,
        since,
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
                median_quality: row.median_quality,
                edited: row.edited,
                edited_share: share(row.edited, row.completed),
                mean_change: row.mean_change,
                approved: row.approved,
                rejected: row.rejected,
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
