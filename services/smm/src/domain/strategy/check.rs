//! The bounds of every strategy field, and which content types a field means something for: the table of fields, and what
//! fields mean together.
//!
//! One answer names everything that is wrong, each by its path (`configuration.platforms[0]`).

use hg_common::http::{ApiError, FieldErrors};
use hg_contracts::smm::StrategyFields;
use hg_types::ContentType;
use serde_json::{Map, Value};

use super::{fields::STRATEGY_FIELDS, to_stored};
use crate::domain::fields::judge;

/// A strategy whose every field was checked, with aliases resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedStrategy(StrategyFields);

impl CheckedStrategy {
    /// The fields.
    #[must_use]
    pub fn fields(&self) -> &StrategyFields {
        &self.0
    }
}

/// Checks what a strategy says and resolves other names (`word_count_min`, the reference's `include_experiments`, …).
///
/// # Errors
/// 422 naming each field that is out of its bounds, or means nothing for the content type.
pub fn check(content_type: ContentType, mut fields: StrategyFields) -> Result<CheckedStrategy, ApiError> {
    let mut errors = FieldErrors::new();
    word_alias(&mut errors, &mut fields);
    extras_alias(&mut errors, &mut fields);
    let set = to_stored(&fields);
    for field in STRATEGY_FIELDS {
        let Some(value) = set.get(field.name) else { continue };
        let path = path(field.name);
        if let Some(refusal) = field.refuses(content_type) {
            errors.push(&path, refusal);
        }
        judge(&mut errors, &path, value, field.bounds);
    }
    let banned = fields.banned_terms.as_deref().unwrap_or_default();
    if let Some(both) = fields.required_terms.iter().flatten().find(|term| is_listed(term, banned)) {
        errors.push(path("banned_terms"), format!("{both:?} is also a required term"));
    }
    errors.into_result()?;
    Ok(CheckedStrategy(fields))
}

fn path(field: &str) -> String {
    format!("configuration.{field}")
}

fn word_alias(errors: &mut FieldErrors, fields: &mut StrategyFields) {
    match (fields.word_count_min.take(), fields.word_count_max.take()) {
        (None, None) => {}
        (Some(_), None) => errors.push(path("word_count_max"), "is needed beside word_count_min"),
        (None, Some(_)) => errors.push(path("word_count_min"), "is needed beside word_count_max"),
        (Some(_), Some(_)) if fields.word_count_range.is_some() => {
            errors.push(path("word_count_min"), "is another name of word_count_range: give one of them");
        }
        (Some(min), Some(max)) => fields.word_count_range = Some((min, max)),
    }
}

/// What the reference's own strategies carry beside the fields that it validates: keys of `extras`, which templates read.
fn extras_alias(errors: &mut FieldErrors, fields: &mut StrategyFields) {
    let named: [(&str, Option<Value>); 7] = [
        ("include_experiments", fields.include_experiments.take().map(Value::from)),
        ("include_diagrams", fields.include_diagrams.take().map(Value::from)),
        ("include_case_studies", fields.include_case_studies.take().map(Value::from)),
        ("include_visuals", fields.include_visuals.take().map(Value::from)),
        ("seasonal_content", fields.seasonal_content.take().map(Value::from)),
        ("engagement_focus", fields.engagement_focus.take().map(Value::from)),
        ("post_frequency", fields.post_frequency.take().map(Value::from)),
    ];
    for (name, value) in named {
        let Some(value) = value else { continue };
        let extras = fields.extras.get_or_insert_with(Map::new);
        if extras.contains_key(name) {
            errors.push(path(name), format!("is another name of extras.{name}: give one of them"));
        } else {
            extras.insert(name.to_owned(), value);
        }
    }
}

fn is_listed(term: &str, banned: &[String]) -> bool {
    banned.iter().any(|other| other.to_lowercase() == term.to_lowercase())
}

#[cfg(test)]
mod tests {
    use hg_types::ContentType::{BlogPost, EmailCampaign, PressRelease, SocialMedia};
    use serde_json::json;

    use super::*;

    fn fields(content_type: ContentType, configuration: Value) -> Vec<String> {
        let fields = serde_json::from_value(configuration).unwrap();
        match check(content_type, fields) {
            Ok(_) => Vec::new(),
            Err(error) => error.details().iter().map(|detail| detail.field.clone()).collect(),
        }
    }

    #[test]
    fn the_references_own_strategies_are_accepted() {
        let blog = json!({
            "tone": "educational", "target_audience": "high school and college educators", "word_count_range": [800, 1500],
            "technical_level": "intermediate", "seo_focus": true, "brand_mentions": "PASCO Scientific equipment",
            "extras": {"include_experiments": true, "include_diagrams": true}
        });
        assert_eq!(fields(BlogPost, blog), [""; 0]);
        let local = json!({
            "tone": "professional", "location_focus": "Cincinnati, Ohio", "word_count_range": [600, 1000],
            "include_local_keywords": true, "include_service_areas": true, "call_to_action": "contact for quote", "seo_focus": true
        });
        assert_eq!(fields(BlogPost, local), [""; 0]);
        let social = json!({"platforms": ["linkedin", "twitter", "facebook"], "tone": "informative", "hashtags": ["#STEMEducation"]});
        assert_eq!(fields(SocialMedia, social), [""; 0]);
    }

    #[test]
    fn what_the_references_seeds_say_beside_its_fields_becomes_extras() {
        let blog = json!({"include_experiments": true, "extras": {"mascot": "Otto"}, "include_diagrams": false});
        let checked = check(BlogPost, serde_json::from_value(blog).unwrap()).unwrap();
        let stored = serde_json::to_value(checked.fields()).unwrap();
        assert_eq!(
            stored,
            json!({"extras": {"include_diagrams": false, "include_experiments": true, "mascot": "Otto"}})
        );
        let twice = json!({"post_frequency": "daily", "extras": {"post_frequency": "weekly"}});
        assert_eq!(fields(SocialMedia, twice), ["configuration.post_frequency"]);
        let long = json!({"post_frequency": "x".repeat(9000)});
        assert_eq!(fields(SocialMedia, long), ["configuration.extras"]);
    }

    #[test]
    fn voice_and_email_parts_have_their_bounds() {
        assert_eq!(fields(BlogPost, json!({"voice_samples": ["We fix it.\nToday."]})), [""; 0]);
        assert_eq!(fields(BlogPost, json!({"voice_samples": vec!["x"; 6]})), ["configuration.voice_samples"]);
        let long = json!({"voice_samples": ["fine", "x".repeat(2_001)]});
        assert_eq!(fields(BlogPost, long), ["configuration.voice_samples[1]"]);
        assert_eq!(
            fields(BlogPost, json!({"preheader_length": 90, "email_signature": "The team"})),
            ["configuration.preheader_length", "configuration.email_signature"]
        );
        assert_eq!(fields(EmailCampaign, json!({"preheader_length": 10})), ["configuration.preheader_length"]);
        assert_eq!(fields(BlogPost, json!({"call_to_action_url": "quote"})), ["configuration.call_to_action_url"]);
        assert_eq!(fields(SocialMedia, json!({"hashtags": ["#fine", "#not fine"]})), ["configuration.hashtags[1]"]);
        assert_eq!(fields(SocialMedia, json!({"platforms": vec!["x"; 500]})), ["configuration.platforms"]);
    }

    #[test]
    fn a_platform_that_is_not_one_is_named_by_its_place() {
        let strategy = json!({"platforms": ["myspace"], "character_limits": {"twitter": 281, "orkut": 9}, "hashtag_count": {"linkedin": 31}});
        assert_eq!(
            fields(SocialMedia, strategy),
            [
                "configuration.platforms[0]",
                "configuration.character_limits.orkut",
                "configuration.character_limits.twitter",
                "configuration.hashtag_count.linkedin"
            ]
        );
        assert_eq!(fields(SocialMedia, json!({"platforms": ["twitter", "twitter"]})), ["configuration.platforms[1]"]);
    }

    #[test]
    fn word_ranges_and_their_alias() {
        assert_eq!(fields(BlogPost, json!({"word_count_range": [900, 800]})), ["configuration.word_count_range"]);
        assert_eq!(fields(BlogPost, json!({"word_count_range": [5, 800]})), ["configuration.word_count_range[0]"]);
        assert_eq!(fields(BlogPost, json!({"word_count_min": 500})), ["configuration.word_count_max"]);
        let alias = serde_json::from_value(json!({"word_count_min": 500, "word_count_max": 2000})).unwrap();
        let checked = check(BlogPost, alias).unwrap();
        assert_eq!(checked.fields().word_count_range, Some((500, 2000)));
        assert_eq!(serde_json::to_value(checked.fields()).unwrap(), json!({"word_count_range": [500, 2000]}));
    }

    #[test]
    fn a_field_must_mean_something_for_the_content_type() {
        assert_eq!(
            fields(BlogPost, json!({"platforms": ["twitter"], "subject_length": 50})),
            ["configuration.platforms", "configuration.subject_length"]
        );
        assert_eq!(fields(SocialMedia, json!({"subheading_count": 3})), ["configuration.subheading_count"]);
        assert_eq!(fields(PressRelease, json!({"boilerplate": "About us", "meta_description_length": 160})), [""; 0]);
    }

    #[test]
    fn empty_and_overlong_values_are_refused() {
        assert_eq!(fields(BlogPost, json!({"tone": " "})), ["configuration.tone"]);
        assert_eq!(fields(BlogPost, json!({"tone": "x".repeat(101)})), ["configuration.tone"]);
        assert_eq!(fields(BlogPost, json!({"seo_keywords": vec!["x"; 51]})), ["configuration.seo_keywords"]);
        assert_eq!(fields(BlogPost, json!({"seo_keywords": ["fine", ""]})), ["configuration.seo_keywords[1]"]);
        assert_eq!(fields(BlogPost, json!({"language": "english please"})), ["configuration.language"]);
        assert_eq!(fields(BlogPost, json!({"extras": {"x": "y".repeat(9000)}})), ["configuration.extras"]);
        assert_eq!(
            fields(BlogPost, json!({"required_terms": ["Cheap"], "banned_terms": ["cheap"]})),
            ["configuration.banned_terms"]
        );
    }
}
