//! What may be written into a strategy or SEO rules, told to forms: the very table that the strategy service checks by.

use hg_types::ContentType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

/// What kind of value a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A text.
    Text,
    /// A list of single lines.
    Lines,
    /// A list of texts.
    Texts,
    /// Yes or no.
    Flag,
    /// A whole number.
    Number,
    /// `[min, max]`, whole numbers.
    Range,
    /// `[min, max]` with decimals.
    DecimalRange,
    /// A BCP 47 language tag.
    Language,
    /// An `http` or `https` address.
    Url,
    /// A list of platforms.
    Platforms,
    /// Platform → whole number.
    NumberPerPlatform,
    /// Platform → text.
    TextPerPlatform,
    /// A list out of `suggestions` and nothing else.
    Choices,
    /// An object of anything.
    Extras,
}

/// A field that may be set, and its bounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FieldGuide {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it takes.
    pub kind: FieldKind,
    /// The most characters of a text, or of each entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The most entries of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_entries: Option<usize>,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Values to offer; others may be written, except where `kind` is `choices`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// What holds where nobody says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub built_in: Option<Value>,
}

/// A platform that posts are written for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformGuide {
    /// Its name in strategies.
    pub name: String,
    /// The most characters of one post.
    pub character_limit: u32,
}

/// What may be written for a content type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StrategyGuide {
    /// For what.
    pub content_type: ContentType,
    /// The fields of a strategy.
    pub strategy: Vec<FieldGuide>,
    /// The fields of SEO rules; none where they don't apply.
    pub seo_rules: Vec<FieldGuide>,
    /// The platforms that are known; none but for social media.
    pub platforms: Vec<PlatformGuide>,
}

/// What the guide is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StrategyGuideQuery {
    /// For what.
    pub content_type: ContentType,
}
