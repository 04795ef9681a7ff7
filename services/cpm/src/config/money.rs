//! Limits, prices, and how much a prompt is assumed to have.

use std::{collections::BTreeMap, time::Duration};

use hg_common::config::Env;
use hg_llm::PriceTable;
use hg_types::{ContentType, Usd};

use crate::domain::estimate::InputBounds;

/// Limits and prices.
#[derive(Clone, Debug)]
pub struct MoneyConfig {
    /// The global limit per day.
    pub daily_limit: Option<Usd>,
    /// The global limit per month.
    pub monthly_limit: Option<Usd>,
    /// The known prices, the operator's on top.
    pub prices: PriceTable,
    /// US dollars per million tokens for models without a price; none: they are refused.
    pub assumed_price: Option<Usd>,
    /// Whether OpenRouter's list of prices is fetched, and how often.
    pub price_refresh: PriceRefreshing,
    /// The bound of a prompt's tokens.
    pub input_bounds: InputBounds,
    /// A call of unknown outcome is never repeated for a model whose worst case costs more than this.
    pub unknown_retry_limit: Option<Usd>,
}

/// What an operator says about refreshing prices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceRefreshing {
    /// Never.
    Off,
    /// This often, whoever has a key: clients may have keys of their own.
    Every(Duration),
    /// Nothing: every six hours where the operator has a key of OpenRouter's, and so talks to it anyway.
    Unsaid,
}

impl PriceRefreshing {
    /// How often; none: never.
    #[must_use]
    pub fn period(self, has_key: bool) -> Option<Duration> {
        const SIX_HOURS: Duration = Duration::from_secs(6 * 3_600);
        match self {
            Self::Off => None,
            Self::Every(period) => Some(period),
            Self::Unsaid => has_key.then_some(SIX_HOURS),
        }
    }
}

impl MoneyConfig {
    /// Reads the section.
    pub fn read(env: &mut Env) -> Self {
        let daily_limit = env
            .optional::<Usd>("DAILY_COST_LIMIT")
            .doc("US dollars per day (UTC) over all clients; left out: none.")
            .read_with(amount);
        let monthly_limit = env
            .optional::<Usd>("MONTHLY_COST_LIMIT")
            .doc("US dollars per month (UTC) over all clients; left out: none.")
            .read_with(amount);
        let prices = env
            .optional::<PriceTable>("LLM_PRICE_OVERRIDES")
            .doc("Prices of your own: a JSON list of {provider, id, input, output, …}, in US dollars per million tokens, as strings.")
            .read_with(|json| {
                let mut prices = PriceTable::builtin();
                prices.merge_overrides(json).map_err(|error| hg_common::http::error_chain(&error))?;
                Ok(prices)
            });
        let assumed_price = env
            .optional::<Usd>("LLM_UNPRICED_USD_PER_MILLION")
            .doc("Lets models without a known price be asked for, at this price in US dollars per million tokens, in and out. Left out: they are refused (422).")
            .read_with(amount);
        let refresh = env
            .optional::<u32>("PRICE_REFRESH_SECONDS")
            .shown_default("21600 where OPENROUTER_API_KEY is set, else 0")
            .doc("How often OpenRouter's public list of prices is fetched. 0: never; else at least 60, also without a key of yours, as where clients store theirs.")
            .read();
        let default = env
            .with_default("INPUT_TOKEN_BOUND", 8_000_u32)
            .doc("Tokens that a prompt is assumed to have at most when a job is accepted, besides the caller's own words.")
            .read();
        let by_type = env
            .optional::<BTreeMap<ContentType, u64>>("INPUT_TOKEN_BOUNDS")
            .doc("The same for single content types: a JSON object such as {\"social_media\": 4000}.")
            .read_with(|json| {
                serde_json::from_str::<BTreeMap<ContentType, u32>>(json)
                    .map(|bounds| {
                        bounds.into_iter().map(|(content_type, bound)| (content_type, u64::from(bound))).collect()
                    })
                    .map_err(|error| error.to_string())
            });
        let unknown_retry_limit = env
            .optional::<Usd>("UNKNOWN_RETRY_LIMIT_USD")
            .doc("A provider call whose outcome is unknown is made again only if it can't cost more than this; left out: always once.")
            .read_with(amount);
        Self {
            daily_limit,
            monthly_limit,
            prices: prices.unwrap_or_else(PriceTable::builtin),
            assumed_price,
            price_refresh: match refresh {
                None => PriceRefreshing::Unsaid,
                Some(0) => PriceRefreshing::Off,
                Some(seconds) => PriceRefreshing::Every(Duration::from_secs(u64::from(seconds.max(60)))),
            },
            input_bounds: InputBounds::new(u64::from(default), by_type.unwrap_or_default()),
            unknown_retry_limit,
        }
    }
}

fn amount(text: &str) -> Result<Usd, String> {
    let amount: Usd = text.parse().map_err(|_| "expected US dollars such as 10.00".to_owned())?;
    if amount < Usd::ZERO { Err("must not be negative".to_owned()) } else { Ok(amount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asks_for_fresh_prices_gets_them_without_a_key() {
        let read = |set: &[(&'static str, &'static str)]| {
            let mut env = Env::from_pairs("cpm", set.iter().copied());
            MoneyConfig::read(&mut env).price_refresh
        };
        let hours = |hours: u64| Some(Duration::from_secs(hours * 3_600));
        let unsaid = read(&[]);
        assert_eq!((unsaid.period(true), unsaid.period(false)), (hours(6), None));
        let asked = read(&[("PRICE_REFRESH_SECONDS", "3600")]);
        assert_eq!((asked.period(true), asked.period(false)), (hours(1), hours(1)));
        let off = read(&[("PRICE_REFRESH_SECONDS", "0")]);
        assert_eq!((off.period(true), off.period(false)), (None, None));
        assert_eq!(read(&[("PRICE_REFRESH_SECONDS", "1")]).period(false), Some(Duration::from_secs(60)));
    }
}
