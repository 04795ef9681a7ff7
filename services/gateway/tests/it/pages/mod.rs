//! Pages and their fragments: what they ask of the services, what they show, and what they show while a service is away.

mod audit;
mod clients;
mod content;
mod costs;
mod data;
mod invitation;
mod job;
mod keys;
mod lists;
mod people;
mod strategies;

use serde_json::{Value, json};

use crate::{browser::Browser, harness::Gateway};

pub(super) const JOB: &str = "0191d0a0-0000-7000-8000-00000000000a";
pub(super) const OHIO: &str = "0191d0a0-0000-7000-8000-000000000001";
pub(super) const READ_ONLY: &str = "0191d0a0-0000-7000-8000-000000000002";
pub(super) const ROOT: &str = "0191d0a0-0000-7000-8000-0000000000ff";

/// A gateway whose services all answer, and somebody who is signed in.
pub(super) async fn start() -> (Gateway, Browser) {
    let gateway = Gateway::start().await;
    let browser = gateway.planted_session().await;
    let peers = &gateway.peers;
    peers.answers(
        "GET /clients",
        200,
        list(&[client(OHIO, "ohio-paving", "member"), client(READ_ONLY, "read-only", "viewer")]),
    );
    peers.answers("GET /providers/status", 200, providers());
    peers.answers("GET /jobs/overview", 200, json!({"by_status": {"completed": 148, "in_progress": 1}, "spent_today_usd": "0.12", "spent_month_usd": "1.925", "mean_quality": 81.2}));
    peers.answers("GET /jobs", 200, list(&[summary("completed"), summary("in_progress")]));
    peers.answers(&format!("GET /clients/{OHIO}/effective-strategy"), 200, strategy());
    (gateway, browser)
}

/// Makes a service's answers those of one that is away.
pub(super) fn silence(gateway: &Gateway, lines: &[&str]) {
    for line in lines {
        gateway.peers.answers(
            line,
            503,
            json!({"error": {"code": "database_unavailable", "message": "the database is not available"}}),
        );
    }
}

pub(super) fn list(items: &[Value]) -> Value {
    json!({"data": items, "pagination": {"next_cursor": null, "has_more": false, "total": items.len(), "total_capped": false}})
}

pub(super) fn client(id: &str, slug: &str, role: &str) -> Value {
    json!({
        "id": id, "name": format!("The {slug} firm"), "slug": slug, "type": "customer", "parent_id": ROOT, "metadata": {}, "archived_at": null,
        "role": role, "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-01T00:00:00Z",
    })
}

fn providers() -> Value {
    let provider = |name: &str, label: &str, configured: bool, model: &str| {
        json!({"provider": name, "label": label, "configured": configured, "requires_user_key": false,
            "status": if configured { "available" } else { "not_configured" },
            "models": [{"id": model, "label": model, "input_usd_per_million": "0.15", "output_usd_per_million": "0.6",
                "context_length": 128_000, "max_output_tokens": 16_384, "is_default": true}]})
    };
    json!({"default_provider": "openai", "prices_as_of": "2026-11-21",
        "providers": [provider("openrouter", "OpenRouter", false, "openai/gpt-4o-mini"), provider("openai", "OpenAI", true, "gpt-4o-mini")]})
}

fn strategy() -> Value {
    json!({
        "client": {"id": OHIO, "name": "Ohio Paving Co.", "slug": "ohio-paving", "metadata": {}},
        "content_type": "blog_post",
        "values": {"tone": "authoritative", "target_audience": "property managers", "word_count_range": [800, 1200]},
        "sources": [{"level": "agency", "client_id": ROOT, "client_name": "Paving Marketers", "strategy_id": null, "version": 2}],
        "explain": {"tone": 0, "target_audience": 0, "word_count_range": 0},
    })
}

pub(super) fn summary(status: &str) -> Value {
    json!({
        "id": JOB, "client_id": OHIO, "client_name": "Ohio Paving Co.", "topic": "Sealcoating <b>or</b> repaving", "content_type": "blog_post",
        "status": status, "stage": if status == "in_progress" { json!("writing") } else { json!(null) },
        "llm_provider": "openai", "model": "gpt-4o-mini", "title": "Sealcoating: \"now\" or later?", "quality_score": 86, "cost_usd": "0.0042",
        "error_code": null, "error_message": null, "created_at": "2026-11-21T09:00:00Z", "started_at": "2026-11-21T09:00:01Z",
        "completed_at": if status == "completed" { json!("2026-11-21T09:00:42Z") } else { json!(null) },
    })
}

/// A refusal as the services write it.
pub(super) fn refusal(code: &str, message: &str, details: &Value) -> Value {
    json!({"error": {"code": code, "message": message, "details": details, "request_id": "theirs"}})
}

/// Every part is there.
pub(super) fn has(text: &str, parts: &[&str]) {
    let text = text.replace("&#x2f;", "/");
    for part in parts {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
}

/// None of the parts is there.
pub(super) fn lacks(text: &str, parts: &[&str]) {
    let text = text.replace("&#x2f;", "/");
    for part in parts {
        assert!(!text.contains(part), "{part} should not be there");
    }
}

pub(super) const AGENCY: &str = "0191d0a0-0000-7000-8000-0000000000aa";

/// Root, agency and customer, as somebody with this role on all of them sees them; and the member's own page.
pub(super) fn plant_tree(gateway: &Gateway, role: &str) {
    let (root, agency, ohio) = (
        level(ROOT, "hg-content", "root", None, role),
        level(AGENCY, "paving-marketers", "agency", Some(ROOT), role),
        level(OHIO, "ohio-paving", "customer", Some(AGENCY), role),
    );
    gateway.peers.answers("GET /clients", 200, list(&[root.clone(), agency.clone(), ohio.clone()]));
    gateway.peers.answers("GET /clients/hg-content", 200, root);
    gateway.peers.answers("GET /clients/paving-marketers", 200, agency);
    gateway.peers.answers("GET /clients/ohio-paving", 200, ohio);
}

/// A client of any level.
pub(super) fn level(id: &str, slug: &str, kind: &str, parent: Option<&str>, role: &str) -> Value {
    let mut it = client(id, slug, role);
    it["type"] = json!(kind);
    it["parent_id"] = json!(parent);
    it
}
