//! What tokens cost: a dated table, refreshed from OpenRouter's list, overridden by the operator.
//!
//! Owns prices and the facts that go with them (limits, which fields a model takes). A price is a fact
//! with a source and a date; the table is data (`prices.json`), not code.

mod dated;
mod fetch;
mod openrouter;
mod overrides;
mod table;
mod tokens;

use chrono::NaiveDate;
use hg_types::{Provider, Usd};
use serde::{Deserialize, Serialize};

pub use dated::LaterPrice;
pub use fetch::{FetchError, openrouter_list, openrouter_list_url};
pub use table::{PriceError, PriceJump, PriceTable, Refreshed};
pub use tokens::{estimate_tokens, token_bound};

use crate::{adapter::Usage, request::MaxTokensField};

/// One model's list prices and limits. All prices are US dollars per million tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelPrice {
    /// Who sells it.
    pub provider: Provider,
    /// The provider's id.
    pub id: String,
    /// The name for people.
    pub label: String,
    /// Input.
    pub input: Usd,
    /// Output, reasoning included.
    pub output: Usd,
    /// Input read from a cache; `None` where it costs as much as any input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Usd>,
    /// Input written to a cache. `None`: nobody has said, and it is taken for what it can be: see [`ModelPrice::worst_case`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
    /// The prices of the whole call once its input is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_context: Option<LongContext>,
    /// A fixed price per call, in US dollars.
    #[serde(default)]
    pub per_call: Usd,
    /// The most tokens that input and output may have together.
    pub context_length: u64,
    /// The most output tokens.
    pub max_output: u64,
    /// Where the model wants its output limit.
    pub max_tokens_field: MaxTokensField,
    /// Whether it takes a temperature; models that reason mostly don't.
    #[serde(default = "yes")]
    pub sampling: bool,
    /// Whether it reasons before it writes: leave room for that in the output limit.
    #[serde(default)]
    pub reasoning: bool,
    /// Whether its provider has retired it or announced to.
    #[serde(default)]
    pub deprecated: bool,
    /// The day on which it stops answering, where that is announced: from then on nobody may ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retires: Option<NaiveDate>,
    /// What its provider says to take instead, once it retires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// Prices that are announced for later (a promotion that ends), the earliest first. A job's own price has none:
    /// see [`ModelPrice::on`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<LaterPrice>,
    /// Where the price comes from.
    #[serde(default)]
    pub source: String,
    /// When it was read there.
    #[serde(default)]
    pub as_of: NaiveDate,
}

/// Other prices for calls with more input than a threshold. They apply to every token of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongContext {
    /// They apply above so many input tokens.
    pub above: u64,
    /// Input.
    pub input: Usd,
    /// Output.
    pub output: Usd,
    /// Input read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Usd>,
    /// Input written to a cache; left out as in [`ModelPrice`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
}

impl ModelPrice {
    /// A price that somebody assumes for a model of which none is known, so that something can be reserved for it.
    #[must_use]
    pub fn assumed(provider: Provider, id: &str, per_million: Usd, as_of: NaiveDate) -> Self {
        Self {
            provider,
            id: id.to_owned(),
            label: id.to_owned(),
            input: per_million,
            output: per_million,
            cache_read: None,
            // The operator speaks of all input.
            cache_write: Some(per_million),
            long_context: None,
            per_call: Usd::ZERO,
            context_length: 128_000,
            max_output: 16_384,
            max_tokens_field: MaxTokensField::MaxTokens,
            sampling: true,
            reasoning: false,
            deprecated: false,
            retires: None,
            instead: None,
            then: Vec::new(),
            source: "assumed by the operator".to_owned(),
            as_of,
        }
    }
}

const fn yes() -> bool {
    true
}

impl ModelPrice {
    /// What a call costs at list price, rounded up.
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Usd {
        let rates = self.rates(usage.input_tokens);
        // A provider's count may contradict itself; never charge a token twice.
        let cached = usage.cached_input_tokens.min(usage.input_tokens);
        let written = usage.cache_write_tokens.min(usage.input_tokens - cached);
        let plain = usage.input_tokens - cached - written;
        self.per_call
            + sum(&[
                (plain, rates.input),
                (cached, rates.cache_read.unwrap_or(rates.input)),
                (written, self.cache_write(&rates)),
                (usage.output_tokens, rates.output),
            ])
    }

    /// The most that a call can cost: no cache is hit, all input is written to one where that is
    /// dearer, and the output limit is used up.
    ///
    /// Where the provider bills what is written to its cache and the price of that isn't known, it is five quarters of the
    /// input's: what OpenAI ("1.25× the uncached input token rate", from GPT-5.6 on) and Anthropic (for five minutes, the
    /// default) ask, and OpenRouter hands on. Longer retention is dearer, and never asked for. [`ModelPrice::cost`] takes the same.
    #[must_use]
    pub fn worst_case(&self, input_bound: u64, max_tokens: u64) -> Usd {
        let rates = self.rates(input_bound);
        let input = self.cache_write(&rates).max(rates.input);
        self.per_call + sum(&[(input_bound, input), (max_tokens, rates.output)])
    }

    /// Whether a call costs nothing.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !self.worst_case(1_000_000, 1_000_000).is_positive()
    }

    /// What a million tokens cost that are written to a cache.
    fn cache_write(&self, rates: &LongContext) -> Usd {
        let unknown = || match self.provider {
            Provider::OpenAi | Provider::OpenRouter | Provider::Anthropic => {
                let input = rates.input.nanos();
                Usd::from_nanos(input.saturating_add(input.saturating_add(3) / 4))
            }
            // They bill reads, storage that isn't asked for, or nothing.
            Provider::Google | Provider::Groq | Provider::Ollama | Provider::Sample => rates.input,
        };
        rates.cache_write.unwrap_or_else(unknown)
    }

    fn rates(&self, input_tokens: u64) -> LongContext {
        match self.long_context {
            Some(long) if input_tokens > long.above => long,
            _ => LongContext {
                above: 0,
                input: self.input,
                output: self.output,
                cache_read: self.cache_read,
                cache_write: self.cache_write,
            },
        }
    }
}

/// Rounded up once, at the end: rounding each part could put a cost above its worst case.
fn sum(parts: &[(u64, Usd)]) -> Usd {
    let exact: i128 = parts.iter().map(|(tokens, price)| i128::from(*tokens) * i128::from(price.nanos())).sum();
    Usd::from_nanos(i64::try_from((exact + 999_999).div_euclid(1_000_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(input: u64, cached: u64, written: u64, output: u64) -> Usage {
        Usage {
            input_tokens: input,
            cached_input_tokens: cached,
            cache_write_tokens: written,
            output_tokens: output,
            reasoning_tokens: 0,
        }
    }

    fn usd(text: &str) -> Usd {
        text.parse().unwrap()
    }

    #[test]
    fn cached_input_is_inside_input() {
        let table = PriceTable::builtin();
        let mini = table.lookup(Provider::OpenAi, "gpt-4o-mini").unwrap();
        assert_eq!(mini.cost(&usage(1_000_000, 0, 0, 1_000_000)), usd("0.75"));
        assert_eq!(mini.cost(&usage(1_000_000, 400_000, 0, 0)), usd("0.12"));
        assert_eq!(mini.cost(&usage(10, 50, 50, 0)), mini.cost(&usage(10, 10, 0, 0)));
        assert_eq!(mini.worst_case(1_000, 2_000), usd("0.00135"));
    }

    #[test]
    fn long_input_costs_more_on_every_token() {
        let table = PriceTable::builtin();
        let luna = table.lookup(Provider::OpenAi, "gpt-6.1-sol").unwrap();
        assert_eq!(luna.cost(&usage(272_000, 0, 0, 1_000_000)), usd("10.544"));
        assert_eq!(luna.cost(&usage(272_001, 0, 0, 1_000_000)), usd("16.088004"));
        assert!(luna.worst_case(272_001, 1_000) > luna.cost(&usage(272_001, 0, 0, 1_000)), "cache writes are dearer");
    }

    #[test]
    fn a_write_of_unknown_price_is_as_dear_as_it_can_be_where_writes_are_billed() {
        let table = PriceTable::builtin();
        let unknown = |provider, model| {
            let mut price = table.lookup(provider, model).unwrap().clone();
            price.cache_write = None;
            price
        };
        let luna = unknown(Provider::OpenAi, "gpt-6-luna");
        assert_eq!(luna.worst_case(1_000_000, 0), usd("0.25"), "the price of long input is known");
        assert_eq!(luna.worst_case(100_000, 0), usd("0.0125"));
        assert_eq!(luna.cost(&usage(100_000, 0, 100_000, 0)), usd("0.0125"));
        let oss = unknown(Provider::Groq, "openai/gpt-oss-20b");
        assert_eq!(oss.worst_case(1_000_000, 0), oss.input, "nobody bills writes there");
        let mini = table.lookup(Provider::OpenAi, "gpt-4o-mini").unwrap();
        assert_eq!(mini.worst_case(1_000_000, 0), mini.input, "known: as any input");
    }

    #[test]
    fn worst_case_is_never_exceeded() {
        let table = PriceTable::builtin();
        let guessed = table.models().cloned().map(|price| ModelPrice { cache_write: None, ..price });
        for price in table.models().cloned().chain(guessed) {
            for (input, output) in [(0, 0), (1, 1), (999, 4_000), (500_000, 8_000)] {
                let worst = price.worst_case(input, output);
                for (cached, written) in [(0, 0), (input, 0), (0, input), (input / 2, input / 3)] {
                    assert!(price.cost(&usage(input, cached, written, output)) <= worst, "{price:?}");
                }
            }
        }
    }
}
