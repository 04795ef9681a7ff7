//! The fields of a strategy.

use hg_types::ContentType::{self, BlogPost, EmailCampaign, PressRelease, ProductDescription, SocialMedia};

use crate::domain::fields::{
    Bounds::{
        CharacterLimits, Extras, Flag, HashtagCounts, Language, Lines, Number, Platforms, Range, Text, TextPerPlatform,
        Texts, Url, Words,
    },
    Field, Suggested,
};

/// Content types of which a search engine shows a description.
const DESCRIBED: &[ContentType] = &[BlogPost, PressRelease, ProductDescription];
/// Five from the reference's validator, two from its samples, and what agencies ask for.
const TONES: Suggested = &[
    "professional",
    "casual",
    "friendly",
    "authoritative",
    "conversational",
    "educational",
    "informative",
    "engaging",
    "warm",
    "playful",
    "plain",
];
const LEVELS: Suggested = &["beginner", "intermediate", "expert"];
const LANGUAGES: Suggested = &["en", "en-US", "en-GB", "de", "es", "fr", "it", "nl", "pl", "pt-BR"];

/// Every field, in the order of forms and of `docs/strategies.md`.
pub const STRATEGY_FIELDS: &[Field] = &[
    Field::new("tone", Text(100), "How it shall sound.").suggesting(TONES),
    Field::new("tone_words", Lines(20, 50), "Words that carry the tone; a text should use at least one."),
    Field::new("voice_samples", Texts(5, 2_000), "Passages of the brand's own texts, as samples of its voice."),
    Field::new("target_audience", Text(500), "Who shall read it."),
    Field::new("language", Language, "The language to write in.").suggesting(LANGUAGES),
    Field::new("brand_guidelines", Text(20_000), "What the brand asks for."),
    Field::new("brand_mentions", Text(1_000), "What to name where it fits."),
    Field::new("required_terms", Lines(50, 100), "Terms that must occur."),
    Field::new("banned_terms", Lines(200, 100), "Terms that must not occur: one makes a text unusable."),
    Field::new("word_count_range", Range(20, 5_000), "Fewest and most words."),
    Field::new("call_to_action", Text(500), "What the reader shall do in the end."),
    Field::new("call_to_action_url", Url, "Where the call to action leads."),
    Field::new("include_cta", Flag, "Whether the text ends with the call to action."),
    Field::new("location_focus", Text(200), "Where the reader is."),
    Field::new("service_areas", Lines(50, 200), "Places that are served."),
    Field::new("include_service_areas", Flag, "Whether to list the service areas."),
    Field::new("include_local_keywords", Flag, "Whether to name the place in keywords.").only(&[BlogPost]),
    Field::new("seo_keywords", Lines(50, 100), "Keywords that always matter to the client."),
    Field::new("seo_focus", Flag, "Whether search engines matter."),
    Field::new("technical_level", Text(100), "How much the reader knows.").suggesting(LEVELS),
    Field::new("technical_focus", Text(500), "What to go deep into."),
    Field::new("include_introduction", Flag, "Whether there is an introduction.").only(&[BlogPost]),
    Field::new("include_conclusion", Flag, "Whether there is a conclusion.").only(&[BlogPost]),
    Field::new("subheading_count", Number(0, 30), "How many subheadings at least.").only(&[BlogPost]),
    Field::new("meta_description_length", Number(50, 320), "The longest meta description, in characters.")
        .only(DESCRIBED),
    Field::new("platforms", Platforms, "The platforms to write for.").only(&[SocialMedia]),
    Field::new("character_limits", CharacterLimits, "Characters per platform, at most its own limit.")
        .only(&[SocialMedia]),
    Field::new("hashtag_count", HashtagCounts, "Hashtags per platform, 0 to 30.").only(&[SocialMedia]),
    Field::new("hashtags", Words(50, 100), "Hashtags to choose from.").only(&[SocialMedia]),
    Field::new("include_emoji", Flag, "Whether emoji are welcome.").only(&[SocialMedia]),
    Field::new("post_timing", TextPerPlatform(100), "When to post, per platform.").only(&[SocialMedia]),
    Field::new("subject_length", Number(10, 200), "The longest subject line, in characters.").only(&[EmailCampaign]),
    Field::new("preheader_length", Number(20, 200), "The longest preheader, in characters.").only(&[EmailCampaign]),
    Field::new("email_greeting", Text(100), "How an e-mail greets.").only(&[EmailCampaign]),
    Field::new("email_signature", Text(500), "Who signs an e-mail, in one or more lines.").only(&[EmailCampaign]),
    Field::new("include_postscript", Flag, "Whether a postscript follows the signature.").only(&[EmailCampaign]),
    Field::new("email_count", Number(1, 10), "How many e-mails the campaign has.").only(&[EmailCampaign]),
    Field::new("press_contact", Text(1_000), "Who answers the press.").only(&[PressRelease]),
    Field::new("boilerplate", Text(5_000), "\"About the firm\", which closes a press release.").only(&[PressRelease]),
    Field::new("product_facts", Lines(50, 500), "Facts that must be right.").only(&[ProductDescription]),
    Field::new("extras", Extras, "Whatever else templates of this client read."),
];

#[cfg(test)]
mod tests {
    use hg_contracts::smm::StrategyFields;
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_table_has_every_field_of_the_contract() {
        let schema = serde_json::to_value(StrategyFields::schema()).unwrap();
        let mut of_contract: Vec<&str> = schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, schema)| schema["writeOnly"] != Value::Bool(true))
            .map(|(name, _)| name.as_str())
            .collect();
        let mut of_table: Vec<&str> = STRATEGY_FIELDS.iter().map(|field| field.name).collect();
        of_contract.sort_unstable();
        of_table.sort_unstable();
        assert_eq!(of_table, of_contract);
    }
}
