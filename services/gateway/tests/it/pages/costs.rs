//! A client's costs: budgets with their limits, what was paid, and limits set in forms.

use serde_json::{Value, json};

use super::{AGENCY, OHIO, has, lacks, list, plant_tree, refusal, silence, start};
use crate::{browser::Browser, harness::Gateway};

const PAGE: &str = "/clients/ohio-paving/costs";
const ABOVE: &str = "/clients/paving-marketers/costs";

fn state(spent: &str, [own, cap, left]: [Option<&str>; 3], percent: Option<i16>) -> Value {
    json!({
        "starts_on": "2026-11-21", "resets_at": "2026-11-22T00:00:00Z",
        "limit_usd": own.or(cap), "own_limit_usd": own, "cap_usd": cap, "spent_usd": spent,
        "spent": {"charged_usd": spent, "failed_usd": "0", "cancelled_usd": "0", "unknown_usd": "0"},
        "reserved_usd": "0.25", "left_usd": left, "over_usd": "0", "warning_percent": percent, "warnings": [],
    })
}

pub(super) fn budget(id: &str, slug: &str) -> Value {
    json!({
        "client_id": id, "client_name": format!("The {slug} <firm>"), "client_slug": slug,
        "day": state("4.10", [Some("5.000000000"), Some("20"), Some("0.65")], Some(80)),
        "month": state("31", [None; 3], None),
        "above": [{"scope": "agency", "period": "day", "resets_at": "2026-11-22T00:00:00Z", "is_used_up": false, "limit_usd": "10", "left_usd": "0.4"},
            {"scope": "global", "period": "month", "resets_at": "2026-12-01T00:00:00Z", "is_used_up": true, "limit_usd": null, "left_usd": null}],
    })
}

fn row(group: &Value, total: &str) -> Value {
    let mut row = json!({
        "total_usd": total, "by_heading": {"charged_usd": total, "failed_usd": "0", "cancelled_usd": "0", "unknown_usd": "0"},
        "by_knowledge": {"reported_usd": total, "computed_usd": "0", "estimated_usd": "0", "unknown_usd": "0"},
    });
    for (name, value) in group.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

/// Content production answers every question about costs alike: the page shows of each row what it asked for.
fn plant(gateway: &Gateway, role: &str) {
    plant_tree(gateway, role);
    let group = json!({"day": "2026-11-20", "provider": "openrouter", "model": "openai/gpt-4o-mini", "content_type": "blog_post",
        "client_id": OHIO, "client_name": "Ohio <Paving>"});
    let costs = json!({"from": "2026-11-01", "to": "2026-11-21", "totals": row(&json!({}), "31"), "data": [row(&group, "31")], "others": null});
    gateway.peers.answers("GET /costs", 200, costs);
    let used = json!({"results": 12, "calls": 1, "input_tokens": 1000, "cached_tokens": 0, "output_tokens": 500, "reasoning_tokens": 0});
    let usage = json!({"from": "2026-11-01", "to": "2026-11-21", "totals": used, "data": [], "others": null});
    gateway.peers.answers("GET /usage", 200, usage);
    for (id, slug) in [(OHIO, "ohio-paving"), (AGENCY, "paving-marketers")] {
        gateway.peers.answers(&format!("GET /clients/{id}/budget"), 200, budget(id, slug));
    }
    let mut page = list(&[budget(AGENCY, "paving-marketers"), budget(OHIO, "ohio-paving")]);
    page["pagination"]["next_cursor"] = json!("later");
    gateway.peers.answers("GET /budgets", 200, page);
}

async fn submit(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> hg_testkit::Answer {
    let mut all = vec![("_csrf", browser.csrf.as_str())];
    all.extend(fields);
    browser.submit(path, &all).await
}

#[tokio::test]
async fn the_page_says_what_is_spent_left_and_whose_limit_holds() {
    let (gateway, browser) = start().await;
    plant(&gateway, "admin");
    let html = browser.page(PAGE).await.expect(200).text;
    has(
        &html,
        &[
            "$4.10",
            "of $5.00",
            "$0.6500",
            "Over 80 %",
            "Its own limit; $20.00 was set from above",
            "A limit above it leaves $0.4000.",
            "No limit of its own, and none was set from above",
            "22 November 2026, 00:00 UTC",
            "$0.4000 of $10.00 left",
            "Used up",
            "12 texts, 1 call, 1,500 tokens",
            "openai/gpt-4o-mini",
            "OpenRouter",
            "Blog post",
            "<rect x=\"190\" y=\"0\" width=\"8\" height=\"100\">",
            "value=\"5.00\"",
            "/clients/ohio-paving/costs/limits",
            "/clients/ohio-paving/costs/cap",
        ],
    );
    lacks(&html, &["By client", "Budgets below it", " style="]);
    let asked = gateway.peers.asked("GET /costs");
    assert!(asked.iter().all(|it| it.line.contains(&format!("client_id={OHIO}"))), "{asked:?}");
    // Who looks from above sees the clients below, a page at a time.
    let html = browser.page(&format!("{ABOVE}?warned=1&from=2026-11-01&to=2026-11-21")).await.expect(200).text;
    has(
        &html,
        &["By client", "Ohio &lt;Paving&gt;", "Budgets below it", "The ohio-paving &lt;firm&gt;", "cursor=later"],
    );
    // Wherever one goes in that list, the days stay.
    has(&html, &["/costs?from=2026-11-01&amp;to=2026-11-21&amp;warned=1&amp;cursor=later#below"]);
    lacks(&html, &["The paving-marketers &lt;firm&gt;"]);
    let asked = gateway.peers.asked("GET /budgets").pop().unwrap().line;
    assert!(asked.contains("warned=true") && asked.contains("limit=20"), "{asked}");
    let asked = gateway.peers.asked("GET /usage").pop().unwrap().line;
    assert!(asked.contains("from=2026-11-01") && asked.contains("to=2026-11-21"), "{asked}");
}

#[tokio::test]
async fn forms_are_for_whoever_may_use_them() {
    let (gateway, browser) = start().await;
    plant(&gateway, "viewer");
    let html = browser.page(PAGE).await.expect(200).text;
    has(&html, &["$4.10", "Limits above it"]);
    lacks(&html, &["/costs/limits", "/costs/cap"]);
    let forbidden =
        refusal("forbidden", "setting a client's own limits needs the role admin on the client", &json!([]));
    gateway.peers.answers(&format!("PUT /clients/{OHIO}/budget"), 403, forbidden);
    let refused = submit(&browser, &format!("{PAGE}/limits"), &[("daily", "9"), ("monthly", "")]).await.expect(403);
    has(&refused.text, &["own limits needs the role admin on the client."]);
}

#[tokio::test]
async fn limits_are_set_from_both_sides_or_refused_beside_their_fields() {
    let (gateway, browser) = start().await;
    plant(&gateway, "owner");
    let put = format!("PUT /clients/{OHIO}/budget");
    gateway.peers.answers(&put, 200, budget(OHIO, "ohio-paving"));
    let set = submit(&browser, &format!("{PAGE}/limits"), &[("daily", "$7.50"), ("monthly", " ")]).await.expect(303);
    assert_eq!(set.headers["location"], "/clients/ohio-paving/costs?notice=limits");
    assert_eq!(gateway.peers.asked(&put).pop().unwrap().body, json!({"daily_usd": "7.500000000", "monthly_usd": null}));
    has(&browser.page(&format!("{PAGE}?notice=limits")).await.expect(200).text, &["The limits are in force."]);
    let cap = format!("PUT /clients/{OHIO}/budget/cap");
    gateway.peers.answers(&cap, 200, budget(OHIO, "ohio-paving"));
    drop(submit(&browser, &format!("{PAGE}/cap"), &[("daily", "20"), ("monthly", "300")]).await.expect(303));
    assert_eq!(
        gateway.peers.asked(&cap).pop().unwrap().body,
        json!({"daily_usd": "20.000000000", "monthly_usd": "300.000000000"})
    );
    // What can't be money isn't sent; what content production refuses stands beside its field. What was typed is still there.
    let before = gateway.peers.asked(&put).len();
    let refused =
        submit(&browser, &format!("{PAGE}/limits"), &[("daily", "plenty"), ("monthly", "8")]).await.expect(422);
    has(&refused.text, &["id=\"own-daily-error\"", "Give dollars, such as 2.50", "value=\"plenty\"", "value=\"8\""]);
    assert_eq!(gateway.peers.asked(&put).len(), before);
    let wrong = json!([{"field": "monthly_usd", "message": "must be from 0 to 999999999 US dollars, or null"}]);
    gateway.peers.answers(&cap, 422, refusal("validation_failed", "no", &wrong));
    let refused = submit(&browser, &format!("{PAGE}/cap"), &[("daily", ""), ("monthly", "-1")]).await.expect(422);
    has(
        &refused.text,
        &[
            "id=\"cap-monthly-error\"",
            "The limit a month must be from 0 to 999999999 US dollars, or left empty for none.",
            "value=\"-1\"",
            "value=\"5.00\"",
        ],
    );
    silence(&gateway, &[&put]);
    let away = submit(&browser, &format!("{PAGE}/limits"), &[("daily", "3"), ("monthly", "")]).await.expect(503);
    has(&away.text, &["What you typed is still here", "value=\"3\""]);
    assert_eq!(
        browser.submit(&format!("{PAGE}/limits"), &[("daily", "3")]).await.status,
        403,
        "without the form's token"
    );
}

/// The client's own limits are 5 a day and none a month now.
#[tokio::test]
async fn a_stale_form_of_limits_undoes_nobodys_change() {
    let (gateway, browser) = start().await;
    plant(&gateway, "owner");
    let html = browser.page(PAGE).await.expect(200).text;
    has(&html, &["name=\"was_daily\" value=\"5.00\"", "name=\"was_monthly\" value=\"\""]);
    let put = format!("PUT /clients/{OHIO}/budget");
    gateway.peers.answers(&put, 200, budget(OHIO, "ohio-paving"));
    let (form, sent) = (format!("{PAGE}/limits"), || gateway.peers.asked(&put));
    // It began with 3 and 50: what it left so stays as it is now, what it changes is set.
    let stale =
        |daily, monthly| [("daily", daily), ("monthly", monthly), ("was_daily", "3.00"), ("was_monthly", "50.00")];
    let same = submit(&browser, &form, &stale("$3", "50")).await.expect(303);
    assert_eq!((same.headers["location"].to_str().unwrap(), sent().len()), ("/clients/ohio-paving/costs", 0));
    // Both have changed it, to something else: nothing is set, and what was typed is still there.
    let both = submit(&browser, &form, &stale("3", "80")).await.expect(422);
    has(&both.text, &["own-monthly-error", "Somebody has changed this meanwhile; it is empty now.", "value=\"80\""]);
    has(&both.text, &["name=\"was_monthly\" value=\"\"", "id=\"own-daily\" name=\"daily\" type=\"text\""]);
    assert!(sent().is_empty());
    // To the same as here; the other is left alone.
    let fields = [("daily", "3"), ("monthly", "80"), ("was_daily", "3.00"), ("was_monthly", "")];
    drop(submit(&browser, &form, &fields).await.expect(303));
    assert_eq!(sent().pop().unwrap().body, json!({"daily_usd": "5.000000000", "monthly_usd": "80.000000000"}));
    silence(&gateway, &[&format!("GET /clients/{OHIO}/budget")]);
    let away = submit(&browser, &form, &stale("9", "80")).await.expect(503);
    has(&away.text, &["What you typed is still here"]);
}

#[tokio::test]
async fn wrong_days_silence_and_strangers_are_answered() {
    let (gateway, browser) = start().await;
    plant(&gateway, "viewer");
    let wrong = browser.page(&format!("{PAGE}?from=yesterday")).await.expect(422).text;
    has(&wrong, &["These days can’t be shown", "Give a day, such as 2026-11-01.", "value=\"yesterday\"", "$4.10"]);
    let details = json!([{"field": "from", "message": "must be at most 366 days before `to`"}]);
    gateway.peers.answers("GET /costs", 422, refusal("validation_failed", "no", &details));
    let wrong = browser.page(&format!("{PAGE}?from=2020-01-01")).await.expect(422).text;
    has(&wrong, &["The first day must be at most 366 days before", "value=\"2020-01-01\""]);
    silence(&gateway, &["GET /costs", "GET /usage", &format!("GET /clients/{OHIO}/budget")]);
    has(&browser.page(PAGE).await.expect(200).text, &["Content production doesn’t answer"]);
    drop(browser.page("/clients/nobody/costs").await.expect(404));
}
