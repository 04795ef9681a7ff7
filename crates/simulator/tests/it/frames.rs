//! Frames byte by byte, per provider.

use hg_simulator::{Behaviour, Rule, count_prompt_tokens, count_tokens};
use serde_json::json;

use crate::raw::{GROQ, OPENAI, OPENROUTER, article, ask, chat, get, simulator, streaming, with};

/// The input and output tokens of the standard request, by the documented rule.
fn tokens() -> (u64, u64) {
    let request = ask("");
    let texts: Vec<&str> = (0..2).map(|n| request["messages"][n]["content"].as_str().unwrap()).collect();
    (count_prompt_tokens(texts), count_tokens(&article()))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[tokio::test]
async fn openai_stream() {
    let simulator = simulator();
    simulator.set_behaviour(Rule::always(Behaviour { chunks: Some(1), cached_tokens: 10, ..Behaviour::default() }));
    let answer = chat(&simulator, OPENAI, &streaming("gpt-4o-mini")).await;
    assert_eq!((answer.status, answer.whole), (200, true));
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let (input, output) = tokens();
    let total = input + output;
    let call = &simulator.calls()[0];
    let created = answer.chunks()[0]["created"].as_u64().unwrap();
    let start = format!(
        r#"data: {{"id":"{}","object":"chat.completion.chunk","created":{created},"model":"gpt-4o-mini","service_tier":"default","system_fingerprint":"fp_simulator","choices":["#,
        call.id
    );
    let text = quoted(&article());
    let expected = [
        format!(
            r#"{start}{{"index":0,"delta":{{"role":"assistant","content":"","refusal":null}},"logprobs":null,"finish_reason":null}}],"usage":null}}"#
        ),
        format!(
            r#"{start}{{"index":0,"delta":{{"content":{text}}},"logprobs":null,"finish_reason":null}}],"usage":null}}"#
        ),
        format!(r#"{start}{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"stop"}}],"usage":null}}"#),
        format!(
            r#"{start}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{total},"prompt_tokens_details":{{"cached_tokens":10,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}}}}"#
        ),
        "data: [DONE]".to_owned(),
        String::new(),
    ];
    assert_eq!(answer.body, expected.join("\n\n"));
    assert_eq!(call.cost_nano_usd, (input - 10) * 150 + 10 * 75 + output * 600);
}

#[tokio::test]
async fn openai_stream_without_include_usage_says_nothing_of_it() {
    let simulator = simulator();
    let answer = chat(&simulator, OPENAI, &with(&ask("gpt-4o-mini"), json!({"stream": true}))).await;
    assert!(!answer.body.contains("usage") && answer.body.ends_with("data: [DONE]\n\n"));
    assert_eq!(answer.text(), article());
}

#[tokio::test]
async fn openai_whole() {
    let simulator = simulator();
    let answer = chat(&simulator, OPENAI, &ask("gpt-4o-mini")).await;
    let (input, output) = tokens();
    let created = answer.json()["created"].as_u64().unwrap();
    let expected = format!(
        r#"{{"id":"{}","object":"chat.completion","created":{created},"model":"gpt-4o-mini","choices":[{{"index":0,"message":{{"role":"assistant","content":{},"refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"prompt_tokens_details":{{"cached_tokens":0,"audio_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}},"service_tier":"default","system_fingerprint":"fp_simulator"}}"#,
        simulator.calls()[0].id,
        quoted(&article()),
        input + output
    );
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(answer.header("x-request-id").unwrap().starts_with("req_"));
}

#[tokio::test]
async fn groq_stream() {
    let simulator = simulator();
    simulator.set_behaviour(Rule::always(Behaviour { chunks: Some(1), ..Behaviour::default() }));
    let plain = chat(&simulator, GROQ, &with(&ask("llama-3.1-8b-instant"), json!({"stream": true}))).await;
    let (input, output) = tokens();
    let id = simulator.calls()[0].id.clone();
    let created = plain.chunks()[0]["created"].as_u64().unwrap();
    let request = format!("req_{}", id.trim_start_matches("chatcmpl-"));
    let start = format!(
        r#"data: {{"id":"{id}","object":"chat.completion.chunk","created":{created},"model":"llama-3.1-8b-instant","system_fingerprint":"fp_simulator","choices":["#
    );
    let usage = format!(
        r#"{{"queue_time":0.037,"prompt_tokens":{input},"prompt_time":0.001,"completion_tokens":{output},"completion_time":0.25,"total_tokens":{},"total_time":0.251}}"#,
        input + output
    );
    let expected = [
        format!(
            r#"{start}{{"index":0,"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}}],"x_groq":{{"id":"{request}"}}}}"#
        ),
        format!(
            r#"{start}{{"index":0,"delta":{{"content":{}}},"logprobs":null,"finish_reason":null}}]}}"#,
            quoted(&article())
        ),
        format!(
            r#"{start}{{"index":0,"delta":{{}},"logprobs":null,"finish_reason":"stop"}}],"x_groq":{{"id":"{request}","usage":{usage}}}}}"#
        ),
        "data: [DONE]".to_owned(),
        String::new(),
    ];
    assert_eq!(plain.body, expected.join("\n\n"));

    // Asked for, usage comes a second time: who adds up counts twice.
    let asked = chat(&simulator, GROQ, &streaming("llama-3.1-8b-instant")).await;
    let chunks = asked.chunks();
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &chunks[chunks.len() - 2]["x_groq"]["usage"]));
}

#[tokio::test]
async fn openrouter_stream() {
    let simulator = simulator();
    simulator.set_behaviour(Rule::always(Behaviour { chunks: Some(1), ..Behaviour::default() }));
    let answer = chat(&simulator, OPENROUTER, &with(&ask("openai/gpt-4o-mini"), json!({"stream": true}))).await;
    let (input, output) = tokens();
    let call = &simulator.calls()[0];
    assert_eq!(answer.header("x-generation-id"), Some(call.id.as_str()));
    assert!(call.id.starts_with("gen-"));
    let created = answer.chunks()[0]["created"].as_u64().unwrap();
    let start = format!(
        r#"data: {{"id":"{}","provider":"OpenAI","object":"chat.completion.chunk","created":{created},"model":"openai/gpt-4o-mini","choices":[{{"index":0,"delta":{{"role":"assistant","content":"#,
        call.id
    );
    let usd = |nano: u64| format!("0.{nano:09}").trim_end_matches('0').to_owned();
    let (prompt, completion) = (input * 150, output * 600);
    let expected = [
        ": OPENROUTER PROCESSING".to_owned(),
        format!(r#"{start}""}},"logprobs":null,"finish_reason":null,"native_finish_reason":null}}]}}"#),
        format!(
            r#"{start}{}}},"logprobs":null,"finish_reason":null,"native_finish_reason":null}}]}}"#,
            quoted(&article())
        ),
        format!(r#"{start}""}},"logprobs":null,"finish_reason":"stop","native_finish_reason":"stop"}}]}}"#),
        format!(
            r#"{start}""}},"logprobs":null,"finish_reason":null,"native_finish_reason":null}}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output},"total_tokens":{},"cost":{},"is_byok":false,"prompt_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0}},"cost_details":{{"upstream_inference_cost":null,"upstream_inference_prompt_cost":{},"upstream_inference_completions_cost":{}}},"completion_tokens_details":{{"reasoning_tokens":0}}}}}}"#,
            input + output,
            usd(prompt + completion),
            usd(prompt),
            usd(completion)
        ),
        "data: [DONE]".to_owned(),
        String::new(),
    ];
    assert_eq!(answer.body, expected.join("\n\n"));
}

#[tokio::test]
async fn openrouter_models_have_prices_as_strings() {
    let simulator = simulator();
    let answer = get(&simulator, "/openrouter/api/v1/models").await;
    let list = answer.json();
    let model = list["data"].as_array().unwrap().iter().find(|model| model["id"] == "openai/gpt-4o-mini").unwrap();
    assert_eq!(model["pricing"]["prompt"], "0.00000015");
    assert_eq!(model["pricing"]["completion"], "0.0000006");
    assert_eq!(model["context_length"], 128_000);
    assert_eq!(model["pricing"].get("overrides"), None);
    let long =
        list["data"].as_array().unwrap().iter().find(|model| model["id"] == "anthropic/claude-sonnet-4.5").unwrap();
    assert_eq!(long["pricing"]["input_cache_write"], "0.00000375");
    assert_eq!(long["pricing"]["overrides"][0]["min_prompt_tokens"], 200_000);
    assert_eq!(long["pricing"]["overrides"][0]["prompt"], "0.000006");
    assert!(list["data"].as_array().unwrap().iter().any(|model| model["pricing"]["prompt"] == "-1"), "a router");
    assert_eq!(get(&simulator, "/openai/v1/models").await.status, 401);
}

#[tokio::test]
async fn the_same_article_in_all_formats() {
    let simulator = simulator();
    for (path, model) in
        [(OPENAI, "gpt-4o-mini"), (GROQ, "llama-3.3-70b-versatile"), (OPENROUTER, "openai/gpt-4o-mini")]
    {
        assert_eq!(chat(&simulator, path, &streaming(model)).await.text(), article());
        assert_eq!(chat(&simulator, path, &ask(model)).await.json()["choices"][0]["message"]["content"], article());
    }
    let (input, output) = tokens();
    assert!(simulator.calls().iter().all(|call| (call.input_tokens, call.output_tokens) == (input, output)));
}
