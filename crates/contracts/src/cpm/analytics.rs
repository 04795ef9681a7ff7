//! What came of a strategy or of SEO rules, version by version.

use chrono::{DateTime, Utc};
use hg_common::auth::Principal;
use hg_types::{SeoRulesId, StrategyId, Usd};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::CpmClient;
use crate::client::ClientError;

/// Of which jobs the figures are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StrategyFiguresQuery {
    /// Only jobs of this client (id or slug) and what is below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Only jobs of the last so many days: 1–366, 90 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 366)]
    pub days: Option<u16>,
}

/// What came of one version of a strategy or of SEO rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StrategyFigures {
    /// The version.
    pub version: i32,
    /// Jobs whose text was made from it.
    pub jobs: i64,
    /// How many of them gave a text.
    pub completed: i64,
    /// How many failed.
    pub failed: i64,
    /// How many were cancelled.
    pub cancelled: i64,
    /// How many of those that ended by themselves gave a text, 0 to 1; none where none ended.
    pub success_rate: Option<f64>,
    /// The average quality of the texts, 0 to 100; none where there are none.
    pub mean_quality: Option<f64>,
    /// The quality that half of the texts reach; none where there are none.
    #[serde(default)]
    pub median_quality: Option<f64>,
    /// How many of the texts somebody has edited.
    #[serde(default)]
    pub edited: i64,
    /// Which part of the texts that is, 0 to 1; none where there are none.
    #[serde(default)]
    pub edited_share: Option<f64>,
    /// Which part of its words an edited text has changed on average, 0 to 1; none where none was edited.
    #[serde(default)]
    pub mean_change: Option<f64>,
    /// How many of the texts are approved.
    #[serde(default)]
    pub approved: i64,
    /// How many of the texts are rejected.
    #[serde(default)]
    pub rejected: i64,
    /// What all of them cost.
    pub cost_usd: Usd,
    /// When the first was accepted.
    pub first_at: DateTime<Utc>,
    /// When the last was accepted.
    pub last_at: DateTime<Utc>,
}

/// What came of a strategy, the newest version first. A job counts for every strategy that took part in its text, so
/// figures of a client's and of its agency's strategy overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StrategyAnalytics {
    /// Which strategy.
    pub strategy_id: StrategyId,
    /// Jobs from then on are counted.
    pub since: DateTime<Utc>,
    /// Versions from which jobs were made.
    pub versions: Vec<StrategyFigures>,
}

/// What came of SEO rules, the newest version first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeoRulesAnalytics {
    /// Which rules.
    pub seo_rules_id: SeoRulesId,
    /// Jobs from then on are counted.
    pub since: DateTime<Utc>,
    /// Versions by which jobs were made.
    pub versions: Vec<StrategyFigures>,
}

impl CpmClient {
    /// What came of SEO rules, version by version, as far as the caller sees their jobs.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn seo_rules_analytics(
        &self,
        on_behalf: &Principal,
        rules: SeoRulesId,
        query: &StrategyFiguresQuery,
    ) -> Result<SeoRulesAnalytics, ClientError> {
        self.0.get_query(on_behalf, &format!("/analytics/seo-rules/{rules}"), query).await
    }

    /// What came of a strategy, version by version, as far as the caller sees its jobs.
    ///
    /// # Errors
    /// When CPM is away or refuses.
    pub async fn strategy_analytics(
        &self,
        on_behalf: &Principal,
        strategy: StrategyId,
        query: &StrategyFiguresQuery,
    ) -> Result<StrategyAnalytics, ClientError> {
        self.0.get_query(on_behalf, &format!("/analytics/strategies/{strategy}"), query).await
    }
}
