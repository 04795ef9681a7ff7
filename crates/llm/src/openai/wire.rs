//! The shapes that come back. Everything is optional and unknown fields are ignored: compatible
//! servers leave out, null and add things at will.
//!
//! Sources: OpenAI's "The chat completion chunk object", Groq's API reference (`x_groq`),
//! OpenRouter's "API overview", "Usage accounting" and "Errors and debugging".

use hg_types::Usd;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::text::{Content, Text};
use crate::adapter::Usage;

/// A chunk of a stream, and a whole answer as well: they differ in `delta` and `message`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Chunk<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) model: Option<Text<'a>>,
    pub(super) choices: Option<Vec<Choice<'a>>>,
    pub(super) usage: Option<WireUsage>,
    pub(super) x_groq: Option<XGroq>,
    pub(super) error: Option<WireError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Choice<'a> {
    pub(super) delta: Option<Delta<'a>>,
    pub(super) message: Option<Delta<'a>>,
    pub(super) finish_reason: Option<Text<'a>>,
    pub(super) error: Option<WireError>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(super) struct Delta<'a> {
    pub(super) content: Option<Content<'a>>,
    pub(super) refusal: Option<Text<'a>>,
}

impl Delta<'_> {
    /// The text, if there is some.
    pub(super) fn text(&self) -> Option<String> {
        let Content(text) = self.content.as_ref()?;
        (!text.is_empty()).then(|| text.to_string())
    }
}

/// Groq's own part of a chunk.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct XGroq {
    pub(super) id: Option<String>,
    pub(super) usage: Option<WireUsage>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
    /// Raw, so that the amount never passes through a float.
    cost: Option<Box<RawValue>>,
    is_byok: Option<bool>,
    cost_details: Option<CostDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CostDetails {
    upstream_inference_cost: Option<Box<RawValue>>,
}

impl WireUsage {
    /// Cached tokens are inside `prompt_tokens`, reasoning inside `completion_tokens`.
    pub(super) fn usage(&self) -> Usage {
        let prompt = self.prompt_tokens_details.as_ref();
        let completion = self.completion_tokens_details.as_ref();
        Usage {
            input_tokens: self.prompt_tokens.unwrap_or_default(),
            cached_input_tokens: prompt.and_then(|details| details.cached_tokens).unwrap_or_default(),
            cache_write_tokens: prompt.and_then(|details| details.cache_write_tokens).unwrap_or_default(),
            output_tokens: self.completion_tokens.unwrap_or_default(),
            reasoning_tokens: completion.and_then(|details| details.reasoning_tokens).unwrap_or_default(),
        }
    }

    /// What was spent: `cost`, plus what the upstream charges to a key of one's own.
    pub(super) fn cost(&self) -> Option<Usd> {
        let cost = amount(self.cost.as_deref()?)?;
        let upstream = self.cost_details.as_ref().and_then(|details| details.upstream_inference_cost.as_deref());
        match upstream.filter(|_| self.is_byok == Some(true)).and_then(amount) {
            Some(upstream) => Some(cost + upstream),
            None => Some(cost),
        }
    }
}

/// A hundred thousand dollars: no single call costs that.
const MOST_NANOS: i64 = 100_000 * 1_000_000_000;

/// A number or a string in JSON as an amount, rounded up to a nano-dollar.
fn amount(raw: &RawValue) -> Option<Usd> {
    let text = raw.get().trim_matches('"');
    let exact = Decimal::from_str_exact(text).or_else(|_| text.parse()).or_else(|_| Decimal::from_scientific(text));
    let rounded = exact.ok()?.round_dp_with_strategy(9, RoundingStrategy::ToPositiveInfinity);
    // An absurd amount is a mistake, and no column could hold it: better to compute it.
    Usd::from_decimal(rounded).ok().filter(|amount| (0..=MOST_NANOS).contains(&amount.nanos()))
}

/// An error object, in a body of its own or inside a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireError {
    pub(super) message: Option<String>,
    pub(super) r#type: Option<Value>,
    /// A name for OpenAI and Groq, a status for OpenRouter.
    pub(super) code: Option<Value>,
    pub(super) metadata: Option<Value>,
}

/// The body of a refused call. Some servers put a bare string where the object belongs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorBody {
    pub(super) error: Option<Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(json: &str) -> Option<i64> {
        serde_json::from_str::<WireUsage>(json).unwrap().cost().map(Usd::nanos)
    }

    #[test]
    fn adds_the_upstream_cost_only_to_a_key_of_ones_own() {
        let details = r#""cost_details":{"upstream_inference_cost":0.19}"#;
        assert_eq!(cost(&format!(r#"{{"cost":0.01,"is_byok":true,{details}}}"#)), Some(200_000_000));
        assert_eq!(cost(&format!(r#"{{"cost":0.01,"is_byok":false,{details}}}"#)), Some(10_000_000));
        assert_eq!(cost(&format!(r#"{{"cost":0.01,{details}}}"#)), Some(10_000_000));
        assert_eq!(cost(r#"{"cost":0,"is_byok":true,"cost_details":{"upstream_inference_cost":null}}"#), Some(0));
    }

    #[test]
    fn reads_an_amount_exactly_and_rounds_up() {
        assert_eq!(cost(r#"{"cost":0.00014205}"#), Some(142_050));
        assert_eq!(cost(r#"{"cost":"0.5"}"#), Some(500_000_000));
        assert_eq!(cost(r#"{"cost":1.5e-7}"#), Some(150));
        assert_eq!(cost(r#"{"cost":0.0000000001}"#), Some(1));
        assert_eq!(cost(r#"{"cost":-1}"#), None);
        assert_eq!(cost(r#"{"cost":1e9}"#), None);
        assert_eq!(cost(r#"{"cost":{}}"#), None);
        assert_eq!(cost("{}"), None);
    }
}
