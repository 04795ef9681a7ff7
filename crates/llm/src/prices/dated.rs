//! Prices that hold for a time: a promotion that ends, a model that retires.
//!
//! Days are UTC. Providers don't say in whose midnight a promotion ends; whoever reserves takes the dearer of the prices that
//! hold while a job may run ([`ModelPrice::beginning_within`]).

use chrono::NaiveDate;
use hg_types::Usd;
use serde::{Deserialize, Serialize};

use super::{LongContext, ModelPrice};

/// The prices of a model from a day on. What is left out isn't known, and not what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterPrice {
    /// The first day on which they hold.
    pub from: NaiveDate,
    /// Input.
    pub input: Usd,
    /// Output.
    pub output: Usd,
    /// Input read from a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Usd>,
    /// Input written to a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Usd>,
    /// The prices of the whole call once its input is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_context: Option<LongContext>,
}

impl ModelPrice {
    /// The price that holds on a day, as a job keeps it: alone, without what comes later.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Self {
        let mut price = Self { then: Vec::new(), instead: None, ..self.clone() };
        for later in self.then.iter().filter(|later| later.from <= day) {
            (price.input, price.output) = (later.input, later.output);
            (price.cache_read, price.cache_write) = (later.cache_read, later.cache_write);
            price.long_context = later.long_context;
        }
        price
    }

    /// The prices that begin to hold after the first of two days, and no later than the second.
    pub fn beginning_within(&self, first: NaiveDate, last: NaiveDate) -> impl Iterator<Item = Self> {
        self.then.iter().filter(move |later| first < later.from && later.from <= last).map(|later| self.on(later.from))
    }

    /// Since when nobody may ask for it, if that is so on a day.
    #[must_use]
    pub fn retired_on(&self, day: NaiveDate) -> Option<NaiveDate> {
        self.retires.filter(|retires| *retires <= day)
    }
}

#[cfg(test)]
mod tests {
    use hg_types::Provider;

    use super::*;
    use crate::prices::PriceTable;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_promotion_ends_on_its_day() {
        let table = PriceTable::builtin();
        let flash = table.lookup(Provider::Google, "gemini-3.8-flash").unwrap();
        let before = flash.on(day("2026-12-31"));
        assert_eq!((before.input, before.output), ("0.75".parse().unwrap(), "3.75".parse().unwrap()));
        let after = flash.on(day("2027-01-01"));
        assert_eq!((after.input, after.output), ("1.5".parse().unwrap(), "7.5".parse().unwrap()));
        assert_eq!(after.cache_read, None, "nobody has said: as any input");
        for (first, last, begins) in
            [("2026-12-30", "2026-12-31", 0), ("2026-12-31", "2027-01-01", 1), ("2027-01-01", "2027-01-02", 0)]
        {
            let found: Vec<_> = flash.beginning_within(day(first), day(last)).collect();
            assert_eq!(found, vec![after.clone(); begins], "{first}");
        }
    }

    #[test]
    fn what_a_job_keeps_is_read_by_the_version_before() {
        for price in PriceTable::builtin().models() {
            let kept = serde_json::to_value(price.on(day("2026-11-22"))).unwrap();
            assert!(kept.get("then").is_none() && kept.get("instead").is_none(), "{kept}");
        }
    }

    #[test]
    fn a_model_retires_on_its_day() {
        let table = PriceTable::builtin();
        let llama = table.lookup(Provider::Groq, "llama-3.3-70b-versatile").unwrap();
        assert_eq!(llama.retired_on(day("2026-08-15")), None);
        assert_eq!(llama.retired_on(day("2026-08-16")), Some(day("2026-08-16")));
        assert_eq!(llama.instead.as_deref(), Some("openai/gpt-oss-120b"));
        assert_eq!(table.lookup(Provider::OpenAi, "gpt-6-luna").unwrap().retired_on(day("2036-01-01")), None);
    }
}
