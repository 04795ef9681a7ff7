//! Budgets as they stand, limits to set, and what was used and paid.

use chrono::{DateTime, NaiveDate, Utc};
use hg_common::auth::Principal;
use hg_types::{ClientId, Usd};
use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{CpmClient, patience::LIMITED_WITHIN};
use crate::{
    Page,
    client::{ClientError, path_segment},
};

/// Whose budgets to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListBudgets {
    /// Only this client (id or slug) and what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `true`: only clients of which a running budget has reached 80 % of its limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warned: Option<bool>,
    /// Where the previous page ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// 1–100, 20 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What was spent, by heading. Together they are all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SpentByHeading {
    /// Calls that made a result: what jobs were charged.
    pub charged_usd: Usd,
    /// Calls that failed, or whose result was lost.
    pub failed_usd: Usd,
    /// Calls that somebody stopped.
    pub cancelled_usd: Usd,
    /// Calls whose outcome nobody knows: what they may have cost.
    pub unknown_usd: Usd,
}

/// A threshold that a budget has reached; noted once per period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetWarning {
    /// 80 or 100.
    pub percent: i16,
    /// The limit at that time.
    pub limit_usd: Usd,
    /// What was spent at that time.
    pub spent_usd: Usd,
    /// Whether jobs were refused although the limit itself wasn't reached: what is left is less than a job reserves.
    pub refusing: bool,
    /// When it was noted.
    pub at: DateTime<Utc>,
}

/// One budget in its running period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetState {
    /// The period's first day (UTC).
    pub starts_on: NaiveDate,
    /// When it starts anew (midnight, UTC).
    pub resets_at: DateTime<Utc>,
    /// The limit in force: the smaller one of the next two; none: no limit of the client's own.
    pub limit_usd: Option<Usd>,
    /// What the client's own admins have set.
    pub own_limit_usd: Option<Usd>,
    /// What was set from above, which the client's own admins can't raise.
    pub cap_usd: Option<Usd>,
    /// All that was spent.
    pub spent_usd: Usd,
    /// The same by heading.
    pub spent: SpentByHeading,
    /// Held for jobs that haven't ended: their worst case.
    pub reserved_usd: Usd,
    /// What may still be reserved; none without a limit.
    pub left_usd: Option<Usd>,
    /// By how much what is spent and reserved passes a limit that was lowered meanwhile. Nothing is reserved until it is zero.
    pub over_usd: Usd,
    /// The highest threshold that it has reached: 80 or 100.
    pub warning_percent: Option<i16>,
    /// The thresholds that it has reached in this period.
    pub warnings: Vec<BudgetWarning>,
}

/// A limit above a client that binds it, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetAbove {
    /// `agency` (somebody above the client) or `global`.
    pub scope: String,
    /// `day` or `month`.
    pub period: String,
    /// When it starts anew.
    pub resets_at: DateTime<Utc>,
    /// Whether nothing is left.
    pub is_used_up: bool,
    /// The limit, for those who see its holder.
    pub limit_usd: Option<Usd>,
    /// What is left, for those who see its holder.
    pub left_usd: Option<Usd>,
}

/// A client's budgets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientBudget {
    /// Whose.
    pub client_id: ClientId,
    /// Its name.
    pub client_name: String,
    /// Its slug.
    pub client_slug: String,
    /// Of the running day.
    pub day: BudgetState,
    /// Of the running month.
    pub month: BudgetState,
    /// What binds it from above; not in a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<BudgetAbove>,
}

/// Limits to put in force. Both are named, so that none is taken away by leaving it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLimits {
    /// US dollars per day (UTC); null: none.
    #[serde(deserialize_with = "named")]
    #[schema(required = true)]
    pub daily_usd: Option<Usd>,
    /// US dollars per month (UTC); null: none.
    #[serde(deserialize_with = "named")]
    #[schema(required = true)]
    pub monthly_usd: Option<Usd>,
}

/// With a function of its own, serde doesn't take a field that is missing for null.
fn named<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Usd>, D::Error> {
    Option::deserialize(value)
}

/// Of which jobs usage or costs are asked, and by what to tell them apart.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsageQuery {
    /// Only this client (id or slug) and what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The first day (UTC), as `2026-11-01`; left out: the first of the month of `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// The last day; left out: today. At most 366 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Any of `client`, `provider`, `model`, `content_type`, `day`, with commas between; left out: one row for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_by: Option<String>,
    /// 1–1,000 rows, 100 by default, the newest day and the dearest first; what is left off is summed up in `others`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
}

/// What a row is about: as many fields as it was grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageGroup {
    /// For whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// The client's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    /// By which provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// By which model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What kind of text; `unknown` where the job was deleted before it was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// On which day (UTC) it was reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
}

/// What was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageFigures {
    /// Jobs with a result.
    pub results: i64,
    /// Provider calls, with those that failed, were stopped, or whose outcome is unknown.
    pub calls: i64,
    /// Tokens in, as far as they are known.
    pub input_tokens: i64,
    /// How many of them came from a cache.
    pub cached_tokens: i64,
    /// How many of them were written to one, where that has a price of its own; known since version 0031 of the schema.
    #[serde(default)]
    pub cache_write_tokens: i64,
    /// Tokens out, as far as they are known.
    pub output_tokens: i64,
    /// How many of them were reasoning.
    pub reasoning_tokens: i64,
}

/// How costs are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostsByKnowledge {
    /// The provider said so.
    pub reported_usd: Usd,
    /// The provider's tokens at list price.
    pub computed_usd: Usd,
    /// Our own count of tokens at list price.
    pub estimated_usd: Usd,
    /// The worst case: nobody knows what the provider billed.
    pub unknown_usd: Usd,
}

/// What was paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostFigures {
    /// All of it: what stands as `spent` in the budgets.
    pub total_usd: Usd,
    /// By heading.
    pub by_heading: SpentByHeading,
    /// By how it is known.
    pub by_knowledge: CostsByKnowledge,
}

/// A row of usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageRow {
    /// Of what.
    #[serde(flatten)]
    pub group: UsageGroup,
    /// How much.
    #[serde(flatten)]
    pub figures: UsageFigures,
}

/// A row of costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CostRow {
    /// Of what.
    #[serde(flatten)]
    pub group: UsageGroup,
    /// How much.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// What was left off a list of usage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherUsage {
    /// So many rows.
    pub rows: i64,
    /// Their sum.
    #[serde(flatten)]
    pub figures: UsageFigures,
}

/// What was left off a list of costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OtherCosts {
    /// So many rows.
    pub rows: i64,
    /// Their sum.
    #[serde(flatten)]
    pub figures: CostFigures,
}

/// Tokens, calls and results of ended jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The sum of everything, with what is left off.
    pub totals: UsageFigures,
    /// The newest day and the dearest first.
    pub data: Vec<UsageRow>,
    /// What is left off; none where nothing is.
    pub others: Option<OtherUsage>,
}

/// Costs of ended jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Costs {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// The sum of everything, with what is left off.
    pub totals: CostFigures,
    /// The newest day and the dearest first.
    pub data: Vec<CostRow>,
    /// What is left off; none where nothing is.
    pub others: Option<OtherCosts>,
}

impl CpmClient {
    /// A page of clients with their budgets.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn budgets(&self, on_behalf: &Principal, query: &ListBudgets) -> Result<Page<ClientBudget>, ClientError> {
        self.0.get_query(on_behalf, "/budgets", query).await
    }

    /// A client's budgets and what binds it from above. `client` is its id or slug.
    ///
    /// # Errors
    /// When CPM is away, or the caller can't see such a client.
    pub async fn client_budget(&self, on_behalf: &Principal, client: &str) -> Result<ClientBudget, ClientError> {
        self.0.get(on_behalf, &format!("/clients/{}/budget", path_segment(client))).await
    }

    /// Sets a client's own limits.
    ///
    /// # Errors
    /// When CPM is away or refuses; 403 for those who aren't admins of the client.
    pub async fn set_limits(
        &self,
        on_behalf: &Principal,
        client: &str,
        limits: &SetLimits,
    ) -> Result<ClientBudget, ClientError> {
        let path = format!("/clients/{}/budget", path_segment(client));
        self.0.send_within(on_behalf, Method::PUT, &path, limits, LIMITED_WITHIN).await
    }

    /// Sets a client's limits from above.
    ///
    /// # Errors
    /// When CPM is away or refuses; 403 for those who aren't admins of what stands above the client.
    pub async fn set_cap(
        &self,
        on_behalf: &Principal,
        client: &str,
        limits: &SetLimits,
    ) -> Result<ClientBudget, ClientError> {
        let path = format!("/clients/{}/budget/cap", path_segment(client));
        self.0.send_within(on_behalf, Method::PUT, &path, limits, LIMITED_WITHIN).await
    }

    /// Usage of ended jobs.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn usage(&self, on_behalf: &Principal, query: &UsageQuery) -> Result<Usage, ClientError> {
        self.0.get_query(on_behalf, "/usage", query).await
    }

    /// Costs of ended jobs.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn costs(&self, on_behalf: &Principal, query: &UsageQuery) -> Result<Costs, ClientError> {
        self.0.get_query(on_behalf, "/costs", query).await
    }
}
