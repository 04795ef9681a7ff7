//! SEO rules: their fields, their bounds, and what is built in.
//!
//! The built-in values are those by which `hg-quality` judges where nothing is said (`crates/quality/src/checks/seo.rs`): a
//! change there is a change here.

use hg_common::http::{ApiError, FieldErrors};
use hg_contracts::smm::SeoRuleFields;
use hg_types::ContentType::{self, BlogPost, PressRelease, ProductDescription};

use super::{
    fields::{
        Bounds::{Choices, DecimalRange, Number, Range},
        Field, Suggested, judge,
    },
    strategy::to_stored,
};

/// What search engines list.
const LISTED: &[ContentType] = &[BlogPost, PressRelease, ProductDescription];

/// The SEO checks that may be skipped, by their ids in a quality report.
pub const CHECKS: Suggested = &[
    "keyphrase_set",
    "keyphrase_in_introduction",
    "keyphrase_length",
    "keyphrase_density",
    "keyphrase_in_title",
    "keyphrase_in_meta_description",
    "keyphrase_in_subheadings",
    "keyphrase_in_slug",
    "further_keywords",
    "title_width",
    "meta_description_length",
    "text_length",
    "single_h1",
];

/// Every field, in the order of forms and of `docs/strategies.md`.
pub const SEO_FIELDS: &[Field] = &[
    Field::new("keyphrase_density", DecimalRange(0.0, 10.0), "Per cent of the words that may be the focus keyphrase.")
        .only(LISTED),
    Field::new("keyphrase_in_headings", Range(0, 100), "Per cent of the subheadings that shall have the keyphrase.")
        .only(LISTED),
    Field::new("title_width", Number(100, 2_000), "The widest title, in pixels of a result page.").only(LISTED),
    Field::new("meta_description_range", Range(20, 320), "Fewest and most characters of the meta description.")
        .only(LISTED),
    Field::new("text_length_min", Number(20, 5_000), "The fewest words of a text that is found.").only(LISTED),
    Field::new("skipped_checks", Choices(CHECKS), "SEO checks that don't apply to this client.").only(LISTED),
];

/// SEO rules whose every field was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedSeoRules(SeoRuleFields);

impl CheckedSeoRules {
    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &SeoRuleFields {
        &self.0
    }
}

/// Checks what SEO rules say.
///
/// # Errors
/// 422 naming each field that is out of its bounds, and the content type where search engines list nothing of it.
pub fn check(content_type: ContentType, fields: SeoRuleFields) -> Result<CheckedSeoRules, ApiError> {
    let mut errors = FieldErrors::new();
    let names = LISTED.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    errors.check(LISTED.contains(&content_type), "content_type", format!("SEO rules are for {names}"));
    let set = to_stored(&fields);
    for field in SEO_FIELDS {
        let Some(value) = set.get(field.name) else { continue };
        judge(&mut errors, &format!("rules.{}", field.name), value, field.bounds);
    }
    errors.into_result()?;
    Ok(CheckedSeoRules(fields))
}

/// What holds where nobody says anything; nothing where search engines list nothing.
#[must_use]
pub fn built_in(content_type: ContentType) -> SeoRuleFields {
    if !LISTED.contains(&content_type) {
        return SeoRuleFields::default();
    }
    SeoRuleFields {
        keyphrase_density: Some((0.5, 3.0)),
        keyphrase_in_headings: Some((30, 75)),
        title_width: Some(600),
        meta_description_range: Some((121, 156)),
        text_length_min: Some(if content_type == ProductDescription { 200 } else { 300 }),
        skipped_checks: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    use super::*;

    fn fields(content_type: ContentType, rules: Value) -> Vec<String> {
        match check(content_type, serde_json::from_value(rules).unwrap()) {
            Ok(_) => Vec::new(),
            Err(error) => error.details().iter().map(|detail| detail.field.clone()).collect(),
        }
    }

    #[test]
    fn each_rule_has_its_bounds() {
        assert_eq!(fields(BlogPost, json!({"keyphrase_density": [0.8, 2.5], "title_width": 580})), [""; 0]);
        assert_eq!(fields(BlogPost, json!({"keyphrase_density": [3.0, 0.5]})), ["rules.keyphrase_density"]);
        assert_eq!(fields(BlogPost, json!({"keyphrase_density": [0.5, 11]})), ["rules.keyphrase_density[1]"]);
        assert_eq!(fields(BlogPost, json!({"meta_description_range": [10, 156]})), ["rules.meta_description_range[0]"]);
        assert_eq!(fields(BlogPost, json!({"text_length_min": 5})), ["rules.text_length_min"]);
        assert_eq!(
            fields(BlogPost, json!({"skipped_checks": ["title_width", "spelling"]})),
            ["rules.skipped_checks[1]"]
        );
        assert_eq!(fields(ContentType::SocialMedia, json!({})), ["content_type"]);
    }

    #[test]
    fn the_table_has_every_field_of_the_contract_and_the_defaults_keep_it() {
        let schema = serde_json::to_value(SeoRuleFields::schema()).unwrap();
        let mut of_contract: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut of_table: Vec<&str> = SEO_FIELDS.iter().map(|field| field.name).collect();
        of_contract.sort_unstable();
        of_table.sort_unstable();
        assert_eq!(of_table, of_contract);
        for &content_type in LISTED {
            check(content_type, built_in(content_type)).unwrap();
        }
    }
}
