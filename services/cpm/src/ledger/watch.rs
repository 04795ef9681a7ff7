//! What is done beside the jobs, never in their transactions: budgets that have reached 80 or 100 percent are noted and told, and
//! what ended jobs used is added up by day.

use std::time::Duration;

use hg_common::{
    db::SystemDb,
    http::{ShutdownToken, error_chain},
};
use hg_types::Usd;

use super::{Refusals, calls::usd};

/// How often budgets are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Usage is counted with every so many looks.
const COUNT_EVERY: u32 = 12;
/// Jobs that are counted in one transaction.
const COUNT_BATCH: i32 = 5_000;

/// A threshold that was just reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWarning {
    /// Whose budget: a slug; none for the global one.
    pub client: Option<String>,
    /// `day` or `month`.
    pub period: String,
    /// 80 or 100.
    pub percent: i16,
    /// The limit.
    pub limit: Usd,
    /// What is spent.
    pub spent: Usd,
    /// Whether jobs are refused although the limit itself isn't reached.
    pub is_refusing: bool,
}

/// Notes which budgets have reached a threshold, each once, and says which are new.
///
/// # Errors
/// When the database fails.
pub async fn warn(db: &SystemDb, refusals: &Refusals) -> Result<Vec<NewWarning>, sqlx::Error> {
    let refused = refusals.take();
    let mut tx = db.begin().await?;
    let rows = sqlx::query!(
        r#"SELECT slug, period::text AS "period!", percent AS "percent!", limit_usd AS "limit!", spent AS "spent!", refusing AS "refusing!"
             FROM app.budgets_warn($1)"#,
        refused
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    rows.into_iter()
        .map(|row| {
            Ok(NewWarning {
                client: row.slug,
                period: row.period,
                percent: row.percent,
                limit: usd(row.limit)?,
                spent: usd(row.spent)?,
                is_refusing: row.refusing,
            })
        })
        .collect()
}

/// Adds up what jobs used that have ended and aren't counted yet; at most a batch of them. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn usage_count(db: &SystemDb) -> Result<i32, sqlx::Error> {
    let mut tx = db.begin().await?;
    let jobs = sqlx::query_scalar!(r#"SELECT app.usage_count($1) AS "jobs!""#, COUNT_BATCH).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(jobs)
}

/// Looks again and again until `over`.
pub async fn watch(db: SystemDb, refusals: Refusals, over: ShutdownToken) {
    let mut tick = tokio::time::interval(LOOK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0_u32;
    loop {
        tokio::select! {
            () = over.cancelled() => return,
            _ = tick.tick() => {}
        }
        match warn(&db, &refusals).await {
            Ok(reached) => reached.iter().for_each(tell),
            Err(error) => tracing::warn!(error = %error_chain(&error), "budgets could not be looked at"),
        }
        if looks.is_multiple_of(COUNT_EVERY)
            && let Err(error) = count_all(&db, &over).await
        {
            tracing::warn!(error = %error_chain(&error), "usage could not be counted: figures come slower");
        }
        looks = looks.wrapping_add(1);
    }
}

async fn count_all(db: &SystemDb, over: &ShutdownToken) -> Result<(), sqlx::Error> {
    while usage_count(db).await? >= COUNT_BATCH && !over.is_cancelled() {}
    Ok(())
}

fn tell(reached: &NewWarning) {
    let NewWarning { client, period, percent, limit, spent, is_refusing } = reached;
    let whose = client.as_deref().unwrap_or("all clients");
    let scope = if client.is_some() { "client" } else { "global" };
    metrics::counter!("cpm_budget_warnings_total", "scope" => scope, "period" => period.clone(), "percent" => percent.to_string())
        .increment(1);
    tracing::warn!(client = whose, period, percent, %limit, %spent, refusing = is_refusing, "a budget has reached a threshold");
}
