//! What a strategy says.
//!
//! Shapes only: bounds are checked and values inherited by the strategy service.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hg_types::{ClientId, ContentType, StrategyId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::versions::{VersionInfo, understood};

/// A word range `[min, max]`; both ends count.
pub type WordRange = (u32, u32);

/// What a strategy may say. Everything is optional: what a client leaves out comes from its agency, then from the
/// root, then from the built-in defaults, field by field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StrategyFields {
    /// How it shall sound: `professional`, `educational`, `authoritative`, … Free text, at most 100 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// Words that carry the tone, of which a text should use some; at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone_words: Option<Vec<String>>,
    /// How the brand really sounds: passages of its own texts, at most 5 with 2,000 characters each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_samples: Option<Vec<String>>,
    /// Who shall read it; at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_audience: Option<String>,
    /// What the brand asks for; at most 20,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_guidelines: Option<String>,
    /// What to name where it fits ("PASCO Scientific equipment").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_mentions: Option<String>,
    /// The language to write in, as a BCP 47 tag; `en` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the reader shall do in the end ("contact for quote").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_to_action: Option<String>,
    /// Where the call to action leads: an `http` or `https` address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_to_action_url: Option<String>,
    /// Where the reader is ("Cincinnati, Ohio").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_focus: Option<String>,
    /// Places that are served; at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_areas: Option<Vec<String>>,
    /// Keywords that always matter to the client; at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seo_keywords: Option<Vec<String>>,
    /// Terms that must occur; at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_terms: Option<Vec<String>>,
    /// Terms that must not occur; at most 200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned_terms: Option<Vec<String>>,
    /// `[min, max]` words. `word_count_min` and `word_count_max` are read as an alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<u32>>)]
    pub word_count_range: Option<WordRange>,
    /// Only read: the reference's name for the lower end of `word_count_range`. Comes with `word_count_max`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub word_count_min: Option<u32>,
    /// Only read: the reference's name for the upper end of `word_count_range`. Comes with `word_count_min`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub word_count_max: Option<u32>,
    /// `beginner`, `intermediate`, `expert`; free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technical_level: Option<String>,
    /// What to go deep into ("asphalt and concrete").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub technical_focus: Option<String>,
    /// Whether search engines matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seo_focus: Option<bool>,
    /// Whether there is an introduction (blog posts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_introduction: Option<bool>,
    /// Whether there is a conclusion (blog posts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_conclusion: Option<bool>,
    /// Whether the text ends with the call to action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_cta: Option<bool>,
    /// How many subheadings at least (blog posts); 0–30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subheading_count: Option<u32>,
    /// The longest meta description, in characters; 50–320.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta_description_length: Option<u32>,
    /// Whether to name the place in keywords (blog posts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_local_keywords: Option<bool>,
    /// Whether to list the service areas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_service_areas: Option<bool>,
    /// `twitter`, `linkedin`, `facebook`, `instagram` (social media).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<Vec<String>>,
    /// Characters per platform (social media).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_limits: Option<BTreeMap<String, u32>>,
    /// Hashtags per platform (social media).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashtag_count: Option<BTreeMap<String, u32>>,
    /// Hashtags to choose from (social media); at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hashtags: Option<Vec<String>>,
    /// Whether emoji are welcome (social media).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_emoji: Option<bool>,
    /// When to post, per platform (social media).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_timing: Option<BTreeMap<String, String>>,
    /// The longest subject line, in characters (e-mail); 10–200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_length: Option<u32>,
    /// The longest preheader, in characters (e-mail); 20–200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preheader_length: Option<u32>,
    /// How an e-mail greets ("Hello," or "Dear neighbour,").
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_greeting: Option<String>,
    /// What an e-mail ends with: who signs it, in one or more lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_signature: Option<String>,
    /// Whether a postscript follows the signature (e-mail).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_postscript: Option<bool>,
    /// How many e-mails the campaign has; 1–10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_count: Option<u32>,
    /// Who answers the press (press releases).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub press_contact: Option<String>,
    /// "About the firm", which closes a press release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boilerplate: Option<String>,
    /// Facts that must be right (product descriptions); at most 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_facts: Option<Vec<String>>,
    /// Only read, like the six below: a name that the reference's own strategies use. It becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub include_experiments: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub include_diagrams: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub include_case_studies: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub include_visuals: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub seasonal_content: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub engagement_focus: Option<bool>,
    /// Only read: becomes a key of `extras`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(write_only)]
    pub post_frequency: Option<String>,
    /// Whatever else templates of this client read; at most 8 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub extras: Option<Map<String, Value>>,
}

/// A client's strategy for one content type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Strategy {
    /// Its id.
    pub id: StrategyId,
    /// Whose it is.
    pub client_id: ClientId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub content_type: ContentType,
    /// What it says.
    pub configuration: StrategyFields,
    /// Whether it is the one in force. A deleted strategy isn't, until one of its versions is restored.
    pub is_active: bool,
    /// Goes up with every save.
    pub version: i32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A new strategy, or a new version of one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveStrategy {
    /// 1–255 characters.
    pub name: String,
    /// What it is for; fixed once it is made.
    pub content_type: ContentType,
    /// What it says.
    pub configuration: StrategyFields,
    /// Why; at most 1,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The version that this save is based on: 409 when somebody has saved a newer one. Left out, the save wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
}

/// Which strategies of a client to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListStrategies {
    /// Also those that were deleted, which may be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
}

/// A strategy as it was saved once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StrategyVersion {
    /// Which strategy.
    pub strategy_id: StrategyId,
    /// When, by whom, why.
    #[serde(flatten)]
    pub info: VersionInfo,
    /// Its name then.
    pub name: String,
    /// What it said then.
    #[serde(deserialize_with = "understood")]
    pub configuration: StrategyFields,
}
