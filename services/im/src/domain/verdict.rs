//! Whether a template can be used: it compiles, reads only what is offered, and renders both where everything is known
//! and where almost nothing is. A template that fails for the one client without a location would fail in the night.

use std::collections::{BTreeMap, BTreeSet};

use hg_contracts::{
    im::{GeneratePrompt, TemplateProblem, TemplateVerdict},
    smm::{ClientFacts, EffectiveSeoRules, EffectiveStrategy, Level, SeoRuleFields, StrategyFields, StrategySource},
};
use hg_types::{ClientId, ContentType, Length};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    context::context,
    engine::{Pair, Unusable},
    inputs::check,
    template::{Field, TEMPLATE_BYTES},
    variables::{OFFERED, find},
};

/// Unknown variables that are named: looking for what was meant takes time for each.
const UNKNOWN: usize = 20;

/// Judges a template. Takes processor time: not for an async thread.
#[must_use]
pub fn judge(content_type: ContentType, system: &str, user: &str) -> TemplateVerdict {
    let mut problems = sizes(system, user);
    if !problems.is_empty() {
        return refused(problems, Vec::new());
    }
    let pair = match Pair::compile(system, user) {
        Ok(pair) => pair,
        Err(found) => return refused(found.into_iter().map(problem).collect(), Vec::new()),
    };
    let mut variables = BTreeSet::new();
    for (field, source) in [(Field::System, system), (Field::User, user)] {
        for name in pair.variables(field) {
            variables.insert(name.clone());
            if problems.len() < UNKNOWN && find(name).is_none() {
                problems.push(unknown(field, source, name));
            }
        }
    }
    let variables: Vec<String> = variables.into_iter().collect();
    if !problems.is_empty() {
        return refused(problems, variables);
    }
    if let Err(found) = pair.render(&minimal_context(content_type)) {
        let mut problem = problem(found);
        problem
            .message
            .push_str(" (where only the topic and the client are known: test it with {% if … %}, or give a default)");
        problems.push(problem);
    }
    match pair.render(&sample_context(content_type)) {
        Ok(prompts) if problems.is_empty() => {
            let preview = if prompts.system.is_empty() {
                prompts.user
            } else {
                format!("{}\n\n{}", prompts.system, prompts.user)
            };
            TemplateVerdict { valid: true, problems, variables, preview: Some(preview) }
        }
        Ok(_) => refused(problems, variables),
        Err(found) => {
            problems.push(problem(found));
            refused(problems, variables)
        }
    }
}

fn refused(problems: Vec<TemplateProblem>, variables: Vec<String>) -> TemplateVerdict {
    TemplateVerdict { valid: false, problems, variables, preview: None }
}

fn sizes(system: &str, user: &str) -> Vec<TemplateProblem> {
    let mut problems = Vec::new();
    let mut wrong = |field: Field, message: &str| {
        problems.push(TemplateProblem { field: field.as_str().to_owned(), line: None, message: message.to_owned() });
    };
    for (field, source) in [(Field::System, system), (Field::User, user)] {
        if source.len() > TEMPLATE_BYTES {
            wrong(field, "must not exceed 64 KiB");
        }
        if source.contains('\0') {
            wrong(field, "must not contain the character U+0000");
        }
    }
    if user.trim().is_empty() {
        wrong(Field::User, "must not be empty");
    }
    problems
}

fn problem(found: Unusable) -> TemplateProblem {
    TemplateProblem { field: found.field.as_str().to_owned(), line: found.problem.line, message: found.problem.message }
}

fn unknown(field: Field, source: &str, name: &str) -> TemplateProblem {
    // Good enough to find it: the first line that has the name.
    let line = source.lines().position(|line| line.contains(name)).map(|index| index + 1);
    let near =
        OFFERED.iter().map(|variable| variable.name).min_by_key(|offered| distance(offered, name)).unwrap_or_default();
    let hint = if distance(near, name) <= 3 { format!("; did you mean {near}?") } else { String::new() };
    TemplateProblem {
        field: field.as_str().to_owned(),
        line,
        message: format!("{name} is not a variable that templates are offered{hint}"),
    }
}

/// The number of single-character changes between two names.
fn distance(a: &str, b: &str) -> usize {
    if a.len().abs_diff(b.len()) > 3 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The variables where only topic and client are known.
#[must_use]
pub fn minimal_context(content_type: ContentType) -> Map<String, Value> {
    let client = ClientFacts {
        id: ClientId(Uuid::nil()),
        name: "Ohio Paving Co.".to_owned(),
        slug: "ohio-paving".to_owned(),
        metadata: Map::new(),
    };
    build(bare_request(client.id, content_type, "Sealcoating in spring"), &client)
}

/// The variables where everything is known.
#[must_use]
pub fn sample_context(content_type: ContentType) -> Map<String, Value> {
    let strategy = sample_strategy(content_type);
    let client = strategy.client.clone();
    let request = GeneratePrompt {
        keywords: vec!["electrical panel upgrade".to_owned(), "200 amp service".to_owned()],
        focus_keyphrase: Some("electrical panel upgrade".to_owned()),
        length: Some(Length::Medium),
        instructions: Some("Mention that permits are needed.\nKeep it calm.".to_owned()),
        strategy: Some(strategy),
        ..bare_request(client.id, content_type, "When to upgrade an electrical panel")
    };
    build(request, &client)
}

fn build(request: GeneratePrompt, client: &ClientFacts) -> Map<String, Value> {
    // The samples keep the rules; a test says so.
    check(request).map(|inputs| context(&inputs, client)).unwrap_or_default()
}

fn bare_request(client_id: ClientId, content_type: ContentType, topic: &str) -> GeneratePrompt {
    GeneratePrompt {
        client_id,
        content_type,
        topic: topic.to_owned(),
        keywords: Vec::new(),
        focus_keyphrase: None,
        target_audience: None,
        tone: None,
        length: None,
        word_count_range: None,
        instructions: None,
        strategy: None,
    }
}

/// An effective strategy in which every field is set.
#[must_use]
pub fn sample_strategy(content_type: ContentType) -> EffectiveStrategy {
    let list = |values: &[&str]| Some(values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
    let text = |value: &str| Some(value.to_owned());
    let numbers = |values: &[(&str, u32)]| {
        Some(values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<BTreeMap<_, _>>())
    };
    let values = StrategyFields {
        tone: text("professional"),
        tone_words: list(&["plain", "reliable"]),
        voice_samples: list(&["We turn up on time.\nAnd we sweep the floor before we leave."]),
        target_audience: text("homeowners and business owners"),
        brand_guidelines: text("Write \"we\", never \"I\".\nNo scare tactics."),
        brand_mentions: text("our licensed master electricians"),
        language: text("en-US"),
        call_to_action: text("contact for quote"),
        call_to_action_url: text("https://cincinnati-electrician.example/quote"),
        location_focus: text("Cincinnati, Ohio"),
        service_areas: list(&["Cincinnati", "Covington", "Newport"]),
        seo_keywords: list(&["electrician cincinnati"]),
        required_terms: list(&["licensed"]),
        banned_terms: list(&["cheap"]),
        word_count_range: Some((600, 1000)),
        technical_level: text("beginner"),
        technical_focus: text("residential panels"),
        seo_focus: Some(true),
        include_introduction: Some(true),
        include_conclusion: Some(true),
        include_cta: Some(true),
        subheading_count: Some(3),
        meta_description_length: Some(156),
        include_local_keywords: Some(true),
        include_service_areas: Some(true),
        platforms: list(&["linkedin", "twitter", "facebook", "instagram"]),
        character_limits: numbers(&[("linkedin", 3_000), ("twitter", 280), ("facebook", 2_000), ("instagram", 2_200)]),
        hashtag_count: numbers(&[("linkedin", 5), ("twitter", 2), ("facebook", 2), ("instagram", 5)]),
        hashtags: list(&["#CincinnatiHomes"]),
        include_emoji: Some(false),
        post_timing: Some(BTreeMap::from([("linkedin".to_owned(), "Tuesday morning".to_owned())])),
        subject_length: Some(60),
        preheader_length: Some(100),
        email_greeting: text("Hello,"),
        email_signature: text("Jane Roe\nCincinnati Electrician Co."),
        include_postscript: Some(false),
        email_count: Some(1),
        press_contact: text("Press office, 513-555-0100"),
        boilerplate: text("Cincinnati Electrician Co. has served the tri-state area since 1998."),
        product_facts: list(&["200 amp", "copper bus bars"]),
        extras: json!({"include_case_studies": true}).as_object().cloned(),
        ..StrategyFields::default()
    };
    let rules = SeoRuleFields {
        keyphrase_density: Some((0.5, 3.0)),
        keyphrase_in_headings: Some((30, 75)),
        title_width: Some(600),
        meta_description_range: Some((121, 156)),
        text_length_min: Some(300),
        skipped_checks: None,
    };
    let metadata = json!({"industry": "electrical_services", "location": "cincinnati_oh", "services": ["residential", "commercial", "emergency"]});
    EffectiveStrategy {
        client: ClientFacts {
            id: ClientId(Uuid::from_u128(1)),
            name: "Cincinnati Electrician Co.".to_owned(),
            slug: "cincinnati-electrician".to_owned(),
            metadata: metadata.as_object().cloned().unwrap_or_default(),
        },
        content_type,
        values,
        sources: vec![StrategySource {
            level: Level::Default,
            client_id: None,
            client_name: None,
            strategy_id: None,
            version: None,
        }],
        explain: BTreeMap::new(),
        seo: EffectiveSeoRules { values: rules, ..EffectiveSeoRules::default() },
        explanation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(user: &str) -> TemplateVerdict {
        judge(ContentType::BlogPost, "", user)
    }

    #[test]
    fn a_good_template_is_shown_with_sample_data() {
        let verdict = verdict("Write about {{ topic }} for {{ target_audience | default('everybody') }}.");
        assert!(verdict.valid && verdict.problems.is_empty());
        assert_eq!(verdict.variables, ["target_audience", "topic"]);
        assert_eq!(
            verdict.preview.as_deref(),
            Some("Write about When to upgrade an electrical panel for homeowners and business owners.")
        );
    }

    #[test]
    fn an_unknown_variable_is_found_even_where_it_is_only_tested() {
        let verdict = verdict("{{ topic }}\n{% if key_words %}x{% endif %}");
        assert!(!verdict.valid && verdict.preview.is_none());
        assert_eq!(verdict.problems[0].line, Some(2));
        assert!(verdict.problems[0].message.contains("did you mean keywords?"), "{}", verdict.problems[0].message);
    }

    #[test]
    fn not_every_one_of_many_problems_is_named() {
        let many: String = (0..100).map(|n| format!("{{{{ unknown_{n} }}}}")).collect();
        assert_eq!(verdict(&many).problems.len(), UNKNOWN);
    }

    #[test]
    fn a_template_must_also_work_where_little_is_known() {
        let verdict = verdict("{{ topic }} in {{ location }}");
        assert!(!verdict.valid);
        assert!(verdict.problems[0].message.contains("location"), "{}", verdict.problems[0].message);
        assert!(judge(ContentType::BlogPost, "", "{{ topic }}{% if location %} in {{ location }}{% endif %}").valid);
    }

    #[test]
    fn defaults_put_up_with_strange_metadata() {
        for template in super::super::defaults::DEFAULTS {
            let mut context = sample_context(template.content_type);
            context["client"]["metadata"] = json!({"industry": ["a", "list"], "location": 7});
            assert!(Pair::compile(template.system, template.user).unwrap().render(&context).is_ok());
        }
    }

    #[test]
    fn syntax_errors_have_a_line() {
        let verdict = verdict("one\n{% for %}");
        assert_eq!((verdict.problems[0].field.as_str(), verdict.problems[0].line), ("template", Some(2)));
    }
}
