//! From what a caller sent to a job: every field judged, defaults filled in, the worst case known.

use hg_common::http::FieldError;
use hg_contracts::{cpm::GenerateRequest, smm::WordRange};
use hg_llm::{ModelPrice, NotConfigured};
use hg_types::{ContentType, Length, Usd, UserId, id::ClientRef};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    estimate::{self, InputBounds, WORDS_ALLOWED},
    provider_choice::{Catalogue, Choice, ChoiceError, KeyOwner},
};

/// The request as it was understood; kept in `jobs.parameters`, read by the worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobParameters {
    /// What the caller asked for in words of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// At most ten; the first is the focus keyphrase unless one is given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    /// The phrase that the text shall be found by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub focus_keyphrase: Option<String>,
    /// Overrides the strategy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_audience: Option<String>,
    /// Overrides the strategy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<String>,
    /// Relative to the strategy's range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// Overrides `length` and the strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word_count_range: Option<WordRange>,
    /// What the caller gave; left out, the worker computes it with [`estimate::max_tokens`] once it knows the strategy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0.0–2.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// On whose behalf a trusted service asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// A stored provider key of the client's to use instead of the operator's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_key_id: Option<Uuid>,
    /// The bound of the prompt's tokens that the reservation assumes.
    pub input_bound: u64,
    /// The output limit that the reservation assumes.
    pub reserved_max_tokens: u32,
    /// The price at which it was reserved: it holds for all calls of the job, whatever a list says meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<ModelPrice>,
    /// The failed job that this one tries again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<Uuid>,
}

impl JobParameters {
    /// What of the caller's own words goes into the prompt.
    pub fn own_words(&self) -> impl Iterator<Item = &str> {
        let single = [&self.prompt, &self.focus_keyphrase, &self.target_audience, &self.tone];
        single.into_iter().filter_map(|text| text.as_deref()).chain(self.keywords.iter().map(String::as_str))
    }
}

/// A job that may be accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// For whom.
    pub client: ClientRef,
    /// What about.
    pub topic: String,
    /// What kind.
    pub content_type: ContentType,
    /// By whom.
    pub choice: Choice,
    /// Everything else.
    pub parameters: JobParameters,
    /// −10 to 10.
    pub priority: i16,
    /// The most that its first call can cost.
    pub worst_case: Usd,
    /// What it will probably cost.
    pub expected: Usd,
}

/// The request can't be accepted.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Fields that the caller can mend.
    #[error("{} fields can't be accepted", .0.len())]
    Invalid(Vec<FieldError>),
    /// The provider has no key here.
    #[error(transparent)]
    NotConfigured(NotConfigured),
}

/// Judges a request, all fields at once.
///
/// # Errors
/// With one entry per field, or when the provider can't be used.
pub fn understand(
    request: GenerateRequest,
    catalogue: &Catalogue,
    bounds: &InputBounds,
) -> Result<NewJob, RequestError> {
    let mut problems = Problems::default();
    let prompt = problems.text("prompt", request.prompt, 20_000, Lines::Many);
    let topic = problems.text("topic", request.topic, 500, Lines::One);
    let topic = topic.or_else(|| prompt.as_deref().map(topic_of)).unwrap_or_default();
    if topic.is_empty() && problems.none_about(&["topic", "prompt"]) {
        problems.push("topic", "must not be empty, unless there is a prompt");
    }
    let keywords = problems.keywords(request.keywords);
    let focus_keyphrase = problems.text("focus_keyphrase", request.focus_keyphrase, 200, Lines::One);
    let target_audience = problems.text("target_audience", request.target_audience, 500, Lines::One);
    let tone = problems.text("tone", request.tone, 100, Lines::One);
    if let Some((min, max)) = request.word_count_range
        && !(WORDS_ALLOWED.0 <= min && min <= max && max <= WORDS_ALLOWED.1)
    {
        let (least, most) = WORDS_ALLOWED;
        problems.push("word_count_range", format!("must be [min, max] with {least} ≤ min ≤ max ≤ {most}"));
    }
    problems.check(
        request.max_tokens.is_none_or(|tokens| (100..=16_000).contains(&tokens)),
        "max_tokens",
        "must be 100 to 16000",
    );
    let warm = request.temperature.is_none_or(|temperature| (0.0..=2.0).contains(&temperature));
    problems.check(warm, "temperature", "must be 0.0 to 2.0");
    let priority = request.priority.unwrap_or_default();
    problems.check((-10..=10).contains(&priority), "priority", "must be -10 to 10");

    let owner = if request.provider_key_id.is_some() { KeyOwner::Client } else { KeyOwner::Operator };
    let provider = request.llm_provider.as_deref().filter(|name| !name.is_empty());
    let model = request.model.as_deref().filter(|name| !name.is_empty());
    let choice = match catalogue.choose(provider, model, owner) {
        Ok(choice) => choice,
        // What can be mended is told first.
        Err(ChoiceError::NotConfigured(reason)) => {
            problems.into_result()?;
            return Err(RequestError::NotConfigured(reason));
        }
        Err(error @ ChoiceError::UnknownProvider { .. }) => {
            return Err(problems.with("llm_provider", error.to_string()));
        }
        Err(error @ (ChoiceError::NoPrice { .. } | ChoiceError::Retired { .. })) => {
            return Err(problems.with("model", error.to_string()));
        }
    };
    if let Some(asked) = request.max_tokens {
        let most = choice.price.max_output;
        problems.check(
            u64::from(asked) <= most,
            "max_tokens",
            format!("{} writes at most {most} tokens", choice.model),
        );
    }
    problems.into_result()?;
    let parameters = JobParameters {
        prompt,
        keywords,
        focus_keyphrase,
        target_audience,
        tone,
        length: request.length,
        word_count_range: request.word_count_range,
        max_tokens: request.max_tokens,
        temperature: request.temperature,
        user_id: request.user_id,
        provider_key_id: request.provider_key_id,
        ..JobParameters::default()
    };
    Ok(priced(request.client_id, topic, request.content_type, choice, parameters, priority, bounds))
}

/// A failed job's parameters as a new job: the same request, at today's prices.
///
/// # Errors
/// When its model has no price any more or was retired, or its provider has no key.
pub fn again(earlier: EarlierJob, catalogue: &Catalogue, bounds: &InputBounds) -> Result<NewJob, RequestError> {
    let owner = if earlier.parameters.provider_key_id.is_some() { KeyOwner::Client } else { KeyOwner::Operator };
    let choice =
        catalogue.choose(Some(&earlier.provider), Some(&earlier.model), owner).map_err(|error| match error {
            ChoiceError::NotConfigured(reason) => RequestError::NotConfigured(reason),
            other => Problems::default().with("model", other.to_string()),
        })?;
    let parameters = JobParameters { retry_of: Some(earlier.id), ..earlier.parameters };
    let client = ClientRef::Id(earlier.client.into());
    Ok(priced(client, earlier.topic, earlier.content_type, choice, parameters, 0, bounds))
}

/// What a retry needs to know of a job.
#[derive(Clone, Debug)]
pub struct EarlierJob {
    /// Which.
    pub id: Uuid,
    /// For whom.
    pub client: Uuid,
    /// What about.
    pub topic: String,
    /// What kind.
    pub content_type: ContentType,
    /// The provider that was asked.
    pub provider: String,
    /// The model that was asked for.
    pub model: String,
    /// The rest of the request.
    pub parameters: JobParameters,
}

fn priced(
    client: ClientRef,
    topic: String,
    content_type: ContentType,
    choice: Choice,
    mut parameters: JobParameters,
    priority: i16,
    bounds: &InputBounds,
) -> NewJob {
    let words = estimate::word_range(parameters.word_count_range, None, parameters.length, content_type);
    let own = || parameters.own_words().chain([topic.as_str()]);
    let input_bound = bounds.for_prompt(content_type, own());
    let own_tokens = own().map(hg_llm::estimate_tokens).sum();
    let max_tokens = parameters.max_tokens.unwrap_or_else(|| estimate::max_tokens(words, &choice.price, input_bound));
    let worst_case = choice.worst_case(input_bound, u64::from(max_tokens));
    let expected = estimate::expected_cost(words, &choice.price, own_tokens).min(worst_case);
    parameters.input_bound = input_bound;
    parameters.reserved_max_tokens = max_tokens;
    parameters.price = Some(choice.price.clone());
    NewJob { client, topic, content_type, choice, parameters, priority, worst_case, expected }
}

/// The beginning of a prompt as a topic: its first line, cut at a word.
fn topic_of(prompt: &str) -> String {
    const LONGEST: usize = 200;
    let line = prompt.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let Some((cut, _)) = line.char_indices().nth(LONGEST) else { return line.to_owned() };
    let head = &line[..cut];
    let at_word = head.rfind(char::is_whitespace).map_or(head, |space| &head[..space]);
    format!("{}…", at_word.trim_end())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

#[derive(Default)]
struct Problems(Vec<FieldError>);

impl Problems {
    fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError { field: field.into(), message: message.into() });
    }

    fn check(&mut self, fine: bool, field: &str, message: impl Into<String>) {
        if !fine {
            self.push(field, message);
        }
    }

    fn with(mut self, field: &str, message: String) -> RequestError {
        self.push(field, message);
        RequestError::Invalid(self.0)
    }

    fn none_about(&self, fields: &[&str]) -> bool {
        !self.0.iter().any(|problem| fields.contains(&problem.field.as_str()))
    }

    fn into_result(self) -> Result<(), RequestError> {
        if self.0.is_empty() { Ok(()) } else { Err(RequestError::Invalid(self.0)) }
    }

    /// A trimmed text, `None` where there is nothing in it.
    fn text(&mut self, field: &str, text: Option<String>, longest: usize, lines: Lines) -> Option<String> {
        let text = text?;
        let text = text.trim();
        if text.chars().count() > longest {
            self.push(field, format!("must have at most {longest} characters"));
        } else if text.chars().any(|c| c.is_control() && !(lines == Lines::Many && matches!(c, '\n' | '\r' | '\t'))) {
            // Control characters are no text; Postgres can't even hold a zero byte.
            self.push(field, "must not have control characters");
        } else if !text.is_empty() {
            return Some(text.to_owned());
        }
        None
    }

    fn keywords(&mut self, keywords: Vec<String>) -> Vec<String> {
        if keywords.len() > 10 {
            self.push("keywords", format!("must be at most 10, not {}", keywords.len()));
            return Vec::new();
        }
        let mut kept = Vec::with_capacity(keywords.len());
        for (index, keyword) in keywords.into_iter().enumerate() {
            let field = format!("keywords[{index}]");
            let before = self.0.len();
            match self.text(&field, Some(keyword), 100, Lines::One) {
                Some(keyword) => kept.push(keyword),
                None if self.0.len() == before => self.push(field, "must not be empty"),
                None => {}
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use hg_llm::{PriceTable, ProviderConfig, Registry, RegistryConfig, SampleConfig, Secret};
    use hg_types::Provider;
    use serde_json::{Value, json};

    use super::*;

    fn judge(body: Value) -> Result<NewJob, RequestError> {
        let key = ProviderConfig { key: Some(Secret::new("sk-test")), ..ProviderConfig::default() };
        let providers = BTreeMap::from([(Provider::OpenAi, key)]);
        let registry = Registry::new(&RegistryConfig { providers, sample: Some(SampleConfig::default()) }).unwrap();
        let catalogue = Catalogue::new(Arc::new(registry), PriceTable::builtin(), None);
        let request = serde_json::from_value(body).unwrap();
        understand(request, &catalogue, &InputBounds::new(8_000, BTreeMap::new()))
    }

    fn fields(body: Value) -> Vec<String> {
        match judge(body) {
            Err(RequestError::Invalid(problems)) => problems.into_iter().map(|problem| problem.field).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_payloads_of_the_reference() {
        let first = judge(
            json!({"topic": "Benefits of AI in Healthcare", "content_type": "blog_post", "client_id": "pasco",
            "keywords": ["artificial intelligence", "healthcare", "medical technology"], "llm_provider": "openai", "max_tokens": 1500}),
        );
        let first = first.unwrap();
        assert_eq!((first.choice.provider, first.parameters.reserved_max_tokens), (Provider::OpenAi, 1_500));
        assert_eq!(first.client, ClientRef::Slug("pasco".into()));
        let second = judge(json!({"content_type": "blog", "client_id": "550e8400-e29b-41d4-a716-446655440000",
            "prompt": "Explain how AI assistants help marketing teams increase productivity.", "llm_provider": "openrouter",
            "model": "deepseek/deepseek-r1-0528-qwen3-8b:free", "keywords": ["ai assistants", "marketing", "automation"], "length": "short",
            "user_id": "4d9b1c88-62eb-4b88-92b5-ca03d8bdb616", "provider_key_id": "1f1fe2c5-20ca-4602-a285-182443edcbe7"}));
        let second = second.unwrap();
        assert_eq!(second.content_type, ContentType::BlogPost);
        assert_eq!(second.topic, "Explain how AI assistants help marketing teams increase productivity.");
        assert_eq!(second.worst_case, Usd::ZERO);
    }

    #[test]
    fn one_entry_per_field() {
        let minimal = json!({"client_id": "x", "content_type": "blog_post", "topic": "  "});
        assert_eq!(fields(minimal), ["topic"]);
        let bad = json!({"client_id": "x", "content_type": "blog_post", "topic": "a\u{0}b", "keywords": ["ok", " "], "tone": "t".repeat(101),
            "word_count_range": [10, 5], "max_tokens": 99, "temperature": 2.5, "priority": 11, "llm_provider": "skynet"});
        assert_eq!(
            fields(bad),
            [
                "topic",
                "keywords[1]",
                "tone",
                "word_count_range",
                "max_tokens",
                "temperature",
                "priority",
                "llm_provider"
            ]
        );
        let eleven = json!({"client_id": "x", "content_type": "blog_post", "topic": "t", "keywords": vec!["k"; 11], "model": "t-800"});
        assert_eq!(fields(eleven), ["keywords", "model"]);
    }

    #[test]
    fn a_missing_key_comes_after_what_the_caller_can_mend() {
        let groq = json!({"client_id": "x", "content_type": "blog_post", "topic": "t", "llm_provider": "groq"});
        let refused = judge(groq).unwrap_err();
        assert_eq!(refused.to_string(), "Groq API key is not configured");
        assert_eq!(fields(json!({"client_id": "x", "content_type": "blog_post", "llm_provider": "groq"})), ["topic"]);
    }

    #[test]
    fn the_reservation_is_the_worst_case_at_list_price() {
        let job = judge(json!({"client_id": "x", "content_type": "blog_post", "topic": "Circuit breakers"})).unwrap();
        let parameters = &job.parameters;
        assert!(parameters.input_bound > 8_000 && parameters.reserved_max_tokens >= 3_000);
        let worst = job.choice.price.worst_case(parameters.input_bound, u64::from(parameters.reserved_max_tokens));
        assert_eq!(job.worst_case, worst);
        assert!(job.expected <= worst && job.expected.is_positive());
    }

    #[test]
    fn a_topic_is_cut_at_a_word() {
        assert_eq!(topic_of("\n  Write about fuses.\nMore."), "Write about fuses.");
        let long = "word ".repeat(100);
        let topic = topic_of(&long);
        assert!(topic.chars().count() <= 201 && topic.ends_with("word…"), "{topic}");
    }

    #[test]
    fn a_retry_asks_the_same_again() {
        let job = judge(json!({"client_id": "x", "content_type": "blog_post", "topic": "Fuses", "keywords": ["fuse"]}))
            .unwrap();
        let stored = serde_json::to_value(&job.parameters).unwrap();
        let earlier = EarlierJob {
            id: Uuid::from_u128(1),
            client: Uuid::from_u128(2),
            topic: job.topic.clone(),
            content_type: job.content_type,
            provider: job.choice.provider.as_str().into(),
            model: job.choice.model.clone(),
            parameters: serde_json::from_value(stored).unwrap(),
        };
        let registry = Registry::new(&RegistryConfig { providers: BTreeMap::new(), sample: None }).unwrap();
        let catalogue = Catalogue::new(Arc::new(registry), PriceTable::builtin(), None);
        let bounds = InputBounds::new(8_000, BTreeMap::new());
        assert!(matches!(again(earlier.clone(), &catalogue, &bounds), Err(RequestError::NotConfigured(_))));
        let key = ProviderConfig { key: Some(Secret::new("sk-test")), ..ProviderConfig::default() };
        let registry =
            Registry::new(&RegistryConfig { providers: BTreeMap::from([(Provider::OpenAi, key)]), sample: None })
                .unwrap();
        let again = again(earlier, &Catalogue::new(Arc::new(registry), PriceTable::builtin(), None), &bounds).unwrap();
        assert_eq!(again.parameters.retry_of, Some(Uuid::from_u128(1)));
        assert_eq!((again.parameters.keywords, again.worst_case), (job.parameters.keywords, job.worst_case));
    }
}
