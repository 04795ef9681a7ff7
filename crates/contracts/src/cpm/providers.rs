//! Which providers and models can be asked for, and what they cost.

use hg_types::{Provider, Usd};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A model that can be asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ModelStatus {
    /// Its id at the provider.
    pub id: String,
    /// Its name for people.
    pub label: String,
    /// USD per million tokens in.
    pub input_usd_per_million: Usd,
    /// USD per million tokens out.
    pub output_usd_per_million: Usd,
    /// Tokens that fit in all.
    pub context_length: u32,
    /// Tokens that it writes at most.
    pub max_output_tokens: u32,
    /// Whether it is its provider's default.
    pub is_default: bool,
    /// Where the price comes from: an address, or `operator`.
    #[serde(default)]
    pub price_source: String,
    /// When it was read there.
    #[serde(default)]
    pub price_as_of: String,
}

/// A provider, and whether it can be used.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProviderStatus {
    /// Which.
    pub provider: Provider,
    /// Its name for people.
    pub label: String,
    /// Whether it has a key.
    pub configured: bool,
    /// Whether a caller must bring a stored key.
    pub requires_user_key: bool,
    /// `available`, `not_configured` or `cooling_down`.
    pub status: String,
    /// Its models with a known price.
    pub models: Vec<ModelStatus>,
}

/// All providers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProvidersStatus {
    /// Used where nobody asks for one.
    pub default_provider: Provider,
    /// In order of preference.
    pub providers: Vec<ProviderStatus>,
    /// When the prices were taken down.
    pub prices_as_of: String,
}
