//! SEO rules: from where to where the SEO checks of a text are content, for a client and content type.
//!
//! Shapes only: bounds are checked and values inherited by the strategy service.

use chrono::{DateTime, Utc};
use hg_types::{ClientId, ContentType, SeoRulesId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::versions::{VersionInfo, understood};

/// What SEO rules may say. Everything is optional and inherited like a strategy's fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SeoRuleFields {
    /// `[min, max]` per cent of the words that may be the focus keyphrase; from 0 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<f64>>)]
    pub keyphrase_density: Option<(f64, f64)>,
    /// `[min, max]` per cent of the subheadings that shall have the focus keyphrase; from 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<u32>>)]
    pub keyphrase_in_headings: Option<(u32, u32)>,
    /// The widest title, in pixels of a result page; 100–2,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_width: Option<u32>,
    /// `[min, max]` characters of the meta description; from 20 to 320.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<u32>>)]
    pub meta_description_range: Option<(u32, u32)>,
    /// The fewest words of a text that is found; 20–5,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text_length_min: Option<u32>,
    /// SEO checks that don't apply, by their ids (`keyphrase_in_title`); they neither cost nor give points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skipped_checks: Option<Vec<String>>,
}

/// A client's SEO rules for one content type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeoRules {
    /// Their id.
    pub id: SeoRulesId,
    /// Whose they are.
    pub client_id: ClientId,
    /// What they are for.
    pub content_type: ContentType,
    /// What they say.
    #[serde(deserialize_with = "understood")]
    pub rules: SeoRuleFields,
    /// Whether they are the ones in force. Deleted rules aren't, until one of their versions is restored.
    pub is_active: bool,
    /// Goes up with every save.
    pub version: i32,
    /// When they were made.
    pub created_at: DateTime<Utc>,
    /// When they were changed last.
    pub updated_at: DateTime<Utc>,
}

/// New SEO rules, or a new version of them.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveSeoRules {
    /// What they are for, fixed once they are made: `blog_post`, `press_release` or `product_description`.
    pub content_type: ContentType,
    /// What they say.
    pub rules: SeoRuleFields,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The version that this save is based on: 409 when somebody has saved a newer one. Left out, the save wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

/// SEO rules as they were saved once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SeoRulesVersion {
    /// Which rules.
    pub seo_rules_id: SeoRulesId,
    /// When, by whom, why.
    #[serde(flatten)]
    pub info: VersionInfo,
    /// What they said then.
    #[serde(deserialize_with = "understood")]
    pub rules: SeoRuleFields,
}
