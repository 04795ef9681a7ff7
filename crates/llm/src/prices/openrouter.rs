//! OpenRouter's list of models, `GET /api/v1/models`: prices are US dollars per token, as strings.
//!
//! Source: OpenRouter's "List available models", and of its SDK's types "Pricing" and "PricingOverride"
//! (<https://openrouter.ai/docs/client-sdks/typescript/models/pricingoverride>). An entry that makes no sense is left out, and its
//! model keeps the price it had. A list with more than a tenth of them isn't to be trusted in the others, and is refused.
//!
//! Whatever has several prices gets the dearest that it can have, for reservations must hold: of the hours of a day, of
//! several steps of long input (one is known here, from where the first begins), of reasoning and other output. What was really charged OpenRouter
//! says itself with each call.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use hg_types::{Provider, Usd};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    LongContext, ModelPrice,
    table::{Models, PriceError, PriceTable},
};
use crate::request::MaxTokensField;

const DOCUMENT: &str = "list of OpenRouter's models";
/// One entry of so many may be odd.
const ODD_OF: usize = 10;

/// What a list says.
pub(super) struct Listed {
    /// Models that are priced.
    pub(super) models: Models,
    /// Models that are listed, in a way that makes no sense.
    pub(super) odd_models: BTreeSet<String>,
    /// What makes no sense, an entry each.
    pub(super) odd: Vec<PriceError>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

/// What is left to be read of an entry that can't be.
#[derive(Deserialize)]
struct Named {
    id: String,
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
    #[serde(flatten)]
    card: Card,
    overrides: Option<Vec<Override>>,
}

/// Other prices under a condition: this many input tokens, hours of the day. A price that isn't here is as without it.
#[derive(Deserialize)]
struct Override {
    #[serde(flatten)]
    card: Card,
    min_prompt_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct Card {
    prompt: Option<String>,
    completion: Option<String>,
    request: Option<String>,
    internal_reasoning: Option<String>,
    input_cache_read: Option<String>,
    input_cache_write: Option<String>,
}

#[derive(Deserialize)]
struct TopProvider {
    max_completion_tokens: Option<u64>,
}

pub(super) fn parse(json: &str, as_of: NaiveDate, table: &PriceTable) -> Result<Listed, PriceError> {
    let unreadable = |source| PriceError::Unreadable { document: DOCUMENT, source };
    let document: Document<'_> = serde_json::from_str(json).map_err(unreadable)?;
    let entries = document.data.len();
    let mut listed = Listed { models: Models::new(), odd_models: BTreeSet::new(), odd: Vec::new() };
    for raw in document.data {
        let entry = serde_json::from_str(raw.get()).map_err(unreadable);
        match entry.and_then(|entry| model(entry, as_of, table)) {
            Ok(Some(model)) => {
                listed.models.insert((model.provider, model.id.clone()), model);
            }
            Ok(None) => {}
            Err(error) => {
                listed.odd_models.extend(serde_json::from_str::<Named>(raw.get()).ok().map(|named| named.id));
                listed.odd.push(error);
            }
        }
    }
    if listed.odd.len() * ODD_OF > entries {
        let odd = listed.odd.len();
        let first = Box::new(listed.odd.swap_remove(0));
        return Err(PriceError::Odd { document: DOCUMENT, odd, entries, first });
    }
    if listed.models.is_empty() {
        return Err(PriceError::Empty { document: DOCUMENT });
    }
    Ok(listed)
}

/// `None` for a router whose price depends on where it routes: it says `-1`.
fn model(entry: Entry, as_of: NaiveDate, table: &PriceTable) -> Result<Option<ModelPrice>, PriceError> {
    let wrong = |field| PriceError::Entry { document: DOCUMENT, model: entry.id.clone(), field };
    let base = Amounts::read(&entry.pricing.card).map_err(wrong)?;
    let input = base.input.ok_or_else(|| wrong("pricing.prompt"))?;
    let output = base.output.ok_or_else(|| wrong("pricing.completion"))?;
    if input.nanos() < 0 || output.nanos() < 0 {
        return Ok(None);
    }
    let (mut always, mut long, mut from) = (base, None::<Amounts>, u64::MAX);
    for other in entry.pricing.overrides.iter().flatten() {
        let other_prices = Amounts::read(&other.card).map_err(wrong)?.or(base);
        match other.min_prompt_tokens {
            None => always = always.dearer(other_prices),
            Some(least) => {
                long = Some(long.unwrap_or(other_prices).dearer(other_prices));
                from = from.min(least);
            }
        }
    }
    let long = long.map(|long| long.dearer(always));

    let known = table.lookup(Provider::OpenRouter, &entry.id);
    // What the list doesn't say is as we know it, as long as the base price is.
    let same = known.filter(|known| known.input == input);
    let takes = |name: &str| entry.supported_parameters.as_ref().map(|all| all.iter().any(|one| one == name));
    let context_length = entry.context_length.ok_or_else(|| wrong("context_length"))?;
    let limit = entry.top_provider.as_ref().and_then(|top| top.max_completion_tokens);
    let max_output = limit.or_else(|| known.map(|known| known.max_output)).unwrap_or(context_length);
    let long_context = long.map(|long| LongContext {
        above: from.saturating_sub(1),
        input: long.input.unwrap_or(input),
        output: long.output(output),
        cache_read: long.cache_read,
        cache_write: long.cache_write,
    });
    Ok(Some(ModelPrice {
        provider: Provider::OpenRouter,
        label: entry.name.clone().unwrap_or_else(|| entry.id.clone()),
        input: always.input.unwrap_or(input),
        output: always.output(output),
        cache_read: always.cache_read,
        cache_write: always.cache_write.or_else(|| same?.cache_write),
        long_context: long_context.or_else(|| same?.long_context),
        per_call: always.dearer(long.unwrap_or(always)).per_call.unwrap_or_default(),
        context_length,
        max_output: max_output.min(context_length),
        max_tokens_field: MaxTokensField::MaxTokens,
        sampling: takes("temperature").unwrap_or(true),
        reasoning: takes("reasoning").unwrap_or(false),
        deprecated: false,
        retires: None,
        instead: None,
        // The list tells today's price only; what was announced for this very price holds until a list from that day or later.
        then: same
            .map(|known| known.then.iter().filter(|later| later.from > as_of).cloned().collect())
            .unwrap_or_default(),
        source: "https://openrouter.ai/api/v1/models".into(),
        as_of,
        id: entry.id,
    }))
}

/// A card's prices per million tokens, and per call.
#[derive(Clone, Copy)]
struct Amounts {
    input: Option<Usd>,
    output: Option<Usd>,
    reasoning: Option<Usd>,
    cache_read: Option<Usd>,
    cache_write: Option<Usd>,
    per_call: Option<Usd>,
}

impl Amounts {
    /// The name of the field that makes no sense, where one doesn't.
    fn read(card: &Card) -> Result<Self, &'static str> {
        const PER_TOKEN: u32 = 1_000_000;
        let read = |text: &Option<String>, scale, field| {
            let given = text.as_deref().filter(|text| !text.is_empty());
            given.map(|text| amount(text, scale).ok_or(field)).transpose()
        };
        let charged =
            |text, scale, field| read(text, scale, field).map(|found| found.filter(|amount| amount.nanos() >= 0));
        Ok(Self {
            input: read(&card.prompt, PER_TOKEN, "pricing.prompt")?,
            output: read(&card.completion, PER_TOKEN, "pricing.completion")?,
            reasoning: charged(&card.internal_reasoning, PER_TOKEN, "pricing.internal_reasoning")?,
            cache_read: charged(&card.input_cache_read, PER_TOKEN, "pricing.input_cache_read")?,
            cache_write: charged(&card.input_cache_write, PER_TOKEN, "pricing.input_cache_write")?,
            per_call: charged(&card.request, 1, "pricing.request")?,
        })
    }

    /// With another's prices where there are none.
    fn or(self, base: Self) -> Self {
        Self {
            input: self.input.or(base.input),
            output: self.output.or(base.output),
            reasoning: self.reasoning.or(base.reasoning),
            cache_read: self.cache_read.or(base.cache_read),
            cache_write: self.cache_write.or(base.cache_write),
            per_call: self.per_call.or(base.per_call),
        }
    }

    /// Of each price the dearer one. A cache's price that one of them doesn't say isn't known.
    fn dearer(self, other: Self) -> Self {
        let both = |one: Option<Usd>, other: Option<Usd>| Some(one?.max(other?));
        Self {
            input: self.input.max(other.input),
            output: self.output.max(other.output),
            reasoning: self.reasoning.max(other.reasoning),
            cache_read: both(self.cache_read, other.cache_read),
            cache_write: both(self.cache_write, other.cache_write),
            per_call: self.per_call.max(other.per_call),
        }
    }

    /// Reasoning is inside the output's tokens.
    fn output(self, base: Usd) -> Usd {
        let output = self.output.unwrap_or(base);
        self.reasoning.map_or(output, |reasoning| output.max(reasoning))
    }
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
    fn what_was_announced_holds_until_a_list_of_that_day() {
        let flash = "google/gemini-3.8-flash";
        let announced = PriceTable::builtin().lookup(Provider::OpenRouter, flash).unwrap().then.clone();
        let from = announced.first().expect("a promotion that ends").from;
        let list = list(
            0,
            &format!(
                r#"{{"id":"{flash}","context_length":1000000,"pricing":{{"prompt":"0.00000075","completion":"0.00000375"}}}}"#
            ),
        );
        let mut table = PriceTable::builtin();
        for (day, later) in [(day(), &announced[..]), (from, &announced[1..])] {
            table.refresh_openrouter(&list, day).unwrap();
            let price = table.lookup(Provider::OpenRouter, flash).unwrap();
            assert_eq!((price.input.nanos(), &price.then[..]), (750_000_000, later), "{day}");
        }
    }

    /// A list of plain entries, and others.
    fn list(plain: usize, others: &str) -> String {
        let entries: String = (0..plain)
            .map(|n| format!(r#"{{"id":"m/{n}","context_length":9000,"pricing":{{"prompt":"0.000001","completion":"0.000002"}}}},"#))
            .collect();
        format!(r#"{{"data":[{entries}{others}]}}"#)
    }

    #[test]
    fn an_odd_entry_is_left_out_and_its_model_keeps_its_price() {
        let mut table = PriceTable::builtin();
        let before = table.lookup(Provider::OpenRouter, "openai/gpt-4o").unwrap().clone();
        let odd = r#"{"id":"openai/gpt-4o","context_length":128000,"pricing":{"prompt":0.1,"completion":[]}}"#;
        let done = table.refresh_openrouter(&list(9, odd), day()).unwrap();
        assert_eq!((done.listed, done.odd.len()), (9, 1));
        assert_eq!(table.lookup(Provider::OpenRouter, "openai/gpt-4o"), Some(&before));
        assert!(table.lookup(Provider::OpenRouter, "openai/gpt-6-luna").unwrap().deprecated, "that one isn't listed");

        let before: Vec<_> = table.models().cloned().collect();
        let refused = table.refresh_openrouter(&list(8, odd), day()).unwrap_err();
        assert_eq!(refused.to_string(), "the list of OpenRouter's models makes no sense in 1 of its 9 entries");
        assert!(table.models().eq(&before));
    }

    #[test]
    fn long_input_reasoning_and_hours_get_the_dearest_price() {
        let mut table = PriceTable::builtin();
        let tiers = r#"{"id":"new/tiers","context_length":1000000,"pricing":{"prompt":"0.000002","completion":"0.00001","request":"0",
            "input_cache_read":"0.0000002","input_cache_write":"0.0000025","internal_reasoning":"0.00002","web_search":"0.01","discount":0,
            "overrides":[{"min_prompt_tokens":272000,"prompt":"0.000004","completion":"0.000015","input_cache_read":"0.0000004","input_cache_write":"0.000005"},
                {"min_prompt_tokens":500000,"prompt":"0.000005","completion":"0.00003"},
                {"utc_start":"08:00","utc_end":"20:00","prompt":"0.000003"},{"utc_start":"20:00","utc_end":"08:00","prompt":"0.000001"}]}}"#;
        table.refresh_openrouter(&list(1, tiers), day()).unwrap();
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        let model = table.lookup(Provider::OpenRouter, "new/tiers").unwrap();
        assert_eq!((model.input, model.output), (usd("3"), usd("20")));
        assert_eq!((model.cache_read, model.cache_write), (Some(usd("0.2")), Some(usd("2.5"))));
        let long = model.long_context.unwrap();
        assert_eq!((long.above, long.input, long.output), (271_999, usd("5"), usd("30")));
        assert_eq!((long.cache_read, long.cache_write), (Some(usd("0.4")), Some(usd("5"))));
        // An entry that says nothing of them keeps what is known, as long as its price is the same.
        let sol = |input: &str| {
            let entry = format!(
                r#"{{"id":"openai/gpt-6.1-sol","context_length":1050000,"pricing":{{"prompt":"{input}","completion":"0.00001"}}}}"#
            );
            let mut table = PriceTable::builtin();
            table.refresh_openrouter(&list(1, &entry), day()).unwrap();
            let sol = table.lookup(Provider::OpenRouter, "openai/gpt-6.1-sol").unwrap().clone();
            (sol.long_context.is_some(), sol.cache_write)
        };
        assert_eq!((sol("0.000002"), sol("0.000001")), ((true, Some(usd("2.5"))), (false, None)));
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
