//! OpenRouter: OpenAI's format with comments, cost and errors of its own.
//!
//! Sources: <https://openrouter.ai/docs/api-reference/streaming> (`: OPENROUTER PROCESSING`, `X-Generation-Id`, errors
//! in a stream: a chunk with `error` and `finish_reason: "error"`), <https://openrouter.ai/docs/use-cases/usage-accounting>
//! (`usage` with `cost`, `cost_details`, `prompt_tokens_details` in the last message, asked for or not),
//! <https://openrouter.ai/docs/errors> (`{error:{code,message,metadata?}}`, the status equals the code, 200 once the
//! model has begun), <https://openrouter.ai/docs/api/api-reference/models/get-models> (prices as strings, USD per token).

use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::openai::{ApiError, Chunk, Completion, Delta, Dialect, Malformed, Piece, Request, Turn, UsageField, raw};
use crate::{
    Price, Provider,
    tokens::{Used, usd, usd_per_token},
};

/// OpenRouter.
pub(crate) struct OpenRouter;

/// Who serves a model: the first half of its name, as OpenRouter's `provider` field says it for the makers' own hosts.
fn served_by(model: &str) -> &'static str {
    match model.split('/').next() {
        Some("openai") => "OpenAI",
        Some("anthropic") => "Anthropic",
        Some("google") => "Google",
        _ => "DeepInfra",
    }
}

/// The frame of a stream that broke.
#[derive(Serialize)]
struct Broken<'a> {
    id: &'a str,
    provider: &'a str,
    object: &'static str,
    created: u64,
    model: &'a str,
    error: Value,
    choices: Value,
}

impl Dialect for OpenRouter {
    fn provider(&self) -> Provider {
        Provider::OpenRouter
    }

    fn completion_id(&self, bits: u64, created: u64) -> String {
        format!("gen-{created}-{bits:016x}")
    }

    fn check(&self, _ask: &Request) -> Result<(), ApiError> {
        // Unknown parameters are ignored: https://openrouter.ai/docs/api-reference/parameters
        Ok(())
    }

    fn unauthorised(&self, given: Option<&str>) -> ApiError {
        let message = if given.is_some() { "User not found." } else { "No auth credentials found" };
        ApiError { status: 401, ..ApiError::invalid(message, None, None) }
    }

    fn unknown_model(&self, model: &str) -> ApiError {
        ApiError::invalid(format!("{model} is not a valid model ID"), None, None)
    }

    fn malformed(&self, error: Malformed) -> ApiError {
        let message = match error {
            Malformed::Json => "Invalid JSON body".to_owned(),
            Malformed::Missing(name) => format!("Input required: specify \"{name}\""),
            Malformed::Wrong(name, wanted) => format!("\"{name}\" must be {wanted}"),
        };
        ApiError::invalid(message, None, None)
    }

    fn fault(&self, status: u16, _model: &str) -> ApiError {
        let message = match status {
            402 => "Insufficient credits. Add more using https://openrouter.ai/settings/credits",
            429 => "Rate limit exceeded: limit_rpm",
            503 => "No available model provider that meets your routing requirements",
            500 => "Internal Server Error",
            _ => "Provider returned error",
        };
        ApiError { status, ..ApiError::invalid(message, None, None) }
    }

    fn error_body(&self, error: &ApiError) -> String {
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            code: u16,
        }
        format!(r#"{{"error":{}}}"#, raw(&Inner { message: &error.message, code: error.status }))
    }

    fn headers(&self, id: &str) -> Vec<(&'static str, String)> {
        vec![("x-generation-id", id.to_owned()), ("cache-control", "no-cache".to_owned())]
    }

    fn keep_alive(&self) -> Option<&'static str> {
        Some(": OPENROUTER PROCESSING\n\n")
    }

    fn has_usage_chunk(&self, _include_usage: bool) -> bool {
        // "Full usage details are now always included": the parameters that ask for it have no effect.
        true
    }

    fn usage(&self, turn: &Turn, output: u64) -> Box<RawValue> {
        #[derive(Serialize)]
        struct Usage {
            prompt_tokens: u64,
            completion_tokens: u64,
            total_tokens: u64,
            cost: Box<RawValue>,
            is_byok: bool,
            prompt_tokens_details: Prompt,
            cost_details: Costs,
            completion_tokens_details: Answer,
        }
        #[derive(Serialize)]
        struct Prompt {
            cached_tokens: u64,
            cache_write_tokens: u64,
            audio_tokens: u64,
        }
        #[derive(Serialize)]
        struct Costs {
            upstream_inference_cost: (),
            upstream_inference_prompt_cost: Box<RawValue>,
            upstream_inference_completions_cost: Box<RawValue>,
        }
        #[derive(Serialize)]
        struct Answer {
            reasoning_tokens: u64,
        }
        let (prompt, answer) = Used { input: turn.input, cached: turn.cached, output }.costs(&turn.price);
        raw(&Usage {
            prompt_tokens: turn.input,
            completion_tokens: output,
            total_tokens: turn.input + output,
            cost: number(prompt + answer),
            is_byok: false,
            prompt_tokens_details: Prompt { cached_tokens: turn.cached, cache_write_tokens: 0, audio_tokens: 0 },
            cost_details: Costs {
                upstream_inference_cost: (),
                upstream_inference_prompt_cost: number(prompt),
                upstream_inference_completions_cost: number(answer),
            },
            completion_tokens_details: Answer { reasoning_tokens: 0 },
        })
    }

    fn errors_have_200(&self) -> bool {
        true
    }

    fn chunk<'a>(
        &self,
        turn: &'a Turn,
        chunk: Chunk<'a>,
        piece: &Piece<'a>,
        usage: Option<Box<RawValue>>,
    ) -> Chunk<'a> {
        let mut chunk = Chunk { provider: Some(served_by(&turn.model)), usage: usage.map(UsageField::Is), ..chunk };
        if matches!(piece, Piece::Usage) {
            // Usage comes beside a choice that says nothing, not beside none.
            chunk.choices = Chunk::new(turn, &Piece::Role).choices;
        }
        for choice in &mut chunk.choices {
            let said = choice.delta.content.unwrap_or("");
            choice.delta = Delta { role: Some("assistant"), content: Some(said), refusal: choice.delta.refusal };
            choice.native_finish_reason = Some(choice.finish_reason);
        }
        chunk
    }

    fn completion<'a>(&self, turn: &'a Turn, completion: Completion<'a>) -> Completion<'a> {
        let mut completion = Completion { provider: Some(served_by(&turn.model)), ..completion };
        for choice in &mut completion.choices {
            choice.native_finish_reason = Some(choice.finish_reason);
        }
        completion
    }

    fn broken(&self, turn: &Turn) -> String {
        let broken = Broken {
            id: &turn.id,
            provider: served_by(&turn.model),
            object: "chat.completion.chunk",
            created: turn.created,
            model: &turn.model,
            error: json!({"code": 502, "message": "Provider disconnected unexpectedly"}),
            choices: json!([{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]),
        };
        format!("data: {}\n\n", raw(&broken))
    }

    fn models_need_key(&self) -> bool {
        false
    }

    fn models(&self, prices: &[Price]) -> Value {
        let mut models: Vec<Value> = prices
            .iter()
            .map(|price| {
                json!({
                    "id": price.model,
                    "canonical_slug": price.model,
                    "name": price.model,
                    "created": 1_721_172_741,
                    "description": "",
                    "context_length": price.context_length,
                    "architecture": {
                        "modality": "text->text", "input_modalities": ["text"], "output_modalities": ["text"],
                        "tokenizer": "Other", "instruct_type": null,
                    },
                    "pricing": pricing(price),
                    "top_provider": {
                        "context_length": price.context_length, "max_completion_tokens": 16_384, "is_moderated": false,
                    },
                    "per_request_limits": null,
                    "supported_parameters": ["max_tokens", "temperature", "stop"],
                })
            })
            .collect();
        // A router costs what it routes to.
        models.push(json!({
            "id": "openrouter/auto", "canonical_slug": "openrouter/auto", "name": "Auto Router", "created": 1_699_401_600,
            "description": "", "context_length": 2_000_000,
            "pricing": {"prompt": "-1", "completion": "-1"},
            "top_provider": {"context_length": null, "max_completion_tokens": null, "is_moderated": false},
            "per_request_limits": null, "supported_parameters": [],
        }));
        json!({"data": models})
    }
}

/// A model's prices: <https://openrouter.ai/docs/client-sdks/typescript/models/pricing>. An override has only what differs.
fn pricing(price: &Price) -> Value {
    let mut pricing = json!({
        "prompt": usd_per_token(price.input_nano_per_million),
        "completion": usd_per_token(price.output_nano_per_million),
        "request": "0",
        "image": "0",
        "web_search": "0",
        "internal_reasoning": "0",
        "input_cache_read": usd_per_token(price.cached_nano_per_million),
    });
    if let Some(write) = price.cache_write_nano_per_million {
        pricing["input_cache_write"] = usd_per_token(write).into();
    }
    if let Some(long) = price.long_prompt {
        pricing["overrides"] = json!([{
            "min_prompt_tokens": long.min_prompt_tokens,
            "prompt": usd_per_token(long.input_nano_per_million),
            "completion": usd_per_token(long.output_nano_per_million),
            "input_cache_read": usd_per_token(long.cached_nano_per_million),
        }]);
    }
    pricing
}

/// A JSON number that is exact: a float would not be.
fn number(nano: u64) -> Box<RawValue> {
    RawValue::from_string(usd(nano)).expect("a decimal is JSON")
}
