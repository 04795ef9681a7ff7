//! The counting rule: simple, documented, and the same for every format.
//!
//! A text has one token per four characters (Unicode scalar values), rounded up. A prompt has the
//! tokens of each message's text, three more per message and three for the reply's priming, as
//! OpenAI's cookbook describes for its chat models
//! (<https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>, section 6; the
//! three-token overheads were taken, the tokenizer was not).

use std::fmt::Write as _;

use crate::config::Price;

/// Characters per token.
pub(crate) const CHARS_PER_TOKEN: usize = 4;

/// Tokens of a text: one per four characters, rounded up.
#[must_use]
pub fn count_tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARS_PER_TOKEN) as u64
}

/// Tokens of a prompt: its messages' texts, three per message, three for the reply.
#[must_use]
pub fn count_prompt_tokens<'a>(messages: impl IntoIterator<Item = &'a str>) -> u64 {
    messages.into_iter().fold(3, |sum, text| sum + 3 + count_tokens(text))
}

/// What a call used, as it is billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    /// All tokens of the prompt, cached ones included.
    pub(crate) input: u64,
    /// Those of `input` that came from the provider's prompt cache.
    pub(crate) cached: u64,
    /// Tokens of the answer.
    pub(crate) output: u64,
}

impl Used {
    /// Nano-USD for the prompt, and for the answer. Each is rounded up to a whole nano-USD.
    pub(crate) fn costs(self, price: &Price) -> (u64, u64) {
        let (input, cached, output) = match price.long_prompt {
            Some(long) if self.input >= long.min_prompt_tokens => {
                (long.input_nano_per_million, long.cached_nano_per_million, long.output_nano_per_million)
            }
            _ => (price.input_nano_per_million, price.cached_nano_per_million, price.output_nano_per_million),
        };
        let fresh = u128::from(self.input.saturating_sub(self.cached));
        let prompt = fresh * u128::from(input) + u128::from(self.cached) * u128::from(cached);
        let answer = u128::from(self.output) * u128::from(output);
        let nano = |sum: u128| u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX);
        (nano(prompt), nano(answer))
    }
}

/// An amount of nano-USD as an exact decimal number of USD without an exponent.
pub(crate) fn usd(nano: u64) -> String {
    decimal(nano, 9)
}

/// The price of one token in USD as an exact decimal, from nano-USD per million tokens.
pub(crate) fn usd_per_token(nano_per_million: u64) -> String {
    decimal(nano_per_million, 15)
}

fn decimal(value: u64, places: u32) -> String {
    let scale = 10u64.pow(places);
    let mut text = String::new();
    let _ = write!(text, "{}.{:0width$}", value / scale, value % scale, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::LongPrompt;

    #[test]
    fn one_token_per_four_characters_rounded_up() {
        assert_eq!([count_tokens(""), count_tokens("abc"), count_tokens("abcd"), count_tokens("äöüß!")], [0, 1, 1, 2]);
        assert_eq!(count_prompt_tokens(["abcd", "abcde"]), 3 + 4 + 5);
    }

    #[test]
    fn cached_tokens_are_inside_the_prompt_and_have_their_own_price() {
        let price = Price::new("m", 150_000_000, 75_000_000, 600_000_000);
        let used = Used { input: 100, cached: 40, output: 10 };
        assert_eq!(used.costs(&price), (60 * 150 + 40 * 75, 6_000));
        let long = |min_prompt_tokens| LongPrompt {
            min_prompt_tokens,
            input_nano_per_million: 300_000_000,
            cached_nano_per_million: 150_000_000,
            output_nano_per_million: 900_000_000,
        };
        let tiered = |least| Price { long_prompt: Some(long(least)), ..price.clone() };
        assert_eq!(used.costs(&tiered(101)), used.costs(&price));
        assert_eq!(used.costs(&tiered(100)), (60 * 300 + 40 * 150, 9_000));
    }

    #[test]
    fn decimals_are_exact() {
        assert_eq!(usd(14_250), "0.00001425");
        assert_eq!(usd(2_000_000_000), "2");
        assert_eq!(usd(0), "0");
        assert_eq!(usd_per_token(150_000_000), "0.00000015");
    }
}
