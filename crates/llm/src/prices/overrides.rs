//! The operator's own prices.

use chrono::NaiveDate;
use hg_types::{Provider, Usd};
use serde::Deserialize;

use super::{
    LongContext, ModelPrice,
    table::{Models, PriceError, PriceTable},
};
use crate::request::MaxTokensField;

const DOCUMENT: &str = "list of price overrides";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    provider: Provider,
    id: String,
    label: Option<String>,
    input: Option<Usd>,
    output: Option<Usd>,
    cache_read: Option<Usd>,
    cache_write: Option<Usd>,
    long_context: Option<LongContext>,
    per_call: Option<Usd>,
    context_length: Option<u64>,
    max_output: Option<u64>,
    max_tokens_field: Option<MaxTokensField>,
    sampling: Option<bool>,
    reasoning: Option<bool>,
    deprecated: Option<bool>,
    retires: Option<NaiveDate>,
}

pub(super) fn parse(json: &str, table: &PriceTable) -> Result<Models, PriceError> {
    let entries: Vec<Entry> =
        serde_json::from_str(json).map_err(|source| PriceError::Unreadable { document: DOCUMENT, source })?;
    let priced = entries.into_iter().map(|entry| {
        let model = apply(entry, table)?;
        Ok(((model.provider, model.id.clone()), model))
    });
    priced.collect()
}

fn apply(entry: Entry, table: &PriceTable) -> Result<ModelPrice, PriceError> {
    let missing = |field| PriceError::Entry { document: DOCUMENT, model: entry.id.clone(), field };
    let amounts = [entry.input, entry.output, entry.cache_read, entry.cache_write, entry.per_call];
    let long = entry.long_context.map(|long| [Some(long.input), Some(long.output), long.cache_read, long.cache_write]);
    if amounts.into_iter().chain(long.into_iter().flatten()).flatten().any(|amount| amount.nanos() < 0) {
        return Err(missing("non-negative price"));
    }
    let mut model = match table.lookup(entry.provider, &entry.id) {
        Some(known) => {
            let mut model = known.clone();
            if entry.input.is_some() || entry.output.is_some() {
                // New list prices make the old special prices meaningless. Where writes cost what input does, they go on to.
                let as_input = known.cache_write == Some(known.input);
                model.cache_write = as_input.then_some(entry.input.unwrap_or(known.input));
                (model.cache_read, model.long_context) = (None, None);
                model.then.clear();
            }
            model
        }
        None => ModelPrice {
            provider: entry.provider,
            id: entry.id.clone(),
            label: entry.id.clone(),
            input: entry.input.ok_or_else(|| missing("input"))?,
            output: entry.output.ok_or_else(|| missing("output"))?,
            cache_read: None,
            cache_write: None,
            long_context: None,
            per_call: Usd::ZERO,
            context_length: entry.context_length.unwrap_or(128_000),
            max_output: entry.max_output.unwrap_or(4_096),
            max_tokens_field: MaxTokensField::MaxTokens,
            sampling: true,
            reasoning: false,
            deprecated: false,
            retires: None,
            instead: None,
            then: Vec::new(),
            source: String::new(),
            as_of: table.as_of(),
        },
    };
    "operator".clone_into(&mut model.source);
    model.cache_read = entry.cache_read.or(model.cache_read);
    model.cache_write = entry.cache_write.or(model.cache_write);
    model.long_context = entry.long_context.or(model.long_context);
    set(&mut model.label, entry.label);
    set(&mut model.input, entry.input);
    set(&mut model.output, entry.output);
    set(&mut model.per_call, entry.per_call);
    set(&mut model.context_length, entry.context_length);
    set(&mut model.max_output, entry.max_output);
    set(&mut model.max_tokens_field, entry.max_tokens_field);
    set(&mut model.sampling, entry.sampling);
    set(&mut model.reasoning, entry.reasoning);
    set(&mut model.deprecated, entry.deprecated);
    // Somebody else may go on serving a model that its provider has retired.
    model.retires = entry.retires.or(model.retires.filter(|_| model.deprecated));
    Ok(model)
}

fn set<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_a_known_model_and_adds_a_new_one() {
        let mut table = PriceTable::builtin();
        let json = r#"[
            {"provider":"openai","id":"gpt-4o-mini","input":"0.10"},
            {"provider":"groq","id":"house/model","input":"1","output":"2","max_output":9000}
        ]"#;
        assert_eq!(table.merge_overrides(json).unwrap(), 2);
        let mini = table.lookup(Provider::OpenAi, "gpt-4o-mini").unwrap();
        assert_eq!((mini.input, mini.output), ("0.1".parse().unwrap(), "0.6".parse().unwrap()));
        assert_eq!((mini.cache_read, mini.source.as_str()), (None, "operator"));
        assert_eq!(table.lookup(Provider::Groq, "house/model").unwrap().max_output, 9_000);
        assert_eq!(table.models().filter(|model| model.id == "gpt-4o-mini").count(), 1);
    }

    #[test]
    fn the_operators_price_has_no_end_but_a_model_keeps_its_own() {
        let mut table = PriceTable::builtin();
        let json = r#"[
            {"provider":"google","id":"gemini-3.8-flash","input":"0.60"},
            {"provider":"google","id":"gemini-3.6-flash","label":"Flash"},
            {"provider":"openai","id":"gpt-4o-mini","input":"0.2"},
            {"provider":"groq","id":"llama-3.3-70b-versatile","deprecated":false},
            {"provider":"groq","id":"llama-3.1-8b-instant","retires":"2030-01-01"}
        ]"#;
        table.merge_overrides(json).unwrap();
        assert!(table.lookup(Provider::Google, "gemini-3.8-flash").unwrap().then.is_empty());
        assert_eq!(table.lookup(Provider::Google, "gemini-3.6-flash").unwrap().then.len(), 1);
        let mini = table.lookup(Provider::OpenAi, "gpt-4o-mini").unwrap();
        assert!(mini.retires.is_some() && mini.cache_write == Some(mini.input));
        assert_eq!(table.lookup(Provider::Groq, "llama-3.3-70b-versatile").unwrap().retires, None);
        assert_eq!(table.lookup(Provider::Groq, "llama-3.1-8b-instant").unwrap().retires, "2030-01-01".parse().ok());
    }

    #[test]
    fn a_bad_document_changes_nothing() {
        let mut table = PriceTable::builtin();
        for json in [
            "{}",
            "[1]",
            r#"[{"provider":"openai","id":"new","input":"1"}]"#,
            r#"[{"provider":"openai","id":"new","input":1.5,"output":2}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","input":"-1"}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","inptu":"1"}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","long_context":{"above":9,"input":"-1","output":"2"}}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","long_context":{"above":9,"input":"1","output":"-2"}}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","long_context":{"above":9,"input":"1","output":"2","cache_read":"-0.1"}}]"#,
            r#"[{"provider":"openai","id":"gpt-4o-mini","long_context":{"above":9,"input":"1","output":"2","cache_write":"-0.1"}}]"#,
            r#"[{"provider":"acme","id":"x","input":"1","output":"1"}]"#,
        ] {
            assert!(table.merge_overrides(json).is_err(), "{json}");
        }
        assert_eq!(table.models().count(), PriceTable::builtin().models().count());
        let error = table.merge_overrides(r#"[{"provider":"openai","id":"new","input":"1"}]"#).unwrap_err();
        assert_eq!(error.to_string(), "the list of price overrides has no usable `output` for the model `new`");
    }
}
