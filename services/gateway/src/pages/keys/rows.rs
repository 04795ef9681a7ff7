//! Keys as rows of their tables.

use chrono::{DateTime, Utc};
use hg_contracts::cpm::{ApiKeyInfo, ApiKeyOrigin, ApiKeyState, ProviderKeyInfo, ProviderKeyState, ProviderKeyVerdict};
use hg_types::Provider;

use super::{ApiKeyRow, ProviderKeyRow};
use crate::pages::{
    format,
    parts::{Moment, StatusBadge, Text, Tone},
    place::Place,
};

/// An instant as people read it in a sentence.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// An API key as a row.
pub(super) fn api_key(place: &Place, key: &ApiKeyInfo, now: DateTime<Utc>) -> ApiKeyRow {
    let lives = key.state == ApiKeyState::Active;
    let path = |rest: &str| place.href(&format!("/keys/api/{}/{rest}", key.id));
    ApiKeyRow {
        name: key.name.clone(),
        prefix: match key.origin {
            ApiKeyOrigin::Made => format!("{}…", key.prefix),
            ApiKeyOrigin::Environment => "CPM_CLIENT_API_KEYS".to_owned(),
        },
        status: match key.state {
            ApiKeyState::Active => StatusBadge::new("Active", Tone::Success, "circle-check"),
            ApiKeyState::Expired => StatusBadge::new("Expired", Tone::Warning, "clock"),
            ApiKeyState::Revoked => StatusBadge::new("Revoked", Tone::Neutral, "ban"),
        },
        scopes: key.scopes.join(", "),
        facts: if lives { facts(key) } else { Vec::new() },
        created: Moment::new(key.created_at, now),
        used: key.last_used_at.map(|at| Moment::new(at, now)),
        edit_href: lives.then(|| path("edit")),
        rotate_href: (lives && key.origin == ApiKeyOrigin::Made).then(|| path("rotate")),
        revoke_href: lives.then(|| path("revoke")),
    }
}

/// Its limits, its end, its old secret: a line each.
pub(super) fn facts(key: &ApiKeyInfo) -> Vec<Text> {
    let mut facts: Vec<Text> = Vec::new();
    if let Some(number) = key.requests_per_minute {
        facts.push(format!("{} requests a minute", format::count(number)).into());
    }
    if let Some(used) = &key.used {
        if let Some(limit) = key.jobs_per_day {
            facts.push(format!("{} of {} jobs today", format::count(used.jobs_today), format::count(limit)).into());
        }
        let money = [
            (key.daily_limit_usd, used.spent_today_usd + used.reserved_today_usd, "today"),
            (key.monthly_limit_usd, used.spent_this_month_usd + used.reserved_this_month_usd, "this month"),
        ];
        for (limit, used, when) in money {
            if let Some(limit) = limit {
                facts.push(format!("{} of {} {when}", format::money(used), format::money(limit)).into());
            }
        }
    }
    if let Some(end) = key.expires_at {
        facts.push(format!("until {}", instant(end)).into());
    }
    if let Some(old) = &key.old_secret {
        let used = match old.last_used_at {
            Some(at) => format!("last used {}", instant(at)),
            None => "never used".to_owned(),
        };
        facts.push(format!("old secret {}… until {}, {used}", old.prefix, instant(old.expires_at)).into());
    }
    facts
}

/// A provider's name for people.
pub(crate) fn provider_label(name: &str) -> String {
    name.parse::<Provider>().map_or_else(|_| name.to_owned(), |provider| provider.label().to_owned())
}

/// A provider key as a row.
pub(super) fn provider_key(place: &Place, key: &ProviderKeyInfo, now: DateTime<Utc>) -> ProviderKeyRow {
    let path = |rest: &str| place.href(&format!("/keys/providers/{}/{rest}", key.id));
    let is_active = key.state == ProviderKeyState::Active;
    ProviderKeyRow {
        id: key.id.to_string(),
        provider: provider_label(&key.provider),
        name: key.name.clone(),
        hint: key.hint.clone(),
        status: match (key.state, key.verdict) {
            (ProviderKeyState::Disabled, _) => StatusBadge::new("Disabled", Tone::Neutral, "ban"),
            (_, Some(ProviderKeyVerdict::Accepted)) => StatusBadge::new("Accepted", Tone::Success, "circle-check"),
            (_, Some(ProviderKeyVerdict::Refused)) => StatusBadge::new("Refused", Tone::Danger, "circle-x"),
            (_, Some(ProviderKeyVerdict::Unknown)) => StatusBadge::new("No answer", Tone::Warning, "circle-alert"),
            (_, None) => StatusBadge::new("Not tried", Tone::Neutral, "circle-help"),
        },
        personal: key.user_id.is_some(),
        created: Moment::new(key.created_at, now),
        tested: key.tested_at.map(|at| Moment::new(at, now)),
        test_href: is_active.then(|| path("test")),
        state_href: path("state"),
        state: if is_active { "disabled" } else { "active" }.into(),
        delete_href: path("delete"),
    }
}
