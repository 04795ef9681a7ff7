//! What holds for a client in the end, and where each value comes from.

use std::collections::BTreeMap;

use hg_types::{ClientId, ContentType, SeoRulesId, StrategyId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::{seo::SeoRuleFields, strategy::StrategyFields, versions::understood};

/// From which level of the hierarchy a value comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The client's own.
    Client,
    /// Its agency's.
    Agency,
    /// The root's.
    Root,
    /// Built in.
    Default,
}

/// A strategy that took part in an effective one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StrategySource {
    /// From which level.
    pub level: Level,
    /// Whose strategy; none for the built-in defaults.
    pub client_id: Option<ClientId>,
    /// Its owner's name.
    pub client_name: Option<String>,
    /// Which strategy.
    pub strategy_id: Option<StrategyId>,
    /// Which version of it.
    pub version: Option<i32>,
}

/// SEO rules that took part in the effective ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeoSource {
    /// From which level.
    pub level: Level,
    /// Whose rules; none for the built-in defaults.
    pub client_id: Option<ClientId>,
    /// Their owner's name.
    pub client_name: Option<String>,
    /// Which rules.
    pub seo_rules_id: Option<SeoRulesId>,
    /// Which version of them.
    pub version: Option<i32>,
}

/// What is known of the client itself, for templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClientFacts {
    /// Its id.
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// Its metadata.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
}

/// The strategy that holds for a client: its own values, else its agency's, else the root's, else built in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EffectiveStrategy {
    /// For whom.
    pub client: ClientFacts,
    /// For what.
    pub content_type: ContentType,
    /// The values.
    #[serde(deserialize_with = "understood")]
    pub values: StrategyFields,
    /// The strategies that took part, the nearest first; the built-in defaults last.
    pub sources: Vec<StrategySource>,
    /// For each value its place in `sources`.
    pub explain: BTreeMap<String, usize>,
    /// The SEO rules, inherited in the same way.
    #[serde(default)]
    pub seo: EffectiveSeoRules,
    /// With `explain=true`: each value, SEO rules as `seo.…`, with its source and what it overrides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<BTreeMap<String, Explanation>>,
}

/// The SEO rules that hold for a client. Empty for content types that no search engine lists.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EffectiveSeoRules {
    /// The rules.
    #[serde(deserialize_with = "understood")]
    pub values: SeoRuleFields,
    /// The rules that took part, the nearest first; the built-in defaults last.
    pub sources: Vec<SeoSource>,
    /// For each value its place in `sources`.
    pub explain: BTreeMap<String, usize>,
}

/// A value, where it comes from, and what it stands in the way of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The value that holds.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Where it comes from.
    pub source: ValueSource,
    /// What would hold without it, the nearest first.
    pub overridden: Vec<OverriddenValue>,
}

/// A value that a nearer one overrides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OverriddenValue {
    /// The value.
    #[schema(value_type = Object)]
    pub value: Value,
    /// Where it stands.
    pub source: ValueSource,
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ValueSource {
    /// On which level.
    pub level: Level,
    /// Whose it is; none for the built-in defaults.
    pub client_id: Option<ClientId>,
    /// The owner's name.
    pub client_name: Option<String>,
    /// The strategy that says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy_id: Option<StrategyId>,
    /// The SEO rules that say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seo_rules_id: Option<SeoRulesId>,
    /// Which version of it.
    pub version: Option<i32>,
}

/// What the effective strategy is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EffectiveStrategyQuery {
    /// For what.
    pub content_type: ContentType,
    /// Whether to tell for each value what it overrides (`explanation`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<bool>,
}
