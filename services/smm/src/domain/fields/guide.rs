//! The tables of fields as a guide for forms.

use hg_contracts::smm::{FieldGuide, FieldKind, PlatformGuide, StrategyGuide};
use hg_types::ContentType;
use serde_json::{Map, Value};

use super::{Bounds, Field, PLATFORMS};
use crate::domain::{
    seo_rules::{self, SEO_FIELDS},
    strategy::{STRATEGY_FIELDS, built_in, to_stored},
};

/// What may be written for a content type.
#[must_use]
pub fn guide(content_type: ContentType) -> StrategyGuide {
    let strategy = to_stored(&built_in(content_type));
    let seo = to_stored(&seo_rules::built_in(content_type));
    let fields = |table: &[Field], built_in: &Map<String, Value>| {
        table.iter().filter(|field| field.applies.contains(&content_type)).map(|field| of(field, built_in)).collect()
    };
    let platforms = if content_type == ContentType::SocialMedia { &PLATFORMS[..] } else { &[] };
    StrategyGuide {
        content_type,
        strategy: fields(STRATEGY_FIELDS, &strategy),
        seo_rules: fields(SEO_FIELDS, &seo),
        platforms: platforms
            .iter()
            .map(|(name, limit)| PlatformGuide { name: (*name).to_owned(), character_limit: *limit })
            .collect(),
    }
}

fn of(field: &Field, built_in: &Map<String, Value>) -> FieldGuide {
    let mut guide = FieldGuide {
        name: field.name.to_owned(),
        about: field.about.to_owned(),
        kind: FieldKind::Flag,
        max_length: None,
        max_entries: None,
        min: None,
        max: None,
        suggestions: field.suggested.iter().map(|it| (*it).to_owned()).collect(),
        built_in: built_in.get(field.name).cloned(),
    };
    let within = |guide: &mut FieldGuide, from: f64, to: f64| (guide.min, guide.max) = (Some(from), Some(to));
    let sized = |guide: &mut FieldGuide, most: usize, longest: usize| {
        (guide.max_entries, guide.max_length) = (Some(most), Some(longest));
    };
    guide.kind = match field.bounds {
        Bounds::Text(most) => {
            guide.max_length = Some(most);
            FieldKind::Text
        }
        Bounds::Lines(most, longest) | Bounds::Words(most, longest) => {
            sized(&mut guide, most, longest);
            FieldKind::Lines
        }
        Bounds::Texts(most, longest) => {
            sized(&mut guide, most, longest);
            FieldKind::Texts
        }
        Bounds::Flag => FieldKind::Flag,
        Bounds::Number(from, to) => {
            within(&mut guide, from.into(), to.into());
            FieldKind::Number
        }
        Bounds::Range(from, to) => {
            within(&mut guide, from.into(), to.into());
            FieldKind::Range
        }
        Bounds::DecimalRange(from, to) => {
            within(&mut guide, from, to);
            FieldKind::DecimalRange
        }
        Bounds::Language => FieldKind::Language,
        Bounds::Url => FieldKind::Url,
        Bounds::Platforms => FieldKind::Platforms,
        Bounds::CharacterLimits | Bounds::HashtagCounts => FieldKind::NumberPerPlatform,
        Bounds::TextPerPlatform(most) => {
            guide.max_length = Some(most);
            FieldKind::TextPerPlatform
        }
        Bounds::Choices(known) => {
            guide.suggestions = known.iter().map(|it| (*it).to_owned()).collect();
            FieldKind::Choices
        }
        Bounds::Extras => FieldKind::Extras,
    };
    guide
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guide_offers_what_the_content_type_takes() {
        let social = guide(ContentType::SocialMedia);
        assert!(social.strategy.iter().any(|field| field.name == "platforms"));
        assert!(!social.strategy.iter().any(|field| field.name == "subheading_count"));
        assert!(social.seo_rules.is_empty() && social.platforms.len() == 4);
        let blog = guide(ContentType::BlogPost);
        let tone = blog.strategy.iter().find(|field| field.name == "tone").unwrap();
        assert!(tone.suggestions.contains(&"educational".to_owned()) && tone.max_length == Some(100));
        assert_eq!(tone.built_in, Some("professional".into()));
        assert_eq!(blog.seo_rules.len(), SEO_FIELDS.len());
    }
}
