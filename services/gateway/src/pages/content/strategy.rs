//! What the client's strategy says, beside the form and as the meaning of fields that are left empty.

use hg_contracts::smm::{EffectiveStrategy, Level, StrategyFields, WordRange};
use hg_types::{ContentType, Length};

use super::{FormDefaults, LengthChoice, StrategyCard, StrategyFact, StrategyView};
use crate::pages::format;

/// The shortest and the longest text that content production writes, in words.
const WORDS_ALLOWED: WordRange = (20, 5_000);

/// The strategy of a content type, as far as it can be read.
pub(super) fn view(content_type: ContentType, strategy: Option<&EffectiveStrategy>) -> StrategyView {
    StrategyView {
        content_type: content_type.as_str().into(),
        defaults: defaults(strategy),
        lengths: lengths(strategy),
        card: strategy.map(card),
    }
}

/// What holds where a field is left empty.
fn defaults(strategy: Option<&EffectiveStrategy>) -> FormDefaults {
    let values = strategy.map(|strategy| &strategy.values);
    let of =
        |field: fn(&StrategyFields) -> &Option<String>| values.and_then(|it| field(it).clone()).unwrap_or_default();
    FormDefaults { audience: of(|it| &it.target_audience), tone: of(|it| &it.tone) }
}

/// The lengths, with the words that they mean for this client, where the strategy says so.
fn lengths(strategy: Option<&EffectiveStrategy>) -> Vec<LengthChoice> {
    let range = strategy.and_then(|strategy| strategy.values.word_count_range);
    Length::ALL
        .iter()
        .map(|&length| LengthChoice {
            value: length.as_str().into(),
            label: label(length).into(),
            hint: range.map(|range| format!("{} words", words(stretched(range, length)))).unwrap_or_default(),
        })
        .collect()
}

/// A length's name.
pub(crate) const fn label(length: Length) -> &'static str {
    match length {
        Length::Short => "Short",
        Length::Medium => "Medium",
        Length::Long => "Long",
    }
}

/// The strategy's range as content production stretches it.
fn stretched((min, max): WordRange, length: Length) -> WordRange {
    let stretch = |words: u32| match length {
        Length::Short => words / 2,
        Length::Medium => words,
        Length::Long => words.saturating_add(words / 2),
    };
    let within = |words: u32| stretch(words).clamp(WORDS_ALLOWED.0, WORDS_ALLOWED.1);
    (within(min), within(max))
}

/// `600–1,000`.
pub(crate) fn words((min, max): WordRange) -> String {
    format!("{}–{}", format::count(min), format::count(max))
}

/// The card beside the form.
fn card(strategy: &EffectiveStrategy) -> StrategyCard {
    let values = &strategy.values;
    let mut facts = Vec::new();
    let mut fact = |key: &str, label: &'static str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            facts.push(StrategyFact { label: label.into(), value, source: source(strategy, key) });
        }
    };
    fact("tone", "Tone", values.tone.clone());
    fact("target_audience", "Audience", values.target_audience.clone());
    fact("location_focus", "Place", values.location_focus.clone());
    fact("word_count_range", "Words", values.word_count_range.map(words));
    if strategy.content_type == ContentType::SocialMedia {
        fact(
            "platforms",
            "Platforms",
            values
                .platforms
                .as_ref()
                .map(|names| names.iter().map(|name| platform(name)).collect::<Vec<_>>().join(", ")),
        );
    }
    fact("seo_keywords", "Keywords", values.seo_keywords.as_ref().map(|words| words.join(", ")));
    fact("call_to_action", "Call to action", values.call_to_action.clone());
    let kind = strategy.content_type.label().to_lowercase();
    StrategyCard { name: format!("{}, {kind}", strategy.client.name), facts }
}

/// Where a value comes from; empty for the client's own.
fn source(strategy: &EffectiveStrategy, key: &str) -> String {
    let Some(source) = strategy.explain.get(key).and_then(|place| strategy.sources.get(*place)) else {
        return String::new();
    };
    match (source.level, &source.client_name) {
        (Level::Client, _) => String::new(),
        (Level::Default, _) | (_, None) => "built in".to_owned(),
        (_, Some(name)) => format!("from {name}"),
    }
}

/// A platform as people write it.
pub(crate) fn platform(name: &str) -> String {
    match name.to_lowercase().as_str() {
        "twitter" => "X".to_owned(),
        "linkedin" => "LinkedIn".to_owned(),
        "facebook" => "Facebook".to_owned(),
        "instagram" => "Instagram".to_owned(),
        _ => {
            let mut characters = name.chars();
            characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hg_contracts::smm::{ClientFacts, EffectiveSeoRules, StrategySource};
    use hg_types::ClientId;
    use uuid::Uuid;

    use super::*;

    fn strategy() -> EffectiveStrategy {
        let id = ClientId(Uuid::from_u128(1));
        let source = |level, name: Option<&str>| StrategySource {
            level,
            client_id: None,
            client_name: name.map(str::to_owned),
            strategy_id: None,
            version: None,
        };
        EffectiveStrategy {
            client: ClientFacts {
                id,
                name: "Ohio Paving Co.".into(),
                slug: "ohio-paving".into(),
                metadata: serde_json::Map::new(),
            },
            content_type: ContentType::BlogPost,
            values: StrategyFields {
                tone: Some("authoritative".into()),
                target_audience: Some("property managers".into()),
                word_count_range: Some((600, 1_000)),
                ..StrategyFields::default()
            },
            sources: vec![
                source(Level::Client, Some("Ohio Paving Co.")),
                source(Level::Agency, Some("Paving Marketers")),
                source(Level::Default, None),
            ],
            explain: BTreeMap::from([
                ("tone".into(), 0),
                ("target_audience".into(), 1),
                ("word_count_range".into(), 2),
            ]),
            seo: EffectiveSeoRules::default(),
            explanation: None,
        }
    }

    #[test]
    fn a_card_says_where_values_come_from() {
        let card = card(&strategy());
        assert_eq!(card.name, "Ohio Paving Co., blog post");
        let shown: Vec<_> = card.facts.iter().map(|it| format!("{}={} ({})", it.label, it.value, it.source)).collect();
        assert_eq!(
            shown,
            [
                "Tone=authoritative ()",
                "Audience=property managers (from Paving Marketers)",
                "Words=600–1,000 (built in)"
            ]
        );
    }

    #[test]
    fn lengths_are_told_in_words() {
        let hints: Vec<_> = lengths(Some(&strategy())).into_iter().map(|it| it.hint).collect();
        assert_eq!(hints, ["300–500 words", "600–1,000 words", "900–1,500 words"]);
        assert!(lengths(None).iter().all(|it| it.hint.is_empty()));
        assert_eq!(defaults(Some(&strategy())).tone, "authoritative");
    }
}
