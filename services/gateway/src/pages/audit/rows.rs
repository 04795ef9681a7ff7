//! An entry of the audit log in words.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hg_contracts::smm::{AuditActor, AuditActorKind, AuditEntry};
use serde_json::Value;

use super::{AuditChange, AuditRow};
use crate::pages::parts::{Moment, Text};

/// More of a value isn't shown; the export has it whole.
const MAX_VALUE: usize = 400;

pub(super) fn row(entry: &AuditEntry, now: DateTime<Utc>) -> AuditRow {
    let (who, who_note) = who(&entry.actor);
    let kind = entry.subject_kind.replace('_', " ");
    let subject = match &entry.client_name {
        Some(client) => format!("{kind} · {client}"),
        None => kind,
    };
    AuditRow {
        id: entry.id.to_string(),
        at: Moment::new(entry.at, now),
        exact: entry.at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        who,
        who_note,
        action: entry.action.clone(),
        subject: subject.into(),
        address: entry.address.clone().unwrap_or_default(),
        sealed: entry.sealed,
        erased: entry.erased,
        changes: changes(entry),
        secrets: entry.secret.join(", "),
    }
}

/// Who it was, and what else is known of them.
fn who(actor: &AuditActor) -> (Text, Text) {
    let id = || actor.id.map(|id| id.to_string()).unwrap_or_default();
    match actor.kind {
        AuditActorKind::Person => match (&actor.name, &actor.email) {
            (Some(name), email) => (name.clone().into(), email.clone().unwrap_or_default().into()),
            (None, Some(email)) => (email.clone().into(), "".into()),
            (None, None) => ("Somebody whose account is gone".into(), id().into()),
        },
        AuditActorKind::ApiKey => {
            (actor.name.clone().map_or("An API key".into(), Text::from), format!("API key {}", id()).into())
        }
        AuditActorKind::Service => ("The system".into(), actor.login.clone().unwrap_or_default().into()),
        AuditActorKind::Database => ("The database".into(), actor.login.clone().unwrap_or_default().into()),
    }
}

/// What changed, by field.
fn changes(entry: &AuditEntry) -> Vec<AuditChange> {
    let fields: BTreeSet<&String> =
        [&entry.before, &entry.after].into_iter().flatten().flat_map(|it| it.keys()).collect();
    let value = |side: &Option<serde_json::Map<String, Value>>, field: &String| {
        side.as_ref().and_then(|values| values.get(field)).filter(|value| !value.is_null()).map(shown)
    };
    fields
        .into_iter()
        .map(|field| AuditChange {
            field: field.clone(),
            before: value(&entry.before, field),
            after: value(&entry.after, field),
        })
        .collect()
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_VALUE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(actor: &Value, before: &Value, after: &Value) -> AuditEntry {
        serde_json::from_value(json!({"id": "0191d0a0-0000-7000-8000-0000000000e1", "at": "2026-11-21T09:00:00Z",
            "actor": actor, "action": "provider_key.updated", "subject_kind": "provider_key", "before": before, "after": after,
            "secret": ["key"], "erased": false, "sealed": true}))
        .unwrap()
    }

    #[test]
    fn each_field_has_its_two_sides() {
        let entry = entry(
            &json!({"kind": "database", "login": "hg_admin"}),
            &json!({"name": "A", "n": 1}),
            &json!({"name": "B"}),
        );
        let row = row(&entry, entry.at);
        let change = |field: &str, before: Option<&str>, after: Option<&str>| AuditChange {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(row.changes, [change("n", Some("1"), None), change("name", Some("A"), Some("B"))]);
        assert_eq!((row.who.as_ref(), row.who_note.as_ref()), ("The database", "hg_admin"));
        assert_eq!((row.subject.as_ref(), row.secrets.as_str()), ("provider key", "key"));
    }

    #[test]
    fn whoever_is_gone_is_somebody_and_long_values_are_cut() {
        let long = "ä".repeat(MAX_VALUE + 1);
        let row = row(&entry(&json!({"kind": "person"}), &json!(null), &json!({"text": long})), Utc::now());
        assert_eq!(row.who, "Somebody whose account is gone");
        assert_eq!(row.changes[0].after.as_ref().unwrap().chars().count(), MAX_VALUE + 1);
    }
}
