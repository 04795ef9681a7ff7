//! What a simulator is started with: keys, prices, seed, and how a call goes unless a rule says otherwise.

use serde::{Deserialize, Serialize};

use crate::{Provider, behaviour::Behaviour};

/// The key that a simulator accepts unless it is told others.
pub const DEFAULT_API_KEY: &str = "sim-key";

/// What a simulator is started with.
#[derive(Clone, Debug)]
pub struct SimulatorConfig {
    /// Port on the loopback interface; 0 takes a free one.
    pub port: u16,
    /// Seed of everything random: delays, dice of rules.
    pub seed: u64,
    /// Bearer keys that are accepted; any other is answered as the provider answers it, with 401.
    pub api_keys: Vec<String>,
    /// What is billed. A model that isn't listed is unknown, and refused as the provider refuses it.
    pub prices: PriceList,
    /// How a call goes where no rule matches.
    pub default_behaviour: Behaviour,
}

impl Default for SimulatorConfig {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            api_keys: vec![DEFAULT_API_KEY.to_owned()],
            prices: PriceList::default(),
            default_behaviour: Behaviour::default(),
        }
    }
}

/// What one model costs, in nano-USD per million tokens ($0.15 per million = 150,000,000).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The model's name, as requests write it.
    pub model: String,
    /// Prompt tokens.
    pub input_nano_per_million: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached_nano_per_million: u64,
    /// Tokens of the answer.
    pub output_nano_per_million: u64,
    /// Prompt tokens written to the provider's cache, where it bills them; shown in OpenRouter's list.
    #[serde(default)]
    pub cache_write_nano_per_million: Option<u64>,
    /// The prices of the whole call once its prompt is long.
    #[serde(default)]
    pub long_prompt: Option<LongPrompt>,
    /// Tokens that prompt and answer may have together; shown in model lists.
    #[serde(default = "default_context")]
    pub context_length: u64,
}

/// Other prices from a number of prompt tokens on, as in [`Price`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    /// They apply from so many prompt tokens on.
    pub min_prompt_tokens: u64,
    /// Prompt tokens.
    pub input_nano_per_million: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached_nano_per_million: u64,
    /// Tokens of the answer.
    pub output_nano_per_million: u64,
}

const fn default_context() -> u64 {
    128_000
}

impl Price {
    /// A price in nano-USD per million tokens: input, cached input, output.
    #[must_use]
    pub fn new(model: &str, input: u64, cached: u64, output: u64) -> Self {
        Self {
            model: model.to_owned(),
            input_nano_per_million: input,
            cached_nano_per_million: cached,
            output_nano_per_million: output,
            cache_write_nano_per_million: None,
            long_prompt: None,
            context_length: default_context(),
        }
    }
}

/// The simulator's own prices. They are examples for tests, not the providers' price lists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceList {
    /// Models behind `/openai`.
    pub openai: Vec<Price>,
    /// Models behind `/groq`.
    pub groq: Vec<Price>,
    /// Models behind `/openrouter`.
    pub openrouter: Vec<Price>,
}

impl PriceList {
    /// The models of one provider.
    #[must_use]
    pub fn of(&self, provider: Provider) -> &[Price] {
        match provider {
            Provider::OpenAi => &self.openai,
            Provider::Groq => &self.groq,
            Provider::OpenRouter => &self.openrouter,
        }
    }

    pub(crate) fn find(&self, provider: Provider, model: &str) -> Option<&Price> {
        self.of(provider).iter().find(|price| price.model == model)
    }
}

impl Default for PriceList {
    fn default() -> Self {
        let milli = |model: &str, input: u64, cached: u64, output: u64| {
            Price::new(model, input * 1_000_000, cached * 1_000_000, output * 1_000_000)
        };
        Self {
            openai: vec![
                milli("gpt-4o-mini", 150, 75, 600),
                milli("gpt-4o", 2_500, 1_250, 10_000),
                milli("gpt-4.1", 2_000, 500, 8_000),
                milli("gpt-4.1-mini", 400, 100, 1_600),
                milli("gpt-4.1-nano", 100, 25, 400),
                milli("gpt-5", 1_250, 125, 10_000),
                milli("gpt-5-mini", 250, 25, 2_000),
                milli("gpt-5-nano", 50, 5, 400),
                milli("o4-mini", 1_100, 275, 4_400),
            ],
            groq: vec![
                milli("llama-3.3-70b-versatile", 590, 295, 790),
                milli("llama-3.1-8b-instant", 50, 25, 80),
                milli("openai/gpt-oss-120b", 150, 75, 600),
                milli("openai/gpt-oss-20b", 75, 37, 300),
            ],
            openrouter: vec![
                milli("openai/gpt-4o-mini", 150, 75, 600),
                milli("openai/gpt-4o", 2_500, 1_250, 10_000),
                milli("openai/gpt-5-mini", 250, 25, 2_000),
                Price {
                    cache_write_nano_per_million: Some(3_750_000_000),
                    long_prompt: Some(LongPrompt {
                        min_prompt_tokens: 200_000,
                        input_nano_per_million: 6_000_000_000,
                        cached_nano_per_million: 600_000_000,
                        output_nano_per_million: 22_500_000_000,
                    }),
                    context_length: 1_000_000,
                    ..milli("anthropic/claude-sonnet-4.5", 3_000, 300, 15_000)
                },
                milli("google/gemini-2.5-flash", 300, 75, 2_500),
                milli("meta-llama/llama-3.3-70b-instruct", 130, 65, 390),
            ],
        }
    }
}
