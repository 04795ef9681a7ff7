//! SQL, and nothing else: functions on a transaction that already knows its scope.
//!
//! Row-level security is the second wall: statements name their clients themselves.

pub mod accept;
pub mod api_key_lookup;
pub mod api_keys;
pub mod approvals;
pub mod bootstrap_keys;
pub mod budget_limits;
pub mod budgets;
pub mod cancel;
pub mod clients;
pub mod content;
pub mod events;
pub mod job_list;
pub mod jobs;
pub mod overview;
pub mod pace;
pub mod provider_key_care;
pub mod provider_keys;
pub mod retry;
pub mod strategy_analytics;
pub mod tenant_events;
pub mod usage;

use hg_types::Usd;
use sqlx::types::Decimal;

pub(crate) use hg_common::db::parsed as named;

/// An amount as Postgres keeps it.
pub(crate) fn usd(amount: Decimal) -> Result<Usd, sqlx::Error> {
    Usd::from_decimal(amount).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
