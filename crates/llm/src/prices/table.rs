//! The table: built-in facts, what OpenRouter's list says, and on top what the operator says.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use hg_types::{Provider, Usd};
use serde::Deserialize;

use super::{ModelPrice, openrouter, overrides};

/// Why a document of prices was not taken. The table stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    /// It isn't JSON, or not of the expected shape.
    #[error("the {document} can't be read")]
    Unreadable {
        /// Which document.
        document: &'static str,
        /// The parser's error.
        #[source]
        source: serde_json::Error,
    },
    /// One model's entry makes no sense.
    #[error("the {document} has no usable `{field}` for the model `{model}`")]
    Entry {
        /// Which document.
        document: &'static str,
        /// Which model.
        model: String,
        /// Which field.
        field: &'static str,
    },
    /// Too many of its entries make no sense.
    #[error("the {document} makes no sense in {odd} of its {entries} entries")]
    Odd {
        /// Which document.
        document: &'static str,
        /// How many make no sense.
        odd: usize,
        /// How many there are.
        entries: usize,
        /// What makes no sense in the first of them.
        #[source]
        first: Box<PriceError>,
    },
    /// It prices nothing.
    #[error("the {document} prices no model")]
    Empty {
        /// Which document.
        document: &'static str,
    },
}

/// What a refresh changed.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// Models that are priced now.
    pub listed: usize,
    /// Models that were not known before.
    pub added: usize,
    /// Models with another price than before.
    pub changed: usize,
    /// Models that were known and are no longer listed; they are marked as deprecated.
    pub gone: usize,
    /// What made no sense and was left out, an entry each; their models keep the price that they had.
    pub odd: Vec<PriceError>,
}

/// A price that is at least twice, or at most half of what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceJump {
    /// Who sells the model.
    pub provider: Provider,
    /// The model.
    pub model: String,
    /// Input and output per million tokens, before.
    pub before: (Usd, Usd),
    /// The same now.
    pub now: (Usd, Usd),
}

pub(super) type Models = BTreeMap<(Provider, String), ModelPrice>;

/// All known prices. Cheap to look up in, cloned to be refreshed beside its readers.
#[derive(Clone, Debug)]
pub struct PriceTable {
    as_of: NaiveDate,
    base: Models,
    overridden: Models,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    as_of: NaiveDate,
    sources: BTreeMap<Provider, Source>,
    models: Vec<ModelPrice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    url: String,
    as_of: NaiveDate,
}

impl PriceTable {
    /// The table that this crate was built with.
    #[must_use]
    pub fn builtin() -> Self {
        let document: Document =
            serde_json::from_str(include_str!("prices.json")).expect("a test reads the file that is built in");
        let mut base = Models::new();
        for mut model in document.models {
            // An entry that was read elsewhere, or later, says so itself.
            if model.source.is_empty()
                && let Some(source) = document.sources.get(&model.provider)
            {
                model.source.clone_from(&source.url);
                model.as_of = source.as_of;
            }
            base.insert((model.provider, model.id.clone()), model);
        }
        Self { as_of: document.as_of, base, overridden: Models::new() }
    }

    /// The day on which the built-in prices were last gone through.
    #[must_use]
    pub const fn as_of(&self) -> NaiveDate {
        self.as_of
    }

    /// A model's price; `None` is an unknown price, not a free model.
    #[must_use]
    pub fn lookup(&self, provider: Provider, model: &str) -> Option<&ModelPrice> {
        let key = (provider, model.to_owned());
        self.overridden.get(&key).or_else(|| self.base.get(&key))
    }

    /// The price that holds on a day; `None` is an unknown price, not a free model.
    #[must_use]
    pub fn lookup_on(&self, provider: Provider, model: &str, day: NaiveDate) -> Option<ModelPrice> {
        self.lookup(provider, model).map(|price| price.on(day))
    }

    /// All models, by provider in order of preference and then by id.
    pub fn models(&self) -> impl Iterator<Item = &ModelPrice> {
        let mut all: BTreeMap<_, _> = self.base.iter().collect();
        all.extend(&self.overridden);
        all.into_values()
    }

    /// One provider's models, by id.
    pub fn models_of(&self, provider: Provider) -> impl Iterator<Item = &ModelPrice> {
        self.models().filter(move |model| model.provider == provider)
    }

    /// The models that both tables have, and whose price jumped between them.
    #[must_use]
    pub fn jumps_to(&self, newer: &Self) -> Vec<PriceJump> {
        let jumped = |before: Usd, now: Usd| {
            let (before, now) = (i128::from(before.nanos()), i128::from(now.nanos()));
            before != now && (now >= before * 2 || now * 2 <= before)
        };
        let pairs = self.models().filter_map(|old| newer.lookup(old.provider, &old.id).map(|new| (old, new)));
        pairs
            .filter(|(old, new)| jumped(old.input, new.input) || jumped(old.output, new.output))
            .map(|(old, new)| PriceJump {
                provider: old.provider,
                model: old.id.clone(),
                before: (old.input, old.output),
                now: (new.input, new.output),
            })
            .collect()
    }

    /// Puts the operator's prices (`LLM_PRICE_OVERRIDES`) on top, now and after every refresh: a JSON
    /// list of objects with `provider`, `id` and any fields of [`ModelPrice`]. What is left out is as
    /// in the table; a model that isn't there needs `input` and `output`.
    ///
    /// # Errors
    /// When the document can't be read or an entry makes no sense; nothing is changed then.
    pub fn merge_overrides(&mut self, json: &str) -> Result<usize, PriceError> {
        let merged = overrides::parse(json, self)?;
        let count = merged.len();
        self.overridden.extend(merged);
        Ok(count)
    }

    /// Takes the prices of OpenRouter's `/api/v1/models` document.
    ///
    /// # Errors
    /// When the document can't be read, more than a tenth of its entries make no sense, or nothing is priced; nothing is
    /// changed then.
    pub fn refresh_openrouter(&mut self, json: &str, as_of: NaiveDate) -> Result<Refreshed, PriceError> {
        let listed = openrouter::parse(json, as_of, self)?;
        let mut done = Refreshed { listed: listed.models.len(), odd: listed.odd, ..Refreshed::default() };
        for (key, model) in &mut self.base {
            let is_there = listed.models.contains_key(key) || listed.odd_models.contains(&key.1);
            if key.0 == Provider::OpenRouter && !is_there {
                model.deprecated = true;
                done.gone += 1;
            }
        }
        for (key, model) in listed.models {
            let same = |old: &ModelPrice| old.input == model.input && old.output == model.output;
            match self.base.get(&key) {
                None => done.added += 1,
                Some(old) if !same(old) => done.changed += 1,
                Some(_) => {}
            }
            self.base.insert(key, model);
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai::{GROQ, OPENAI, OPENROUTER};

    #[test]
    fn the_built_in_table_makes_sense() {
        let table = PriceTable::builtin();
        for model in table.models() {
            assert!(!model.label.is_empty() && !model.source.is_empty(), "{model:?}");
            assert!(model.as_of > NaiveDate::default() && model.as_of <= table.as_of(), "{model:?}");
            assert!(model.max_output <= model.context_length, "{model:?}");
            assert!(model.output >= model.input, "{model:?}");
            assert!(model.cache_read.is_none_or(|read| read <= model.input), "{model:?}");
            assert!(model.retires.is_none() || model.deprecated, "{model:?}");
            assert!(model.then.is_sorted_by(|one, next| one.from < next.from), "{model:?}");
            assert!(
                model.then.iter().all(|later| later.from > model.as_of && later.output >= later.input),
                "{model:?}"
            );
            if let Some(instead) = &model.instead {
                assert!(model.retires.is_some(), "{model:?}");
                let instead = table.lookup(model.provider, instead).unwrap();
                assert!(!instead.deprecated, "{model:?}");
            }
            // Where writes are billed and the provider publishes its own prices, none is left to be guessed.
            if matches!(model.provider, Provider::OpenAi | Provider::Anthropic) {
                assert!(model.cache_write.is_some_and(|write| write >= model.input), "{model:?}");
                assert!(model.long_context.is_none_or(|long| long.cache_write.is_some()), "{model:?}");
            }
            if let Some(long) = model.long_context {
                assert!(long.input >= model.input && long.output >= model.output, "{model:?}");
                assert!(long.cache_read.is_some() == model.cache_read.is_some(), "{model:?}");
            }
        }
        for provider in [Provider::OpenRouter, Provider::OpenAi, Provider::Groq, Provider::Anthropic, Provider::Google]
        {
            assert!(table.models_of(provider).filter(|model| !model.deprecated).count() >= 2, "{provider}");
        }
        for profile in [&OPENAI, &GROQ, &OPENROUTER] {
            let default = table.lookup(profile.provider, profile.default_model).unwrap();
            // Whoever builds a version later than this has to choose another.
            assert_eq!(default.retired_on(chrono::Utc::now().date_naive()), None, "{profile:?}");
            assert!(!default.deprecated, "{profile:?}");
        }
        assert!(table.lookup(Provider::Sample, crate::sample::MODEL).is_some_and(ModelPrice::is_free));
        let free = table.lookup(Provider::OpenRouter, "deepseek/deepseek-r1-0528-qwen3-8b:free").unwrap();
        assert!(free.is_free());
        assert!(table.lookup(Provider::OpenAi, "gpt-unheard-of").is_none());
    }

    #[test]
    fn an_unreadable_table_would_not_be_shipped() {
        let document: Document = serde_json::from_str(include_str!("prices.json")).unwrap();
        let mut seen = std::collections::BTreeSet::new();
        for model in &document.models {
            assert!(seen.insert((model.provider, &model.id)), "{} is there twice", model.id);
            assert!(document.sources.contains_key(&model.provider), "{}", model.provider);
        }
    }
}
