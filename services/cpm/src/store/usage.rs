//! What ended jobs used and cost (`app.usage_figures`): counted by day, and what isn't counted yet.

use chrono::NaiveDate;
use hg_common::db::TenantTx;
use hg_contracts::cpm::{CostFigures, CostsByKnowledge, SpentByHeading, UsageFigures, UsageGroup};
use hg_types::ClientId;
use uuid::Uuid;

use super::usd;

/// Of what figures are asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The clients.
    pub clients: Vec<Uuid>,
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// By what to tell apart.
    pub dims: Vec<String>,
    /// So many rows at most.
    pub most: i32,
}

/// A row of figures.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Of what; nothing in the row of all others.
    pub group: UsageGroup,
    /// How many rows this one stands for, where it has all others.
    pub others: Option<i64>,
    /// What was used.
    pub usage: UsageFigures,
    /// What it cost.
    pub costs: CostFigures,
}

/// Figures of what the scope sees, the newest day and the dearest first, the sum of all others last.
///
/// # Errors
/// When the database fails.
pub async fn usage_figures(tx: &mut TenantTx, asked: &Asked) -> Result<Vec<Figures>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"SELECT f.place, f.client_id, c.name AS "client_name?", f.provider, f.model, f.content_type::text AS content_type, f.day,
                  f.others AS "others!", f.results AS "results!", f.calls AS "calls!", f.input_tokens AS "input_tokens!",
                  f.cached_tokens AS "cached_tokens!", f.output_tokens AS "output_tokens!", f.reasoning_tokens AS "reasoning_tokens!",
                  f.cost AS "cost!", f.charged AS "charged!", f.failed AS "failed!", f.cancelled AS "cancelled!", f.unknown AS "unknown!",
                  f.reported AS "reported!", f.computed AS "computed!", f.estimated AS "estimated!", f.guessed AS "guessed!",
                  f.cache_write_tokens AS "cache_write_tokens!"
             FROM app.usage_figures($1, $2, $3, $4, $5) f LEFT JOIN clients c ON c.id = f.client_id
            ORDER BY f.place NULLS LAST"#,
        &asked.clients,
        asked.from,
        asked.to,
        &asked.dims,
        asked.most
    )
    .fetch_all(&mut **tx)
    .await?;
    let by_type = asked.dims.iter().any(|dim| dim == "content_type");
    rows.into_iter()
        .map(|row| {
            let content_type = row.content_type.or_else(|| by_type.then(|| "unknown".to_owned()));
            let group = UsageGroup {
                client_id: row.client_id.map(ClientId),
                client_name: row.client_name,
                provider: row.provider,
                model: row.model,
                content_type: content_type.filter(|_| row.place.is_some()),
                day: row.day,
            };
            let usage = UsageFigures {
                results: row.results,
                calls: row.calls,
                input_tokens: row.input_tokens,
                cached_tokens: row.cached_tokens,
                cache_write_tokens: row.cache_write_tokens,
                output_tokens: row.output_tokens,
                reasoning_tokens: row.reasoning_tokens,
            };
            let costs = CostFigures {
                total_usd: usd(row.cost)?,
                by_heading: SpentByHeading {
                    charged_usd: usd(row.charged)?,
                    failed_usd: usd(row.failed)?,
                    cancelled_usd: usd(row.cancelled)?,
                    unknown_usd: usd(row.unknown)?,
                },
                by_knowledge: CostsByKnowledge {
                    reported_usd: usd(row.reported)?,
                    computed_usd: usd(row.computed)?,
                    estimated_usd: usd(row.estimated)?,
                    unknown_usd: usd(row.guessed)?,
                },
            };
            Ok(Figures { group, others: row.place.is_none().then_some(row.others), usage, costs })
        })
        .collect()
}
