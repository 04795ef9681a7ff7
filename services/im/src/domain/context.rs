//! From checked inputs to the variables that a template reads.
//!
//! A value that nobody gave is absent, so that `{% if … %}` and `default(…)` work as in the reference's templates; lists
//! and objects are always there, perhaps empty. Everything here is data: nothing is ever rendered twice.

use hg_contracts::smm::{ClientFacts, SeoRuleFields};
use serde_json::{Map, Value, json};

use super::{
    inputs::{CheckedInputs, one_line},
    place,
};

/// The variables for one prompt.
#[must_use]
pub fn context(inputs: &CheckedInputs, client: &ClientFacts) -> Map<String, Value> {
    let request = inputs.request();
    let strategy = inputs.strategy();
    let keywords = inputs.keywords();
    let mut context = Context(Map::new());

    context.put("topic", request.topic.as_str());
    context.put("content_type", request.content_type.as_str());
    context.put("content_type_label", request.content_type.label());
    context.put(
        "client",
        json!({"id": client.id, "name": one_line(&client.name), "slug": client.slug, "metadata": client.metadata}),
    );
    context.maybe("focus_keyphrase", inputs.focus_keyphrase());
    context.maybe("length", request.length.map(|length| length.as_str()));
    context.maybe("instructions", text(request.instructions.as_deref()));
    if let Some((min, max)) = inputs.word_range() {
        context.put("word_count_min", min);
        context.put("word_count_max", max);
        context.put("word_count", if min == max { format!("{min} words") } else { format!("{min}–{max} words") });
    }

    // The request overrides the strategy.
    context.maybe("target_audience", line(request.target_audience.as_deref().or(strategy.target_audience.as_deref())));
    context.maybe("tone", line(request.tone.as_deref().or(strategy.tone.as_deref())));

    context.maybe("language", line(strategy.language.as_deref()));
    context.maybe("brand_guidelines", text(strategy.brand_guidelines.as_deref()));
    context.maybe("brand_mentions", line(strategy.brand_mentions.as_deref()));
    context.maybe("call_to_action", line(strategy.call_to_action.as_deref()));
    context.maybe("call_to_action_url", line(strategy.call_to_action_url.as_deref()));
    context.maybe("location", line(strategy.location_focus.as_deref()).or_else(|| place::of_client(client)));
    context.maybe("technical_level", line(strategy.technical_level.as_deref()));
    context.maybe("technical_focus", line(strategy.technical_focus.as_deref()));
    context.maybe("press_contact", text(strategy.press_contact.as_deref()));
    context.maybe("email_greeting", line(strategy.email_greeting.as_deref()));
    context.maybe("email_signature", text(strategy.email_signature.as_deref()));
    context.maybe("boilerplate", text(strategy.boilerplate.as_deref()));

    context.maybe("seo_focus", strategy.seo_focus);
    context.maybe("include_introduction", strategy.include_introduction);
    context.maybe("include_conclusion", strategy.include_conclusion);
    context.maybe("include_cta", strategy.include_cta);
    context.maybe("include_local_keywords", strategy.include_local_keywords);
    context.maybe("include_service_areas", strategy.include_service_areas);
    context.maybe("include_emoji", strategy.include_emoji);
    context.maybe("subheading_count", strategy.subheading_count);
    context.maybe("meta_description_length", strategy.meta_description_length);
    context.maybe("subject_length", strategy.subject_length);
    context.maybe("preheader_length", strategy.preheader_length);
    context.maybe("include_postscript", strategy.include_postscript);
    context.maybe("email_count", strategy.email_count);

    let further: Vec<String> =
        strategy.seo_keywords.iter().flatten().filter(|keyword| !keywords.contains(keyword)).cloned().collect();
    context.list("keywords", &keywords);
    context.list("seo_keywords", &further);
    context.list("service_areas", strategy.service_areas.as_deref().unwrap_or_default());
    context.list("required_terms", strategy.required_terms.as_deref().unwrap_or_default());
    context.list("banned_terms", strategy.banned_terms.as_deref().unwrap_or_default());
    context.list("tone_words", strategy.tone_words.as_deref().unwrap_or_default());
    let samples = strategy.voice_samples.as_deref().unwrap_or_default();
    context.put("voice_samples", samples.iter().filter_map(|sample| text(Some(sample))).collect::<Vec<_>>());
    context.list("hashtags", strategy.hashtags.as_deref().unwrap_or_default());
    context.list("product_facts", strategy.product_facts.as_deref().unwrap_or_default());
    let platforms: Vec<Value> = strategy
        .platforms
        .iter()
        .flatten()
        .map(|name| {
            let mut platform = Context(Map::new());
            platform.put("name", name.as_str());
            platform.maybe(
                "character_limit",
                strategy.character_limits.as_ref().and_then(|limits| limits.get(name)).copied(),
            );
            platform
                .maybe("hashtag_count", strategy.hashtag_count.as_ref().and_then(|counts| counts.get(name)).copied());
            platform.maybe(
                "post_timing",
                strategy.post_timing.as_ref().and_then(|times| times.get(name)).map(|when| one_line(when)),
            );
            Value::Object(platform.0)
        })
        .collect();
    context.put("platforms", platforms);
    context.put("seo", inputs.seo().map(seo).unwrap_or_default());
    context.put("extras", strategy.extras.clone().unwrap_or_default());
    context.0
}

/// The SEO rules that are set, with the ends of ranges as values of their own.
fn seo(rules: &SeoRuleFields) -> Map<String, Value> {
    let mut seo = Context(Map::new());
    let (density, headings, meta) =
        (rules.keyphrase_density.unzip(), rules.keyphrase_in_headings.unzip(), rules.meta_description_range.unzip());
    seo.maybe("keyphrase_density_min", density.0.map(plain));
    seo.maybe("keyphrase_density_max", density.1.map(plain));
    seo.maybe("keyphrase_in_headings_min", headings.0);
    seo.maybe("keyphrase_in_headings_max", headings.1);
    seo.maybe("title_width", rules.title_width);
    seo.maybe("meta_description_min", meta.0);
    seo.maybe("meta_description_max", meta.1);
    seo.maybe("text_length_min", rules.text_length_min);
    seo.0
}

/// A whole number without its decimals: `3`, not `3.0`.
fn plain(number: f64) -> Value {
    serde_json::from_str(&number.to_string()).unwrap_or(Value::Null)
}

struct Context(Map<String, Value>);

impl Context {
    fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn maybe(&mut self, name: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn list(&mut self, name: &str, values: &[String]) {
        self.put(name, values.iter().map(|value| one_line(value)).collect::<Vec<_>>());
    }
}

fn line(value: Option<&str>) -> Option<String> {
    value.map(one_line).filter(|value| !value.is_empty())
}

fn text(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use hg_contracts::im::GeneratePrompt;
    use hg_types::ContentType;

    use super::*;
    use crate::domain::{
        inputs::{check, tests::request},
        variables::{OFFERED, find},
        verdict::{minimal_context, sample_context, sample_strategy},
    };

    #[test]
    fn what_is_offered_is_what_is_documented() {
        let mut seen = std::collections::BTreeSet::new();
        for &content_type in ContentType::ALL {
            seen.extend(sample_context(content_type).keys().cloned());
            for variable in OFFERED.iter().filter(|variable| variable.always) {
                assert!(minimal_context(content_type).contains_key(variable.name), "{} is missing", variable.name);
            }
            assert!(minimal_context(content_type).keys().all(|name| find(name).unwrap().always));
        }
        assert_eq!(seen.len(), OFFERED.len());
        assert!(seen.iter().all(|name| find(name).is_some()), "{seen:?}");
    }

    #[test]
    fn the_request_overrides_the_strategy_and_metadata_is_the_last_resort() {
        let mut strategy = sample_strategy(ContentType::BlogPost);
        strategy.values.tone = Some("strict".to_owned());
        strategy.values.location_focus = None;
        strategy.client.metadata.insert("location".to_owned(), "cincinnati_oh".into());
        let client = strategy.client.clone();
        let asked = GeneratePrompt {
            client_id: client.id,
            tone: Some("warm".to_owned()),
            strategy: Some(strategy),
            ..request()
        };
        let context = context(&check(asked).unwrap(), &client);
        assert_eq!(context["tone"], "warm");
        assert_eq!(context["location"], "Cincinnati, OH");
        assert_eq!(context["word_count"], "600–1000 words");
        assert_eq!(context["seo"]["keyphrase_density_max"].to_string(), "3");
        assert_eq!(context["seo"]["meta_description_min"], 121);
    }
}
