//! OpenRouter's list of models, `GET /api/v1/models`: prices are US dollars per token, as strings.
//!
//! Source: OpenRouter's "List available models". One senseless price refuses the whole document: a
//! list that is wrong in one place isn't to be trusted in the others.

use chrono::NaiveDate;
use hg_types::{Provider, Usd};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::{
    ModelPrice,
    table::{Models, PriceError, PriceTable},
};
use crate::request::MaxTokensField;

const DOCUMENT: &str = "list of OpenRouter's models";

#[derive(Deserialize)]
struct Document {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    name: Option<String>,
    context_length: Option<u64>,
    pricing: Pricing,
    top_provider: Option<TopProvider>,
    supported_parameters: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Pricing {
    prompt: String,
    completion: String,
    request: Option<String>,
    input_cache_read: Option<String>,
    input_cache_write: Option<String>,
}

#[derive(Deserialize)]
struct TopProvider {
    max_completion_tokens: Option<u64>,
}

pub(super) fn parse(json: &str, as_of: NaiveDate, table: &PriceTable) -> Result<Models, PriceError> {
    let document: Document =
        serde_json::from_str(json).map_err(|source| PriceError::Unreadable { document: DOCUMENT, source })?;
    let mut models = Models::new();
    for entry in document.data {
        if let Some(model) = model(entry, as_of, table)? {
            models.insert((model.provider, model.id.clone()), model);
        }
    }
    if models.is_empty() {
        return Err(PriceError::Empty { document: DOCUMENT });
    }
    Ok(models)
}

/// `None` for a router whose price depends on where it routes: it says `-1`.
fn model(entry: Entry, as_of: NaiveDate, table: &PriceTable) -> Result<Option<ModelPrice>, PriceError> {
    let wrong = |field| PriceError::Entry { document: DOCUMENT, model: entry.id.clone(), field };
    let price = |text: &str, scale: u32, field| amount(text, scale).ok_or_else(|| wrong(field));
    let optional = |text: &Option<String>, scale, field| {
        text.as_deref().filter(|text| !text.is_empty()).map(|text| price(text, scale, field)).transpose()
    };
    let pricing = &entry.pricing;
    let input = price(&pricing.prompt, 1_000_000, "pricing.prompt")?;
    let output = price(&pricing.completion, 1_000_000, "pricing.completion")?;
    if input.nanos() < 0 || output.nanos() < 0 {
        return Ok(None);
    }
    let per_call = optional(&pricing.request, 1, "pricing.request")?.unwrap_or_default();
    let cache_read = optional(&pricing.input_cache_read, 1_000_000, "pricing.input_cache_read")?;
    let cache_write = optional(&pricing.input_cache_write, 1_000_000, "pricing.input_cache_write")?;

    let known = table.lookup(Provider::OpenRouter, &entry.id);
    let takes = |name: &str| entry.supported_parameters.as_ref().map(|all| all.iter().any(|one| one == name));
    let context_length = entry.context_length.ok_or_else(|| wrong("context_length"))?;
    let listed = entry.top_provider.as_ref().and_then(|top| top.max_completion_tokens);
    let max_output = listed.or_else(|| known.map(|known| known.max_output)).unwrap_or(context_length);
    // The list has no dearer price for long input, so ours stays as long as the base price does.
    let long_context = known.filter(|known| known.input == input).and_then(|known| known.long_context);
    Ok(Some(ModelPrice {
        provider: Provider::OpenRouter,
        label: entry.name.clone().unwrap_or_else(|| entry.id.clone()),
        input,
        output,
        cache_read: cache_read.filter(|read| read.nanos() >= 0),
        cache_write: cache_write.filter(|write| write.nanos() >= 0),
        long_context,
        per_call: per_call.max(Usd::ZERO),
        context_length,
        max_output: max_output.min(context_length),
        max_tokens_field: MaxTokensField::MaxTokens,
        sampling: takes("temperature").unwrap_or(true),
        reasoning: takes("reasoning").unwrap_or(false),
        deprecated: false,
        retires: None,
        instead: None,
        then: Vec::new(),
        source: "https://openrouter.ai/api/v1/models".into(),
        as_of,
        id: entry.id,
    }))
}

/// An amount times `scale`, rounded up to a nano-dollar.
fn amount(text: &str, scale: u32) -> Option<Usd> {
    let exact = text.parse::<Decimal>().or_else(|_| Decimal::from_scientific(text)).ok()?;
    let scaled = exact.checked_mul(Decimal::from(scale))?;
    Usd::from_decimal(scaled.round_dp_with_strategy(9, RoundingStrategy::ToPositiveInfinity)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"{"data":[
        {"id":"openai/gpt-4o-mini","name":"OpenAI: GPT-4o-mini","context_length":128000,"created":1,
         "pricing":{"prompt":"0.0000002","completion":"6e-7","request":"0","image":"0.007","input_cache_read":"0.000000075"},
         "top_provider":{"context_length":128000,"max_completion_tokens":16384,"is_moderated":true},
         "supported_parameters":["max_tokens","temperature"]},
        {"id":"new/thinker","context_length":200000,"pricing":{"prompt":"0.00000033333333333","completion":"0.000001","request":"0.005"},
         "top_provider":{"max_completion_tokens":null},"supported_parameters":["reasoning"]},
        {"id":"openrouter/auto","context_length":2000000,"pricing":{"prompt":"-1","completion":"-1"}}
    ]}"#;

    fn day() -> NaiveDate {
        "2026-11-21".parse().unwrap()
    }

    #[test]
    fn refreshes_the_table() {
        let mut table = PriceTable::builtin();
        let done = table.refresh_openrouter(LIST, day()).unwrap();
        assert_eq!((done.listed, done.added, done.changed), (2, 1, 1));
        assert!(done.gone > 0);
        let mini = table.lookup(Provider::OpenRouter, "openai/gpt-4o-mini").unwrap();
        assert_eq!((mini.input.nanos(), mini.output.nanos()), (200_000_000, 600_000_000));
        assert_eq!((mini.max_output, mini.as_of, mini.deprecated), (16_384, day(), false));
        let new = table.lookup(Provider::OpenRouter, "new/thinker").unwrap();
        assert_eq!((new.input.nanos(), new.per_call.nanos()), (333_333_334, 5_000_000));
        assert!(new.reasoning && !new.sampling);
        assert!(table.lookup(Provider::OpenRouter, "openrouter/auto").is_none());
        let gone = table.lookup(Provider::OpenRouter, "deepseek/deepseek-r1-0528-qwen3-8b:free").unwrap();
        assert!(gone.deprecated);
    }

    #[test]
    fn a_price_that_jumps_is_named() {
        let before = PriceTable::builtin();
        let mut table = before.clone();
        table.refresh_openrouter(&LIST.replace("0.0000002", "0.00000031"), day()).unwrap();
        let jumps = before.jumps_to(&table);
        assert_eq!(jumps.len(), 1, "{jumps:?}");
        assert_eq!((jumps[0].model.as_str(), jumps[0].now.0.nanos()), ("openai/gpt-4o-mini", 310_000_000));
        assert!(before.jumps_to(&before).is_empty());
    }

    #[test]
    fn the_operator_wins_over_a_refresh() {
        let mut table = PriceTable::builtin();
        table.merge_overrides(r#"[{"provider":"openrouter","id":"openai/gpt-4o-mini","input":"9"}]"#).unwrap();
        table.refresh_openrouter(LIST, day()).unwrap();
        let mini = table.lookup(Provider::OpenRouter, "openai/gpt-4o-mini").unwrap();
        assert_eq!(mini.input, "9".parse().unwrap());
    }

    #[test]
    fn a_bad_list_keeps_the_old_table() {
        let mut table = PriceTable::builtin();
        let before: Vec<_> = table.models().cloned().collect();
        for json in [
            "",
            "<html>",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"id":"openrouter/auto","context_length":1,"pricing":{"prompt":"-1","completion":"-1"}}]}"#,
            &LIST.replace("0.0000002", "cheap"),
            &LIST.replace("\"0.0000002\"", "0.0000002"),
            &LIST.replace("\"context_length\":200000,", ""),
        ] {
            assert!(table.refresh_openrouter(json, day()).is_err(), "{json}");
            assert!(table.models().eq(&before));
        }
    }
}
